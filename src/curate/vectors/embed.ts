import { z } from 'zod'
import type { Rec } from '../../records/index.ts'
import { kinds } from '../../records/index.ts'
import { defineMap, type MapStep } from '../../steps/index.ts'
import { contentOf, parts } from '../content.ts'
import { unitLength } from './project.ts'

const options = z.strictObject({
  teacher: z.string().describe('Teacher that makes vectors of texts'),
  of: z.enum(parts).default('all').describe('What the vector stands for: the prompt, the completion, or all'),
  characters: z
    .number()
    .int()
    .positive()
    .default(8000)
    .describe('Characters from the start of a text that the teacher is given; models read a limited number of tokens'),
})
type Options = z.output<typeof options>

/** The start of a text; never half of a surrogate pair. */
const startOf = (text: string, most: number) =>
  text.length <= most ? text : text.slice(0, most).replace(/[\ud800-\udbff]$/, '')

/** A text that is empty, and one that the teacher has no direction for, gets no vector. */
export const embed: MapStep<Options> = defineMap<Options, Rec['kind'], Rec['kind']>({
  verb: 'embed',
  about: 'Notes the vector that a teacher makes of each text.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: [],
  needs: { teachers: ['teacher'], embeds: true },
  async run(record, ctx) {
    const { teacher, of, characters } = ctx.options
    const text = startOf(contentOf(record, of).trim(), characters)
    if (text === '') return { is: 'passed' }
    const [found] = await ctx.embed(teacher, [text])
    const vector = found && unitLength(found)
    return vector ? { is: 'passed', notes: { vector } } : { is: 'passed' }
  },
})
