import { split } from '../../kernels/index.ts'
import { excerpt } from '../excerpt.ts'

/** Buckets that n-grams are hashed into: a power of two. */
export const buckets = 2 ** 16
const mask = buckets - 1

/** The n-grams of a text, by bucket, as a vector of length 1; a text without words has none. */
export type Features = { at: Uint32Array; value: Float32Array }

/** What a count weighs: its harmonic number, which grows as the logarithm does and is exact on every machine. */
const weightOf = new Float64Array(1024)
for (let n = 1; n < weightOf.length; n++) weightOf[n] = weightOf[n - 1]! + 1 / n

const counts = new Uint32Array(buckets)
let touched = new Uint32Array(2 ** 14)

function bucketOf(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b, 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  return (h ^ (h >>> 13)) & mask
}

/**
 * Counts the n-grams of a text in `counts`; the buckets that have some come first in `touched`. Words and runs of marks as
 * written, alone and in pairs: case, punctuation and markup tell as much of a text's quality as its words do.
 */
function count(text: string, characters: number): number {
  const { count: n, low, kinds } = split(excerpt(text, characters), 'tokens')
  if (touched.length < 3 * n) touched = new Uint32Array(6 * n)
  let found = 0
  for (let i = 0; i < n; i++) {
    const unit = bucketOf(low[i]!, 0)
    if (counts[unit]!++ === 0) touched[found++] = unit
    if (i === 0) continue
    const pair = bucketOf(low[i]!, low[i - 1]!)
    if (counts[pair]!++ === 0) touched[found++] = pair
    // Where a unit is one character, two of them are seldom a word.
    if (i === 1 || !(kinds[i]! & kinds[i - 1]! & kinds[i - 2]! & 8)) continue
    const three = bucketOf(pair ^ low[i]!, low[i - 2]!)
    if (counts[three]!++ === 0) touched[found++] = three
  }
  return found
}

/** The features of a text's excerpt of so many characters. */
export function featuresOf(text: string, characters: number): Features {
  const found = count(text, characters)
  const at = touched.slice(0, found).sort()
  const value = new Float32Array(found)
  let square = 0
  for (let i = 0; i < found; i++) {
    const weight = weightOf[Math.min(counts[at[i]!]!, weightOf.length - 1)]!
    counts[at[i]!] = 0
    value[i] = weight
    square += weight * weight
  }
  const norm = Math.sqrt(square)
  for (let i = 0; i < found; i++) value[i] = value[i]! / norm
  return { at, value }
}

/** The same times a weight for each bucket, summed. */
export function weigh(text: string, characters: number, weights: Float32Array): number {
  const found = count(text, characters)
  let product = 0
  let square = 0
  for (let i = 0; i < found; i++) {
    const bucket = touched[i]!
    const weight = weightOf[Math.min(counts[bucket]!, weightOf.length - 1)]!
    counts[bucket] = 0
    product += weights[bucket]! * weight
    square += weight * weight
  }
  return square === 0 ? 0 : product / Math.sqrt(square)
}
