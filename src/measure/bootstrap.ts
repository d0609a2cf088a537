import { random } from '../records/index.ts'
import type { Interval } from './share.ts'

/**
 * 95 % percentile interval of a statistic of `n` rows: rows are drawn again with replacement, `draws` times, by the seed.
 * Draws in which the statistic is not defined are left out; undefined when that is more than half of them.
 * Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
 */
export function bootstrap(
  n: number,
  statistic: (rows: Uint32Array) => number | undefined,
  seed: string,
  draws = 1000,
): Interval | undefined {
  if (n === 0) return undefined
  const next = random('bootstrap', seed)
  const rows = new Uint32Array(n)
  const values: number[] = []
  for (let draw = 0; draw < draws; draw++) {
    for (let i = 0; i < n; i++) rows[i] = Math.floor(next() * n)
    const value = statistic(rows)
    if (value !== undefined) values.push(value)
  }
  if (values.length * 2 <= draws) return undefined
  values.sort((a, b) => a - b)
  const at = (share: number) => values[Math.min(values.length - 1, Math.floor(share * values.length))]!
  return { low: at(0.025), high: at(0.975) }
}
