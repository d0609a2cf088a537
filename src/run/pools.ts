import type { Id, Rec, Sha } from '../records/index.ts'

/** Side inputs of a map stage, each a pool that records draw from. */
export type Pools = { digests: Sha[]; draw(pool: string, record: Id, n: number): Rec[] }

/** A pool larger than this is thinned by id hash: a draw of a few among thousands gains nothing from more. */
export const poolBound = 10_000

const half = (id: Id, from: number): number => Number.parseInt(id.slice(from, from + 8), 16) | 0

/** Rendezvous weight of a pair of ids: which pool rows a record gets depends on the two alone, not on who else is there. */
function weight(record: Id, pool: Id): number {
  let h =
    Math.imul(half(record, 0) ^ half(pool, 8), 0x9e3779b1) ^ Math.imul(half(record, 8) ^ half(pool, 0), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39)
  return (h ^ (h >>> 15)) >>> 0
}

export function openPools(sides: { name: string; records: Iterable<Rec> }[]): Pools {
  const pools = new Map<string, Rec[]>()
  for (const side of sides) {
    let rows = [...side.records]
    if (rows.length > poolBound) {
      rows = rows.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, poolBound)
    }
    pools.set(side.name, rows)
  }
  return {
    digests: [],
    draw(name, record, n) {
      const rows = (pools.get(name) ?? []).filter(r => r.id !== record)
      return rows
        .map(row => ({ row, w: weight(record, row.id) }))
        .sort((a, b) => b.w - a.w || (a.row.id < b.row.id ? -1 : 1))
        .slice(0, n)
        .map(({ row }) => row)
    },
  }
}
