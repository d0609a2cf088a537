import type { Id, Rec } from '../../records/index.ts'
import { type Names, nameAt, namesOf } from '../dedupe/columns.ts'
import { byRank, type Ranked } from './wanted.ts'

/** Rows of one shard that may be chosen, as columns: what each is worth, a hash, and its vector (all of one length). */
export type Placed = {
  names: Names
  values: Float64Array
  hashes: Float64Array
  dimensions: number
  matrix: Float32Array
}

/** Rows with both a worth and a vector; of vectors of several lengths the longest ones count. */
export function placedRows(
  records: Iterable<Rec>,
  worth: (record: Rec) => number | undefined,
  vector: (record: Rec) => Float32Array | undefined,
  hash: (id: Id) => number,
): Placed {
  let found: { id: Id; value: number; vector: Float32Array }[] = []
  let dimensions = 0
  for (const record of records) {
    const value = worth(record)
    const own = value === undefined ? undefined : vector(record)
    if (!own || own.length < dimensions) continue
    if (own.length > dimensions) found = []
    dimensions = own.length
    found.push({ id: record.id, value: value!, vector: own })
  }
  const matrix = new Float32Array(found.length * dimensions)
  for (const [row, { vector }] of found.entries()) matrix.set(vector, row * dimensions)
  return {
    names: namesOf(found.map(({ id }) => id)),
    values: Float64Array.from(found, ({ value }) => value),
    hashes: Float64Array.from(found, ({ id }) => hash(id)),
    dimensions,
    matrix,
  }
}

/** All rows, highest worth first, with their vectors in that order. */
export function inOrder(found: readonly Placed[]): { rows: Ranked[]; matrix: Float32Array; dimensions: number } {
  const dimensions = found.reduce((most, part) => Math.max(most, part.dimensions), 0)
  const all = found
    .filter(part => part.dimensions === dimensions)
    .flatMap(part =>
      Array.from(part.values, (value, at) => ({ id: nameAt(part.names, at), value, hash: part.hashes[at]!, part, at })),
    )
    .sort(byRank)
  const matrix = new Float32Array(all.length * dimensions)
  for (const [to, { part, at }] of all.entries()) {
    matrix.set(part.matrix.subarray(at * dimensions, (at + 1) * dimensions), to * dimensions)
  }
  return { rows: all.map(({ id, value, hash }) => ({ id, value, hash })), matrix, dimensions }
}
