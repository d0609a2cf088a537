import { canonical, type Id } from '../../records/index.ts'
import { pairsOf } from './pair.ts'
import type { Notes, Side } from './side.ts'
import { type Otherwise, type Why, whyMissing, whyOtherwise } from './why.ts'

/** A row of both: `a` and `b` differ where it was paired by where it comes from. */
export type Changed = { a: Id; b: Id; why: Otherwise }
export type Missing = { id: Id; why: Why }

/** One note that rows have otherwise. */
export type NoteDiff = {
  name: string
  rows: number
  /** Numbers: how many rose and fell, and by how much on average over those that moved. */
  up: number
  down: number
  mean: number
  /** The largest moves, at most ten; for notes that are no numbers, the first by id. */
  largest: { id: Id; was: Notes[string] | null; is: Notes[string] | null }[]
}

/**
 * Every row of both sides, accounted for once: `same + changed + onlyA + onlyB = union`, where a pair counts once; so
 * `same + changed + onlyA` are the rows of A, and `same + changed + onlyB` those of B.
 */
export type RowDiff = {
  rows: { a: number; b: number; union: number; same: number; changed: number; onlyA: number; onlyB: number }
  /** Rows by place: of each side, and of those that both have. */
  places: { place: string; a: number; b: number }[]
  moved: { from: string; to: string; ids: Id[] }[]
  changed: Changed[]
  onlyA: Missing[]
  onlyB: Missing[]
  /** Rows that say the same and are noted otherwise, and by which notes. */
  noted: { rows: number; notes: NoteDiff[] }
}

const byText =
  <T>(name: (one: T) => string) =>
  (x: T, y: T): number =>
    name(x) < name(y) ? -1 : name(x) > name(y) ? 1 : 0
const mostMoves = 10

/**
 * Compares the rows of two sides. A row is the same when it says the same, whatever was noted of it. Memory holds ids and
 * digests; no order of arrival has a part in what comes out, and with the sides changed over it is the same, mirrored.
 */
export function compareRows(a: Side, b: Side): RowDiff {
  const { toB, toA } = pairsOf(a, b)
  const changed: Changed[] = []
  const onlyA: Missing[] = []
  const onlyB: Missing[] = []
  const notes = openNotes()
  const moved = new Map<string, { from: string; to: string; ids: Id[] }>()
  let same = 0
  for (const [id, row] of a.rows) {
    const twin = b.rows.has(id) ? id : toB.get(id)
    const other = twin === undefined ? undefined : b.rows.get(twin)
    if (twin === undefined || !other) {
      onlyA.push({ id, why: whyMissing(id, a, b, toB) })
      continue
    }
    if (row.place !== other.place) {
      const key = `${row.place}\n${other.place}`
      const known = moved.get(key) ?? { from: row.place, to: other.place, ids: [] }
      moved.set(key, known)
      known.ids.push(id)
    }
    if (row.digest === other.digest) {
      same++
      notes.add(id, row.notes, other.notes)
    } else changed.push({ a: id, b: twin, why: whyOtherwise(id, twin, a, b, toB) })
  }
  for (const id of b.rows.keys()) {
    const twin = a.rows.has(id) ? id : toA.get(id)
    if (twin === undefined || !a.rows.has(twin)) onlyB.push({ id, why: whyMissing(id, b, a, toA) })
  }
  const counts = { same, changed: changed.length, onlyA: onlyA.length, onlyB: onlyB.length }
  return {
    rows: {
      a: a.rows.size,
      b: b.rows.size,
      union: same + changed.length + onlyA.length + onlyB.length,
      ...counts,
    },
    places: placesOf(a, b),
    moved: [...moved.values()]
      .map(({ ids, ...rest }) => ({ ...rest, ids: ids.sort() }))
      .sort(byText(({ from, to }) => `${from}\n${to}`)),
    changed: changed.sort(byText(one => one.a)),
    onlyA: onlyA.sort(byText(one => one.id)),
    onlyB: onlyB.sort(byText(one => one.id)),
    noted: notes.data(),
  }
}

