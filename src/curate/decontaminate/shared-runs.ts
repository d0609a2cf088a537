import { kind, type Units } from '../../kernels/index.ts'
import { enough, type Found, type GramIndex, type Layer, lengthOf, sameUnit, weightOf } from './gram-index.ts'

/** Units from, and up to. */
export type Stretch = [from: number, to: number]
/**
 * What a row's text has of one text of a benchmark. `covered` counts units of the benchmark's text inside shared runs,
 * `run` is the longest of them in both texts, `own` are all of them in the row.
 */
export type Shared = { text: number; covered: number; run: { row: Stretch; item: Stretch }; own: Stretch[] }

/** Places of one n-gram in a row that are followed: enough to meet the longest run, few enough for rows that repeat. */
const tries = 16

/** Heads found in a row, with their first places. */
export function placesOf(found: Int32Array | undefined, ignored: (head: number) => boolean): Map<number, number[]> {
  const places = new Map<number, number[]>()
  for (let place = 0; place < (found?.length ?? 0); place++) {
    const head = found![place]!
    if (head < 0) continue
    const known = places.get(head)
    if (known) {
      if (known.length < tries) known.push(place)
    } else if (!ignored(head)) places.set(head, [place])
  }
  return places
}

/** Every text that shares an n-gram with the row, in order: an n-gram stands for all the texts it belongs to. */
export function ownersOf(layer: Layer, heads: Iterable<number>): number[] {
  const texts = new Set<number>()
  for (const head of heads) {
    for (let i = layer.first[head]!; i < layer.first[head + 1]!; i++) texts.add(layer.owners[i]!)
  }
  return [...texts].sort((a, b) => a - b)
}

/**
 * The runs that a row's text shares with each text of the benchmarks. Units decide, never hashes alone. Runs are followed
 * to both ends; in a mixed text only those count that weigh enough.
 */
export function sharedRuns(u: Units, found: Found, index: GramIndex, ignored: Ignored): Shared[] {
  const by = new Map<number, Shared & { marks: Uint8Array }>()
  for (const name of ['words', 'characters'] as const) {
    const layer = index[name]
    const places = placesOf(found[name], head => ignored[name].has(head))
    for (const text of ownersOf(layer, places.keys())) follow(u, text, layer, places, index, by)
  }
  const runs = [...by.values()].map(({ marks: _, ...shared }) => shared)
  return [...runs, ...entire(u, found, index)].sort((a, b) => a.text - b.text)
}
/** Heads of common n-grams: a run that holds no other is not counted. */
export type Ignored = { words: ReadonlySet<number>; characters: ReadonlySet<number> }

function follow(
  u: Units,
  text: number,
  layer: Layer,
  places: Map<number, number[]>,
  index: GramIndex,
  by: Map<number, Shared & { marks: Uint8Array }>,
): void {
  const length = lengthOf(index, text)
  const kinds = index.kinds.subarray(index.from[text]!, index.from[text + 1]!)
  let reached = 0
  for (let seed = layer.from[text]!; seed < layer.from[text + 1]!; seed++) {
    const at = layer.at[seed]!
    if (at + layer.n <= reached) continue
    let best: { row: Stretch; item: Stretch } | undefined
    for (const place of places.get(layer.head[seed]!) ?? []) {
      let [after, before] = [0, 0]
      while (place + after < u.count && at + after < length && sameUnit(u, place + after, index, text, at + after))
        after++
      if (after < layer.n) continue
      while (before < place && before < at && sameUnit(u, place - before - 1, index, text, at - before - 1)) before++
      const item: Stretch = [at - before, at + after]
      if (best && best.item[1] - best.item[0] >= item[1] - item[0]) continue
      if (weightOf(kinds, ...item, index.length) < enough(index.length)) continue
      best = { row: [place - before, place + after], item }
    }
    if (!best) continue
    reached = best.item[1]
    const known = by.get(text)
    const shared = known ?? { text, covered: 0, run: best, own: [], marks: new Uint8Array(length) }
    by.set(text, shared)
    for (let i = best.item[0]; i < best.item[1]; i++) {
      shared.covered += 1 - shared.marks[i]!
      shared.marks[i] = 1
    }
    shared.own.push(best.row)
    if (best.item[1] - best.item[0] > shared.run.item[1] - shared.run.item[0]) shared.run = best
  }
}

/** What ends a sentence, or stands before one: a text between two of these is said on its own. */
const opening = /[\n.!?。:;"“”「『()[\]>|*#•・\u2013\u2014-]/u
const closing = /[\n.!?。"”」』)\]|<]/u
/** Places of a row that are the same short text: as many as are pointed out. */
const repeats = 1000

/** Short texts that are all the row says, or a line or sentence of their own. */
export function entire(u: Units, found: Found, index: GramIndex): Shared[] {
  const shared = new Map<number, Shared>()
  const layer = index.short
  for (let place = 0; place < (found.short?.length ?? 0); place++) {
    const head = found.short![place]!
    if (head < 0 || !begins(u, place)) continue
    for (const text of ownersOf(layer, [head])) {
      const length = lengthOf(index, text)
      const known = shared.get(text)
      if (place + length > u.count || known?.own.length === repeats || !ends(u, place + length - 1)) continue
      let same = 0
      while (same < length && sameUnit(u, place + same, index, text, same)) same++
      if (same < length) continue
      const row: Stretch = [place, place + length]
      if (known) known.own.push(row)
      else shared.set(text, { text, covered: length, run: { row, item: [0, length] }, own: [row] })
    }
  }
  return [...shared.values()]
}

function begins(u: Units, at: number): boolean {
  if (at === 0) return true
  const gap = u.text.slice(u.ends[at - 1], u.starts[at])
  return opening.test(gap) || apart(u, at - 1, gap)
}

function ends(u: Units, at: number): boolean {
  if (at + 1 >= u.count) return true
  const gap = u.text.slice(u.ends[at], u.starts[at + 1])
  return closing.test(gap) || apart(u, at, gap)
}

/** Where a script writes no spaces, one ends a phrase. */
const apart = (u: Units, at: number, gap: string): boolean =>
  (u.kinds[at]! & u.kinds[at + 1]! & kind.character) !== 0 && /\s/.test(gap)
