import { z } from 'zod'
import { kinds, unit } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'

const options = z
  .strictObject({
    n: z.number().int().min(0).optional().describe('Number of rows to keep'),
    share: z.number().min(0).max(1).optional().describe('Share of the rows to keep, rounded down'),
  })
  .refine(o => (o.n === undefined) !== (o.share === undefined), 'give either n or share')
type Options = z.output<typeof options>
type Entry = [hash: number, id: string]

const byHash = (a: Entry, b: Entry) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1)

/** A simple random sample without replacement: the rows with the smallest hash of seed and id, so a larger n only adds. */
export const sample: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'sample',
  about: 'Keeps a number or a share of the rows, chosen by a hash of their ids.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['not-sampled'],
  passes: [
    {
      survey(records, { n }, { seed }) {
        const entries: Entry[] = []
        for (const record of records) entries.push([unit(seed, record.id), record.id])
        return new Map([[0, n === undefined ? entries : entries.sort(byHash).slice(0, n)]])
      },
      merge: (a: Entry[], b: Entry[]) => a.concat(b),
      decide(_, entries: Entry[], { n, share = 0 }) {
        return entries.sort(byHash).slice(0, n ?? Math.floor(share * entries.length + 1e-9))
      },
      combine: (parts: Entry[][]) => ({ each: new Map(parts.flat().map(([, id]) => [id, true])) }),
    },
  ],
  apply: (_, decided) => (decided ? { is: 'passed' } : { is: 'dropped', reason: 'not-sampled' }),
})
