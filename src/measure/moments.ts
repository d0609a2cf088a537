import { type Interval, z95 } from './share.ts'

/**
 * What is kept of pairs of numbers for their means, spread and correlation: numbers alone, so that parts of a corpus are
 * measured apart and put together. `xx`, `yy`, `xy` are sums of products of distances from the means.
 */
export type Moments = { n: number; x: number; y: number; xx: number; yy: number; xy: number }
export const noMoments: Moments = { n: 0, x: 0, y: 0, xx: 0, yy: 0, xy: 0 }

/** One pair more. */
export const withPair = (m: Moments, x: number, y: number): Moments =>
  mergeMoments(m, { n: 1, x, y, xx: 0, yy: 0, xy: 0 })

/** Moments of both parts together, without the loss of sums of squares. Chan, Golub & LeVeque 1983, The American Statistician 37. */
export function mergeMoments(a: Moments, b: Moments): Moments {
  const n = a.n + b.n
  if (n === 0) return noMoments
  const [dx, dy] = [b.x - a.x, b.y - a.y]
  const shared = (a.n * b.n) / n
  return {
    n,
    x: a.x + (dx * b.n) / n,
    y: a.y + (dy * b.n) / n,
    xx: a.xx + b.xx + dx * dx * shared,
    yy: a.yy + b.yy + dy * dy * shared,
    xy: a.xy + b.xy + dx * dy * shared,
  }
}

/** Linear correlation, from -1 to 1. Undefined where one side never varies. */
export function correlationOf({ n, x, y, xx, yy, xy }: Moments): number | undefined {
  // What is left of equal values after rounding is no variation.
  if (!(xx > 1e-20 * (n * x) ** 2) || !(yy > 1e-20 * (n * y) ** 2)) return undefined
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)))
}

/** Mean of the first number with its 95 % interval for many pairs; undefined of fewer than two. */
export function meanOf({ n, x, xx }: Moments): ({ mean: number } & Interval) | undefined {
  if (n < 2) return undefined
  const half = z95 * Math.sqrt(xx / (n - 1) / n)
  return { mean: x, low: x - half, high: x + half }
}
