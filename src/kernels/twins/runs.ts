import type { Units } from '../units.ts'
import { xxhash64 } from './hash.ts'
import { mix } from './split.ts'

/** Bases of the rolling polynomials, one a lane. */
const base = { low: 0x2c1b3c6d, high: 0x297a2d39 }

/**
 * Two 32-bit hashes of every run of `n` units, by position: polynomials of the units' lanes modulo 2^32, mixed at the
 * end. A text with fewer units gives the run of all of them where `whole` is asked for.
 */
function lanes(u: Units, n: number, whole: boolean): { low: Uint32Array; high: Uint32Array } {
  const size = whole ? Math.min(n, u.count) : n
  const count = size > 0 ? Math.max(0, u.count - size + 1) : 0
  const low = new Uint32Array(count)
  const high = new Uint32Array(count)
  let [a, b, gone, lost] = [0, 0, 1, 1]
  for (let i = 0; i < size; i++) {
    gone = Math.imul(gone, base.low)
    lost = Math.imul(lost, base.high)
  }
  for (let i = 0; i < u.count && count > 0; i++) {
    a = (Math.imul(a, base.low) + u.low[i]!) | 0
    b = (Math.imul(b, base.high) + u.high[i]!) | 0
    if (i >= size) {
      a = (a - Math.imul(gone, u.low[i - size]!)) | 0
      b = (b - Math.imul(lost, u.high[i - size]!)) | 0
    }
    if (i < size - 1) continue
    low[i - size + 1] = mix(a + size)
    high[i - size + 1] = mix(b ^ size)
  }
  return { low, high }
}

/** 64-bit hashes of the runs of `n` units, by position: `count - n + 1` of them. */
export function runHashes(u: Units, n: number): BigUint64Array {
  const { low, high } = lanes(u, n, false)
  return BigUint64Array.from(low, (lane, i) => (BigInt(high[i]!) << 32n) | BigInt(lane))
}

/** Sorted distinct 53-bit hashes of the runs of `n` units; of all units where there are fewer. */
export function shingles(u: Units, n: number): Float64Array {
  const { low, high } = lanes(u, n, true)
  const sorted = Float64Array.from(low, (lane, i) => (high[i]! & 0x1fffff) * 2 ** 32 + lane).sort()
  return sorted.filter((hash, i) => i === 0 || hash !== sorted[i - 1])
}

/**
 * Exact Jaccard similarity of two sorted sets; two empty ones are equal. With `least`, 0 as soon as it is certain to lie
 * under that: sets that are unlike are mostly told by their first tenth.
 */
export function jaccard(a: Float64Array, b: Float64Array, least = 0): number {
  const total = a.length + b.length
  // What both must share to reach the limit, and so how many of each may be met alone.
  const shared = (least * total) / (1 + least) - 1e-9
  const [spareA, spareB] = [a.length - shared, b.length - shared]
  let [i, j, both] = [0, 0, 0]
  while (i < a.length && j < b.length) {
    const [x, y] = [a[i]!, b[j]!]
    if (x === y) both++
    else if ((x < y ? i - both + 1 > spareA : j - both + 1 > spareB) && least > 0) return 0
    if (x <= y) i++
    if (y <= x) j++
  }
  return total === 0 ? 1 : both / (total - both)
}

/** An odd factor and an offset for each permutation of the 32-bit numbers. */
export function permutations(count: number): { factors: Uint32Array; offsets: Uint32Array } {
  const factors = Uint32Array.from({ length: count }, (_, i) => mix(2 * i + 1) | 1)
  const offsets = Uint32Array.from({ length: count }, (_, i) => mix(2 * i + 2))
  return { factors, offsets }
}

/**
 * MinHash signature (Broder 1997) of the runs of `n` units: for each permutation the least image of their low lanes. The
 * share of equal places of two signatures estimates their Jaccard similarity.
 */
export function signature(u: Units, n: number, count: number): Uint32Array {
  const { low } = lanes(u, n, true)
  const { factors, offsets } = permutations(count)
  const least = new Uint32Array(count).fill(0xffffffff)
  for (const hash of low) {
    for (let i = 0; i < count; i++) {
      const image = Math.imul(hash ^ offsets[i]!, factors[i]!) >>> 0
      if (image < least[i]!) least[i] = image
    }
  }
  return least
}

/** xxhash64 of the rows of each band, as little-endian bytes. */
export function bandKeys(signature: Uint32Array, bands: number, rows: number): BigUint64Array {
  const bytes = new DataView(new ArrayBuffer(rows * 4))
  return BigUint64Array.from({ length: bands }, (_, band) => {
    for (let row = 0; row < rows; row++) bytes.setUint32(row * 4, signature[band * rows + row]!, true)
    return xxhash64(new Uint8Array(bytes.buffer))
  })
}
