import { bootstrap } from '../bootstrap.ts'
import { type Interval, wilson } from '../share.ts'

/** How many records of a group came to a step and how many passed it. */
export type Passing = { in: number; passed: number }
export type Impact = {
  step: string
  attribute: string
  groups: ({ group: string; in: number; passed: number; rate: number } & Interval)[]
  /** The lowest pass rate against the highest, among groups with enough records. */
  ratio?: number
  /** The group with that rate. */
  lowest?: string
  /** Under four fifths, and the intervals of both rates do not meet. */
  flagged: boolean
}

/** Fewest records of a group that a pass rate is compared by. */
const enough = 30
/** Four fifths: Uniform Guidelines on Employee Selection Procedures, 29 CFR 1607.4 D (1978). */
const least = 0.8

/** Whether a filter lets groups pass alike. A group with too few records is told, and not compared. */
export function impact(step: string, attribute: string, counted: { readonly [group: string]: Passing }): Impact {
  const groups = Object.entries(counted).map(([group, { in: n, passed }]) => ({
    ...{ group, in: n, passed, rate: n > 0 ? passed / n : 0 },
    ...wilson(passed, n),
  }))
  const compared = groups.filter(group => group.in >= enough).sort((a, b) => a.rate - b.rate)
  const [low, high] = [compared[0], compared.at(-1)]
  if (compared.length < 2 || !low || !high || high.rate === 0) return { step, attribute, groups, flagged: false }
  const ratio = low.rate / high.rate
  return { step, attribute, groups, ratio, lowest: low.group, flagged: ratio < least && low.high < high.low }
}

/** What a judge says of rows whose groups were exchanged. */
export type SwapEffect = {
  n: number
  /** Mean distance between the score of a row and that of its counterpart, and mean difference, counterpart less row. */
  distance: number
  interval?: Interval
  difference: number
  differenceInterval?: Interval
  /** Rows on the other side of the mark, and the share of them. */
  flips?: { n: number; share: number } & Interval
}

/** By how much scores change when the groups in a text are exchanged; `flips` says of each row whether it changed sides. */
export function swapEffect(deltas: readonly number[], flips?: readonly boolean[]): SwapEffect | undefined {
  const n = deltas.length
  if (n === 0) return undefined
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
  const over = (values: readonly number[], seed: string) =>
    n < enough ? undefined : bootstrap(n, rows => mean(Array.from(rows, row => values[row]!)), seed)
  const apart = deltas.map(Math.abs)
  const interval = over(apart, 'swap distance')
  const differenceInterval = over(deltas, 'swap difference')
  const turned = flips?.filter(Boolean).length
  return {
    ...{ n, distance: mean(apart), difference: mean(deltas) },
    ...(interval ? { interval } : {}),
    ...(differenceInterval ? { differenceInterval } : {}),
    ...(turned === undefined || !flips || flips.length === 0
      ? {}
      : { flips: { n: turned, share: turned / flips.length, ...wilson(turned, flips.length) } }),
  }
}
