import { split } from '../../kernels/index.ts'
import type { Id } from '../../records/index.ts'
import { groupEqual } from './meet.ts'
import { hashRuns } from './runs.ts'

/**
 * A stretch of a text in which every run may be repeated: its words in the form they are compared in, and of the run
 * from each word on the number of its words and where it stands in the text.
 */
export type Stretch = {
  id: Id
  field: number
  /** The place of the first word in the text. */
  from: number
  words: string
  sizes: Uint32Array
  starts: Uint32Array
  ends: Uint32Array
}

/** Characters of a text of a record. */
export type Span = [field: number, start: number, end: number]
/** Where a copy begins, and where the first occurrence of its run does. */
export type Origin = [field: number, start: number, of: Id, ofField: number, ofStart: number]
/** What a record is told: its spans that are copies, where they come from, and its spans that others copy. */
export type Spans = { copies: Span[]; origins: Origin[]; first: Span[] }
/** Origins that are named. There may be thousands in one record. */
export const listed = 20

/** All runs of all stretches, in the order of records and places: a row is a run. */
type Rows = {
  count: number
  stretches: Stretch[]
  /** The first row of each stretch, and the stretch of each row. */
  from: Uint32Array
  stretchOf: Uint32Array
  /** Where each word begins in the words of a stretch. */
  begins: Uint32Array[]
  hashes: BigUint64Array
}

function rowsOf(stretches: Stretch[]): Rows {
  stretches.sort((a, b) => (a.id !== b.id ? (a.id < b.id ? -1 : 1) : a.field - b.field || a.from - b.from))
  const from = new Uint32Array(stretches.length + 1)
  for (const [s, { sizes }] of stretches.entries()) from[s + 1] = from[s]! + sizes.length
  const count = from[stretches.length]!
  const rows: Rows = {
    count,
    stretches,
    from,
    stretchOf: new Uint32Array(count),
    begins: [],
    hashes: new BigUint64Array(count),
  }
  for (const [s, { words, sizes }] of stretches.entries()) {
    const units = split(words, 'whitespace')
    rows.begins.push(units.starts.slice(0, units.count))
    hashRuns(units, sizes, rows.hashes, from[s]!)
    rows.stretchOf.fill(s, from[s], from[s + 1])
  }
  return rows
}

const runOf = ({ from, stretchOf }: Rows, row: number) => row - from[stretchOf[row]!]!
const stretchAt = ({ stretches, stretchOf }: Rows, row: number) => stretches[stretchOf[row]!]!
const sizeOf = (rows: Rows, row: number) => stretchAt(rows, row).sizes[runOf(rows, row)]!

/** The words of a row, without so many of the first ones. */
function wordsOf(rows: Rows, row: number, skip = 0): string {
  const begins = rows.begins[rows.stretchOf[row]!]!
  const run = runOf(rows, row)
  const after = begins[run + sizeOf(rows, row)]
  return stretchAt(rows, row).words.slice(begins[run + skip], after === undefined ? undefined : after - 1)
}

/** For each row the first one with the same words, itself if it is that; -1 where its hash stands alone. */
function firstsOf(rows: Rows): Int32Array {
  const firsts = new Int32Array(rows.count).fill(-1)
  const groups = groupEqual(rows.hashes)
  for (let group = 0, at = 0; group < groups.ends.length; group++) {
    const first = groups.rows[at]!
    for (; at < groups.ends[group]!; at++) firsts[groups.rows[at]!] = first
  }
  /** Rows that share a hash with a first one but not its words: there hardly ever are any. */
  const others = new Map<number, number[]>()
  for (let row = 0; row < rows.count; row++) {
    const first = firsts[row]!
    if (first < 0 || first === row || goesOn(first, row) || wordsOf(rows, first) === wordsOf(rows, row)) continue
    const more = others.get(first) ?? []
    const found = more.find(other => wordsOf(rows, other) === wordsOf(rows, row))
    firsts[row] = found ?? row
    if (found === undefined) others.set(first, [...more, row])
  }
  return firsts

  /** Where the rows before two rows are equal, only what comes behind them has to be compared. */
  function goesOn(first: number, row: number): boolean {
    if (runOf(rows, row) === 0 || runOf(rows, first) === 0 || firsts[row - 1] !== first - 1) return false
    const size = sizeOf(rows, row)
    const common = sizeOf(rows, row - 1) - 1
    if (size !== sizeOf(rows, first)) return false
    return common >= size || wordsOf(rows, first, common) === wordsOf(rows, row, common)
  }
}

/** A run that overlaps the first occurrence of its words is no copy of it. */
function apart(rows: Rows, first: number, row: number): boolean {
  const [one, other] = [stretchAt(rows, first), stretchAt(rows, row)]
  if (one.id !== other.id || one.field !== other.field) return true
  return other.from + runOf(rows, row) >= one.from + runOf(rows, first) + sizeOf(rows, first)
}

/** The copies among the runs of all stretches, and what they are copies of, joined to spans. */
export function repeated(stretches: Stretch[]): [Id, Spans][] {
  const rows = rowsOf(stretches)
  const firsts = firstsOf(rows)
  const copied = new Uint8Array(rows.count)
  for (let row = 0; row < rows.count; row++) {
    const first = firsts[row]!
    if (first === row || (first >= 0 && !apart(rows, first, row))) firsts[row] = -1
    else if (first >= 0) copied[first] = 1
  }
  const each = new Map<Id, Spans>()
  for (let row = 0; row < rows.count; row++) {
    const first = firsts[row]!
    if (first < 0 && copied[row] === 0) continue
    const { id, field, starts, ends } = stretchAt(rows, row)
    const run = runOf(rows, row)
    const end = ends[run]!
    let spans = each.get(id)
    if (!spans) {
      spans = { copies: [], origins: [], first: [] }
      each.set(id, spans)
    }
    if (copied[row] && run > 0 && copied[row - 1]) spans.first.at(-1)![2] = end
    else if (copied[row]) spans.first.push([field, starts[run]!, end])
    if (first < 0) continue
    const before = run > 0 ? firsts[row - 1]! : -1
    if (before >= 0) spans.copies.at(-1)![2] = end
    else spans.copies.push([field, starts[run]!, end])
    // Where the copy goes on and its source with it, or its source is one run again and again, it is the same origin.
    if (before === first || (before === first - 1 && runOf(rows, first) > 0) || spans.origins.length === listed)
      continue
    const source = stretchAt(rows, first)
    spans.origins.push([field, starts[run]!, source.id, source.field, source.starts[runOf(rows, first)]!])
  }
  return [...each]
}
