import { z } from 'zod'
import { kinds, unit } from '../../records/index.ts'
import { defineGlobal, defineVerb, type GlobalStep, type Verb } from '../../steps/index.ts'

const shape = {
  real: z.number().min(0).max(0.99).describe('Share of real rows in the result'),
  trim: z.boolean().default(false).describe('Drop synthetic rows where there are too few real ones to reach the share'),
}
const shareOptions = z.strictObject(shape)
type ShareOptions = z.output<typeof shareOptions>

/**
 * How many real rows to add (and, under `trim`, how many synthetic ones to keep) so that real rows are at least the
 * asked share: the smallest addition that reaches it. `missing` is how many real rows there are too few.
 */
export function dose(rows: { synthetic: number; real: number; offered: number }, share: number, trim: boolean) {
  const needed = Math.ceil((share * rows.synthetic) / (1 - share) - 1e-9)
  const add = Math.min(Math.max(needed - rows.real, 0), rows.offered)
  const missing = Math.max(needed - rows.real - add, 0)
  const bearable = share === 0 ? rows.synthetic : Math.floor(((rows.real + add) * (1 - share)) / share + 1e-9)
  return { add, missing, synthetic: trim ? Math.min(rows.synthetic, bearable) : rows.synthetic }
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`

/** `in` is 0 for a row of the input and 1 for one on offer; the same row on both counts as offered. */
type Entry = [id: string, offered: 0 | 1, real: 0 | 1, hash: number]

export const mixShare: GlobalStep<ShareOptions> = defineGlobal<ShareOptions>({
  verb: 'mix-share',
  about: 'Takes as many real rows from another input as make up the asked share.',
  version: 1,
  options: shareOptions,
  takes: kinds,
  gives: 'same',
  reasons: ['not-taken', 'not-real', 'trimmed'],
  passes: [
    {
      survey(records, _, { side, seed }) {
        const entries: Entry[] = []
        for (const { id, lineage } of records) {
          entries.push([id, side === undefined ? 0 : 1, lineage.origin === 'real' ? 1 : 0, unit(seed, id)])
        }
        return new Map([[0, entries]])
      },
      merge: (a: Entry[], b: Entry[]) => a.concat(b),
      decide(_, entries: Entry[], { real, trim }) {
        const offered = new Set(entries.flatMap(([id, side]) => (side ? [id] : [])))
        const rows = entries.filter(([, side]) => !side).sort((a, b) => a[3] - b[3] || (a[0] < b[0] ? -1 : 1))
        const own = rows.filter(([id]) => !offered.has(id))
        const pool = rows.filter(([id, , isReal]) => offered.has(id) && isReal)
        const synthetic = own.filter(([, , isReal]) => !isReal)
        const counts = { synthetic: synthetic.length, real: own.length - synthetic.length, offered: pool.length }
        const plan = dose(counts, real, trim)
        const each: [string, string][] = rows.flatMap(([id, , isReal]) =>
          offered.has(id) && !isReal ? [[id, 'not-real']] : [],
        )
        for (const [id] of pool.slice(plan.add)) each.push([id, 'not-taken'])
        for (const [id] of synthetic.slice(plan.synthetic)) each.push([id, 'trimmed'])
        const reals = counts.real + plan.add
        const share = reals / Math.max(reals + plan.synthetic, 1)
        return { each, told: { asked: real, share, ...counts, taken: plan.add, missing: plan.missing } }
      },
      combine: (parts: { each: [string, string][]; told: { [name: string]: number } }[]) => ({
        each: new Map(parts.flatMap(part => part.each)),
        notes: parts.flatMap(({ told }) => [
          `${told.taken} real rows added: ${percent(told.share!)} of the set is real, asked were ${percent(told.asked!)}`,
          ...(told.missing ? [`${told.missing} more real rows are needed for that share`] : []),
        ]),
      }),
    },
  ],
  apply: (_, decided) => (decided ? { is: 'dropped', reason: decided as string } : { is: 'passed' }),
})

const options = z.strictObject({ with: z.string().describe('Source or step whose real rows are mixed in'), ...shape })

/** Keeps real rows in the set: data that only replaces them loses the tails (Gerstgrasser et al. 2024, arXiv 2404.01413). */
export const mix: Verb<z.output<typeof options>> = defineVerb<z.output<typeof options>>({
  verb: 'mix',
  about: 'Adds real rows of another input until they are the asked share of the set.',
  options,
  takes: kinds,
  source: 'arXiv 2404.01413',
  side: o => [{ name: 'with', from: o.with }],
  expand: ({ with: other, ...share }) => [
    { as: '', step: mixShare, options: share, from: ['$in', other], side: { with: [other] } },
  ],
})
