import { z } from 'zod'
import type { Id, Json, Message, Rec } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { openRougePool, rougeTokens, rougeUnits } from '../../text/index.ts'

export const noveltyShape = {
  below: z
    .number()
    .gt(0)
    .max(1)
    .default(0.7)
    .describe('A row stays if its ROUGE-L F1 with every earlier row is under this value'),
  units: z
    .enum(rougeUnits)
    .default('mixed')
    .describe(
      'What is compared in order. Both take words where there are spaces; without spaces `mixed` takes characters and `words` what the segmenter finds, which makes more rows novel',
    ),
}
const options = z.strictObject({
  ...noveltyShape,
  of: z
    .enum(['prompt', 'completion', 'all'])
    .default('prompt')
    .describe('What is compared: what was asked, what was answered, or both; a document is compared as a whole'),
  against: z
    .array(z.string())
    .default([])
    .describe('Sources or steps that a row must be unlike as well, such as an earlier release; they are never dropped'),
})
export type NoveltyOptions = z.output<typeof options>

const said = (messages: Message[]) =>
  messages.flatMap(({ role, content }) => (role === 'system' ? [] : (content ?? [])))

/**
 * The text that is compared. Of a prompt that says that it has an input, the task in front of it: two tasks are the same
 * task whatever they are to be done with.
 */
export function comparedText(record: Rec, of: NoveltyOptions['of']): string {
  if (record.kind === 'document') return record.text
  if (record.kind === 'prompt') {
    const all = said(record.messages).join('\n\n')
    return record.facets.withInput === true ? all.split(/\n[ \t]*\n/, 1)[0]! : all
  }
  if (record.kind !== 'conversation') return ''
  const end = record.messages.findLastIndex(({ role }) => role === 'assistant')
  const [asked, answered] = [record.messages.slice(0, end), record.messages.slice(end)]
  return said(of === 'all' ? record.messages : of === 'prompt' ? asked : answered).join('\n\n')
}

/** Rows of one shard: ids and tokens, each token once as text. */
type Segment = { side?: string; ids: Id[]; words: string[]; tokens: Uint32Array; ends: Uint32Array }
type Row = { id: Id; side: string | undefined; tokens: string[] }
type Drop = { nearest: Id; rougeL: number; set?: string }

function* rowsOf({ side, ids, words, tokens, ends }: Segment): Iterable<Row> {
  for (const [i, id] of ids.entries()) {
    const own = tokens.subarray(i === 0 ? 0 : ends[i - 1]!, ends[i]!)
    yield { id, side, tokens: Array.from(own, word => words[word]!) }
  }
}

/** Rows to be unlike stand first, then the smaller id: the order of shards never matters. */
const byTurn = (a: Row, b: Row): number =>
  Number(a.side === undefined) - Number(b.side === undefined) ||
  (a.id < b.id ? -1 : a.id > b.id ? 1 : (a.side ?? '') < (b.side ?? '') ? -1 : 1)

/**
 * The novelty rule of Self-Instruct: row by row in the order of ids, one stays if its ROUGE-L F1 with all that stands is
 * under the limit. Decisions are those of a comparison with each.
 */
export const novelty: GlobalStep<NoveltyOptions> = defineGlobal<NoveltyOptions>({
  verb: 'novelty',
  about: 'Keeps only rows that are unlike every earlier row and every row of other sets, by ROUGE-L.',
  version: 1,
  options,
  takes: ['prompt', 'conversation', 'document'],
  gives: 'same',
  reasons: ['not-novel'],
  needs: { segmenter: true },
  source: 'https://arxiv.org/abs/2212.10560',
  side: ({ against }) => against.map(from => ({ name: from, from })),
  passes: [
    {
      survey(records, { of, units }, { side }): Map<number, Segment[]> {
        const numbers = new Map<string, number>()
        const ids: Id[] = []
        const tokens: number[] = []
        const ends: number[] = []
        for (const record of records) {
          for (const token of rougeTokens(comparedText(record, of), units)) {
            const known = numbers.get(token) ?? numbers.size
            numbers.set(token, known)
            tokens.push(known)
          }
          ids.push(record.id)
          ends.push(tokens.length)
        }
        const columns = { tokens: Uint32Array.from(tokens), ends: Uint32Array.from(ends) }
        return new Map([
          [0, [{ ...(side === undefined ? {} : { side }), ids, words: [...numbers.keys()], ...columns }]],
        ])
      },
      merge(a: Segment[], b: Segment[]) {
        for (const segment of b) a.push(segment)
        return a
      },
      decide(_, segments: Segment[], { below }): { drops: [Id, Drop][]; of: number } {
        const rows = segments.flatMap(segment => [...rowsOf(segment)]).sort(byTurn)
        const pool = openRougePool(
          below,
          rows.map(row => row.tokens),
        )
        const standing: Row[] = []
        const drops: [Id, Drop][] = []
        for (const row of rows) {
          // The same row in another set is no copy of itself.
          const found = row.side === undefined ? pool.nearest(row.tokens, at => standing[at]!.id === row.id) : undefined
          if (found) {
            const { id, side } = standing[found.at]!
            const set = side === undefined ? {} : { set: side }
            drops.push([row.id, { nearest: id, rougeL: Math.round(found.rougeL * 1e4) / 1e4, ...set }])
          } else {
            pool.add(row.tokens)
            standing.push(row)
          }
        }
        return { drops, of: rows.filter(row => row.side === undefined).length }
      },
      combine(parts: { drops: [Id, Drop][]; of: number }[]) {
        const drops = parts.flatMap(part => part.drops)
        const of = parts.reduce((sum, part) => sum + part.of, 0)
        return {
          each: new Map<Id, Json>(drops),
          notes: drops.length > 0 ? [`${drops.length} of ${of} rows are too like an earlier one`] : [],
        }
      },
    },
  ],
  apply(_, like, __, { units }) {
    if (like === undefined) return { is: 'passed' }
    return { is: 'dropped', reason: 'not-novel', evidence: { ...(like as Drop), units } }
  },
})
