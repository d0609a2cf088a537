import { z } from 'zod'
import type { Rec } from '../records/index.ts'
import { kinds } from '../records/index.ts'
import { defineFilter, defineGlobal } from './define.ts'

const scoreName = z.string().describe('Stored score, written as <step key>/<aspect>')

function valueOf(record: Rec, by: string): number | undefined {
  const score = record.scores[by]
  return score && 'value' in score ? score.value : undefined
}

/** Absolute threshold over a stored score. It is a stage of its own, so that another threshold touches no text. */
export const cutBelow = defineFilter({
  verb: 'cut-below',
  about: 'Drops records whose stored score is under a fixed value.',
  version: 1,
  options: z.strictObject({ by: scoreName, below: z.number(), unscored: z.enum(['drop', 'keep']).default('drop') }),
  takes: kinds,
  gives: 'same',
  reasons: ['below-threshold', 'unscored'],
  test(record, options) {
    const value = valueOf(record, options.by)
    if (value === undefined) {
      return options.unscored === 'keep' ? { is: 'passed' } : { is: 'dropped', reason: 'unscored', evidence: { by: options.by } }
    }
    if (value >= options.below) return { is: 'passed' }
    return { is: 'dropped', reason: 'below-threshold', evidence: { by: options.by, value, below: options.below } }
  },
})

/**
 * Relative threshold: drops the floor(share x scored) lowest scores, ties by id (the smaller id stays).
 * Unscored records are outside the base and dropped by name.
 */
export const cutShare = defineGlobal({
  verb: 'cut-share',
  about: 'Drops the lowest share of the records by a stored score.',
  version: 1,
  options: z.strictObject({ by: scoreName, drop: z.number().min(0).max(1), unscored: z.enum(['drop', 'keep']).default('drop') }),
  takes: kinds,
  gives: 'same',
  reasons: ['bottom-share', 'unscored'],
  passes: [
    {
      survey(records, options) {
        const scored: [number, string][] = []
        for (const record of records) {
          const value = valueOf(record, options.by)
          if (value !== undefined) scored.push([value, record.id])
        }
        return new Map([[0, scored]])
      },
      merge: (a: [number, string][], b: [number, string][]) => a.concat(b),
      decide(_, scored: [number, string][], options) {
        scored.sort((a, b) => b[0] - a[0] || (a[1] < b[1] ? -1 : 1))
        const cut = scored.slice(scored.length - Math.floor(options.drop * scored.length + 1e-9))
        return cut.map(([value, id], i) => [id, { value, rank: scored.length - cut.length + i + 1, of: scored.length }] as const)
      },
      combine: (parts: (readonly [string, { value: number; rank: number; of: number }])[][]) => ({ each: new Map(parts.flat()) }),
    },
  ],
  apply(record, decided, _, options) {
    if (decided) return { is: 'dropped', reason: 'bottom-share', evidence: { by: options.by, ...(decided as object) } }
    if (valueOf(record, options.by) === undefined && options.unscored === 'drop') {
      return { is: 'dropped', reason: 'unscored', evidence: { by: options.by } }
    }
    return { is: 'passed' }
  },
})
