import { eigen } from '../../measure/index.ts'
import { random } from '../../records/index.ts'
import { buckets } from './features.ts'
import { pack } from './packed.ts'

/** Texts as counts of features: text `i` holds those from `ends[i - 1]` to `ends[i]` (exclusive). */
export type Bags = { ends: Uint32Array; buckets: Uint16Array; counts: Uint8Array }

/**
 * What vectors of texts are made by, as it stands in a decision: the features that are known, the weight of each, and a row
 * of 8-bit numbers that tells the directions it has a part in. `texts` is how many it was learnt from, which weighs what is
 * not known; `directions` are as many as asked for, or as the texts have.
 */
export type Model = {
  texts: number
  directions: number
  rest: number
  features: string
  weights: string
  scales: string
  rows: string
}

/** Features a model knows at most: the most frequent ones. */
const widest = 2 ** 15
/** Directions beyond those asked for; they are what makes a random subspace hold them (Halko et al. 2011, section 4.2). */
const beyond = 16

/** Sublinear weight of a count (Salton & Buckley 1988). */
export const damped: Float64Array = Float64Array.from({ length: 256 }, (_, count) =>
  count === 0 ? 0 : 1 + Math.log(count),
)

type Known = { features: Uint16Array; weights: Float64Array; column: Int32Array }

/** The features that two texts share at least (of few texts: all), and how much each tells: log(1 + texts / texts with it). */
function known(bags: Bags): Known {
  const texts = bags.ends.length
  const found = new Uint32Array(buckets)
  for (const bucket of bags.buckets) found[bucket]!++
  const least = texts < 100 ? 1 : 2
  let features = Uint16Array.from(found.keys()).filter(bucket => found[bucket]! >= least)
  if (features.length > widest) {
    features.sort((a, b) => found[b]! - found[a]! || a - b)
    features = features.slice(0, widest).sort()
  }
  const column = new Int32Array(buckets).fill(-1)
  for (const [i, bucket] of features.entries()) column[bucket] = i
  return { features, weights: Float64Array.from(features, bucket => Math.log(1 + texts / found[bucket]!)), column }
}

/** The texts as rows of unit length over the known features. */
type Matrix = { ends: Uint32Array; columns: Uint16Array; values: Float32Array; width: number }

function weighed(bags: Bags, { weights, column }: Known): Matrix {
  const ends = new Uint32Array(bags.ends.length)
  const columns = new Uint16Array(bags.buckets.length)
  const values = new Float32Array(bags.buckets.length)
  let to = 0
  for (let row = 0, at = 0; row < ends.length; row++) {
    const from = to
    let square = 0
    for (; at < bags.ends[row]!; at++) {
      const i = column[bags.buckets[at]!]!
      if (i < 0) continue
      const value = damped[bags.counts[at]!]! * weights[i]!
      columns[to] = i
      values[to++] = value
      square += value * value
    }
    const norm = Math.sqrt(square) || 1
    for (let i = from; i < to; i++) values[i]! /= norm
    ends[row] = to
  }
  return { ends, columns, values, width: weights.length }
}

/** Calls with each row of the matrix times `right` (width x l); the result is a view that is reused. */
function eachProduct(
  { ends, columns, values }: Matrix,
  right: Float64Array,
  l: number,
  visit: (product: Float64Array, from: number, to: number) => void,
): void {
  const product = new Float64Array(l)
  let from = 0
  for (const to of ends) {
    product.fill(0)
    for (let at = from; at < to; at++) {
      const value = values[at]!
      const start = columns[at]! * l
      for (let c = 0; c < l; c++) product[c]! += value * right[start + c]!
    }
    visit(product, from, to)
    from = to
  }
}

/** The sums of products of columns of a (rows x l) matrix: symmetric. */
function addSquare(square: Float64Array, row: Float64Array, l: number, at = 0): void {
  for (let a = 0; a < l; a++) {
    const x = row[at + a]!
    if (x !== 0) for (let b = a; b < l; b++) square[a * l + b]! += x * row[at + b]!
  }
}
function mirrored(square: Float64Array, l: number): Float64Array {
  for (let a = 0; a < l; a++) for (let b = 0; b < a; b++) square[a * l + b] = square[b * l + a]!
  return square
}

