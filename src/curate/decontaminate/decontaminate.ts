import { StillroomError } from '../../errors/index.ts'
import { split } from '../../kernels/index.ts'
import type { Id, Json, Rec } from '../../records/index.ts'
import { kinds } from '../../records/index.ts'
import { defineGlobal, type GlobalStep, type Pass } from '../../steps/index.ts'
import { addCounts, type Counts, commonGrams, countsOf, ignoredOf } from './common.ts'
import { comparedAs, type GramIndex, indexOf } from './gram-index.ts'
import { type Decided, lookAt } from './overlaps.ts'
import { type Options, options, type Settings, settingsOf } from './profiles.ts'
import { type ItemText, itemTexts, type Texts, textsOf } from './texts.ts'

const indexed = (texts: Texts, { ngram, characters, entire }: Settings): GramIndex =>
  indexOf(texts, { ngram, characters, ...(entire === undefined ? {} : { entire }) })

/** What both first looks bring in: texts of the benchmarks, and how many rows hold each of their n-grams. */
type Brought = { texts: ItemText[]; counts?: Counts }
/** All texts of the benchmarks, the n-grams too common to count, and sentences about those. */
type Prepared = { texts: Texts; counting: boolean; ignored: Uint32Array; said: string[] }

function texts(records: Iterable<Rec>, side: string): Map<number, Brought> {
  const texts: ItemText[] = []
  for (const record of records) for (const text of itemTexts(record, side)) texts.push(text)
  return new Map([[0, { texts }]])
}

function bring(a: Brought, b: Brought): Brought {
  for (const text of b.texts) a.texts.push(text)
  const counts = a.counts && b.counts ? addCounts(a.counts, b.counts) : (a.counts ?? b.counts)
  return { texts: a.texts, ...(counts ? { counts } : {}) }
}

function prepare(parts: Brought[], o: Options): Prepared {
  const [brought = { texts: [] }] = parts
  const empty = o.against.find(set => !brought.texts.some(([of]) => of === set))
  if (empty !== undefined) {
    // Looking for nothing finds nothing, and a release would claim to be clean.
    throw new StillroomError('SR_SOURCE_EMPTY', `The test set "${empty}" holds no text to compare with.`, {
      hint: 'Check the path and the fields of the set, or take it out of `against`.',
    })
  }
  const settings = settingsOf(o)
  const all = textsOf(brought.texts)
  const counting = settings.common.rows !== undefined
  if (!counting && settings.common.items === undefined)
    return { texts: all, counting, ignored: new Uint32Array(), said: [] }
  return { texts: all, counting, ...commonGrams(indexed(all, settings), settings.common, brought.counts) }
}

/** The benchmarks, before anything is compared. */
const gather: Pass<Options, Brought, Brought, Prepared> = {
  of: 'sides',
  survey: (records, _, { side }) => texts(records, side!),
  merge: bring,
  decide: (_, brought) => brought,
  combine: prepare,
  // Rows are counted only where that decides something; what the last look is given then depends on benchmarks alone.
  slice: (prepared, _, side) => (side !== undefined ? {} : prepared.counting ? prepared : undefined),
}

/** The benchmarks again, and, where n-grams of many rows are to be ignored, how many rows hold each. */
const count: Pass<Options, Brought, Brought, Prepared> = {
  survey(records, o, { side, earlier }) {
    if (side !== undefined) return texts(records, side)
    return new Map([[0, { texts: [], counts: countsOf(records, indexed((earlier as Prepared).texts, settingsOf(o))) }]])
  },
  merge: bring,
  decide: (_, brought) => brought,
  combine: prepare,
}

/** Items of a benchmark, and those none of whose texts is long enough to be compared. */
type Size = { items: number; short: number }
type Matched = {
  found: [Id, Decided][]
  /** Numbers of the items found, by set. */
  hit: Map<string, Set<number>>
  sizes: Map<string, Size>
  said: string[]
}
const nothing = (): Matched => ({ found: [], hit: new Map(), sizes: new Map(), said: [] })

