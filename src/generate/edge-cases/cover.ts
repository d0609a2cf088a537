import { z } from 'zod'
import { type Id, unit } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { nameOf, regionOf, regionShape } from './region.ts'

export const quotaShape = {
  floor: z
    .int()
    .positive()
    .optional()
    .describe('Rows that every region should have; default `under` of the mean of all regions'),
  under: z
    .number()
    .positive()
    .max(1)
    .default(0.5)
    .describe('Share of the mean rows of a region below which it counts as under-covered'),
  most: z.int().positive().default(20).describe('Most rows that are added to one region'),
}
export const timesShape = {
  times: z
    .number()
    .min(1)
    .max(10)
    .default(3)
    .describe('How many times as many are written as a region lacks: some are lost or fail the check'),
}
const findOptions = z.strictObject({ ...regionShape, ...quotaShape, ...timesShape })
type FindOptions = z.output<typeof findOptions>

type Quota = Pick<FindOptions, 'floor' | 'under' | 'most'>

/** Rows that each region should have, at least. */
export function floorOf(counts: readonly number[], { floor, under }: Quota): number {
  const mean = counts.reduce((sum, n) => sum + n, 0) / Math.max(counts.length, 1)
  return floor ?? Math.ceil(under * mean - 1e-9)
}

/** `quota` dealt out to `n` hands as evenly as it goes, the first ones one more. */
export const dealt = (quota: number, n: number, at: number): number => Math.floor(quota / n) + (at < quota % n ? 1 : 0)

/** A row by id, region and a hash. */
type Entry = [id: Id, region: string, hash: number]

/**
 * Regions with fewer rows than they should have. The real rows that lie in one go on, each with how many new ones it is to be
 * an example for; a region of which there is no real row is none, since nothing shows how people write there.
 */
export const findRegions: GlobalStep<FindOptions> = defineGlobal<FindOptions>({
  verb: 'find-regions',
  about: 'Finds the regions with too few rows, and says how many to write after each of their rows.',
  version: 1,
  options: findOptions,
  takes: ['prompt'],
  gives: 'same',
  reasons: ['covered'],
  needs: { segmenter: true },
  passes: [
    {
      survey(records, options, { seed }) {
        const entries: Entry[] = []
        for (const record of records) {
          entries.push([record.id, nameOf(regionOf(record, options)), unit(seed, record.id)])
        }
        return new Map([[0, entries]])
      },
      merge: (a: Entry[], b: Entry[]) => a.concat(b),
      decide(_, entries: Entry[], options) {
        const regions = Map.groupBy(entries, ([, region]) => region)
        const least = floorOf(
          [...regions.values()].map(rows => rows.length),
          options,
        )
        const each: [Id, number][] = []
        let rare = 0
        for (const rows of regions.values()) {
          const quota = Math.min(least - rows.length, options.most)
          if (quota <= 0) continue
          rare++
          const written = Math.ceil(quota * options.times - 1e-9)
          const order = rows.sort((a, b) => a[2] - b[2] || (a[0] < b[0] ? -1 : 1))
          for (const [at, [id]] of order.entries()) {
            const n = dealt(written, order.length, at)
            if (n > 0) each.push([id, n])
          }
        }
        const note = `${rare} of ${regions.size} regions have fewer than ${least} rows; ${each.reduce((sum, [, n]) => sum + n, 0)} are to be written`
        return { each, note }
      },
      combine: (parts: { each: [Id, number][]; note: string }[]) => ({
        each: new Map(parts.flatMap(({ each }) => each)),
        notes: parts.map(({ note }) => note),
      }),
    },
  ],
  apply(_, wanted) {
    if (wanted === undefined) return { is: 'dropped', reason: 'covered' }
    return { is: 'passed', notes: { facets: { wanted: wanted as number } } }
  },
})

const tellOptions = z.strictObject({
  ...regionShape,
  ...quotaShape,
  score: z.string().describe('Stored score whose highest values are kept first'),
})
type TellOptions = z.output<typeof tellOptions>

/** A row by id, region and score, and whether it was written. */
type Row = [id: Id, region: string, score: number, made: boolean]
/** Regions that are told one by one. */
const told = 24

/** The real rows with what was written beside them, up to what each region lacked. Nothing is replaced. */
export const tellCoverage: GlobalStep<TellOptions> = defineGlobal<TellOptions>({
  verb: 'tell-coverage',
  about: 'Puts what was written beside the real rows, and tells the rows of each region before and after.',
  version: 1,
  options: tellOptions,
  takes: ['prompt'],
  gives: 'same',
  reasons: ['not-needed'],
  needs: { segmenter: true },
  passes: [
    {
      survey(records, options, { side }) {
        const rows: Row[] = []
        for (const record of records) {
          const score = record.scores[options.score]
          const value = score && 'value' in score ? score.value : 0
          rows.push([record.id, nameOf(regionOf(record, options)), value, side === 'made'])
        }
        return new Map([[0, rows]])
      },
      merge: (a: Row[], b: Row[]) => a.concat(b),
      decide(_, rows: Row[], options) {
        // What was written arrives twice: as input, and as the side that tells it from the real rows.
        const made = rows.filter(([, , , side]) => side)
        const written = new Set(made.map(([id]) => id))
        const real = Map.groupBy(
          rows.filter(([id]) => !written.has(id)),
          ([, region]) => region,
        )
        const sizes = [...real.values()].map(of => of.length)
        const least = floorOf(sizes, options)
        const each: [Id, true][] = []
        const lines: [real: number, line: string, short: boolean][] = []
        const added = Map.groupBy(made, ([, region]) => region)
        for (const region of new Set([...real.keys(), ...added.keys()])) {
          const there = real.get(region)?.length ?? 0
          const best = (added.get(region) ?? []).sort((a, b) => b[2] - a[2] || (a[0] < b[0] ? -1 : 1))
          const wanted = Math.max(0, Math.min(least - there, options.most))
          for (const [id] of best.slice(wanted)) each.push([id, true])
          const now = there + Math.min(wanted, best.length)
          if (there < least)
            lines.push([there, `${region}: ${there} real + ${now - there} written = ${now}`, now < least])
        }
        lines.sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1))
        const short = lines.filter(([, , isShort]) => isShort).length
        return {
          each,
          notes: [
            `${lines.length} of ${real.size} regions had fewer than ${least} rows, and ${short} still have`,
            ...lines.slice(0, told).map(([, line]) => line),
            ...(lines.length > told ? [`and ${lines.length - told} more`] : []),
          ],
        }
      },
      combine: (parts: { each: [Id, true][]; notes: string[] }[]) => ({
        each: new Map(parts.flatMap(({ each }) => each)),
        notes: parts.flatMap(({ notes }) => notes),
      }),
    },
  ],
  apply: (_, surplus) => (surplus ? { is: 'dropped', reason: 'not-needed' } : { is: 'passed' }),
})
