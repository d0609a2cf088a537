import { buckets, type Features } from './features.ts'

/** Weights by bucket, and the multiplier of each row that they are made of: where another fit may begin. */
export type Fit = { weights: Float64Array; dual: Float64Array }

export function product(weights: Float64Array, { at, value }: Features): number {
  let sum = 0
  for (let i = 0; i < at.length; i++) sum += weights[at[i]!]! * value[i]!
  return sum
}

/**
 * Ridge regression: the weights with the least sum of squared errors plus `penalty` times their squared length, by
 * coordinate ascent in the dual, one row after the other in the given order, until no step is larger than 0.02, or 50 times. No
 * learning rate and no chance: equal rows in equal order give equal bits. Shalev-Shwartz & Zhang 2013, JMLR 14.
 */
export function ridge(rows: readonly Features[], targets: ArrayLike<number>, penalty: number, start?: Fit): Fit {
  const weights = start?.weights.slice() ?? new Float64Array(buckets)
  const dual = start?.dual.slice() ?? new Float64Array(rows.length)
  for (let pass = 0; pass < 50; pass++) {
    let largest = 0
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!
      const { at, value } = row
      // A row's length is 1, or 0 where it has no words.
      const curve = (at.length === 0 ? 0 : 1) + penalty
      const step = (targets[i]! - product(weights, row) - penalty * dual[i]!) / curve
      dual[i]! += step
      for (let k = 0; k < at.length; k++) weights[at[k]!]! += step * value[k]!
      largest = Math.max(largest, Math.abs(step))
    }
    if (largest < 0.02) break
  }
  return { weights, dual }
}

/** Penalties from strong to weak: each fit begins where the one before ended. */
export const penalties = [3, 1, 0.3, 0.1, 0.03] as const
