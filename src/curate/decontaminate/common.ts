import { split } from '../../kernels/index.ts'
import type { Rec } from '../../records/index.ts'
import { type GramIndex, type Layer, lookUp } from './gram-index.ts'
import type { Ignored } from './shared-runs.ts'
import { fieldsOf } from './texts.ts'

/** How many rows hold each n-gram; both lists in the order of the n-grams' numbers. */
export type Counts = { grams: Uint32Array; rows: Uint32Array }

/** The two families of n-grams, numbered through: those of characters after those of words. */
const families = ({ words, characters }: GramIndex): { name: 'words' | 'characters'; layer: Layer; base: number }[] => [
  { name: 'words', layer: words, base: 0 },
  { name: 'characters', layer: characters, base: words.at.length },
]

export function countsOf(records: Iterable<Rec>, index: GramIndex): Counts {
  const rows = new Map<number, number>()
  for (const record of records) {
    const own = new Set<number>()
    for (const [, text] of fieldsOf(record)) {
      const found = text === '' ? undefined : lookUp(split(text, 'match'), index)
      for (const { name, base } of families(index)) {
        for (const head of found?.[name] ?? []) if (head >= 0) own.add(base + head)
      }
    }
    for (const gram of own) rows.set(gram, (rows.get(gram) ?? 0) + 1)
  }
  const grams = Uint32Array.from(rows.keys()).sort()
  return { grams, rows: grams.map(gram => rows.get(gram)!) }
}

export function addCounts(a: Counts, b: Counts): Counts {
  const grams = new Uint32Array(a.grams.length + b.grams.length)
  const rows = new Uint32Array(grams.length)
  let [i, j, count] = [0, 0, 0]
  while (i < a.grams.length || j < b.grams.length) {
    const [x = Number.POSITIVE_INFINITY, y = Number.POSITIVE_INFINITY] = [a.grams[i], b.grams[j]]
    grams[count] = Math.min(x, y)
    rows[count++] = (x <= y ? a.rows[i++]! : 0) + (y <= x ? b.rows[j++]! : 0)
  }
  return { grams: grams.slice(0, count), rows: rows.slice(0, count) }
}

/** N-grams of more items or rows than allowed, and a sentence that names the most common of them. */
export function commonGrams(
  index: GramIndex,
  { items = Number.POSITIVE_INFINITY, rows = Number.POSITIVE_INFINITY }: { items?: number; rows?: number },
  counts: Counts = { grams: new Uint32Array(), rows: new Uint32Array() },
): { ignored: Uint32Array; said: string[] } {
  const ignored: { gram: number; items: number; rows: number }[] = []
  let next = 0
  for (const { layer, base } of families(index)) {
    for (let head = 0; head < layer.at.length; head++) {
      if (layer.head[head] !== head) continue
      while (next < counts.grams.length && counts.grams[next]! < base + head) next++
      const inRows = counts.grams[next] === base + head ? counts.rows[next]! : 0
      const inItems = itemsOf(layer, head, index)
      if (inItems > items || inRows > rows) ignored.push({ gram: base + head, items: inItems, rows: inRows })
    }
  }
  const grams = Uint32Array.from(ignored, one => one.gram)
  if (ignored.length === 0) return { ignored: grams, said: [] }
  const most = ignored.reduce((a, b) => (b.rows > a.rows || (b.rows === a.rows && b.items > a.items) ? b : a))
  const often = [`${most.items} items`, ...(most.rows > 0 ? [`${most.rows} rows`] : [])].join(' and ')
  const many = ignored.length === 1 ? '1 common n-gram was' : `${ignored.length} common n-grams were`
  return { ignored: grams, said: [`${many} ignored, first of all "${spelled(most.gram, index)}" in ${often}`] }
}

function itemsOf({ first, owners }: Layer, head: number, { item }: GramIndex): number {
  let [count, last] = [0, -1]
  for (let i = first[head]!; i < first[head + 1]!; i++) {
    if (item[owners[i]!] !== last) count++
    last = item[owners[i]!]!
  }
  return count
}

function spelled(gram: number, index: GramIndex): string {
  const { layer, base } = families(index).findLast(family => gram >= family.base)!
  const text = layer.owners[layer.first[gram - base]!]!
  const from = index.from[text]! + layer.at[gram - base]!
  return index.folded[text]!.slice(index.starts[from]!, index.ends[from + layer.n - 1]!)
}

/** Numbers of n-grams as sets of heads. */
export function ignoredOf(grams: Uint32Array, index: GramIndex): Ignored {
  const base = index.words.at.length
  return {
    words: new Set(grams.filter(gram => gram < base)),
    characters: new Set(grams.filter(gram => gram >= base).map(gram => gram - base)),
  }
}
