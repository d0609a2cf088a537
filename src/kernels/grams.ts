import { aligned, base, openRoom, type Room, reserve } from './load.ts'
import * as twin from './twins/grams.ts'

/**
 * An index over hashes: where each one stands first (`probe`), and where the same one stands next (`next`, -1 at the end).
 * It holds an instance of the kernels, so it cannot be sent to another thread: send the hashes and open it there.
 */
export type Grams = { count: number; next: Int32Array } & (
  | { room: Room; positions: Int32Array }
  | { twin: twin.GramsTwin }
)

/** Hashes are handed over in batches of this many; they stand at `base`, and the positions found behind them. */
const batch = 1 << 14
const found = base + 8 * batch

/** Opens an index over hashes; it takes 28 to 55 bytes for each. */
export function openGrams(hashes: BigUint64Array): Grams {
  const count = hashes.length
  const room = openRoom()
  if (!room) {
    const opened = twin.openGrams(hashes)
    return { count, next: opened.next, twin: opened }
  }
  const { kernels } = room
  const power = Math.max(4, Math.ceil(Math.log2(count * 1.5 + 1)))
  const next = found + 4 * batch
  const bits = aligned(next + 4 * count)
  const slots = aligned(bits + 2 * 2 ** power)
  reserve(room, slots + 16 * 2 ** power)
  kernels.gramsAt(bits, slots, power, next)
  for (let first = Math.floor(Math.max(0, count - 1) / batch) * batch; first >= 0; first -= batch) {
    const some = hashes.subarray(first, first + batch)
    room.u64.set(some, base / 8)
    kernels.addGrams(base, some.length, first)
  }
  const { buffer } = room.bytes
  return { count, room, next: new Int32Array(buffer, next, count), positions: new Int32Array(buffer, found, batch) }
}

/** Writes for each hash its first position in the index, or -1, to `out`, and says how many were found. */
export function probe(grams: Grams, hashes: BigUint64Array, out: Int32Array): number {
  if ('twin' in grams) return twin.probe(grams.twin, hashes, out)
  const { room, positions } = grams
  let hits = 0
  for (let from = 0; from < hashes.length; from += batch) {
    const count = Math.min(batch, hashes.length - from)
    room.u64.set(count === hashes.length ? hashes : hashes.subarray(from, from + count), base / 8)
    hits += room.kernels.probeGrams(base, count, found)
    if (count < 64) for (let i = 0; i < count; i++) out[from + i] = positions[i]!
    else out.set(positions.subarray(0, count), from)
  }
  return hits
}
