import { buckets, type Features } from './features.ts'
import { damped, type Model } from './model.ts'
import { unpack } from './packed.ts'

/** How much of its square what the directions leave of a text counts. */
const restWeight = 0.2
/** Places of the rest that a feature is added to or taken from (Li, Hastie, Church 2006: nearly as good as adding it to all). */
const spread = 4

/** For each bucket the places of the rest, from 1 on: those below zero are taken from. */
function sketchPlaces(rest: number): Int16Array {
  const places = new Int16Array(rest > 0 ? buckets * spread : 0)
  for (let i = 0; i < places.length; i++) {
    let h = Math.imul(i + 1, 0x9e3779b1)
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
    const mixed = (h ^ (h >>> 16)) >>> 0
    const place = 1 + ((mixed >>> 1) % rest)
    places[i] = mixed & 1 ? place : -place
  }
  return places
}

/** Turns the features of a text into its vector of unit length; undefined where there are none. */
export type Projector = (features: Features) => Float32Array | undefined

const opened = new WeakMap<Model, Projector>()
/**
 * The vector of a text is its part in each direction, then a sketch of what these leave of it, at less weight. Without the
 * second part two texts of one subject that share few words would be the same: on short queries it changes little, of long
 * documents it keeps apart what is no copy. A model is decoded once, however many texts it is applied to.
 */
export function projector(model: Model): Projector {
  const found = opened.get(model)
  if (found) return found
  const { texts, directions, rest } = model
  const scales = unpack(model.scales, Float32Array)
  const rows = Float32Array.from(unpack(model.rows, Int8Array))
  for (let i = 0; i < rows.length; i++) rows[i]! *= scales[Math.floor(i / directions)]!
  const features = unpack(model.features, Uint16Array)
  const weights = new Float64Array(buckets).fill(Math.log(1 + texts))
  const column = new Int32Array(buckets).fill(-1)
  for (const [i, weight] of unpack(model.weights, Float32Array).entries()) {
    column[features[i]!] = i
    weights[features[i]!] = weight
  }
  const size = directions + rest
  const sum = new Float64Array(size)
  const places = sketchPlaces(rest)
  /** Adds a multiple of a feature to the rest. */
  const sketch = (out: Float64Array, at: number, step: number, bucket: number, value: number) => {
    for (let i = bucket * spread, end = i + spread; i < end; i++) {
      const place = places[i]!
      if (place > 0) out[at + (place - 1) * step]! += value
      else out[at + (-place - 1) * step]! -= value
    }
  }
  // What the sketch holds of each direction: it is taken from that of a text.
  const held = new Float64Array(rest * directions)
  if (rest > 0) {
    for (const [i, bucket] of features.entries()) {
      for (let c = 0; c < directions; c++) sketch(held, c, directions, bucket, rows[i * directions + c]!)
    }
  }
  const scale = Math.sqrt(restWeight / spread)
  const known = new Int32Array(buckets + 3)
  const amounts = new Float64Array(buckets + 3)
  const project: Projector = found => {
    sum.fill(0)
    let count = 0
    for (let i = 0; i < found.buckets.length; i++) {
      const bucket = found.buckets[i]!
      const value = damped[found.counts[i]!]! * weights[bucket]!
      if (rest > 0) sketch(sum, directions, 1, bucket, value)
      if (column[bucket]! < 0) continue
      known[count] = column[bucket]! * directions
      amounts[count++] = value
    }
    for (let i = count; i < count + 3; i++) amounts[i] = known[i] = 0
    // Four features at once, so that a sum is read and written once for four.
    for (let i = 0; i < count; i += 4) {
      const [v, w, x, y] = [amounts[i]!, amounts[i + 1]!, amounts[i + 2]!, amounts[i + 3]!]
      const [a, b, c, d] = [known[i]!, known[i + 1]!, known[i + 2]!, known[i + 3]!]
      for (let k = 0; k < directions; k++) {
        sum[k]! += v * rows[a + k]! + w * rows[b + k]! + (x * rows[c + k]! + y * rows[d + k]!)
      }
    }
    for (let r = 0; r < rest; r++) {
      let left = sum[directions + r]!
      for (let c = 0; c < directions; c++) left -= held[r * directions + c]! * sum[c]!
      sum[directions + r] = left * scale
    }
    return unitLength(sum)
  }
  opened.set(model, project)
  return project
}

/** The direction of a vector; undefined of one without: zero, or not of numbers. */
export function unitLength(vector: ArrayLike<number>): Float32Array | undefined {
  let square = 0
  for (let i = 0; i < vector.length; i++) square += vector[i]! ** 2
  if (!(square > 1e-24) || square === Number.POSITIVE_INFINITY) return undefined
  const norm = Math.sqrt(square)
  const out = new Float32Array(vector.length)
  for (let i = 0; i < vector.length; i++) out[i] = vector[i]! / norm
  return out
}
