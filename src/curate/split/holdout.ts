import { z } from 'zod'
import { kinds, unit } from '../../records/index.ts'
import { defineGlobal, defineVerb, type GlobalStep, type Verb } from '../../steps/index.ts'
import { alone, groupsOf, type Tied, tieShape, ties } from './groups.ts'
import { root } from './split.ts'

const options = z.strictObject({
  share: z.number().gt(0).lt(1).default(0.1).describe('Share of the connected groups that is held out'),
  name: z
    .string()
    .default('holdout')
    .describe('Name of the holdout: steps with the same name and share divide alike, wherever they stand'),
  give: z
    .enum(['rest', 'held-out'])
    .default('rest')
    .describe('Which side goes on; the other side is dropped as `held-out` or `not-held-out`'),
  pieces: z
    .boolean()
    .default(false)
    .describe('Pieces of one document may lie on both sides: for a source that is a single document, cut by `chunk`'),
  ...tieShape,
})
type Options = z.output<typeof options>

/** Groups whose hash lies below the share. Of two or more at least one is held out, and at least one stays. */
function heldGroups(groups: ReadonlySet<string>, name: string, share: number): Set<string> {
  const at = (group: string) => unit('holdout', name, group)
  const held = new Set([...groups].filter(group => at(group) < share))
  if (groups.size > 1 && (held.size === 0 || held.size === groups.size)) {
    const order = [...groups].sort((a, b) => at(a) - at(b) || (a < b ? -1 : 1))
    if (held.size === 0) held.add(order[0]!)
    else held.delete(order.at(-1)!)
  }
  return held
}

export const holdOut: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'hold-out',
  about: 'Takes a share of the connected groups of rows out, or gives only these.',
  version: 2,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['held-out', 'not-held-out'],
  passes: [
    {
      survey(records, options) {
        const rows: Tied[] = []
        for (const record of records) rows.push(options.pieces ? alone(record, options) : ties(record, options))
        return new Map([[0, rows]])
      },
      merge: (a: Tied[], b: Tied[]) => a.concat(b),
      decide(_, rows: Tied[], { name, share }) {
        const groups = groupsOf(rows)
        const all = new Set(groups.values())
        const out = heldGroups(all, name, share)
        const held = [...groups].filter(([, group]) => out.has(group))
        return {
          held: held.map(([id]) => id),
          note: `${held.length} of ${rows.length} rows are held out: ${out.size} of ${all.size} connected groups`,
        }
      },
      combine: (parts: { held: string[]; note: string }[]) => ({
        each: new Map(parts.flatMap(({ held }) => held.map(id => [id, true]))),
        notes: parts.map(({ note }) => note),
      }),
    },
  ],
  apply(_, held, __, { give, name }) {
    if ((give === 'held-out') === (held === true)) return { is: 'passed' }
    return { is: 'dropped', reason: held ? 'held-out' : 'not-held-out', evidence: { holdout: name } }
  },
})

/**
 * Rows that nothing is generated from or trained on. Two steps of one name divide the same way, so that one branch of a
 * recipe goes on without the holdout and another makes exams of it; put it before the first step that asks a teacher.
 */
export const holdout: Verb<Options> = defineVerb<Options>({
  verb: 'holdout',
  about: 'Holds a share of the rows out of everything that follows, with all that is related to them.',
  options,
  takes: kinds,
  expand: options => [
    ...(options.pieces ? [] : [{ as: 'root', step: root, options: {} }]),
    { as: 'out', step: holdOut, options },
  ],
})
