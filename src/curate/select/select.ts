import { z } from 'zod'
import { kinds } from '../../records/index.ts'
import { defineVerb, type Verb } from '../../steps/index.ts'
import { vectorShape, vectorsFor } from '../vectors/vectors.ts'
import { diverseShape, selectDiverse } from './diverse.ts'
import { selectKCenter } from './k-center.ts'
import { selectTop } from './top.ts'
import { selectUniform, uniformShape } from './uniform.ts'
import { eitherOne, eitherOneSaid, wantedShape } from './wanted.ts'

const methods = ['top', 'diverse', 'k-center', 'uniform-topics'] as const

const options = z
  .strictObject({
    method: z
      .enum(methods)
      .default('top')
      .describe(
        'top: the highest scores; diverse: the highest that are not too similar to each other; k-center: spread over the whole set; uniform-topics: topics in turn, rather harder rows',
      ),
    ...wantedShape,
    by: diverseShape.by,
    difficulty: z
      .string()
      .optional()
      .describe(
        'Stored score of the difficulty: diverse multiplies the quality by it; uniform-topics prefers harder rows, and by default longer ones',
      ),
    cap: diverseShape.cap.unwrap().optional().describe(`${diverseShape.cap.description} (diverse); default 0.9`),
    facet: z.string().optional().describe('Facet that is gone through in turn (uniform-topics); default topic'),
    of: uniformShape.of
      .unwrap()
      .optional()
      .describe('What vectors and lengths are those of: the prompt, the completion, or all'),
    ...vectorShape,
  })
  .refine(eitherOne, eitherOneSaid)
  .refine(o => o.method !== 'top' || o.by !== undefined, { path: ['by'], error: 'top needs a stored score to go by' })
  .superRefine((o, context) => {
    const uses: { [option: string]: readonly (typeof methods)[number][] } = {
      by: ['top', 'diverse'],
      difficulty: ['diverse', 'uniform-topics'],
      cap: ['diverse'],
      facet: ['uniform-topics'],
      vectors: ['diverse', 'k-center'],
      teacher: ['diverse', 'k-center'],
      of: ['diverse', 'k-center', 'uniform-topics'],
    }
    for (const [option, by] of Object.entries(uses)) {
      if ((o as { [option: string]: unknown })[option] === undefined || by.includes(o.method)) continue
      context.addIssue({
        code: 'custom',
        path: [option],
        message: `${o.method} makes no use of it; it belongs to ${by.join(' and ')}`,
      })
    }
  })
type Options = z.output<typeof options>

const given = (all: { [option: string]: unknown }) =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))

/** The best rows by a measure of one's choice: quality, difficulty, diversity, or all of them. */
export const select: Verb<Options> = defineVerb<Options>({
  verb: 'select',
  about:
    'Keeps a number or a share of the rows: the best, the most diverse, those that cover the set, or topics in turn.',
  options,
  takes: kinds,
  needs: { teachers: ['teacher'], embeds: true, steps: ['vectors'], scores: ['by', 'difficulty'] },
  source:
    'Liu et al. 2023, arXiv 2312.15685; Sener & Savarese 2018, arXiv 1708.00489; Muennighoff et al. 2025, arXiv 2501.19393',
  expand({ method, size, share, by, difficulty, cap, facet, of, vectors: from, teacher }, key) {
    const many = { size, share }
    if (method === 'top') return [{ as: 'top', step: selectTop, options: given({ ...many, by }) }]
    if (method === 'uniform-topics') {
      return [{ as: 'uniform', step: selectUniform, options: given({ ...many, facet, difficulty, of }) }]
    }
    const { vectors, steps } = vectorsFor(key, { vectors: from, teacher, of })
    if (method === 'k-center')
      return [...steps, { as: 'k-center', step: selectKCenter, options: given({ ...many, vectors }) }]
    return [...steps, { as: 'diverse', step: selectDiverse, options: given({ ...many, by, difficulty, cap, vectors }) }]
  },
})
