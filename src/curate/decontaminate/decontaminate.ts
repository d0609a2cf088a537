import { z } from 'zod'
import { StillroomError } from '../../errors/index.ts'
import type { Id, Json } from '../../records/index.ts'
import { kinds } from '../../records/index.ts'
import { defineGlobal, type GlobalStep, type Pass } from '../../steps/index.ts'
import { type Index, type Item, indexOf, itemsOf, overlaps } from './overlap.ts'

const options = z.strictObject({
  against: z.array(z.string()).min(1).describe('Test sets to keep out: files, sources or named benchmarks'),
  ngram: z.number().int().min(2).default(10).describe('Words in a row that count as an overlap'),
  characters: z
    .number()
    .int()
    .min(5)
    .default(30)
    .describe(
      'Characters in a row that count as an overlap in scripts without spaces; 30 are about 10 to 13 English words',
    ),
  coverage: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Share of the test item that must be covered; 0 drops on a single overlap'),
})
type Options = z.output<typeof options>

/** Items carry their set, id and field; the list is the artifact, the index over it is made once where it is used. */
const gather: Pass<Options, Item[], Item[], Item[]> = {
  survey(records, _, { side }) {
    if (side === undefined) return new Map()
    const items: Item[] = []
    for (const record of records) items.push(...itemsOf(record, side))
    return new Map([[0, items]])
  },
  merge: (a, b) => a.concat(b),
  decide: (_, items) => {
    const name = ({ set, id, field }: Item) => `${set} ${id} ${field}`
    return items.sort((a, b) => (name(a) < name(b) ? -1 : 1))
  },
  combine(parts, { against }) {
    const items = parts.flat()
    const empty = against.find(set => !items.some(item => item.set === set))
    if (empty === undefined) return items
    // Looking for nothing finds nothing, and a release would claim to be clean.
    throw new StillroomError('SR_SOURCE_EMPTY', `The test set "${empty}" holds no text to compare with.`, {
      hint: 'Check the path and the fields of the set, or take it out of `against`.',
    })
  },
}

const indexes = new WeakMap<Item[], Index>()
function indexed(items: Item[], { ngram, characters }: Options): Index {
  const known = indexes.get(items)
  if (known && known.length.ngram === ngram && known.length.characters === characters) return known
  const index = indexOf(items, { ngram, characters })
  indexes.set(items, index)
  return index
}

const listed = 20
type Found = [id: Id, evidence: Json]

const match: Pass<Options, Found[], Found[], { each: Map<Id, Json> }> = {
  survey(records, options, { side, earlier }) {
    if (side !== undefined) return new Map()
    const index = indexed(earlier as Item[], options)
    const found: Found[] = []
    for (const record of records) {
      // A row that stands in the set itself, because it is also its source, is no copy of itself.
      const all = overlaps(record, index).filter(o => o.item !== record.id && o.coverage >= options.coverage)
      const [worst, ...others] = all
      if (!worst) continue
      const items = new Set(all.map(o => `${o.set} ${o.item}`)).size
      const sets = [...new Set(all.map(o => o.set))].sort()
      found.push([record.id, { ...worst, sets, items, others: others.slice(0, listed) }])
    }
    return new Map([[0, found]])
  },
  merge: (a, b) => a.concat(b),
  decide: (_, found) => found,
  combine: parts => ({ each: new Map(parts.flat()) }),
}

/** Removes rows that share a run of words with a test set; every set and item it belongs to is named. */
export const decontaminate: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'decontaminate',
  about: 'Drops rows that share a run of words with a named test set, and says which item and how much of it.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['contaminated'],
  source: 'Brown et al. 2020, arXiv 2005.14165, appendix C; Lambert et al. 2024, arXiv 2411.15124',
  side: ({ against }) => against.map(from => ({ name: from, from })),
  passes: [gather, match],
  apply: (_, decided) => (decided ? { is: 'dropped', reason: 'contaminated', evidence: decided } : { is: 'passed' }),
})
