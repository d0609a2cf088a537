import { z } from 'zod'
import type { Id, Rec } from '../../records/index.ts'
import { kinds, unit } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { contentOf, parts, scoreOf } from '../content.ts'
import { append } from '../dedupe/columns.ts'
import { byRank, eitherOne, eitherOneSaid, type Ranked, said, wanted, wantedShape } from './wanted.ts'

export const uniformShape = {
  facet: z.string().default('topic').describe('Facet that is gone through in turn'),
  difficulty: z
    .string()
    .optional()
    .describe('Stored score of the difficulty, written as <step key>/<aspect>; default: longer texts are harder'),
  of: z.enum(parts).default('all').describe('Whose length counts: that of the prompt, the completion, or all'),
}
const options = z.strictObject({ ...wantedShape, ...uniformShape }).refine(eitherOne, eitherOneSaid)
type Options = z.output<typeof options>

const hardness = (record: Rec, { difficulty, of }: Options) =>
  difficulty === undefined ? contentOf(record, of).length : scoreOf(record, difficulty)

type Entry = Ranked & { value: number; topic: string; luck: number }

/**
 * Draws from a topic without replacement, a row of rank i in difficulty with weight 2^-i: the order of the greatest
 * perturbed logarithms (Gumbel; Kool et al. 2019, arXiv 1903.06059).
 */
function drawn(rows: Entry[]): Entry[] {
  return rows
    .sort(byRank)
    .map((row, rank) => ({ row, key: -Math.log(-Math.log(row.luck)) - rank * Math.LN2 }))
    .sort((a, b) => b.key - a.key || byRank(a.row, b.row))
    .map(({ row }) => row)
}

type Told = { each: [Id, number][]; notes: string[] }

/** Topics in turn, and in a topic rather the harder rows: how the 1,000 rows of s1 were chosen. */
export const selectUniform: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'select-uniform',
  about: 'Takes a row of each topic in turn, rather the harder ones.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['not-selected', 'no-topic', 'unscored'],
  source: 'Muennighoff et al. 2025, arXiv 2501.19393',
  passes: [
    {
      survey(records, options, { seed }) {
        const found: Entry[] = []
        for (const record of records) {
          const topic = record.facets[options.facet]
          const value = topic === undefined ? undefined : hardness(record, options)
          if (value === undefined) continue
          const { id } = record
          // The ends of the unit interval have no finite logarithm of their logarithm.
          const luck = (unit(seed, id, 'luck') * 2 ** 48 + 0.5) / 2 ** 48
          found.push({ id, value, hash: unit(seed, id), luck, topic: String(topic) })
        }
        return new Map([[0, found]])
      },
      merge: append<Entry>,
      decide(_, found: Entry[], options): Told {
        const size = wanted(options, found.length)
        const topics = new Map<string, Entry[]>()
        for (const entry of found) {
          const rows = topics.get(entry.topic)
          if (rows) rows.push(entry)
          else topics.set(entry.topic, [entry])
        }
        // In the last turn not every topic has one more: which ones do is chance.
        const order = [...topics]
          .map(([topic, rows]) => ({ topic, rows, turn: unit('turn', topic) }))
          .sort((a, b) => a.turn - b.turn || (a.topic < b.topic ? -1 : 1))
          .map(({ rows }) => drawn(rows))
        const each: Told['each'] = []
        let left = order
        for (let round = 0; each.length < size; round++) {
          left = left.filter(rows => rows.length > round)
          if (left.length === 0) break
          for (const rows of left.slice(0, size - each.length)) each.push([rows[round]!.id, 1])
        }
        const fewest = order.reduce((least, rows) => Math.min(least, rows.length), Number.POSITIVE_INFINITY)
        const even = size > 0 && order.length > 1 && fewest < Math.floor(size / order.length)
        return {
          each,
          notes: [
            ...said(each.length, found.length, options),
            ...(even
              ? [`not every one of the ${order.length} topics has its share: the smallest has ${fewest} rows`]
              : []),
          ],
        }
      },
      combine: (parts: Told[]) => ({
        each: new Map(parts.flatMap(part => part.each)),
        notes: parts.flatMap(part => part.notes),
      }),
    },
  ],
  apply(record, decided, _, options) {
    if (decided) return { is: 'passed' }
    const { facet, difficulty } = options
    const topic = record.facets[facet]
    if (topic === undefined) return { is: 'dropped', reason: 'no-topic', evidence: { facet } }
    if (hardness(record, options) === undefined)
      return { is: 'dropped', reason: 'unscored', evidence: { by: difficulty ?? null } }
    return { is: 'dropped', reason: 'not-selected', evidence: { topic } }
  },
})
