import { normaliseForMatch } from './normalise.ts'
import { words } from './segment.ts'

/** All runs of `n` tokens, joined by a space. Fewer tokens than `n` give one shingle of them all; none give none. */
export function shingles(tokens: readonly string[], n: number): string[] {
  if (tokens.length === 0) return []
  if (tokens.length <= n) return [tokens.join(' ')]
  const found: string[] = []
  for (let i = 0; i + n <= tokens.length; i++) found.push(tokens.slice(i, i + n).join(' '))
  return found
}

/** Runs of `n` words of the text in its matching form (`normaliseForMatch`). */
export function wordGrams(text: string, n: number, language?: string): string[] {
  return shingles(words(normaliseForMatch(text), language), n)
}

/** Final mixing of MurmurHash3 (Appleby, public domain): every input bit reaches every output bit. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** FNV-1a over UTF-16 code units with a murmur finish: an unsigned 32-bit number, the same on every machine. */
export function hash32(text: string, seed = 0): number {
  let h = 0x811c9dc5 ^ mix(seed)
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mix(h ^ text.length)
}

/** 53 bits out of two lanes of `hash32`: exact as a number, so usable as a key where 32 bits collide. */
export function hash53(text: string, seed = 0): number {
  return (hash32(text, seed ^ 0x9e3779b9) & 0x1fffff) * 2 ** 32 + hash32(text, seed)
}

/**
 * MinHash signature (Broder 1997): for each of `permutations` seeded permutations of 32-bit values the least image of
 * the set. The share of equal places of two signatures estimates their Jaccard similarity. An empty set gives
 * 0xffffffff throughout.
 */
export function minhash(hashes: Iterable<number>, permutations: number, seed = 0): Uint32Array {
  const factors = new Int32Array(permutations)
  const offsets = new Int32Array(permutations)
  for (let i = 0; i < permutations; i++) {
    factors[i] = mix(seed + i * 2 + 1) | 1
    offsets[i] = mix(seed + i * 2 + 2)
  }
  const least = new Uint32Array(permutations).fill(0xffffffff)
  for (const hash of new Set(hashes)) {
    for (let i = 0; i < permutations; i++) {
      let h = Math.imul(hash ^ (hash >>> 15), factors[i]!) + offsets[i]!
      h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
      h = (h ^ (h >>> 13)) >>> 0
      if (h < least[i]!) least[i] = h
    }
  }
  return least
}

/** Size of the intersection over size of the union; two empty sets are equal (1). */
export function jaccard<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): number {
  if (a.size === 0 && b.size === 0) return 1
  const [small, large] = a.size <= b.size ? [a, b] : [b, a]
  let both = 0
  for (const item of small) if (large.has(item)) both++
  return both / (a.size + b.size - both)
}
