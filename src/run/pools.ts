import { type Id, type Rec, type Sha, sha256 } from '../records/index.ts'

/** Side inputs of a map stage, each a pool that records draw from. */
export type Pools = { digests: Sha[]; draw(pool: string, record: Id, n: number, turn?: number): Rec[] }

/** A pool larger than this is thinned by id hash: a draw of a few among thousands gains nothing from more. */
const poolBound = 10_000

const half = (id: Id, from: number): number => Number.parseInt(id.slice(from, from + 8), 16) | 0

/** Rendezvous weight of a pair of ids: which pool rows a record gets depends on the two alone, not on who else is there. */
function weight(a: number, b: number, left: number, right: number): number {
  let h = Math.imul(a ^ right, 0x9e3779b1) ^ Math.imul(b ^ left, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39)
  return (h ^ (h >>> 15)) >>> 0
}

type Pool = { rows: Rec[]; left: Int32Array; right: Int32Array }

const byId = (a: Rec, b: Rec): number => (a.id < b.id ? -1 : 1)

/** The rows with the smallest ids, in id order; memory holds no more than twice as many. */
function thinned(records: Iterable<Rec>): Rec[] {
  let rows: Rec[] = []
  for (const record of records) {
    rows.push(record)
    if (rows.length === 2 * poolBound) rows = rows.sort(byId).slice(0, poolBound)
  }
  return rows.sort(byId).slice(0, poolBound)
}

export function openPools(sides: { name: string; records: Iterable<Rec> }[]): Pools['draw'] {
  const pools = new Map<string, Pool>()
  for (const side of sides) {
    // In id order, so that equal weights fall to the smaller id.
    const rows = thinned(side.records)
    pools.set(side.name, {
      rows,
      left: Int32Array.from(rows, row => half(row.id, 0)),
      right: Int32Array.from(rows, row => half(row.id, 8)),
    })
  }
  return (name, record, n, turn) => {
    const pool = pools.get(name)
    if (!pool || n <= 0) return []
    const drawer = turn === undefined ? record : sha256(`${record} ${turn}`)
    const [a, b] = [half(drawer, 0), half(drawer, 8)]
    const best: { at: number; w: number }[] = []
    for (let at = 0; at < pool.rows.length; at++) {
      const w = weight(a, b, pool.left[at]!, pool.right[at]!)
      if (best.length === n && w <= best[n - 1]!.w) continue
      if (pool.rows[at]!.id === record) continue
      let place = best.length
      while (place > 0 && best[place - 1]!.w < w) place--
      best.splice(place, 0, { at, w })
      if (best.length > n) best.pop()
    }
    return best.map(({ at }) => pool.rows[at]!)
  }
}
