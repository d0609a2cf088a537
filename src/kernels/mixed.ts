import { aligned, base, shared } from './load.ts'
import * as twin from './twins/mixed.ts'

export type { Apart, Mixed, NearestTwo } from './twins/mixed.ts'

const lanes = 16
/** Bytes of rows that are looked at for many queries in turn: they stay in the nearest cache. */
const tile = 1 << 14
/** Queries that are worked through at once. */
const atOnce = 256

/**
 * Of each query the distances of the two nearest rows among others, each pair looked at in full: for distances to the
 * closest record. Tables of numbers and classes have the same columns; numbers are finite.
 */
export function nearestTwo(queries: twin.Mixed, among: twin.Mixed, apart: twin.Apart): twin.NearestTwo {
  const numbers = twin.width(among.numbers, among.rows)
  const classes = twin.width(among.classes, among.rows)
  if (queries.rows === 0 || among.rows === 0 || numbers + classes === 0) return twin.nearestTwo(queries, among, apart)
  const blockBytes = lanes * (4 * numbers + 2 * classes)
  const blocks = Math.ceil(among.rows / lanes)
  const queryBytes = aligned(4 * numbers + 2 * classes)
  const stateAt = aligned(base + blocks * blockBytes)
  const tailAt = stateAt + atOnce * 8 * lanes
  const queriesAt = tailAt + 4 * lanes
  const room = shared(queriesAt + atOnce * queryBytes - base)
  if (!room) return twin.nearestTwo(queries, among, apart)
  const u16 = new Uint16Array(room.u32.buffer)
  for (let r = 0; r < among.rows; r++) {
    const at = base + Math.floor(r / lanes) * blockBytes
    const lane = r % lanes
    for (let i = 0; i < numbers; i++) room.f32[at / 4 + i * lanes + lane] = among.numbers[r * numbers + i]!
    for (let i = 0; i < classes; i++) {
      u16[at / 2 + 2 * numbers * lanes + i * lanes + lane] = among.classes[r * classes + i]!
    }
  }
  const full = among.rows % lanes || lanes
  for (let lane = 0; lane < lanes; lane++) room.f32[tailAt / 4 + lane] = lane < full ? 0 : Number.POSITIVE_INFINITY
  // What an earlier call left in lanes without a row might not be a number, and would spoil the sum with infinity.
  const last = base + (blocks - 1) * blockBytes
  for (let i = 0; i < numbers; i++) room.f32.fill(0, last / 4 + i * lanes + full, last / 4 + (i + 1) * lanes)

  const none = base - 4 * lanes
  const first = new Float32Array(queries.rows)
  const second = new Float32Array(queries.rows)
  const perTile = Math.max(1, Math.floor(tile / blockBytes))
  room.f32.fill(0, none / 4, base / 4)
  for (let from = 0; from < queries.rows; from += atOnce) {
    const count = Math.min(atOnce, queries.rows - from)
    room.f32.fill(Number.POSITIVE_INFINITY, stateAt / 4, stateAt / 4 + count * 2 * lanes)
    for (let q = 0; q < count; q++) {
      const at = queriesAt + q * queryBytes
      const row = from + q
      room.f32.set(queries.numbers.subarray(row * numbers, (row + 1) * numbers), at / 4)
      u16.set(queries.classes.subarray(row * classes, (row + 1) * classes), at / 2 + 2 * numbers)
    }
    for (let block = 0; block < blocks; block += perTile) {
      const some = Math.min(perTile, blocks - block)
      room.kernels.nearestTwo(
        queriesAt,
        count,
        queryBytes,
        base + block * blockBytes,
        some,
        numbers,
        classes,
        apart.squares ? 1 : 0,
        apart.weight,
        block + some === blocks ? tailAt : none,
        stateAt,
      )
    }
    for (let q = 0; q < count; q++) {
      let [one, two] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
      const at = stateAt / 4 + q * 2 * lanes
      for (let lane = 0; lane < 2 * lanes; lane++) {
        const value = room.f32[at + lane]!
        if (value < one) [one, two] = [value, one]
        else if (value < two) two = value
      }
      first[from + q] = one
      second[from + q] = two
    }
  }
  return { first, second }
}
