import { aligned, base, type Room, shared } from './load.ts'
import * as twin from './twins/vectors.ts'

export type { Pairs } from './twins/vectors.ts'

/** Copies rows to an address, each padded with zeros to whole vectors of four. */
function lay({ f32 }: Room, address: number, rows: Float32Array, dimensions: number): void {
  const width = Math.ceil(dimensions / 4) * 4
  let place = address / 4
  if (width === dimensions) {
    f32.set(rows, place)
    return
  }
  f32.fill(0, place, place + (rows.length / dimensions) * width)
  for (let from = 0; from < rows.length; from += dimensions, place += width) {
    f32.set(rows.subarray(from, from + dimensions), place)
  }
}

/**
 * Dot product in single precision: four running sums, one for each place modulo 4, added as (0 + 1) + (2 + 3). The order
 * is part of the result, so that it is the same on every machine.
 */
export function dot(a: Float32Array, b: Float32Array): number {
  const bytes = Math.ceil(a.length / 4) * 16
  const room = a.length > 0 ? shared(2 * bytes) : undefined
  if (!room) return twin.dot(a, b)
  lay(room, base, a, a.length)
  lay(room, base + bytes, b, a.length)
  return room.kernels.dot(base, base + bytes, bytes)
}

/** Rows of a matrix are worked in blocks of about so many bytes: they stay in the cache. */
const block = 1 << 18

/** The dot products of a vector with each row of a matrix. */
export function dots(query: Float32Array, matrix: Float32Array, dimensions: number, out?: Float32Array): Float32Array {
  const bytes = Math.ceil(dimensions / 4) * 16
  const many = Math.max(4, Math.floor(block / bytes))
  const results = base + bytes + many * bytes
  const room = dimensions > 0 ? shared(results + 4 * many - base) : undefined
  if (!room) return twin.dots(query, matrix, dimensions, out)
  const rows = matrix.length / dimensions
  const all = out ?? new Float32Array(rows)
  lay(room, base, query, dimensions)
  for (let row = 0; row < rows; row += many) {
    const count = Math.min(many, rows - row)
    lay(room, base + bytes, matrix.subarray(row * dimensions, (row + count) * dimensions), dimensions)
    room.kernels.dots(base, base + bytes, count, bytes, results)
    all.set(room.f32.subarray(results / 4, results / 4 + count), row)
  }
  return all
}

/**
 * All pairs of rows `a < b` whose dot product is at least `threshold`, in order of `a`, then `b`; `range` are the rows
 * `a` to look at. For rows of unit length the products are cosines.
 */
export function pairsAbove(
  matrix: Float32Array,
  dimensions: number,
  threshold: number,
  range?: { from: number; to: number },
): twin.Pairs {
  const rows = dimensions > 0 ? matrix.length / dimensions : 0
  const [from, to] = [range?.from ?? 0, Math.min(range?.to ?? rows, rows)]
  const bytes = Math.ceil(dimensions / 4) * 16
  const many = Math.min(512, Math.max(4, Math.floor(block / bytes / 4) * 4))
  // One row behind each block is read, and its products are left aside, where the block is not full.
  const second = aligned(base + (many + 4) * bytes)
  const results = aligned(second + (many + 4) * bytes)
  const room = rows > 0 ? shared(results + 12 * many * many - base) : undefined
  if (!room) return twin.pairsAbove(matrix, dimensions, threshold, range)
  const slice = (row: number, count: number) => matrix.subarray(row * dimensions, (row + count) * dimensions)
  const found: Uint32Array[] = []
  for (let a = from; a < to; a += many) {
    const countA = Math.min(many, to - a)
    lay(room, base, slice(a, countA), dimensions)
    const parts: Uint32Array[] = []
    for (let b = a; b < rows; b += many) {
      const countB = Math.min(many, rows - b)
      lay(room, second, slice(b, countB), dimensions)
      const pairs = room.kernels.pairs(base, a, countA, second, b, countB, bytes, threshold, results)
      if (pairs > 0) parts.push(room.u32.slice(results / 4, results / 4 + 3 * pairs))
    }
    if (parts.length > 0) found.push(ordered(parts, a, countA))
  }
  return apart(found)
}

/** Triples of one block of rows `a` in order of `a`: those of one `a` already ascend. */
function ordered(parts: Uint32Array[], a0: number, count: number): Uint32Array {
  const at = new Uint32Array(count + 1)
  for (const part of parts) for (let i = 0; i < part.length; i += 3) at[part[i]! - a0 + 1]!++
  for (let i = 0; i < count; i++) at[i + 1]! += at[i]!
  const all = new Uint32Array(3 * at[count]!)
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 3) {
      const to = 3 * at[part[i]! - a0]!++
      all[to] = part[i]!
      all[to + 1] = part[i + 1]!
      all[to + 2] = part[i + 2]!
    }
  }
  return all
}

function apart(found: Uint32Array[]): twin.Pairs {
  const total = found.reduce((sum, part) => sum + part.length / 3, 0)
  const pairs = { a: new Uint32Array(total), b: new Uint32Array(total), dot: new Float32Array(total) }
  let to = 0
  for (const part of found) {
    const values = new Float32Array(part.buffer, part.byteOffset, part.length)
    for (let i = 0; i < part.length; i += 3, to++) {
      pairs.a[to] = part[i]!
      pairs.b[to] = part[i + 1]!
      pairs.dot[to] = values[i + 2]!
    }
  }
  return pairs
}
