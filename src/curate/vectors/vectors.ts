import { z } from 'zod'
import { kinds } from '../../records/index.ts'
import { defineVerb, type Primitive, type Verb } from '../../steps/index.ts'
import { type Part, parts } from '../content.ts'
import { embed } from './embed.ts'
import { learnShape, learnVectors } from './learn.ts'

const options = z
  .strictObject({
    teacher: z
      .string()
      .optional()
      .describe('Teacher that makes vectors of texts; without one they are learnt from the rows themselves, for free'),
    of: z.enum(parts).default('all').describe('What the vector stands for: the prompt, the completion, or all'),
    dimensions: learnShape.dimensions.unwrap().optional().describe('Numbers in a learnt vector; default 256'),
    characters: z
      .number()
      .int()
      .positive()
      .optional()
      .describe('Characters from the start of a text that the teacher is given; default 8000'),
  })
  .refine(
    o => o.teacher === undefined || o.dimensions === undefined,
    'the numbers in a vector of a teacher are set with the teacher, as its `dimensions`',
  )
  .refine(o => o.teacher !== undefined || o.characters === undefined, 'learnt vectors read the whole text')
/** Options of verbs that need vectors. */
export const vectorShape = {
  vectors: z.string().optional().describe('Step that noted the vectors; without one they are made here'),
  teacher: z
    .string()
    .optional()
    .describe('Teacher that makes the vectors where no step has them; without one they are learnt from the rows'),
}
type Wanted = { vectors?: string | undefined; teacher?: string | undefined; of?: Part | undefined }

/** The key that a verb finds vectors under, and the steps that make them first where no earlier step has. */
export function vectorsFor(key: string, { vectors, teacher, of }: Wanted): { vectors: string; steps: Primitive[] } {
  if (vectors !== undefined) return { vectors, steps: [] }
  return { vectors: key, steps: [vectorStep('vectors', { teacher, of })] }
}

type Given = Omit<Wanted, 'vectors'> & { dimensions?: number | undefined; characters?: number | undefined }
function vectorStep(as: string, { teacher, of, dimensions, characters }: Given): Primitive {
  const own = (given: object) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return teacher === undefined
    ? { as, step: learnVectors, options: own({ of, dimensions }) }
    : { as, step: embed, options: own({ teacher, of, characters }) }
}

/** Vectors for the steps that come: they travel beside the rows and never enter them. */
export const vectors: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'vectors',
  about: 'Notes a vector of each row, by a teacher or learnt from the rows themselves.',
  options,
  takes: kinds,
  needs: { teachers: ['teacher'], embeds: true },
  source: 'Deerwester et al. 1990; Halko, Martinsson, Tropp 2011, arXiv 0909.4061',
  expand: given => [vectorStep('', given)],
})
