import { aligned, base, openRoom, type Room, reserve } from './load.ts'
import * as twin from './twins/distance.ts'

/** A mask of 64 bits for each 16-bit unit, zero between two calls: in a room of its own it stays so. */
const masks = 65536 * 8
let room: Room | null | undefined

/**
 * Levenshtein distance over UTF-16 code units (Myers 1999, bit-parallel); `limit + 1` where it is over the limit, which
 * also bounds the work to the band that such a distance stays in. Without a limit, time grows with the product of the
 * lengths.
 */
export function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a]
  const most = Math.min(Math.floor(limit), long.length)
  if (long.length - short.length > most) return most + 1
  const second = aligned(base + masks + 2 * short.length)
  const deltas = second + 2 * long.length
  if (room === undefined) room = openRoom() ?? null
  if (room === null) return twin.editDistance(a, b, limit)
  reserve(room, deltas + long.length + 1)
  room.bytes.write(short, base + masks, 'utf16le')
  room.bytes.write(long, second, 'utf16le')
  return room.kernels.editDistance(base + masks, short.length, second, long.length, most, base, deltas)
}
