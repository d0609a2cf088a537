import { z } from 'zod'
import type { Rec } from '../../records/index.ts'
import { kinds, unit } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { scoreOf } from '../content.ts'
import { apportion, type Counts, largest, shortfall } from './ratio.ts'

export const facetShape = {
  facet: z.string().describe('Facet whose values are brought into a ratio, such as topic, language or split'),
  weights: z
    .union([z.literal('equal'), z.record(z.string(), z.number().min(0))])
    .default('equal')
    .describe(
      'Weights by value of the facet; rows of other values go. equal: as many rows of each value as of the rarest',
    ),
  most: z
    .number()
    .min(1)
    .optional()
    .describe('Instead of weights: at most so many times as many rows of a value as of the rarest'),
}
export const keepShape = {
  prefer: z
    .string()
    .optional()
    .describe('Stored score whose highest values are kept first, written as <step key>/<aspect>; default: by id hash'),
  size: z.number().int().positive().optional().describe('Wanted number of rows; default as many as hold the ratio'),
  fill: z
    .boolean()
    .default(false)
    .describe('Keep rows up to the target of each bucket even where another bucket is short'),
}
const options = z.strictObject({ ...facetShape, ...keepShape })
type Options = z.output<typeof options>

const valueIn = ({ language, facets }: Rec, facet: string): string | undefined => {
  const value = facet === 'language' ? language : facets[facet]
  return value === undefined || value === '' ? undefined : String(value)
}

/** Value of the facet, preferred score and a hash: all that the decision needs of a record. */
type Entry = [id: string, value: string, prefer: number, hash: number]
type Part = { each: [string, true][]; notes: string[] }

/** As many rows of each value as of the rarest, and one more of those before it, since a ratio holds within rounding. */
function evenly(counts: Counts, values: string[], size = Number.POSITIVE_INFINITY): number {
  const least = rarest(counts, values)
  return Math.min(size, values.length * least + values.findIndex(value => counts[value] === least))
}

const rarest = (counts: Counts, values: string[]): number =>
  values.reduce((least, value) => Math.min(least, counts[value]!), Number.POSITIVE_INFINITY)

/** How many rows of each value stay. */
function wanted(counts: Counts, { weights, most, size, fill }: Options): { keep: Counts; weights: Counts } {
  const values = Object.keys(counts).sort()
  if (most !== undefined) {
    const cap = Math.floor(most * rarest(counts, values) + 1e-9)
    const capped = Object.fromEntries(values.map(value => [value, Math.min(counts[value]!, cap)]))
    const all = Object.values(capped).reduce((a, b) => a + b, 0)
    return { keep: size === undefined || size >= all ? capped : apportion(size, capped), weights: counts }
  }
  const ratio = weights === 'equal' ? Object.fromEntries(values.map(value => [value, 1])) : weights
  const there = Object.fromEntries(Object.keys(ratio).map(value => [value, counts[value] ?? 0]))
  if (weights === 'equal' && !fill) return { keep: apportion(evenly(counts, values, size), ratio), weights: ratio }
  const target = size ?? Object.values(there).reduce((a, b) => a + b, 0)
  return { keep: fill ? apportion(target, ratio) : largest(there, ratio, size), weights: ratio }
}

/** Keeps rows so that the values of a facet stand in a ratio; classes are undersampled, never copied. */
export const balanceFacet: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'balance-facet',
  about: 'Keeps the largest set of rows in which the values of a facet stand in the wanted ratio.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['over-share', 'no-facet', 'no-weight'],
  passes: [
    {
      survey(records, { facet, prefer }, { seed }) {
        const entries: Entry[] = []
        for (const record of records) {
          const value = valueIn(record, facet)
          const score = scoreOf(record, prefer) ?? Number.NEGATIVE_INFINITY
          if (value !== undefined) entries.push([record.id, value, score, unit(seed, record.id)])
        }
        return new Map([[0, entries]])
      },
      merge: (a: Entry[], b: Entry[]) => a.concat(b),
      decide(_, entries: Entry[], options): Part {
        // Values are words of the data, and `constructor` is one like any other.
        const counts: Counts = Object.create(null)
        for (const [, value] of entries) counts[value] = (counts[value] ?? 0) + 1
        if (entries.length === 0) return { each: [], notes: [] }
        const { weights, ...found } = wanted(counts, options)
        const keep = new Map(Object.entries(found.keep))
        const left = new Map(keep)
        const each: [string, true][] = []
        entries.sort((a, b) => (a[2] === b[2] ? 0 : b[2] > a[2] ? 1 : -1) || a[3] - b[3] || (a[0] < b[0] ? -1 : 1))
        for (const [id, value] of entries) {
          const more = left.get(value) ?? 0
          if (more <= 0) continue
          left.set(value, more - 1)
          each.push([id, true])
        }
        const told = Object.keys(counts)
          .sort((a, b) => counts[b]! - counts[a]! || (a < b ? -1 : 1))
          .slice(0, 12)
          .map(value => `${value} ${Math.min(keep.get(value) ?? 0, counts[value]!)} of ${counts[value]}`)
        const all = Object.fromEntries(Object.keys(weights).map(value => [value, counts[value] ?? 0]))
        const short = options.most === undefined ? Object.entries(shortfall(all, weights, options.size)) : []
        const lacking = short.slice(0, 12).map(([value, n]) => `${value} by ${n}`)
        return {
          each,
          notes: [
            `rows kept by ${options.facet}: ${told.join(', ')}`,
            ...(lacking.length > 0 ? [`short for the wanted ratio of all rows: ${lacking.join(', ')}`] : []),
          ],
        }
      },
      combine: (parts: Part[]) => ({
        each: new Map(parts.flatMap(part => part.each)),
        notes: parts.flatMap(part => part.notes),
      }),
    },
  ],
  apply(record, kept, _, { facet, weights }) {
    if (kept) return { is: 'passed' }
    const value = valueIn(record, facet)
    if (value === undefined) return { is: 'dropped', reason: 'no-facet', evidence: { facet } }
    const unknown = weights !== 'equal' && !Object.hasOwn(weights, value)
    return { is: 'dropped', reason: unknown ? 'no-weight' : 'over-share', evidence: { [facet]: value } }
  },
})
