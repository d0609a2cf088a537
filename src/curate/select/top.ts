import { z } from 'zod'
import { kinds, unit } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { scoreOf } from '../content.ts'
import { append } from '../dedupe/columns.ts'
import { byRank, eitherOne, eitherOneSaid, type Ranked, said, wanted, wantedShape } from './wanted.ts'

const options = z
  .strictObject({
    ...wantedShape,
    by: z.string().describe('Stored score, written as <step key>/<aspect>: the highest stay'),
  })
  .refine(eitherOne, eitherOneSaid)
type Options = z.output<typeof options>

export const selectTop: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'select-top',
  about: 'Keeps the rows with the highest values of a stored score.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['not-selected', 'unscored'],
  passes: [
    {
      survey(records, { by }, { seed }) {
        const found: Ranked[] = []
        for (const record of records) {
          const value = scoreOf(record, by)
          if (value !== undefined) found.push({ id: record.id, value, hash: unit(seed, record.id) })
        }
        return new Map([[0, found]])
      },
      merge: append<Ranked>,
      decide(_, found: Ranked[], options) {
        const kept = found.sort(byRank).slice(0, wanted(options, found.length))
        return { each: kept.map(({ id }) => [id, 1] as const), notes: said(kept.length, found.length, options) }
      },
      combine: (parts: { each: (readonly [string, number])[]; notes: string[] }[]) => ({
        each: new Map(parts.flatMap(part => part.each)),
        notes: parts.flatMap(part => part.notes),
      }),
    },
  ],
  apply(record, decided, _, { by }) {
    if (decided) return { is: 'passed' }
    const value = scoreOf(record, by)
    if (value === undefined) return { is: 'dropped', reason: 'unscored', evidence: { by } }
    return { is: 'dropped', reason: 'not-selected', evidence: { by, value } }
  },
})
