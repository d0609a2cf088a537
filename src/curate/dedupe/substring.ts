import { z } from 'zod'
import { openGrams, probe, split, xxhash64 } from '../../kernels/index.ts'
import { type Id, type Json, type Message, type Payload, type Rec, withMessages } from '../../records/index.ts'
import { defineGlobal, type GlobalStep, type Pass } from '../../steps/index.ts'
import { append } from './columns.ts'
import { union, wholeSentences, without } from './cut-spans.ts'
import { groupEqual } from './meet.ts'
import { anchorsOf, type Length, runEnds, wordsOf } from './runs.ts'
import { listed, repeated, type Span, type Spans, type Stretch } from './stretches.ts'

const options = z.strictObject({
  tokens: z.number().int().min(2).default(100).describe('Words in a row that count as a repeated span'),
  characters: z
    .number()
    .int()
    .min(2)
    .optional()
    .describe('Characters in a row that count in scripts without spaces; 2.5 for each word if not given'),
  action: z
    .enum(['cut', 'flag', 'drop'])
    .default('cut')
    .describe(
      'Cut all occurrences but the first (by record id, then place), store the share of each record as `<step key>/repeated` and `<step key>/copied`, or drop records that hold such an occurrence',
    ),
  edges: z
    .enum(['sentences', 'words'])
    .default('sentences')
    .describe(
      'Cut the sentences that are copied whole, so that what is left reads on, or the very words that are copied',
    ),
})
type Options = z.output<typeof options>

const lengthOf = ({ tokens, characters = Math.ceil(tokens * 2.5) }: Options): Length => ({ tokens, characters })

/** The texts of a record that were written for it: the document (-1), or each answer of a conversation by its place. */
function textsOf(record: Rec): [field: number, text: string][] {
  if (record.kind === 'document') return [[-1, record.text]]
  if (record.kind !== 'conversation') return []
  return record.messages.flatMap(({ role, content }, i): [number, string][] =>
    role === 'assistant' && content ? [[i, content]] : [],
  )
}

/** Anchors, each with the hash of the id of its record. */
type Met = { records: BigUint64Array; anchors: BigUint64Array }

function joined(all: readonly Met[]): Met {
  const total = all.reduce((sum, { anchors }) => sum + anchors.length, 0)
  const met = { records: new BigUint64Array(total), anchors: new BigUint64Array(total) }
  let at = 0
  for (const { records, anchors } of all) {
    met.records.set(records, at)
    met.anchors.set(anchors, at)
    at += anchors.length
  }
  return met
}

const parts = 16
const indexes = new WeakMap<Met, ReturnType<typeof openGrams>>()

/** First pass: which anchors stand at more than one place. Where none does, no span is repeated. */
const meet: Pass<Options, Met[], Met, Met> = {
  survey(records, options) {
    const length = lengthOf(options)
    const found = Array.from({ length: parts }, () => ({ records: [] as bigint[], anchors: [] as bigint[] }))
    for (const record of records) {
      const id = xxhash64(record.id)
      for (const [, text] of textsOf(record)) {
        const words = wordsOf(text)
        const { places, hashes } = anchorsOf(words, runEnds(words, length), length)
        for (let run = 0; run < places.length; run++) {
          if (run > 0 && places[run] === places[run - 1]) continue
          const hash = hashes[places[run]!]!
          const part = found[Number(hash & BigInt(parts - 1))]!
          part.records.push(id)
          part.anchors.push(hash)
        }
      }
    }
    return new Map(
      found.flatMap(({ records, anchors }, part) =>
        anchors.length === 0
          ? []
          : [[part, [{ records: BigUint64Array.from(records), anchors: BigUint64Array.from(anchors) }]]],
      ),
    )
  },
  merge: append<Met>,
  decide(_, all) {
    const { records, anchors } = joined(all)
    const { rows } = groupEqual(anchors)
    return {
      records: BigUint64Array.from(rows, row => records[row]!),
      anchors: BigUint64Array.from(rows, row => anchors[row]!),
    }
  },
  combine: joined,
  slice(met, ids) {
    let index = indexes.get(met)
    if (!index) {
      index = openGrams(met.records)
      indexes.set(met, index)
    }
    const hashes = BigUint64Array.from(ids, id => xxhash64(id))
    const first = new Int32Array(ids.length)
    if (probe(index, hashes, first) === 0) return undefined
    const rows: number[] = []
    for (const start of new Set(first)) for (let row = start; row >= 0; row = index.next[row]!) rows.push(row)
    return {
      records: BigUint64Array.from(rows, row => met.records[row]!),
      anchors: BigUint64Array.from(rows, row => met.anchors[row]!),
    }
  },
}

