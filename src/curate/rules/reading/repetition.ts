import type { Units } from '../../../kernels/index.ts'
import { is, tableOfClasses } from './characters.ts'

/**
 * What repeats among the runs of `n` units of a text. Shares are of characters where they say so, else of runs.
 * - `top`: characters of the most frequent run times its occurrences; of equally frequent ones the longest counts. A run
 *   that occurs once repeats nothing: 0.
 * - `later`: characters of runs that occurred before, read from the left; a run that did is skipped whole, so that none
 *   is counted twice.
 * - `copied`, `total`: characters of all occurrences of runs that have a copy, and of all runs, overlaps included.
 * - `runs`, `distinct`: runs, and different ones. `repeated`: occurrences of runs that have a copy; `repeatedDistinct`:
 *   different ones among them. `topCount`: occurrences of the most frequent run.
 * - `frequent`: occurrences of the sqrt(distinct) most frequent runs that have a copy.
 *
 * `later`, `copied` with `total`, and `frequent` are 0 unless asked for.
 */
export type Repeats = {
  n: number
  /** How much of the text was looked at, and the characters of its units. */
  length: number
  characters: number
  top: number
  topCount: number
  later: number
  copied: number
  total: number
  runs: number
  distinct: number
  repeated: number
  repeatedDistinct: number
  frequent: number
}

/** A text laid out for `repeatsOf`, until the next one is: its units, and how far they reach. */
export type Sequence = { count: number; length: number }

/** Units beyond this many are not looked at: shares are then of what was. */
export const reach = 1 << 20

/**
 * Memory that texts share, as large as it can be asked for: pages that no text reaches are never there. Arrays that stay
 * the same are three times as fast as ones that may be replaced, since their addresses are known when code is compiled.
 */
const room = reach + 1
const units = new Int32Array(room)
const before = new Uint32Array(room)
/** Of the runs that are open: the first place of an equal one, for this length and the one before. */
const first = new Int32Array(room)
const shorter = new Int32Array(room)
/** At a first place: how many equal runs there are, and whether one was read. */
const counts = new Int32Array(room)
const seen = new Uint8Array(room)
/** Places whose run may have a copy, in order. */
const open = new Int32Array(room)
const slots = new Int32Array(2 * reach)

/** Empties a table for so many entries; slots are the upper bits of a product, which depend on all of it. */
function emptied(entries: number): { mask: number; shift: number } {
  // At most four fifths full, however many of the entries differ.
  const bits = Math.max(4, 32 - Math.clz32(entries + (entries >> 2)))
  slots.fill(0, 0, 1 << bits)
  return { mask: (1 << bits) - 1, shift: 32 - bits }
}

/** The units of a split as a sequence; `before` counts the characters of units alone. */
export function sequenceOf({ count: all, starts, ends, low, high, text }: Units): Sequence {
  const count = Math.min(all, reach)
  const { mask, shift } = emptied(count)
  let sum = 0
  for (let i = 0; i < count; i++) {
    before[i] = sum
    sum += ends[i]! - starts[i]!
    let slot = Math.imul(low[i]!, 0x9e3779b1) >>> shift
    for (let other = slots[slot]!; ; other = slots[slot]!) {
      if (other === 0) {
        slots[slot] = i + 1
        units[i] = i
        break
      }
      if (low[other - 1] === low[i] && high[other - 1] === high[i]) {
        units[i] = other - 1
        break
      }
      slot = (slot + 1) & mask
    }
  }
  before[count] = sum
  return { count, length: count < all ? ends[count - 1]! : text.length }
}

/** The code points of a text that are not white space, without a split of their own. */
export function charactersOf(text: string): Sequence {
  const classOf = tableOfClasses()
  let count = 0
  let i = 0
  for (; i < text.length && count < reach; i++) {
    let code = text.charCodeAt(i)
    const of = classOf[code]!
    if (of === is.space || of === is.newline) continue
    if (code >= 0xd800 && code < 0xdc00) {
      code = text.codePointAt(i)!
      if (code > 0xffff) i++
    }
    units[count] = code
    before[count] = count
    count++
  }
  before[count] = count
  return { count, length: i }
}

/** What of the measures is read beside the counts: the others cost a look at every run that has a copy. */
export type Asked = { later?: boolean; total?: boolean; frequent?: readonly number[] }

/**
 * Repeats for each `n`, which must be above 1 and ascend. A run of n units can only have a copy where the run of its
 * first n - 1 units has one, so every length looks at what the one before left open: most texts are read through after
 * three or four. Runs are equal where those shorter ones are and their last units: nothing is compared by hash alone.
 */
