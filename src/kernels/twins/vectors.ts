/**
 * Dot product in single precision: four running sums, one for each place modulo 4, added as (0 + 1) + (2 + 3). The order
 * is part of the result, so that it is the same on every machine.
 */
export function dot(a: Float32Array, b: Float32Array): number {
  return dotAt(a, 0, b, 0, a.length)
}

function dotAt(a: Float32Array, i: number, b: Float32Array, j: number, length: number): number {
  const { fround } = Math
  let [s0, s1, s2, s3] = [fround(0), fround(0), fround(0), fround(0)]
  let k = 0
  for (; k + 4 <= length; k += 4) {
    s0 = fround(s0 + fround(a[i + k]! * b[j + k]!))
    s1 = fround(s1 + fround(a[i + k + 1]! * b[j + k + 1]!))
    s2 = fround(s2 + fround(a[i + k + 2]! * b[j + k + 2]!))
    s3 = fround(s3 + fround(a[i + k + 3]! * b[j + k + 3]!))
  }
  if (k < length) s0 = fround(s0 + fround(a[i + k]! * b[j + k]!))
  if (k + 1 < length) s1 = fround(s1 + fround(a[i + k + 1]! * b[j + k + 1]!))
  if (k + 2 < length) s2 = fround(s2 + fround(a[i + k + 2]! * b[j + k + 2]!))
  return fround(fround(s0 + s1) + fround(s2 + s3))
}

/** The dot products of a vector with each row of a matrix. */
export function dots(query: Float32Array, matrix: Float32Array, dimensions: number, out?: Float32Array): Float32Array {
  const rows = matrix.length / dimensions
  const all = out ?? new Float32Array(rows)
  for (let row = 0; row < rows; row++) all[row] = dotAt(query, 0, matrix, row * dimensions, dimensions)
  return all
}

/** Pairs of rows, the smaller one first, and the dot product of each. */
export type Pairs = { a: Uint32Array; b: Uint32Array; dot: Float32Array }

/** All pairs of rows `a < b` whose dot product is at least `threshold`, in order; `range` are the rows `a`. */
export function pairsAbove(
  matrix: Float32Array,
  dimensions: number,
  threshold: number,
  range?: { from: number; to: number },
): Pairs {
  const rows = dimensions > 0 ? matrix.length / dimensions : 0
  const least = Math.fround(threshold)
  const a: number[] = []
  const b: number[] = []
  const found: number[] = []
  for (let i = range?.from ?? 0; i < Math.min(range?.to ?? rows, rows); i++) {
    for (let j = i + 1; j < rows; j++) {
      const value = dotAt(matrix, i * dimensions, matrix, j * dimensions, dimensions)
      if (!(value >= least)) continue
      a.push(i)
      b.push(j)
      found.push(value)
    }
  }
  return { a: Uint32Array.from(a), b: Uint32Array.from(b), dot: Float32Array.from(found) }
}