/** Second pass: the runs that an anchor found twice stands for are grouped by hash, and compared word by word. */
const compare: Pass<Options, Stretch[], [Id, Spans][], { each: Map<Id, Json>; notes: string[] }> = {
  survey(records, options, { earlier }) {
    const { records: ids, anchors } = earlier as Met
    const wanted = new Map<bigint, Set<bigint>>()
    for (let i = 0; i < ids.length; i++) {
      const own = wanted.get(ids[i]!)
      if (own) own.add(anchors[i]!)
      else wanted.set(ids[i]!, new Set([anchors[i]!]))
    }
    const length = lengthOf(options)
    const found: Stretch[] = []
    for (const record of records) {
      const own = wanted.get(xxhash64(record.id))
      if (!own) continue
      for (const [field, text] of textsOf(record)) {
        const words = wordsOf(text)
        const ends = runEnds(words, length)
        const { places, hashes } = anchorsOf(words, ends, length)
        let from = -1
        let met = false
        for (let run = 0; run <= ends.length; run++) {
          if (run === ends.length) met = false
          else if (run === 0 || places[run] !== places[run - 1]) met = own.has(hashes[places[run]!]!)
          if (met && from < 0) from = run
          if (met || from < 0) continue
          const names: string[] = []
          for (let i = from; i < ends[run - 1]!; i++) names.push(words.name(i))
          found.push({
            id: record.id,
            field,
            from,
            words: names.join(' '),
            sizes: ends.slice(from, run).map((end, i) => end - from - i),
            starts: words.starts.slice(from, run),
            ends: ends.slice(from, run).map(end => words.ends[end - 1]!),
          })
          from = -1
        }
      }
    }
    return new Map(found.length > 0 ? [[0, found]] : [])
  },
  merge: append<Stretch>,
  decide: (_, stretches) => repeated(stretches),
  combine(all, { action, tokens }) {
    const each = all.flat()
    const copies = each.filter(([, spans]) => spans.copies.length > 0).length
    const told = `${copies} records repeat spans of ${tokens} words or more that stand earlier elsewhere`
    return { each: new Map(each), notes: copies > 0 && action !== 'flag' ? [told] : [] }
  },
}

const rounded = (share: number) => Math.round(share * 1e4) / 1e4

/**
 * Finds spans of many words that stand at more than one place, as the suffix array of Lee et al. does over the whole
 * input: every run of `tokens` words that is equal to an earlier one, in the order of ids and places, is a copy, unless
 * it overlaps that first occurrence; copies are joined to the longest spans. Each word of a copy stands elsewhere still
 * after all copies are cut. Runs are found in two passes: smaller runs chosen by their content (winnowing) tell which
 * runs may be equal, those are grouped by a hash, and then compared word by word, so that nothing rests on a hash. The
 * first pass keeps 16 bytes for about every 34 words of the input, the second one the words of what may be repeated and
 * about 60 bytes for each; neither holds the input.
 */
export const dedupeSubstring: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'dedupe-substring',
  about: 'Finds long spans that stand in several texts or twice in one, and cuts, flags or drops all but the first.',
  version: 1,
  options,
  takes: ['document', 'conversation'],
  gives: 'same',
  reasons: ['repeated-span', 'nothing-left'],
  needs: { segmenter: true },
  source: 'Lee et al. 2021, arXiv 2107.06499, section 4.1',
  passes: [meet, compare],
  apply(record, decided, _, options) {
    const { action, edges } = options
    const { copies, origins, first } = (decided ?? { copies: [], origins: [], first: [] }) as Spans
    const texts = textsOf(record)
    const covered = (spans: readonly Span[]) =>
      texts.reduce((sum, [field]) => sum + union(spans, field).reduce((own, [start, end]) => own + end - start, 0), 0)
    const whole = texts.reduce((sum, [, text]) => sum + text.length, 0)
    const score = (characters: number) => ({
      method: 'dedupe-substring',
      value: whole === 0 ? 0 : rounded(characters / whole),
    })
    const all = [...copies, ...first].sort((a, b) => a[0] - b[0] || a[1] - b[1])
    const scores = { repeated: score(covered(all)), copied: score(covered(copies)) }
    if (action === 'flag') return { is: 'passed', notes: { scores } }
    if (copies.length === 0) return { is: 'passed' }
    const evidence = {
      copied: scores.copied.value,
      spans: copies
        .slice(0, listed)
        .map(([field, start, end]) => ({ ...(field < 0 ? {} : { message: field }), start, end })),
      origins: origins.map(([field, start, of, ofField, ofStart]) => ({
        ...(field < 0 ? {} : { message: field }),
        start,
        of,
        ...(ofField < 0 ? {} : { ofMessage: ofField }),
        ofStart,
      })),
    }
    if (action === 'drop') return { is: 'dropped', reason: 'repeated-span', evidence }
    const length = lengthOf(options)
    const counts = (part: string) => runEnds(wordsOf(part), length).length > 0
    const cut = new Map<number, string>()
    for (const [field, text] of texts) {
      const own = union(copies, field)
      const spans =
        edges === 'words' || own.length === 0 ? own : wholeSentences(text, own, { language: record.language, counts })
      if (spans.length > 0) cut.set(field, without(text, spans))
    }
    for (const text of cut.values()) {
      if (split(text, 'words').count === 0) return { is: 'dropped', reason: 'nothing-left', evidence }
    }
    return { is: 'fixed', reason: 'repeated-span', payload: withTexts(record, cut), notes: { scores } }
  },
})

function withTexts(record: Rec, texts: ReadonlyMap<number, string>): Payload {
  if (record.kind === 'conversation') {
    const messages = record.messages.map(
      (message, i): Message => (texts.has(i) ? { ...message, content: texts.get(i)! } : message),
    )
    return withMessages(record, messages)
  }
  if (record.kind !== 'document') return record
  const { title, uri } = record
  const named = { ...(title === undefined ? {} : { title }), ...(uri === undefined ? {} : { uri }) }
  return { kind: 'document', text: texts.get(-1)!, ...named }
}
