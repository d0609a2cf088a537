import { kind, split } from '../../kernels/index.ts'

/** Buckets that features are hashed into: 16 bits, so that an index takes two bytes (Weinberger et al. 2009, arXiv 0902.2206). */
export const buckets: number = 2 ** 16

/** Distinct buckets of a text and how often each occurs, at most 255. Views on memory that the next call reuses. */
export type Features = { buckets: Uint16Array; counts: Uint8Array }

const seen = new Uint8Array(buckets)
const touched = new Uint16Array(buckets)
const counted = new Uint8Array(buckets)

const edge = 0x20
const apostrophe = (code: number) => code === 0x27 || code === 0x2019

/** Three numbers into 16 bits, with the finish of MurmurHash3 (Appleby, public domain). */
function bucketOf(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca77) ^ Math.imul(c, 0xc2b2ae3d)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) & (buckets - 1)
}

/**
 * What the built-in vectors know of a text: of words the runs of three letters with their edges, so that inflections and
 * misspellings share most of them; of scripts without spaces the characters and the pairs of neighbours.
 */
export function featuresOf(text: string): Features {
  const units = split(text, 'match')
  const { text: folded, starts, ends, kinds, low } = units
  let distinct = 0
  const add = (bucket: number) => {
    const count = seen[bucket]!
    if (count === 0) touched[distinct++] = bucket
    if (count < 255) seen[bucket] = count + 1
  }
  for (let i = 0; i < units.count; i++) {
    const start = starts[i]!
    const end = ends[i]!
    if (kinds[i]! & kind.character) {
      add(bucketOf(low[i]!, 0, 1))
      if (i > 0 && kinds[i - 1]! & kind.character && ends[i - 1] === start) add(bucketOf(low[i - 1]!, low[i]!, 2))
      continue
    }
    let [a, b] = [-1, edge]
    for (let at = start; at <= end; at++) {
      const code = at === end ? edge : folded.charCodeAt(at)
      if (apostrophe(code)) continue
      if (a >= 0) add(bucketOf(a, b, code))
      a = b
      b = code
    }
  }
  for (let i = 0; i < distinct; i++) {
    const bucket = touched[i]!
    counted[i] = seen[bucket]!
    seen[bucket] = 0
  }
  return { buckets: touched.subarray(0, distinct), counts: counted.subarray(0, distinct) }
}