const match: Pass<Options, Matched, Matched, { each: Map<Id, Json>; notes: string[] }> = {
  survey(records, o, { side, earlier }) {
    const settings = settingsOf(o)
    const matched = nothing()
    if (side !== undefined) {
      matched.sizes.set(side, sizeOf(records, side, settings))
      return new Map([[0, matched]])
    }
    const prepared = earlier as Prepared
    const index = indexed(prepared.texts, settings)
    const ignored = ignoredOf(prepared.ignored, index)
    for (const record of records) {
      const seen = lookAt(record, index, settings, ignored)
      if (!seen) continue
      matched.found.push([record.id, seen.decided])
      for (const [set, item] of seen.items) {
        const known = matched.hit.get(set)
        if (known) known.add(item)
        else matched.hit.set(set, new Set([item]))
      }
    }
    matched.said = prepared.said
    return new Map([[0, matched]])
  },
  merge(a, b) {
    for (const one of b.found) a.found.push(one)
    for (const [set, items] of b.hit) a.hit.set(set, items.union(a.hit.get(set) ?? new Set()))
    for (const [set, { items, short }] of b.sizes) {
      const known = a.sizes.get(set) ?? { items: 0, short: 0 }
      a.sizes.set(set, { items: known.items + items, short: known.short + short })
    }
    return { ...a, said: a.said.length > 0 ? a.said : b.said }
  },
  decide: (_, matched) => matched,
  combine([matched = nothing()]) {
    const notes = [...[...matched.sizes.keys()].sort().flatMap(set => notesOf(set, matched)), ...matched.said]
    return { each: new Map(matched.found as [Id, Json][]), notes }
  },
}

function sizeOf(records: Iterable<Rec>, side: string, settings: Settings): Size {
  const size: Size = { items: 0, short: 0 }
  for (const record of records) {
    const texts = itemTexts(record, side)
    if (texts.length === 0) continue
    size.items++
    if (texts.every(([, , , field, text]) => comparedAs(split(text, 'match'), field, settings) === 'not')) size.short++
  }
  return size
}

/** The share of a test's items over which Tulu 3 calls the data contaminated with it. */
const tolerated = 0.02
const percent = (share: number): string => `${Number((100 * share).toFixed(share < 0.1 ? 1 : 0))} %`

function notesOf(set: string, { found, hit, sizes }: Matched): string[] {
  const { items, short } = sizes.get(set)!
  const there = hit.get(set)?.size ?? 0
  const rows = found.filter(([, { evidence }]) => Object.hasOwn(evidence.sets, set)).length
  const many = (n: number, one: string) => `${n} ${one}${n === 1 ? '' : 's'}`
  const found_ =
    there === 0
      ? `${set}: none of ${many(items, 'item')} was found`
      : `${set}: ${there} of ${many(items, 'item')} (${percent(there / items)}) found in ${many(rows, 'row')}${there > tolerated * items ? ', more than the 2 % that Tulu 3 tolerates' : ''}`
  const left = short === 0 ? [] : [`${set}: ${many(short, 'item')} too short to be compared`]
  return [found_, ...left]
}

/** Removes rows that share text with a test set; every set and item that an n-gram belongs to is looked at. */
export const decontaminate: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'decontaminate',
  about: 'Drops rows that share a run of words with a test set, and shows which item, how much of it, and both texts.',
  version: 3,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['contaminated', 'overlap-cut'],
  source: 'Brown et al. 2020, arXiv 2005.14165, appendix C; Lambert et al. 2024, arXiv 2411.15124',
  side: ({ against }) => against.map(from => ({ name: from, from })),
  passes: [gather, count, match],
  apply(record, decided) {
    if (!decided) return { is: 'passed' }
    const { evidence, keep } = decided as unknown as Decided
    if (!keep || record.kind !== 'document') {
      return { is: 'dropped', reason: 'contaminated', evidence: evidence as unknown as Json }
    }
    const { kind, title, uri } = record
    const text = keep.map(([from, to]) => record.text.slice(from, to).trim()).join('\n\n')
    const why = `${evidence.set} ${evidence.item}, ${evidence.run} units in a row`
    return {
      is: 'fixed',
      reason: 'overlap-cut',
      payload: { kind, text, ...(title === undefined ? {} : { title }), ...(uri === undefined ? {} : { uri }) },
      notes: { scores: { kept: { method: 'characters kept', value: text.length / record.text.length, why } } },
    }
  },
})
