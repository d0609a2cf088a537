import { random } from '../records/index.ts'
import { ranks } from './correlation.ts'
import type { Interval } from './share.ts'
import { z95 } from './share.ts'

/** A row by its features: which, and how much of each. */
export type Features = { at: Uint32Array; value: Float32Array }

/**
 * Area under the ROC curve: the chance that a row of the second class scores above one of the first, ties half. Undefined
 * without rows of both.
 */
export function areaUnder(scores: ArrayLike<number>, second: ArrayLike<number>): number | undefined {
  let n = 0
  for (let i = 0; i < second.length; i++) if (second[i]) n++
  const m = second.length - n
  if (n === 0 || m === 0) return undefined
  const ranked = ranks(scores)
  let sum = 0
  for (let i = 0; i < second.length; i++) if (second[i]) sum += ranked[i]!
  return (sum - (n * (n + 1)) / 2) / (n * m)
}

/** 95 % interval of an area under the curve over n rows of the second and m of the first class. Hanley & McNeil 1982. */
export function areaInterval(area: number, n: number, m: number): Interval {
  const [one, two] = [area / (2 - area), (2 * area ** 2) / (1 + area)]
  const variance = (area * (1 - area) + (n - 1) * (one - area ** 2) + (m - 1) * (two - area ** 2)) / (n * m)
  const half = z95 * Math.sqrt(Math.max(0, variance))
  return { low: Math.max(0, area - half), high: Math.min(1, area + half) }
}

const rounds = 8
const ridge = 1e-4
const folds = 5

/** Weights of a logistic regression, the constant last; by AdaGrad over the rows in a seeded order. Duchi et al. 2011. */
export function learn(
  rows: readonly Features[],
  second: ArrayLike<number>,
  chosen: Uint32Array,
  size: number,
  seed: string,
) {
  const weights = new Float64Array(size + 1)
  const squares = new Float64Array(size + 1).fill(1e-6)
  const next = random('separation', seed)
  const order = chosen.slice()
  for (let round = 0; round < rounds; round++) {
    for (let i = order.length - 1; i > 0; i--) {
      const j = Math.floor(next() * (i + 1))
      ;[order[i], order[j]] = [order[j]!, order[i]!]
    }
    for (const row of order) {
      const { at, value } = rows[row]!
      const slope = 1 / (1 + Math.exp(-scoreOf(rows[row]!, weights))) - second[row]!
      for (let i = 0; i < at.length; i++) {
        const gradient = slope * value[i]! + ridge * weights[at[i]!]!
        squares[at[i]!]! += gradient ** 2
        weights[at[i]!]! -= (0.3 * gradient) / Math.sqrt(squares[at[i]!]!)
      }
      squares[size]! += slope ** 2
      weights[size]! -= (0.3 * slope) / Math.sqrt(squares[size]!)
    }
  }
  return weights
}

export function scoreOf({ at, value }: Features, weights: Float64Array): number {
  let sum = weights[weights.length - 1]!
  for (let i = 0; i < at.length; i++) sum += weights[at[i]!]! * value[i]!
  return sum
}

/**
 * Classifier two-sample test: how well a logistic regression tells the second sample from the first, on rows that it has
 * not learnt from (five folds). An area of 0.5 is no better than a coin; 1 tells every row. `weights` tell by what: above
 * zero for the second sample. Undefined with less than five rows a side. Lopez-Paz & Oquab 2017, arXiv 1610.06545.
 */
export function separation(
  rows: readonly Features[],
  second: ArrayLike<number>,
  size: number,
  seed: string,
): { area: number; weights: Float64Array } | undefined {
  const sides = [0, 1].map(side => Array.from(rows.keys()).filter(i => Number(Boolean(second[i])) === side))
  if (sides.some(side => side.length < folds)) return undefined
  const scores = new Float64Array(rows.length)
  const foldOf = new Uint8Array(rows.length)
  for (const side of sides) for (const [place, row] of side.entries()) foldOf[row] = place % folds
  for (let fold = 0; fold < folds; fold++) {
    const weights = learn(
      rows,
      second,
      places(foldOf, at => at !== fold),
      size,
      `${seed} ${fold}`,
    )
    for (const row of places(foldOf, at => at === fold)) scores[row] = scoreOf(rows[row]!, weights)
  }
  const area = areaUnder(scores, second)!
  return {
    area,
    weights: learn(
      rows,
      second,
      places(foldOf, () => true),
      size,
      seed,
    ),
  }
}

function places(folds: Uint8Array, wanted: (fold: number) => boolean): Uint32Array {
  return Uint32Array.from(folds.keys()).filter(row => wanted(folds[row]!))
}
