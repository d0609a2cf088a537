import { z } from 'zod'
import type { Rec } from '../../records/index.ts'
import { kinds, unit } from '../../records/index.ts'
import { defineGlobal, defineMap, defineVerb, type GlobalStep, type MapStep, type Verb } from '../../steps/index.ts'
import { groupsOf, type Tied, tieShape, ties } from './groups.ts'

const shape = {
  into: z
    .record(z.string().regex(/^[a-z][a-z0-9_]*$/, 'lower-case letters, digits and _'), z.number().min(0))
    .refine(weights => Object.values(weights).some(w => w > 0), 'at least one weight must be above 0')
    .default({ train: 0.9, test: 0.1 })
    .describe('Names of the splits and their weights'),
  ...tieShape,
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

/** The seed travels with the artifact: `decide` does not see it. */
type Artifact = { seed: string; rows: Tied[] }

export const assign: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'assign-split',
  about: 'Assigns each connected group of rows to a split.',
  version: 2,
  options: assignOptions,
  takes: kinds,
  gives: 'same',
  reasons: [],
  passes: [
    {
      survey(records, options, { seed }) {
        const rows: Tied[] = []
        for (const record of records) rows.push(ties(record, options))
        return new Map([[0, { seed, rows }]])
      },
      merge: (a: Artifact, b: Artifact) => ({ seed: a.seed, rows: a.rows.concat(b.rows) }),
      decide(_, { seed, rows }: Artifact, options) {
        const groups = groupsOf(rows)
        const weights = Object.entries(options.into).sort(([a], [b]) => (a < b ? -1 : 1))
        const each: [string, string][] = []
        for (const [id, group] of groups) each.push([id, pick(weights, unit(seed, group))])
        return { each, groups: new Set(groups.values()).size }
      },
      combine: (parts: { each: [string, string][]; groups: number }[]) => {
        const each = new Map(parts.flatMap(part => part.each))
        const sizes: { [name: string]: number } = {}
        for (const name of each.values()) sizes[name] = (sizes[name] ?? 0) + 1
        const told = Object.entries(sizes).sort(([a], [b]) => (a < b ? -1 : 1))
        const groups = parts.reduce((sum, part) => sum + part.groups, 0)
        const rows = told.map(([name, n]) => `${name} ${n} rows`).join(', ')
        return { each, notes: each.size > 0 ? [`${rows}; ${groups} groups of related rows, each kept whole`] : [] }
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
