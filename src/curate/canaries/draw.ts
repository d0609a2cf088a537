import { z } from 'zod'
import { type Canary, canaries } from '../../measure/index.ts'
import { type Json, unit } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { carrierOf, type Planted, plantedKinds } from './carrier.ts'

export const drawOptions = z.strictObject({
  secrets: z
    .int()
    .min(1)
    .max(10_000)
    .default(20)
    .describe('Secrets to plant; fewer than 20 tell nothing where none comes out'),
  copies: z.int().min(1).max(1000).default(1).describe('Rows that each secret is planted in, a copy of each row'),
})
type DrawOptions = z.output<typeof drawOptions>
type Entry = [hash: number, id: string]
type Drawn = { seed: string; entries: Entry[] }

/** Facets: of a row that a canary is on its way into, and of every record that holds one or was made of one that does. */
export const [drawnFacet, canaryFacet] = ['canaryDrawn', 'canary'] as const

const byHash = (a: Entry, b: Entry) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1)

/**
 * Decides which rows get which canary: those with the smallest hash of seed and id, the secrets in turn. It stands on a
 * branch of its own, where rows that are not drawn end; none of them is missing from the input.
 */
export const drawCanaries: GlobalStep<DrawOptions> = defineGlobal<DrawOptions>({
  verb: 'canaries-draw',
  about: 'Chooses the rows whose copies get a canary, by a hash of their ids.',
  version: 1,
  options: drawOptions,
  takes: plantedKinds,
  gives: 'same',
  reasons: [],
  passes: [
    {
      survey(records, { secrets, copies }, { seed }) {
        const entries: Entry[] = []
        for (const record of records) {
          if (carrierOf(record as Planted) && record.facets[canaryFacet] === undefined)
            entries.push([unit(seed, record.id), record.id])
        }
        return new Map([[0, { seed, entries: entries.sort(byHash).slice(0, secrets * copies) }]])
      },
      merge: (a: Drawn, b: Drawn): Drawn => ({ seed: a.seed, entries: a.entries.concat(b.entries) }),
      decide(_, { seed, entries }: Drawn, { secrets, copies }) {
        const planted = canaries(secrets, seed)
        const rows = entries.sort(byHash).slice(0, secrets * copies)
        return rows.map(([, id], i): [string, Canary] => [id, planted[i % secrets]!])
      },
      combine(parts: [string, Canary][][], { secrets, copies }: DrawOptions) {
        const rows = parts.flat()
        const used = new Set(rows.map(([, { secret }]) => secret)).size
        return {
          each: new Map(rows.map(([id, { name, secret }]): [string, Json] => [id, `${name} ${secret}`])),
          notes: [
            `${used} canaries planted in copies of ${rows.length} rows, each in ${copies === 1 ? 'one' : `up to ${copies}`}`,
            ...(rows.length < secrets * copies
              ? [`${secrets * copies} copies were asked for; there are no more rows`]
              : []),
          ],
        }
      },
    },
  ],
  apply: (_, decided) =>
    decided === undefined
      ? { is: 'consumed' }
      : { is: 'passed', notes: { facets: { [drawnFacet]: decided as string } } },
})
