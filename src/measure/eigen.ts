/** Eigenvalues of a symmetric matrix, largest first, and its eigenvectors as rows in that order. */
export type Eigen = { values: Float64Array; vectors: Float64Array }

/** By Householder's reduction to three diagonals and QL with implicit shifts (Golub & Van Loan, Matrix Computations, 8.3). */
export function eigen(symmetric: Float64Array, n: number): Eigen {
  let size = 0
  for (const x of symmetric) size = Math.max(size, Math.abs(x))
  // Of a size near one, so that squares neither overflow nor vanish.
  const { diagonal, beside, vectors } = tridiagonal(
    symmetric.map(x => x / (size || 1)),
    n,
  )
  diagonalise(diagonal, beside, vectors, n)
  const order = Array.from(diagonal.keys()).sort((i, j) => diagonal[j]! - diagonal[i]! || i - j)
  const sorted = new Float64Array(n * n)
  for (const [row, i] of order.entries()) sorted.set(vectors.subarray(i * n, (i + 1) * n), row * n)
  return { values: Float64Array.from(order, i => diagonal[i]! * size), vectors: sorted }
}

/** The matrix as Q T Q': T by its diagonal and what stands beside it, Q by its columns as rows. */
function tridiagonal(a: Float64Array, n: number) {
  const vectors = new Float64Array(n * n)
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1
  const beside = new Float64Array(n)
  const v = new Float64Array(n)
  const p = new Float64Array(n)
  for (let k = 0; k + 1 < n; k++) {
    let square = 0
    for (let i = k + 1; i < n; i++) square += a[k * n + i]! ** 2
    if (square < 1e-60) continue
    const first = a[k * n + k + 1]!
    const length = first > 0 ? -Math.sqrt(square) : Math.sqrt(square)
    beside[k] = length
    const norm = Math.sqrt(2 * (square - first * length))
    // The reflection I - 2 v v' that leaves of row k what stands beside the diagonal.
    for (let i = k + 1; i < n; i++) v[i] = a[k * n + i]! / norm
    v[k + 1]! -= length / norm
    let inner = 0
    for (let i = k + 1; i < n; i++) {
      let sum = 0
      for (let j = k + 1; j < n; j++) sum += a[i * n + j]! * v[j]!
      p[i] = sum
      inner += sum * v[i]!
    }
    for (let i = k + 1; i < n; i++) p[i] = 2 * (p[i]! - inner * v[i]!)
    for (let i = k + 1; i < n; i++) {
      const [x, y] = [v[i]!, p[i]!]
      for (let j = k + 1; j < n; j++) a[i * n + j]! -= x * p[j]! + y * v[j]!
    }
    p.fill(0)
    for (let i = k + 1; i < n; i++) for (let j = 0; j < n; j++) p[j]! += v[i]! * vectors[i * n + j]!
    for (let i = k + 1; i < n; i++) for (let j = 0; j < n; j++) vectors[i * n + j]! -= 2 * v[i]! * p[j]!
  }
  return { diagonal: Float64Array.from({ length: n }, (_, i) => a[i * n + i]!), beside, vectors }
}

function diagonalise(d: Float64Array, e: Float64Array, vectors: Float64Array, n: number): void {
  for (let low = 0; low < n; low++) {
    for (let round = 0; round < 60; round++) {
      let high = low
      for (; high + 1 < n; high++) {
        const size = Math.abs(d[high]!) + Math.abs(d[high + 1]!)
        if (Math.abs(e[high]!) <= Number.EPSILON * size) break
      }
      if (high === low) break
      const half = (d[low + 1]! - d[low]!) / (2 * e[low]!)
      const root = Math.sqrt(half * half + 1)
      let g = d[high]! - d[low]! + e[low]! / (half + (half < 0 ? -root : root))
      let [s, c, p] = [1, 1, 0]
      let i = high - 1
      for (; i >= low; i--) {
        const f = s * e[i]!
        const b = c * e[i]!
        const r = Math.sqrt(f * f + g * g)
        e[i + 1] = r
        if (r === 0) {
          d[i + 1]! -= p
          break
        }
        s = f / r
        c = g / r
        g = d[i + 1]! - p
        const t = (d[i]! - g) * s + 2 * c * b
        p = s * t
        d[i + 1] = g + p
        g = c * t - b
        for (let x = i * n, y = x + n, end = y; x < end; x++, y++) {
          const [u, w] = [vectors[x]!, vectors[y]!]
          vectors[y] = s * u + c * w
          vectors[x] = c * u - s * w
        }
      }
      if (i < low) {
        d[low]! -= p
        e[low] = g
      }
      e[high] = 0
    }
  }
}
