import { z } from 'zod'
import type { Rec } from '../records/index.ts'
import { kinds } from '../records/index.ts'
import { defineFilter, defineGlobal } from './define.ts'

const scoreName = z.string().describe('Stored score, written as <step key>/<aspect>')

/** The value of a stored score; undefined without one, or where the judge gave none. */
export function scoreOf(record: Rec, by: string | undefined): number | undefined {
  const score = by === undefined ? undefined : record.scores[by]
  return score && 'value' in score ? score.value : undefined
}

/** Absolute threshold over a stored score. It is a stage of its own, so that another threshold touches no text. */
export const cutBelow = defineFilter({
  verb: 'cut-below',
  about: 'Drops records whose stored score is under a fixed value.',
  version: 1,
  options: z.strictObject({
    by: scoreName,
    below: z.number().describe('Rows under this value are dropped'),
    unscored: z.enum(['drop', 'keep']).default('drop').describe('What happens to rows without a score'),
  }),
  takes: kinds,
  gives: 'same',
  reasons: ['below-threshold', 'unscored'],
  test(record, options) {
    const value = scoreOf(record, options.by)
    if (value === undefined) {
      return options.unscored === 'keep'
        ? { is: 'passed' }
        : { is: 'dropped', reason: 'unscored', evidence: { by: options.by } }
    }
    if (value >= options.below) return { is: 'passed' }
    return { is: 'dropped', reason: 'below-threshold', evidence: { by: options.by, value, below: options.below } }
  },
})

/** What a cut drops, by falling score, of how many, and how many rows that stay have the score of the best of them. */
type Lowest = { cut: (readonly [string, number])[]; of: number; tied: number }

function noteOf({ cut, of, tied }: Lowest): string {
  const what = `${cut.length} of ${of} scored rows are the lowest share`
  if (!cut[0]) return what
  const best = `${what}; the best of them has ${Number(cut[0][1].toPrecision(4))}`
  return tied === 0 ? best : `${best}, like ${tied} that ${tied === 1 ? 'stays' : 'stay'}: ids decided between those`
}

/**
 * Relative threshold: drops the floor(share x scored) lowest scores, ties by id (the smaller id stays).
 * Unscored records are outside the base and dropped by name.
 */
export const cutShare = defineGlobal({
  verb: 'cut-share',
  about: 'Drops the lowest share of the records by a stored score.',
  version: 1,
  options: z.strictObject({
    by: scoreName,
    drop: z.number().min(0).max(1).describe('Share of the scored rows to drop'),
    unscored: z.enum(['drop', 'keep']).default('drop').describe('What happens to rows without a score'),
  }),
  takes: kinds,
  gives: 'same',
  reasons: ['bottom-share', 'unscored'],
  passes: [
    {
      survey(records, options) {
        const scored: [number, string][] = []
        for (const record of records) {
          const value = scoreOf(record, options.by)
          if (value !== undefined) scored.push([value, record.id])
        }
        return new Map([[0, scored]])
      },
      merge: (a: [number, string][], b: [number, string][]) => a.concat(b),
      decide(_, scored: [number, string][], options) {
        scored.sort((a, b) => b[0] - a[0] || (a[1] < b[1] ? -1 : 1))
        const cut = scored.slice(scored.length - Math.floor(options.drop * scored.length + 1e-9))
        const best = cut[0]?.[0]
        const tied = scored.slice(0, scored.length - cut.length).filter(([value]) => value === best).length
        return { cut: cut.map(([value, id]) => [id, value] as const), of: scored.length, tied }
      },
      combine: (parts: Lowest[]) => ({
        each: new Map(parts.flatMap(part => part.cut)),
        notes: parts.map(noteOf),
      }),
    },
  ],
  apply(record, decided, _, options) {
    if (decided !== undefined)
      return { is: 'dropped', reason: 'bottom-share', evidence: { by: options.by, value: decided } }
    if (scoreOf(record, options.by) === undefined && options.unscored === 'drop') {
      return { is: 'dropped', reason: 'unscored', evidence: { by: options.by } }
    }
    return { is: 'passed' }
  },
})
