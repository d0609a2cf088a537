import { z } from 'zod'
import { type Id, type Json, type Rec, unit } from '../records/index.ts'
import { defineFilter, defineGlobal, type Primitive } from '../steps/index.ts'

/** Where waves come together. */
export const gather = defineFilter({
  verb: 'gather',
  about: 'Lets everything through: where the waves of a step come together.',
  version: 1,
  options: z.strictObject({}),
  takes: ['prompt', 'conversation'],
  gives: 'same',
  reasons: [],
  test: () => ({ is: 'passed' }),
})

type Counted = { drawn: [number, Id][]; seeds: number; kept: number; asked: number }

/**
 * What a wave asks with: as many records as it takes to reach the target at the yield of the waves before, drawn by
 * hash, and never more than the seeds allow. Side inputs: `kept`, what earlier waves gave, and `asked`, what they asked with.
 */
export const enough = defineGlobal({
  verb: 'enough',
  about: 'Lets as many records through as a wave needs to reach the target, and none once it is met.',
  version: 1,
  options: z.strictObject({
    target: z.int().min(1).describe('Records that all waves together should give'),
    each: z.int().min(1).describe('Records that one call is asked for'),
    calls: z.int().min(1).describe('Calls at most for each seed'),
    grown: z
      .string()
      .describe('Keys of the steps that make records of the waves begin so; all other records are seeds'),
  }),
  takes: ['prompt'],
  gives: 'same',
  reasons: ['target-met', 'not-needed'],
  passes: [
    {
      survey(records, { grown }, { side, seed }): Map<number, Counted> {
        const all = [...records]
        const ids = all.map(record => record.id)
        const count = (name: string) => (side === name ? ids.length : 0)
        const drawn = side === undefined ? ids.map((id): [number, Id] => [unit(seed, id), id]) : []
        const seeds = side === undefined ? all.length - all.filter(hasGrown(grown)).length : 0
        return new Map([[0, { drawn, seeds, kept: count('kept'), asked: count('asked') }]])
      },
      merge: (a: Counted, b: Counted) => ({
        drawn: a.drawn.concat(b.drawn),
        seeds: a.seeds + b.seeds,
        kept: a.kept + b.kept,
        asked: a.asked + b.asked,
      }),
      decide(_, { drawn, seeds, kept, asked }: Counted, { target, each, calls: most }) {
        // A wave that gave almost nothing says little about the next one.
        const share = asked === 0 ? 1 : Math.max(0.05, kept / (asked * each))
        const calls = Math.min(most * seeds, Math.ceil((target - kept) / (each * share)))
        const order = drawn.sort(([a, x], [b, y]) => a - b || (x < y ? -1 : 1))
        return { met: kept >= target, ids: order.slice(0, Math.max(0, calls)).map(([, id]) => id) }
      },
      combine: (parts: { met: boolean; ids: Id[] }[]) => ({
        shared: parts.some(part => part.met),
        each: new Map<Id, Json>(parts.flatMap(({ ids }) => ids.map(id => [id, true]))),
      }),
    },
  ],
  apply: (_, needed, met) => (needed ? { is: 'passed' } : { is: 'dropped', reason: met ? 'target-met' : 'not-needed' }),
})

/** Of records and what a wave made of them the newest: the input of the next wave, which tries again what failed. */
export const newest = defineGlobal({
  verb: 'newest',
  about: 'Of records and what was made of them keeps the newest: what is new, and what nothing came of.',
  version: 1,
  options: z.strictObject({
    grown: z.string().describe('Keys of the steps that made records of others begin so; all other records came in'),
  }),
  takes: ['prompt', 'conversation'],
  gives: 'same',
  reasons: ['evolved'],
  passes: [
    {
      // What came in may have been made of something that came in as well, and replaces nothing.
      survey: (records, { grown }): Map<number, Id[]> =>
        new Map([[0, [...records].filter(hasGrown(grown)).flatMap(subjectsOf)]]),
      merge: (a: Id[], b: Id[]) => a.concat(b),
      decide: (_, ids: Id[]) => ids,
      combine: (parts: Id[][]) => ({ each: new Map<Id, Json>(parts.flat().map(id => [id, true])) }),
    },
  ],
  apply: (_, evolved) => (evolved ? { is: 'dropped', reason: 'evolved' } : { is: 'passed' }),
})

/** Whether a step whose key begins so made a record. */
const hasGrown =
  (grown: string) =>
  ({ lineage }: Rec): boolean =>
    lineage.made?.step.startsWith(grown) ?? false

const subjectsOf = ({ lineage }: Rec): Id[] =>
  lineage.parents.flatMap(({ id, role }) => (role === 'subject' ? [id] : []))

/**
 * A step that rewrites its own output, unrolled: `w1` works on what comes in, each further one on the newest of all. The
 * last primitive is what came in and every round (`all`), or the newest alone.
 */
export function rounds(
  key: string,
  waves: number,
  keep: 'all' | 'last',
  rewrite: (wave: number) => Pick<Primitive, 'step' | 'options'>,
): Primitive[] {
  const names = Array.from({ length: waves }, (_, i) => `w${i + 1}`)
  const steps = names.flatMap((name, i): Primitive[] => {
    const from = i === 0 ? '$in' : `${names[i - 1]}-newest`
    const last = i === waves - 1
    const next = { as: last ? '' : `${name}-newest`, step: newest, options: { grown: `${key}.w` }, from: [from, name] }
    return [{ as: name, ...rewrite(i + 1), from: [from] }, ...(last && keep === 'all' ? [] : [next])]
  })
  return keep === 'last' ? steps : [...steps, { as: '', step: gather, options: {}, from: ['$in', ...names] }]
}
