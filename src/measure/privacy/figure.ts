import type { Figure, Grade } from '../compare.ts'
import type { Interval } from '../share.ts'
import type { Table } from './table.ts'

/** The same table three ways. `holdout`: rows of people that the synthetic table was never made from, in any way. */
export type Sets = { training: Table; synthetic: Table; holdout?: Table }

/**
 * What a figure speaks of: `copying` (are rows near those they were made from nearer than they should be), `attacks` (what
 * somebody learns of a person), `fidelity` (is the table like the real one), `utility` (does a model learn from it).
 */
export type Part = 'copying' | 'attacks' | 'fidelity' | 'utility'
export type PrivacyFigure = Omit<Figure, 'grade'> & {
  part: Part
  grade: Grade | 'untrustworthy' | 'needs a holdout'
}

/** Rows a side below which nothing is graded, and rows a side that are looked at at once. */
export const [least, most] = [100, 10_000]

export type Said = Pick<PrivacyFigure, 'measure' | 'about' | 'part' | 'n' | 'rounds' | 'seed'>
type Graded = Pick<PrivacyFigure, 'grade' | 'why'> &
  Partial<Pick<PrivacyFigure, 'value' | 'interval' | 'baseline' | 'unit'>>
export const figure = (said: Said, rest: Graded): PrivacyFigure => ({ ...said, version: 1, ...rest })

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
/** The mean of several intervals of the same size: no narrower than one of them, since rounds share rows. */
export const meanOf = (intervals: readonly Interval[]): Interval => ({
  low: mean(intervals.map(({ low }) => low)),
  high: mean(intervals.map(({ high }) => high)),
})

/** Is a figure that should not be below that of the holdout below it? */
export function notBelow(value: number, interval: Interval, other: { value: number; interval: Interval }): Graded {
  const both = { value, interval, baseline: other }
  if (other.value === 0) return { ...both, grade: 'pass', why: 'the holdout has zero too: nothing can be below it' }
  const why = `${value.toPrecision(3)}, and ${other.value.toPrecision(3)} for rows of the holdout`
  if (interval.high < other.interval.low && value < 0.9 * other.value) return { ...both, grade: 'fail', why }
  return { ...both, grade: value < other.interval.low ? 'warn' : 'pass', why }
}

/** Median, 95th percentile and maximum. */
export function ranks(values: readonly number[]): { middle: number; high: number; most: number } {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  return { middle: at(0.5), high: at(0.95), most: at(1) }
}
