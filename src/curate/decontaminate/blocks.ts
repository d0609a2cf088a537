import { kind, type Units, unitAt } from '../../kernels/index.ts'
import { type GramIndex, lengthOf } from './gram-index.ts'
import type { Shared, Stretch } from './shared-runs.ts'

/** Units of a benchmark's text that are compared at a time: one that is as long as a book costs no more for each. */
const most = 256
/** Characters that a block needs to count. */
const least = 5

/**
 * Share of a benchmark's text that stands in the row in blocks of over five characters: the longest common run of units,
 * then the same on both sides of it, and so on (Ratcliff and Obershelp 1988), over the units joined by single spaces.
 *
 * Cosmopedia compares characters of the two whole texts, which takes the square of their length; here units are, in a
 * part of the row three times as long as the benchmark's text around their longest shared run. So parts of words do not
 * count as shared, nor do words picked together from all over a long row.
 */
export function blockShare(u: Units, { text, run }: Shared, index: GramIndex): number {
  const length = lengthOf(index, text)
  const base = index.from[text]!
  const theirs = { ...u, text: index.folded[text]!, starts: index.starts, ends: index.ends, kinds: index.kinds }
  const diagonal = run.row[0] - run.item[0]
  let matched = 0
  for (let from = 0; from < length; from += most) {
    const to = Math.min(length, from + most)
    const rowFrom = Math.max(0, diagonal + 2 * from - to)
    const rowTo = Math.min(u.count, diagonal + 2 * to - from)
    if (rowTo <= rowFrom) continue
    const item = Array.from({ length: to - from }, (_, i) => unitAt(theirs, base + from + i))
    const row = Array.from({ length: rowTo - rowFrom }, (_, i) => unitAt(u, rowFrom + i))
    for (const [start, end] of blocks(item, row)) {
      const size = sizeOf(theirs, base + from + start, base + from + end)
      if (size > least) matched += size
    }
  }
  const all = sizeOf(theirs, base, base + length)
  return all === 0 ? 0 : matched / all
}

/** Characters of units joined by single spaces, without spaces between characters of scripts that write none. */
function sizeOf(u: Pick<Units, 'starts' | 'ends' | 'kinds'>, from: number, to: number): number {
  let size = 0
  for (let i = from; i < to; i++) {
    const close = i > from && u.kinds[i]! & u.kinds[i - 1]! & kind.character
    size += u.ends[i]! - u.starts[i]! + (i > from && !close ? 1 : 0)
  }
  return size
}

function blocks(a: readonly string[], b: readonly string[]): Stretch[] {
  const places = new Map<string, number[]>()
  b.forEach((unit, i) => {
    const known = places.get(unit)
    if (known) known.push(i)
    else places.set(unit, [i])
  })
  const found: Stretch[] = []
  const open: [number, number, number, number][] = [[0, a.length, 0, b.length]]
  for (let piece = open.pop(); piece; piece = open.pop()) {
    const [aFrom, aTo, bFrom, bTo] = piece
    const { at, bt, size } = longest(a, aFrom, aTo, bFrom, bTo, places)
    if (size === 0) continue
    found.push([at, at + size])
    if (at > aFrom && bt > bFrom) open.push([aFrom, at, bFrom, bt])
    if (at + size < aTo && bt + size < bTo) open.push([at + size, aTo, bt + size, bTo])
  }
  return found
}

/** The longest common run, the first in `a` and then in `b` where several are. */
function longest(
  a: readonly string[],
  aFrom: number,
  aTo: number,
  bFrom: number,
  bTo: number,
  places: Map<string, number[]>,
): { at: number; bt: number; size: number } {
  let best = { at: aFrom, bt: bFrom, size: 0 }
  // Lengths of the runs that end at each place of `b`, with the last unit of `a` and with this one.
  let lengths = new Uint32Array(bTo + 1)
  let next = new Uint32Array(bTo + 1)
  for (let i = aFrom; i < aTo; i++) {
    next.fill(0)
    for (const j of places.get(a[i]!) ?? []) {
      if (j < bFrom) continue
      if (j >= bTo) break
      const size = lengths[j]! + 1
      next[j + 1] = size
      if (size > best.size) best = { at: i - size + 1, bt: j - size + 1, size }
    }
    ;[lengths, next] = [next, lengths]
  }
  return best
}