export function repeatsOf({ count, length }: Sequence, ns: readonly number[], asked: Asked = {}): Repeats[] {
  let places = Math.max(0, count - 1)
  for (let i = 0; i < places; i++) {
    shorter[i] = units[i]!
    open[i] = i
  }
  const found: Repeats[] = []
  for (let n = 2; n <= (ns.at(-1) ?? 0); n++) {
    match(places, n)
    const repeats = settle(n, count, places, length)
    places = repeats.repeated
    if (ns.includes(n)) {
      if (asked.later) readLater(repeats)
      if (asked.total) readTotal(repeats, count)
      if (asked.frequent?.includes(n)) repeats.frequent = frequentOf(repeats)
      found.push(repeats)
    }
    // A run that reaches the end of the text goes on nowhere.
    if (places > 0 && open[places - 1]! + n === count) places--
  }
  return found
}

/**
 * Finds equal runs of n units among the open ones: at its first place each has the number of them. Whether a run was seen
 * before cannot be foreseen, so nothing branches on it.
 */
function match(places: number, n: number): void {
  const { mask, shift } = emptied(places)
  const last = n - 1
  for (let k = 0; k < places; k++) {
    const i = open[k]!
    const begin = shorter[i]!
    const unit = units[i + last]!
    counts[i] = 0
    let slot = Math.imul(Math.imul(begin, 0x85ebca6b) ^ unit, 0x9e3779b1) >>> shift
    for (;;) {
      // An empty slot is 0 and becomes this place; it is equal to itself.
      const other = slots[slot]!
      const place = (other | (((other - 1) >> 31) & (i + 1))) - 1
      slots[slot] = place + 1
      if (shorter[place] === begin && units[place + last] === unit) {
        first[i] = place
        counts[place]!++
        break
      }
      slot = (slot + 1) & mask
    }
  }
}

/** Counts runs of n units that have a copy, and leaves those alone open: a closed one occurs once. */
function settle(n: number, count: number, places: number, length: number): Repeats {
  const runs = Math.max(0, count - n + 1)
  let [topCount, longest, repeated, repeatedDistinct] = [Math.min(1, runs), 0, 0, 0]
  for (let k = 0; k < places; k++) {
    const i = open[k]!
    const place = first[i]!
    const times = counts[place]!
    // One where there are two or more, without a branch that nobody can foresee.
    const many = (1 - times) >>> 31
    open[repeated] = i
    shorter[i] = place
    repeated += many
    repeatedDistinct += many & (((place ^ i) - 1) >>> 31)
    if (times < topCount || times < 2) continue
    const characters = before[i + n]! - before[i]!
    if (times > topCount || characters > longest) {
      topCount = times
      longest = characters
    }
  }
  return {
    n,
    length,
    characters: before[count]!,
    top: topCount > 1 ? longest * topCount : 0,
    topCount,
    later: 0,
    copied: 0,
    total: 0,
    runs,
    distinct: runs - repeated + repeatedDistinct,
    repeated,
    repeatedDistinct,
    frequent: 0,
  }
}

/** From the left: a run that was seen before is skipped whole, and what lies inside of it is not seen. */
function readLater(repeats: Repeats): void {
  const { n, repeated } = repeats
  for (let k = 0; k < repeated; k++) seen[first[open[k]!]!] = 0
  let next = 0
  for (let k = 0; k < repeated; k++) {
    const i = open[k]!
    if (i < next) continue
    const place = first[i]!
    if (seen[place]) {
      repeats.later += before[i + n]! - before[i]!
      next = i + n
    } else seen[place] = 1
  }
}

function readTotal(repeats: Repeats, count: number): void {
  const { n, repeated } = repeats
  for (let k = 0; k < repeated; k++) repeats.copied += before[open[k]! + n]! - before[open[k]!]!
  for (let i = 0; i + n <= count; i++) repeats.total += before[i + n]! - before[i]!
}

/** Occurrences of the most frequent runs that have a copy, as many as the square root of the different ones. */
function frequentOf({ distinct, repeated, repeatedDistinct }: Repeats): number {
  const runs = new Map<number, number>()
  for (let k = 0; k < repeated; k++) {
    const i = open[k]!
    if (first[i] === i) runs.set(counts[i]!, (runs.get(counts[i]!) ?? 0) + 1)
  }
  let left = Math.min(Math.floor(Math.sqrt(distinct)), repeatedDistinct)
  let sum = 0
  for (const [times, many] of [...runs].sort(([a], [b]) => b - a)) {
    const taken = Math.min(many, left)
    sum += times * taken
    left -= taken
  }
  return sum
}
