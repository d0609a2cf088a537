import { z } from 'zod'
import { defineFilter, type FilterStep } from '../../steps/index.ts'
import { looping } from './loops.ts'

const count = (from: number, is: string) => z.int().min(1).default(from).describe(`${is}, from so many on`)

/** From where on a row is dropped. */
export const limits = z.strictObject({
  repeats: z.int().min(2).default(3).describe('Times that one sentence comes, from so many on'),
  loop: z
    .number()
    .positive()
    .default(looping)
    .describe('Words at the end that are one phrase over and over, from so many on'),
  leaks: count(2, 'Letters that the language of the answer is not written with'),
  untranslated: count(1, 'English sentences in a Japanese answer'),
  mojibake: count(1, 'Characters read in a wrong encoding, or lost'),
  echo: z.number().gt(0).max(1).default(0.85).describe('Share of the answer that is the question over again'),
  mixed: z
    .number()
    .gt(0)
    .max(0.5)
    .default(0.15)
    .describe('Share of sentences in the rarer of two Japanese registers, plain and polite'),
  translationese: count(1, 'Phrases of translated boilerplate in Japanese'),
})
export type ScoreName = keyof z.output<typeof limits>

const reasonOf: { [name in ScoreName]: string } = {
  repeats: 'repeated-sentence',
  loop: 'loop',
  leaks: 'leaked-script',
  untranslated: 'untranslated',
  mojibake: 'mojibake',
  echo: 'echo',
  mixed: 'mixed-register',
  translationese: 'translationese',
}

const options = limits.partial().extend({ by: z.string().describe('Key of the step that counted') })

/** The limits of `clean` over what was counted: each under a reason of its own, the first that is reached. */
export const cutClean: FilterStep<z.output<typeof options>> = defineFilter<z.output<typeof options>>({
  verb: 'cut-clean',
  about: 'Drops rows by the signs that `clean` counted.',
  version: 1,
  options,
  takes: ['conversation', 'document', 'preference', 'feedback'],
  gives: 'same',
  reasons: Object.values(reasonOf),
  test(record, { by, ...limit }) {
    for (const [name, reason] of Object.entries(reasonOf)) {
      const most = limit[name as ScoreName]
      const score = record.scores[`${by}/${name}`]
      if (most === undefined || !score || !('value' in score) || score.value < most) continue
      return {
        is: 'dropped',
        reason,
        evidence: { value: score.value, from: most, ...(score.why && { matched: score.why }) },
      }
    }
    return { is: 'passed' }
  },
})
