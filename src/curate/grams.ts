import { hash32, normaliseForMatch } from '../text/index.ts'

/** Scripts without spaces between words: one character is one unit there. */
const unit =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Khmer}\p{Script=Lao}\p{Script=Myanmar}ー々〆]|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Khmer}\p{Script=Lao}\p{Script=Myanmar}ー々〆]+/gu
const unspaced =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Khmer}\p{Script=Lao}\p{Script=Myanmar}ー々〆]/u

/**
 * Units that texts are compared in: words where a script writes spaces, characters where it does not, both in a text
 * that mixes them. No dictionary and no ICU data: the same on every machine.
 */
export function units(text: string): string[] {
  return normaliseForMatch(text).match(unit) ?? []
}

/** Is this unit one character of a script without spaces? */
export const isCharacter = (unit: string): boolean => unspaced.test(unit)

/** 53-bit hashes of the runs of units from each place to its end (exclusive); equal runs have equal hashes. */
export function runHashes(all: readonly string[], ends: readonly number[]): Float64Array {
  const low = new Int32Array(all.length)
  const high = new Int32Array(all.length)
  for (let i = 0; i < all.length; i++) {
    low[i] = hash32(all[i]!, 1)
    high[i] = hash32(all[i]!, 2)
  }
  const hashes = new Float64Array(ends.length)
  for (let start = 0; start < ends.length; start++) {
    const end = ends[start]!
    let a = end - start
    let b = start - end
    for (let i = start; i < end; i++) {
      a = Math.imul(a ^ low[i]!, 0x9e3779b1)
      a ^= a >>> 15
      b = Math.imul(b ^ high[i]!, 0x85ebca6b)
      b ^= b >>> 13
    }
    hashes[start] = (b & 0x1fffff) * 2 ** 32 + (a >>> 0)
  }
  return hashes
}

/** Sorted 53-bit hashes of the distinct runs of `n` units, or of the whole text where it is shorter. */
export function shingleSet(text: string, n: number): Float64Array {
  const all = units(text)
  const ends: number[] = []
  for (let end = Math.min(n, all.length); end > 0 && end <= all.length; end++) ends.push(end)
  const sorted = runHashes(all, ends).sort()
  return sorted.filter((hash, i) => i === 0 || hash !== sorted[i - 1])
}

/** Exact Jaccard similarity of two sorted sets. */
export function jaccardSorted(a: Float64Array, b: Float64Array): number {
  let [i, j, both] = [0, 0, 0]
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      both++
      i++
      j++
    } else if (a[i]! < b[j]!) i++
    else j++
  }
  return a.length + b.length === 0 ? 1 : both / (a.length + b.length - both)
}
