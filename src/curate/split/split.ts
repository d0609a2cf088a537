import { z } from 'zod'
import type { Rec } from '../../records/index.ts'
import { kinds, unit } from '../../records/index.ts'
import { defineGlobal, defineMap, defineVerb, type GlobalStep, type MapStep, type Verb } from '../../steps/index.ts'
import { Components } from '../components.ts'

const shape = {
  into: z
    .record(z.string().regex(/^[a-z][a-z0-9_]*$/, 'lower-case letters, digits and _'), z.number().min(0))
    .refine(weights => Object.values(weights).some(w => w > 0), 'at least one weight must be above 0')
    .default({ train: 0.9, test: 0.1 })
    .describe('Names of the splits and their weights'),
  together: z
    .array(z.string())
    .default(['conversation', 'user'])
    .describe('Facets whose equal values must stay in one split'),
  context: z.boolean().default(true).describe('Rows that share a few-shot or pool row stay in one split as well'),
}
const assignOptions = z.strictObject(shape)
type Options = z.output<typeof assignOptions>

const none = z.strictObject({})
/** Notes the whole document a row goes back to in `facets.root`: a global sees parents, not ancestors. */
export const root: MapStep = defineMap({
  verb: 'root',
  about: 'Notes which document a row goes back to.',
  version: 1,
  options: none,
  takes: kinds,
  gives: 'same',
  reasons: [],
  needs: { ancestors: ['document'] },
  async run(record: Rec, ctx) {
    const document = record.kind === 'document' ? record : ctx.ancestor('document')
    if (!document) return { is: 'passed' }
    const whole = document.lineage.parents.find(parent => parent.role === 'subject')?.id ?? document.id
    return { is: 'passed', notes: { facets: { root: whole } } }
  },
})

/** Everything that ties a row to others. Names that start with a space are no ids. */
function ties(record: Rec, options: Options): string[] {
  const { lineage, facets } = record
  const parents = lineage.parents.filter(p => p.role === 'subject' || (p.role === 'context' && options.context))
  const shared = options.together.flatMap(name => (facets[name] === undefined ? [] : [` ${name}=${facets[name]}`]))
  const whole = typeof facets.root === 'string' ? [facets.root] : []
  return [...parents.map(p => p.id), ...whole, ...(lineage.members ?? []), ...shared]
}

/** The split of a component, by a hash of its name: more rows or another order move nothing that is not tied to them. */
function pick(weights: [string, number][], at: number): string {
  const sum = weights.reduce((a, [, w]) => a + w, 0)
  let rest = at * sum
  for (const [name, w] of weights) {
    rest -= w
    if (rest < 0) return name
  }
  return weights.findLast(([, w]) => w > 0)![0]
}

type Entry = [id: string, ties: string[]]
/** The seed travels with the artifact: `decide` does not see it. */
type Artifact = { seed: string; rows: Entry[] }

export const assign: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'assign-split',
  about: 'Assigns each connected group of rows to a split.',
  version: 1,
  options: assignOptions,
  takes: kinds,
  gives: 'same',
  reasons: [],
  passes: [
    {
      survey(records, options, { seed }) {
        const rows: Entry[] = []
        for (const record of records) rows.push([record.id, ties(record, options)])
        return new Map([[0, { seed, rows }]])
      },
      merge: (a: Artifact, b: Artifact) => ({ seed: a.seed, rows: a.rows.concat(b.rows) }),
      decide(_, { seed, rows }: Artifact, options) {
        const components = new Components()
        for (const [id, names] of rows) for (const name of names) components.join(id, name)
        // A component is named by what its rows have in common, where there is such a thing: rows come and go, sources stay.
        const own = new Set(rows.map(([id]) => id))
        const named = new Map<string, string>()
        for (const [id, names] of rows) {
          const at = components.find(id)
          for (const name of [...names.filter(n => !own.has(n)).map(n => `a${n}`), `b${id}`]) {
            const known = named.get(at)
            if (known === undefined || name < known) named.set(at, name)
          }
        }
        const weights = Object.entries(options.into).sort(([a], [b]) => (a < b ? -1 : 1))
        const each: [string, string][] = []
        for (const [id] of rows) each.push([id, pick(weights, unit(seed, named.get(components.find(id))!))])
        return { each, groups: named.size }
      },
      combine: (parts: { each: [string, string][]; groups: number }[]) => {
        const each = new Map(parts.flatMap(part => part.each))
        const sizes: { [name: string]: number } = {}
        for (const name of each.values()) sizes[name] = (sizes[name] ?? 0) + 1
        const told = Object.entries(sizes).sort(([a], [b]) => (a < b ? -1 : 1))
        const groups = parts.reduce((sum, part) => sum + part.groups, 0)
        return {
          each,
          notes: [
            `${told.map(([name, n]) => `${name} ${n}`).join(', ')} rows; ${groups} connected groups were divided whole`,
          ],
        }
      },
    },
  ],
  apply: (_, decided) => ({ is: 'passed', notes: { facets: { split: decided as string } } }),
})

/** Splits that do not leak: rows with a common ancestor, duplicate, conversation or user stay together. */
export const split: Verb<Options> = defineVerb<Options>({
  verb: 'split',
  about: 'Divides the rows into named splits and keeps related rows together.',
  options: assignOptions,
  takes: kinds,
  expand: options => [
    { as: 'root', step: root, options: {} },
    { as: 'assign', step: assign, options },
  ],
})
