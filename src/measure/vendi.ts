import { dot } from '../kernels/index.ts'
import { eigen } from './eigen.ts'
import type { Matrix } from './manifold.ts'

/**
 * Vendi score of rows of unit length: the exponential of the entropy of the eigenvalues of their similarities, over their
 * number. 1 where all are equal, the number of rows where all are unlike. Undefined of none. Friedman & Dieng 2023, arXiv
 * 2210.02410.
 */
export function vendi({ rows, dimensions }: Matrix): number | undefined {
  const n = dimensions > 0 ? rows.length / dimensions : 0
  if (n === 0) return undefined
  // Similarities of rows and products of dimensions share their eigenvalues above zero: the smaller matrix will do.
  const size = Math.min(n, dimensions)
  const matrix = new Float64Array(size * size)
  if (n <= dimensions) {
    for (let a = 0; a < n; a++) {
      for (let b = a; b < n; b++) {
        const value =
          dot(
            rows.subarray(a * dimensions, (a + 1) * dimensions),
            rows.subarray(b * dimensions, (b + 1) * dimensions),
          ) / n
        matrix[a * n + b] = matrix[b * n + a] = value
      }
    }
  } else {
    for (let row = 0; row < rows.length; row += dimensions) {
      for (let a = 0; a < dimensions; a++) {
        const x = rows[row + a]! / n
        for (let b = a; b < dimensions; b++) matrix[a * dimensions + b]! += x * rows[row + b]!
      }
    }
    for (let a = 0; a < dimensions; a++) {
      for (let b = 0; b < a; b++) matrix[a * dimensions + b] = matrix[b * dimensions + a]!
    }
  }
  return Math.exp(entropy(eigen(matrix, size).values))
}

/** Natural entropy of shares; what is not above zero adds nothing. */
function entropy(shares: Float64Array): number {
  let sum = 0
  for (const share of shares) if (share > 1e-12) sum -= share * Math.log(share)
  return sum
}