function placesOf(a: Side, b: Side): RowDiff['places'] {
  const counts = new Map<string, [number, number]>()
  for (const [i, side] of [a, b].entries()) {
    for (const { place } of side.rows.values()) {
      const count = counts.get(place) ?? [0, 0]
      counts.set(place, count)
      count[i as 0 | 1]++
    }
  }
  return [...counts].map(([place, [a, b]]) => ({ place, a, b })).sort(byText(({ place }) => place))
}

function openNotes() {
  const found = new Map<string, NoteDiff & { sum: number }>()
  let rows = 0
  return {
    add(id: Id, was: Notes, is: Notes): void {
      if (was === is) return
      let any = false
      for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
        const [before, after] = [was[name] ?? null, is[name] ?? null]
        if (before === after) continue
        any = true
        const entry = found.get(name) ?? { name, rows: 0, up: 0, down: 0, mean: 0, sum: 0, largest: [] }
        found.set(name, entry)
        entry.rows++
        const by = typeof before === 'number' && typeof after === 'number' ? after - before : 0
        // Whole numbers add up to the same in any order.
        entry.sum += Math.round(by * 1e6)
        if (by > 0) entry.up++
        if (by < 0) entry.down++
        entry.largest.push({ id, was: before, is: after })
        if (entry.largest.length > 4 * mostMoves) entry.largest = largestOf(entry.largest)
      }
      if (any) rows++
    },
    data(): RowDiff['noted'] {
      const notes = [...found.values()].map(({ sum, ...entry }) => ({
        ...entry,
        mean: entry.up + entry.down === 0 ? 0 : Math.round(sum / (entry.up + entry.down)) / 1e6,
        largest: largestOf(entry.largest),
      }))
      return { rows, notes: notes.sort(byText(({ name }) => name)) }
    },
  }
}

function largestOf(moves: NoteDiff['largest']): NoteDiff['largest'] {
  const size = ({ was, is }: NoteDiff['largest'][number]): number =>
    typeof was === 'number' && typeof is === 'number' ? Math.abs(is - was) : 0
  return moves.sort((x, y) => size(y) - size(x) || (x.id < y.id ? -1 : 1)).slice(0, mostMoves)
}

/** The same comparison looked at from the other side. */
export function mirrored({ rows, places, moved, changed, onlyA, onlyB, noted }: RowDiff): Omit<RowDiff, 'changed'> & {
  changed: { a: Id; b: Id }[]
} {
  return {
    rows: { ...rows, a: rows.b, b: rows.a, onlyA: rows.onlyB, onlyB: rows.onlyA },
    places: places.map(({ place, a, b }) => ({ place, a: b, b: a })),
    moved: moved.map(({ from, to, ids }) => ({ from: to, to: from, ids })).sort(byText(m => `${m.from}\n${m.to}`)),
    changed: changed.map(({ a, b }) => ({ a: b, b: a })).sort(byText(one => one.a)),
    onlyA: onlyB,
    onlyB: onlyA,
    noted: {
      rows: noted.rows,
      notes: noted.notes.map(n => ({
        ...n,
        up: n.down,
        down: n.up,
        mean: -n.mean || 0,
        largest: n.largest.map(({ id, was, is }) => ({ id, was: is, is: was })),
      })),
    },
  }
}

/** Reasons with how many rows they are of, most first. */
export function grouped<W extends { is: string; step?: string; reason?: string }>(
  all: readonly { why: W }[],
): { why: Pick<W, 'is' | 'step' | 'reason'>; rows: number }[] {
  const groups = new Map<string, { why: Pick<W, 'is' | 'step' | 'reason'>; rows: number }>()
  for (const { why } of all) {
    const { is, step, reason } = why
    const key = canonical([is, step ?? null, reason ?? null])
    const group = groups.get(key) ?? {
      why: { is, ...(step ? { step } : {}), ...(reason ? { reason } : {}) } as never,
      rows: 0,
    }
    groups.set(key, group)
    group.rows++
  }
  return [...groups].sort(([x, a], [y, b]) => b.rows - a.rows || (x < y ? -1 : 1)).map(([, group]) => group)
}