/** `left` (width x l) times the rows of `turn`, each scaled: width x `scales.length`. */
function turned(left: Float64Array, l: number, turn: Float64Array, scales: Float64Array): Float64Array {
  const k = scales.length
  const out = new Float64Array((left.length / Math.max(l, 1)) * k)
  // Transposed, so that what is added to lies together.
  const by = new Float64Array(l * k)
  for (let c = 0; c < k; c++) for (let a = 0; a < l; a++) by[a * k + c] = turn[c * l + a]! * scales[c]!
  for (let row = 0, to = 0; to < out.length; row += l, to += k) {
    for (let a = 0; a < l; a++) {
      const x = left[row + a]!
      if (x === 0) continue
      for (let c = 0; c < k; c++) out[to + c]! += x * by[a * k + c]!
    }
  }
  return out
}

/** Below this share of the largest singular value a direction is rounding. */
const rounding = 1e-5

/**
 * Fits the directions that hold most of the texts: a randomized truncated singular value decomposition (Halko, Martinsson,
 * Tropp 2011, arXiv 0909.4061, section 4, from the side of the features). The result depends on the
 * bags in their order alone. Undefined where no text holds anything.
 */
export function modelOf(bags: Bags, dimensions: number): Model | undefined {
  const rest = Math.floor(dimensions / 4)
  const most = dimensions - rest
  const features = known(bags)
  const matrix = weighed(bags, features)
  const { width } = matrix
  const l = Math.min(most + beyond, width, Math.max(bags.ends.length, 1))
  if (width === 0) return undefined
  const start = new Float64Array(width * l)
  const next = random('lsa')
  for (let i = 0; i < start.length; i++) start[i] = next() < 0.5 ? -1 : 1

  const range = new Float64Array(width * l)
  eachProduct(matrix, start, l, (product, from, to) => {
    for (let at = from; at < to; at++) {
      const value = matrix.values[at]!
      const row = matrix.columns[at]! * l
      for (let c = 0; c < l; c++) range[row + c]! += value * product[c]!
    }
  })
  const gram = new Float64Array(l * l)
  for (let row = 0; row < width; row++) addSquare(gram, range, l, row * l)
  const base = eigen(mirrored(gram, l), l)
  const held = base.values.filter(value => value > rounding ** 2 * base.values[0]!)
  const basis = turned(
    range,
    l,
    base.vectors,
    held.map(value => 1 / Math.sqrt(value)),
  )

  const h = held.length
  const small = new Float64Array(h * h)
  eachProduct(matrix, basis, h, product => addSquare(small, product, h))
  const inner = eigen(mirrored(small, h), h)
  const kept = inner.values.filter((value, i) => i < most && value > rounding ** 2 * inner.values[0]!)
  if (kept.length === 0) return undefined
  return packed(
    turned(
      basis,
      h,
      inner.vectors,
      kept.map(() => 1),
    ),
    kept.length,
    features,
    { texts: bags.ends.length, rest },
  )
}

/** Rows in 8 bits: the error is far below what so few directions keep of a text. */
function packed(
  rows: Float64Array,
  directions: number,
  { features, weights }: Known,
  about: { texts: number; rest: number },
): Model {
  const scales = new Float32Array(features.length)
  const small = new Int8Array(rows.length)
  for (let i = 0; i < features.length; i++) {
    const row = rows.subarray(i * directions, (i + 1) * directions)
    let largest = 0
    for (const x of row) largest = Math.max(largest, Math.abs(x))
    if (largest === 0) continue
    scales[i] = largest / 127
    for (let c = 0; c < directions; c++) small[i * directions + c] = Math.round((row[c]! / largest) * 127)
  }
  return {
    ...about,
    directions,
    features: pack(features),
    weights: pack(Float32Array.from(weights)),
    scales: pack(scales),
    rows: pack(small),
  }
}
