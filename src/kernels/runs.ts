import { StillroomError } from '../errors/index.ts'
import { aligned, base, shared } from './load.ts'
import { lay } from './split.ts'
import * as twin from './twins/runs.ts'
import type { Units } from './units.ts'

/** How many runs of `n` units there are, taking all units for one run where they are fewer. */
const sized = (u: Units, n: number) => {
  const size = Math.min(n, u.count)
  return { size, runs: size > 0 ? u.count - size + 1 : 0 }
}

/** 64-bit hashes of the runs of `n` units, by position: `count - n + 1` of them, none where there are fewer units. */
export function runHashes(u: Units, n: number): BigUint64Array {
  const runs = n > 0 ? Math.max(0, u.count - n + 1) : 0
  const at = lay(u, 8 * runs)
  if (!at) return twin.runHashes(u, n)
  const { room, low, high, free } = at
  if (runs > 0) room.kernels.runHashes(low, high, u.count, n, free)
  return room.u64.slice(free / 8, free / 8 + runs)
}

/** Sorted distinct 53-bit hashes of the runs of `n` units, or of all units where there are fewer; none of none. */
export function shingles(u: Units, n: number): Float64Array {
  const { size, runs } = sized(u, n)
  // A fuller table for long texts: it takes longer to fill, and half the memory.
  const slots = 2 ** Math.ceil(Math.log2(Math.max(8, runs * (runs < 1 << 16 ? 2 : 1.25))))
  const at = lay(u, 8 * (runs + slots + runs))
  if (!at) return twin.shingles(u, n)
  if (runs === 0) return new Float64Array(0)
  const { room, low, high, free } = at
  room.kernels.runHashes(low, high, u.count, size, free)
  const found = room.kernels.distinct(free, runs, free + 8 * runs, slots)
  return room.f64.slice(free / 8, free / 8 + found)
}

/**
 * MinHash signature (Broder 1997) over the runs of `n` units, in 32-bit lanes. Each run is hashed and mixed once; a
 * permutation takes (hash xor offset) times an odd factor, modulo 2^32. The share of equal places of two signatures
 * estimates the Jaccard similarity of the sets. No units: 0xffffffff throughout.
 */
export function signature(u: Units, n: number, permutations: number): Uint32Array {
  const { size, runs } = sized(u, n)
  const out = 4 * aligned(permutations)
  const at = lay(u, out + 4 * runs)
  if (!at) return twin.signature(u, n, permutations)
  const { room, low, free } = at
  room.kernels.signature(low, u.count, size, free + out, permutations, free)
  return room.u32.slice(free / 4, free / 4 + permutations)
}

/** Keys of the bands of a signature: xxhash64 of the rows of each, as little-endian bytes. */
export function bandKeys(signature: Uint32Array, bands: number, rows: number): BigUint64Array {
  const length = bands * rows
  if (length > signature.length) {
    throw new StillroomError('SR_INTERNAL', `${bands} bands of ${rows} rows need a longer signature.`, {
      expected: `at least ${length} values`,
      received: `${signature.length}`,
    })
  }
  const out = aligned(base + 4 * length)
  const room = shared(out - base + 8 * bands)
  if (!room) return twin.bandKeys(signature, bands, rows)
  room.u32.set(length < signature.length ? signature.subarray(0, length) : signature, base / 4)
  room.kernels.bandKeys(base, bands, rows, out)
  return room.u64.slice(out / 8, out / 8 + bands)
}

/** Exact Jaccard similarity of two sorted sets; two empty ones are equal. */
export const jaccard = twin.jaccard
