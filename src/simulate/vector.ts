import { hash32 } from '../kernels/index.ts'
import { normaliseForMatch } from '../text/index.ts'

/** Length of a whole vector; others are its beginning, brought to unit length (as models with Matryoshka vectors do it). */
export const wholeVector = 512
/** A feature touches one dimension in each stretch of so many. */
const stretch = 16

const word = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}ー々]+|[\p{L}\p{M}\p{N}_]+/gu
const unspaced = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}ー々]/u
const kana = /^\p{Script=Hiragana}+$/u

/**
 * A vector that follows from seed and text alone: hashed words and their parts (runs of three letters; of two characters
 * where no spaces are written), each at random signs. Texts that share words are near each other, case and punctuation
 * count nothing, and texts of other words stand at right angles, nearly. No model of meaning: synonyms are strangers.
 */
export function vectorOf(input: string | readonly number[], seed: number, dimensions = wholeVector): Float32Array {
  const features = typeof input === 'string' ? featuresOf(input) : tokensOf(input)
  const sums = new Float64Array(wholeVector)
  for (const [feature, weight] of features) {
    let h = hash32(feature, seed)
    for (let at = 0; at < wholeVector; at += stretch) {
      h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d) + 0x9e3779b9
      const drawn = (h ^ (h >>> 13)) >>> 0
      const place = at + (drawn & (stretch - 1))
      sums[place] = sums[place]! + (drawn & stretch ? weight : -weight)
    }
  }
  const vector = Float32Array.from(sums.subarray(0, dimensions))
  const length = Math.hypot(...vector)
  // Signs cancelled out, or the few dimensions that were asked for are none that a short text touches.
  if (length === 0) vector[hash32(String(input), seed) % dimensions] = 1
  return length === 0 ? vector : vector.map(value => value / length)
}

/** Weighted by 1 + ln(count), function words less. */
function featuresOf(text: string): [string, number][] {
  const counts = new Map<string, number>()
  const add = (feature: string) => counts.set(feature, (counts.get(feature) ?? 0) + 1)
  const matched = normaliseForMatch(text).match(word) ?? []
  for (const run of matched) {
    if (!unspaced.test(run)) add(run)
    else for (let i = 0; i < Math.max(1, run.length - 1); i++) add(run.slice(i, i + 2))
  }
  if (counts.size === 0) return [[text, 1]]
  const features: [string, number][] = []
  for (const [feature, count] of counts) {
    const weight = 1 + Math.log(count)
    if (unspaced.test(feature)) features.push([feature, kana.test(feature) ? weight / 3 : weight])
    else if (feature.length <= 3) features.push([feature, weight / 3])
    else {
      features.push([feature, weight])
      const parts = feature.length
      const padded = ` ${feature} `
      for (let i = 0; i < parts; i++) features.push([padded.slice(i, i + 3), weight / 2 / Math.sqrt(parts)])
    }
  }
  return features
}

function tokensOf(tokens: readonly number[]): [string, number][] {
  const counts = new Map<number, number>()
  for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1)
  return [...counts].map(([token, count]) => [`token ${token}`, 1 + Math.log(count)])
}
