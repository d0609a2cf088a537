import { z } from 'zod'
import { kinds } from '../../records/index.ts'
import { defineFilter, type FilterStep } from '../../steps/index.ts'
import type { Limit } from './profile.ts'
import { profiles } from './profiles/index.ts'

const options = z.strictObject({
  limits: z
    .array(
      z.strictObject({
        rule: z.string().describe('<profile>.<option>, for evidence'),
        version: z.number().int().describe('Version of the profile'),
        score: z.string().describe('Stored score, written as <step key>/<measure>'),
        reason: z.string().describe('Reason that a row on the wrong side is dropped for'),
        least: z.number().optional().describe('Rows under this value are dropped'),
        most: z.number().optional().describe('Rows above this value are dropped'),
        under: z.number().optional().describe('Rows at or above this value are dropped'),
      }),
    )
    .describe('Thresholds in order; the first that fails drops the row'),
})

/** Does a value stand on the wrong side of a limit? */
export function fails({ least, most, under }: Pick<Limit, 'least' | 'most' | 'under'>, value: number): boolean {
  return (
    (least !== undefined && value < least) ||
    (most !== undefined && value > most) ||
    (under !== undefined && value >= under)
  )
}

/**
 * Thresholds over stored scores, in order: the first that fails drops the row for its reason, so that a row counts once.
 * A measure that does not apply (`unscored`, such as stop words of a language without a list) lets the row by and stays
 * told in the score; one that is absent altogether drops it by name.
 */
export const cutRules: FilterStep<z.output<typeof options>> = defineFilter({
  verb: 'cut-rules',
  about: 'Drops rows whose stored measures are outside the thresholds of their rules.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: [...new Set(profiles.flatMap(({ rules }) => rules.map(({ reason }) => reason))), 'lacks-measure'],
  watches: ({ limits }) => [...new Set(limits.map(({ reason }) => reason))],
  test(record, { limits }) {
    for (const limit of limits) {
      const { rule, version, score: name, reason, ...bounds } = limit
      const score = record.scores[name]
      if (score === undefined) return { is: 'dropped', reason: 'lacks-measure', evidence: { rule, score: name } }
      if ('unscored' in score || !fails(limit, score.value)) continue
      return {
        is: 'dropped',
        reason,
        evidence: { rule, version, measure: name, by: score.method, value: score.value, ...bounds },
      }
    }
    return { is: 'passed' }
  },
})
