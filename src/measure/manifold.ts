import { dots } from '../kernels/index.ts'

/** Rows of unit length, one after another. */
export type Matrix = { rows: Float32Array; dimensions: number }
const countOf = ({ rows, dimensions }: Matrix) => (dimensions > 0 ? rows.length / dimensions : 0)
const rowOf = ({ rows, dimensions }: Matrix, i: number) => rows.subarray(i * dimensions, (i + 1) * dimensions)

/** Cosine of each row with its k-th nearest other one. */
function reach(of: Matrix, k: number): Float32Array {
  const n = countOf(of)
  const out = new Float32Array(n)
  const products = new Float32Array(n)
  for (let i = 0; i < n; i++) {
    dots(rowOf(of, i), of.rows, of.dimensions, products)
    products[i] = Number.NEGATIVE_INFINITY
    out[i] = products.slice().sort()[n - k]!
  }
  return out
}

/** `density` and `coverage` by Naeem et al. 2020, `precision` and `recall` by Kynkaanniemi et al. 2019. */
export type Manifold = { density: number; coverage: number; precision: number; recall: number }

/**
 * How the rows of two samples lie among each other: balls around each row reach to its k-th nearest neighbour in its own
 * sample. Density: real balls that a synthetic row lies in, over k, on average; coverage: the share of real balls that hold
 * a synthetic row, the best sign of lost tails; precision: the share of synthetic rows in some real ball; recall: of real
 * rows in some synthetic ball. Undefined where a side has no k neighbours. arXiv 2002.09797 and 1904.06991.
 */
export function manifold(real: Matrix, other: Matrix, k: number = 5): Manifold | undefined {
  const [n, m] = [countOf(real), countOf(other)]
  if (n <= k || m <= k || real.dimensions !== other.dimensions) return undefined
  const [realReach, otherReach] = [reach(real, k), reach(other, k)]
  const inReal = new Uint8Array(m)
  const products = new Float32Array(m)
  let [inside, covered, recalled] = [0, 0, 0]
  for (let i = 0; i < n; i++) {
    dots(rowOf(real, i), other.rows, other.dimensions, products)
    let [held, found] = [false, false]
    for (let j = 0; j < m; j++) {
      if (products[j]! >= realReach[i]!) {
        inside++
        held = true
        inReal[j] = 1
      }
      if (products[j]! >= otherReach[j]!) found = true
    }
    if (held) covered++
    if (found) recalled++
  }
  const precise = inReal.reduce((sum, held) => sum + held, 0)
  return { density: inside / (k * m), coverage: covered / n, precision: precise / m, recall: recalled / n }
}

/** Coverage of a second sample of the same distribution: 1 - prod (n - i) / (m + n - i), i = 1..k. Naeem et al., lemma 2. */
export function expectedCoverage(n: number, m: number, k: number = 5): number {
  let missed = 1
  for (let i = 1; i <= k; i++) missed *= (n - i) / (m + n - i)
  return 1 - missed
}

/**
 * Unbiased squared maximum mean discrepancy under the sum of three Gaussian kernels, of half, once and twice the median
 * distance: near 0 (also below) for one distribution. Undefined with less than two rows a side. Gretton et al. 2012,
 * JMLR 13, lemma 6. `labels` says of each row of the joint sample whether it is of the first.
 */
export function discrepancy(joint: Matrix): ((labels: Uint8Array) => number | undefined) | undefined {
  const n = countOf(joint)
  if (n < 4) return undefined
  const squares = new Float32Array(n * n)
  const products = new Float32Array(n)
  const some: number[] = []
  for (let i = 0; i < n; i++) {
    dots(rowOf(joint, i), joint.rows, joint.dimensions, products)
    for (let j = 0; j < n; j++) squares[i * n + j] = Math.max(0, 2 - 2 * products[j]!)
    // The median of every pair costs more than it tells.
    for (let j = i + 1; j < n; j += 1 + Math.floor(n / 100)) some.push(squares[i * n + j]!)
  }
  some.sort((a, b) => a - b)
  const median = Math.sqrt(some[some.length >> 1]!) || 1
  const scales = [0.5, 1, 2].map(times => 1 / (2 * (times * median) ** 2))
  const kernel = squares.map(square => scales.reduce((sum, scale) => sum + Math.exp(-square * scale), 0))
  return labels => {
    let m = 0
    for (let i = 0; i < n; i++) m += labels[i]!
    if (m < 2 || n - m < 2) return undefined
    let [own, others, between] = [0, 0, 0]
    for (let i = 0; i < n; i++) {
      for (let j = i + 1; j < n; j++) {
        const value = kernel[i * n + j]!
        if (labels[i] !== labels[j]) between += value
        else if (labels[i]) own += value
        else others += value
      }
    }
    const rest = n - m
    return (2 * own) / (m * (m - 1)) + (2 * others) / (rest * (rest - 1)) - (2 * between) / (m * rest)
  }
}
