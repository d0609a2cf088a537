import { eigen } from './eigen.ts'
import type { Matrix } from './manifold.ts'

type Moments = { mean: Float64Array; covariance: Float64Array; trace: number }

function momentsOf({ rows, dimensions }: Matrix): Moments {
  const n = rows.length / dimensions
  const mean = new Float64Array(dimensions)
  for (let i = 0; i < rows.length; i++) mean[i % dimensions]! += rows[i]! / n
  const covariance = new Float64Array(dimensions * dimensions)
  for (let row = 0; row < n; row++) {
    for (let a = 0; a < dimensions; a++) {
      const x = rows[row * dimensions + a]! - mean[a]!
      for (let b = a; b < dimensions; b++) {
        covariance[a * dimensions + b]! += (x * (rows[row * dimensions + b]! - mean[b]!)) / (n - 1)
      }
    }
  }
  let trace = 0
  for (let a = 0; a < dimensions; a++) {
    trace += covariance[a * dimensions + a]!
    for (let b = 0; b < a; b++) covariance[a * dimensions + b] = covariance[b * dimensions + a]!
  }
  return { mean, covariance, trace }
}

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const x = a[i * n + k]!
      if (x !== 0) for (let j = 0; j < n; j++) out[i * n + j]! += x * b[k * n + j]!
    }
  }
  return out
}

/** The square root of a symmetric matrix without negative eigenvalues; what rounding left below zero counts as zero. */
function root(matrix: Float64Array, n: number): Float64Array {
  const { values, vectors } = eigen(matrix, n)
  const out = new Float64Array(n * n)
  for (let k = 0; k < n; k++) {
    const value = Math.sqrt(Math.max(0, values[k]!))
    for (let i = 0; i < n; i++) {
      const x = value * vectors[k * n + i]!
      for (let j = 0; j < n; j++) out[i * n + j]! += x * vectors[k * n + j]!
    }
  }
  return out
}

/**
 * Frechet distance of two samples, each taken for a normal distribution: |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)).
 * It falls with the size of the samples, so that only equal sizes compare. Undefined with fewer rows than dimensions.
 * Dowson & Landau 1982, J. Multivariate Analysis 12; Heusel et al. 2017, arXiv 1706.08500.
 */
export function frechet(a: Matrix, b: Matrix): number | undefined {
  const n = a.dimensions
  if (n === 0 || n !== b.dimensions || Math.min(a.rows.length, b.rows.length) / n <= n) return undefined
  const [one, two] = [momentsOf(a), momentsOf(b)]
  let apart = 0
  for (let i = 0; i < n; i++) apart += (one.mean[i]! - two.mean[i]!) ** 2
  // (S1 S2)^(1/2) has the trace of (S1^(1/2) S2 S1^(1/2))^(1/2), which is symmetric.
  const half = root(one.covariance, n)
  const { values } = eigen(product(product(half, two.covariance, n), half, n), n)
  const common = values.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0)
  return Math.max(0, apart + one.trace + two.trace - 2 * common)
}
