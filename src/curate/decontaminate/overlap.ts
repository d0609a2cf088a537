import type { Rec } from '../../records/index.ts'
import { normaliseForMatch } from '../../text/index.ts'
import { isCharacter, runHashes, units } from '../grams.ts'

/** One text of a benchmark item. `short` texts hold no whole n-gram and are matched entire. */
export type Item = { set: string; id: string; field: string; units: string[] }
/** How much of an item a record holds: shares of units covered by shared runs, the longest run in units, and its words. */
export type Overlap = {
  set: string
  item: string
  field: string
  where: string
  coverage: number
  ofRecord: number
  run: number
  text: string
}
export type Length = { ngram: number; characters: number }

/**
 * Run lengths are weighed, so that one rule serves both scripts and texts that mix them: a run is long enough when it
 * is worth `ngram` words or `characters` characters of a script without spaces, or parts of both.
 */
const weigh = (unit: string, { ngram, characters }: Length) => (isCharacter(unit) ? ngram : characters)

/** Ends (exclusive) of the shortest long-enough run from each place; the list ends where no run is long enough. */
export function runEnds(all: readonly string[], length: Length): number[] {
  const enough = length.ngram * length.characters
  const ends: number[] = []
  let [end, weight] = [0, 0]
  for (let start = 0; start < all.length; start++) {
    while (weight < enough && end < all.length) weight += weigh(all[end++]!, length)
    if (weight < enough) break
    ends.push(end)
    weight -= weigh(all[start]!, length)
  }
  return ends
}

/** Answers that are too short to be told from any other: never matched entire. */
const answers = /answer|target|output|label|response|completion|choice|reference/i
const shortest = 4

/** The texts of a benchmark item, or of the record that is looked at, with their names. */
export function fieldsOf(record: Rec): [name: string, text: string][] {
  const said = (messages: { role: string; content: string | null }[], completion: boolean) =>
    messages.flatMap(m => (m.content && (m.role === 'assistant') === completion ? [m.content] : [])).join('\n')
  switch (record.kind) {
    case 'document':
      return [['text', record.text]]
    case 'row':
      return Object.entries(record.columns).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value ?? ''),
      ])
    case 'prompt':
      return [
        ['prompt', said(record.messages, false)],
        ['reference', record.reference ?? ''],
      ]
    case 'conversation':
      return [
        ['prompt', said(record.messages, false)],
        ['completion', said(record.messages, true)],
      ]
    case 'preference':
      return [
        ['prompt', said(record.prompt, false)],
        ['completion', said(record.chosen, true)],
        ['completion', said(record.rejected, true)],
      ]
    case 'feedback':
      return [
        ['prompt', said(record.prompt, false)],
        ['completion', said(record.completion, true)],
      ]
    case 'exam':
      return [
        ['prompt', said(record.prompt, false)],
        ['target', record.target],
      ]
  }
}

export function itemsOf(record: Rec, set: string): Item[] {
  return fieldsOf(record).flatMap(([field, text]) => {
    const all = units(text)
    return all.length > 0 ? [{ set, id: record.id, field, units: all }] : []
  })
}

/** Where every run of every item is found: run hash to (item, place) pairs, and whole short items. */
export type Index = { items: Item[]; runs: Map<number, number[]>; whole: Map<string, number[]>; length: Length }

const push = <K>(map: Map<K, number[]>, key: K, value: number) => {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

export function indexOf(items: Item[], length: Length): Index {
  const index: Index = { items, runs: new Map(), whole: new Map(), length }
  items.forEach((item, i) => {
    const ends = runEnds(item.units, length)
    if (ends.length === 0 && item.units.length >= shortest && !answers.test(item.field))
      push(index.whole, item.units.join(' '), i)
    for (const [at, hash] of runHashes(item.units, ends).entries()) push(index.runs, hash, i * 2 ** 24 + at)
  })
  return index
}

/** Every item the record shares a run with, the worst first: by coverage of the item, then the longest run. */
export function overlaps(record: Rec, index: Index): Overlap[] {
  const found = fieldsOf(record).flatMap(([where, text]) => inText(units(text), where, index))
  for (const [where, text] of fieldsOf(record)) {
    // A short question counts where it is all that is said, or a line of its own.
    for (const line of new Set([text, ...text.split('\n')])) {
      if (index.whole.size === 0) break
      const all = normaliseForMatch(line) === '' ? [] : units(line)
      for (const i of index.whole.get(all.join(' ')) ?? []) {
        const { set, id, field } = index.items[i]!
        found.push({
          set,
          item: id,
          field,
          where,
          coverage: 1,
          ofRecord: round(all.length / units(text).length),
          run: all.length,
          text: line.trim(),
        })
      }
    }
  }
  const name = (o: Overlap) => `${o.set} ${o.item} ${o.field} ${o.where}`
  return found.sort((a, b) => b.coverage - a.coverage || b.run - a.run || (name(a) < name(b) ? -1 : 1))
}

const round = (share: number) => Math.round(share * 1e4) / 1e4

function inText(all: string[], where: string, index: Index): Overlap[] {
  type Hit = { own: Set<number>; theirs: Set<number>; reach: Map<number, number>; start: number; run: number }
  const hits = new Map<number, Hit>()
  const ends = runEnds(all, index.length)
  const hashes = runHashes(all, ends)
  ends.forEach((end, at) => {
    const postings = index.runs.get(hashes[at]!)
    for (const posting of postings ?? []) {
      const i = Math.floor(posting / 2 ** 24)
      const from = posting % 2 ** 24
      const { units: theirs } = index.items[i]!
      const hit = hits.get(i) ?? { own: new Set(), theirs: new Set(), reach: new Map(), start: 0, run: 0 }
      // Runs on one diagonal are one longer run, followed to its end once.
      if ((hit.reach.get(from - at) ?? -1) > at) continue
      let n = 0
      while (at + n < all.length && from + n < theirs.length && all[at + n] === theirs[from + n]) n++
      if (at + n < end) continue // a hash collision
      for (let k = 0; k < n; k++) {
        hit.own.add(at + k)
        hit.theirs.add(from + k)
      }
      hit.reach.set(from - at, at + n)
      if (n > hit.run) Object.assign(hit, { start: at, run: n })
      hits.set(i, hit)
    }
  })
  return [...hits].map(([i, hit]) => {
    const { set, id, field, units: theirs } = index.items[i]!
    return {
      set,
      item: id,
      field,
      where,
      coverage: round(hit.theirs.size / theirs.length),
      ofRecord: round(hit.own.size / all.length),
      run: hit.run,
      text: spell(all.slice(hit.start, hit.start + Math.min(hit.run, 60))),
    }
  })
}

/** Units as a reader writes them: no spaces between characters. */
function spell(all: string[]): string {
  return all.reduce((text, unit, i) => {
    const gap = i === 0 || (isCharacter(unit) && isCharacter(all[i - 1]!)) ? '' : ' '
    return text + gap + unit
  }, '')
}
