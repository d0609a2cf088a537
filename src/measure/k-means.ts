import { dots } from '../kernels/index.ts'
import { random } from '../records/index.ts'

/** Rounds of Lloyd's algorithm at most; it has mostly settled by then. */
const rounds = 30
/** Candidates for each first centre, of which the best is taken (Arthur & Vassilvitskii 2007, section 6). */
const candidates = 3

/** Centres of unit length, one after another. There are fewer than asked for where fewer rows differ. */
export type Centres = { count: number; dimensions: number; all: Float32Array }

/** The centre nearest to a row of unit length, the first of equal ones, and its cosine; -1 where there is none. */
export function nearest({ count, dimensions, all }: Centres, row: Float32Array): { centre: number; cosine: number } {
  let best = { centre: -1, cosine: Number.NEGATIVE_INFINITY }
  for (let centre = 0, at = 0; centre < count; centre++, at += dimensions) {
    let cosine = 0
    for (let c = 0; c < dimensions; c++) cosine += all[at + c]! * row[c]!
    if (cosine > best.cosine) best = { centre, cosine }
  }
  return best
}

/**
 * Spherical k-means (Dhillon & Modha 2001): rows and centres have unit length, near is what has a great cosine. Begins as
 * k-means++ does; depends on the rows in their order alone.
 */
export function kMeans(matrix: Float32Array, dimensions: number, k: number): Centres {
  const rows = dimensions > 0 ? matrix.length / dimensions : 0
  const centres = firstCentres(matrix, dimensions, Math.min(k, rows))
  const of = new Int32Array(rows).fill(-1)
  const cosine = new Float32Array(rows)
  const products = new Float32Array(rows)
  for (let round = 0; round < rounds; round++) {
    let moved = 0
    const before = of.slice()
    cosine.fill(Number.NEGATIVE_INFINITY)
    for (let centre = 0; centre < centres.count; centre++) {
      dots(centres.all.subarray(centre * dimensions, (centre + 1) * dimensions), matrix, dimensions, products)
      for (let row = 0; row < rows; row++) {
        if (products[row]! <= cosine[row]!) continue
        cosine[row] = products[row]!
        of[row] = centre
      }
    }
    for (let row = 0; row < rows; row++) if (of[row] !== before[row]) moved++
    if (moved === 0) break
    recentre(centres, matrix, of, cosine)
  }
  return centres
}

/** Each centre becomes the direction of its rows; one without rows takes the row that is worst off. */
function recentre(
  { count, dimensions, all }: Centres,
  matrix: Float32Array,
  of: Int32Array,
  cosine: Float32Array,
): void {
  const sums = new Float64Array(count * dimensions)
  const sizes = new Int32Array(count)
  for (let row = 0; row < of.length; row++) {
    const to = of[row]! * dimensions
    sizes[of[row]!]!++
    for (let c = 0; c < dimensions; c++) sums[to + c]! += matrix[row * dimensions + c]!
  }
  for (let centre = 0; centre < count; centre++) {
    const at = centre * dimensions
    if (sizes[centre] === 0) {
      let worst = 0
      for (let row = 1; row < of.length; row++) if (cosine[row]! < cosine[worst]!) worst = row
      cosine[worst] = Number.POSITIVE_INFINITY
      all.set(matrix.subarray(worst * dimensions, (worst + 1) * dimensions), at)
      continue
    }
    let square = 0
    for (let c = 0; c < dimensions; c++) square += sums[at + c]! ** 2
    // Rows that cancel each other out leave their centre where it was.
    if (square > 1e-12) for (let c = 0; c < dimensions; c++) all[at + c] = sums[at + c]! / Math.sqrt(square)
  }
}

function firstCentres(matrix: Float32Array, dimensions: number, k: number): Centres {
  const rows = dimensions > 0 ? matrix.length / dimensions : 0
  const all = new Float32Array(k * dimensions)
  const next = random('k-means', rows, k)
  /** Squared distance to the nearest centre so far. */
  let left = new Float64Array(rows).fill(1)
  let total = rows
  let count = 0
  const products = new Float32Array(rows)
  for (; count < k; count++) {
    let best: { row: number; left: Float64Array<ArrayBuffer>; total: number } | undefined
    for (let candidate = 0; candidate < candidates; candidate++) {
      let at = next() * total
      let row = 0
      while (row + 1 < rows && at >= left[row]!) at -= left[row++]!
      dots(matrix.subarray(row * dimensions, (row + 1) * dimensions), matrix, dimensions, products)
      const then = new Float64Array(rows)
      let sum = 0
      for (let i = 0; i < rows; i++) {
        const distance = Math.max(0, 2 - 2 * products[i]!)
        then[i] = count === 0 ? distance : Math.min(left[i]!, distance)
        sum += then[i]!
      }
      if (!best || sum < best.total) best = { row, left: then, total: sum }
    }
    all.set(matrix.subarray(best!.row * dimensions, (best!.row + 1) * dimensions), count * dimensions)
    left = best!.left
    total = best!.total
    // Every row is a centre: what is left over is rounding.
    if (total < 1e-6 * rows) {
      count++
      break
    }
  }
  return { count, dimensions, all: all.slice(0, count * dimensions) }
}
