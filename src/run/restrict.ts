import { z } from 'zod'
import type { Plan } from '../recipe/index.ts'
import { type Id, kinds, sha256 } from '../records/index.ts'
import { defineFilter, defineGlobal, type Step } from '../steps/index.ts'

const limitRows = defineGlobal({
  verb: 'limit',
  about: 'Keeps the first n records by the hash of their id: the input of a limited run or a preview.',
  version: 1,
  options: z.strictObject({ n: z.int().min(1) }),
  takes: kinds,
  gives: 'same',
  reasons: ['over-limit'],
  passes: [
    {
      survey: (records, { n }) =>
        new Map([
          [
            0,
            lowest(
              [...records].map(r => r.id),
              n,
            ),
          ],
        ]),
      merge: (a: Id[], b: Id[]) => a.concat(b),
      decide: (_, ids: Id[], { n }) => lowest(ids, n),
      combine: (parts: Id[][]) => ({ each: new Map(parts.flat().map(id => [id, true])) }),
    },
  ],
  apply: (_, kept) => (kept ? { is: 'passed' } : { is: 'dropped', reason: 'over-limit' }),
})

function lowest(ids: Id[], n: number): Id[] {
  const hashed = ids.map(id => [sha256(id), id] as const)
  return hashed
    .sort((a, b) => (a[0] < b[0] ? -1 : 1))
    .slice(0, n)
    .map(([, id]) => id)
}

const leaveOut = defineFilter({
  verb: 'leave-out',
  about: 'Leaves named records out of a run: the roots whose replies nobody has paid for.',
  version: 1,
  options: z.strictObject({ ids: z.array(z.string()) }),
  takes: kinds,
  gives: 'same',
  reasons: ['unpaid'],
  test: (record, { ids }) => (within(ids, record.id) ? { is: 'dropped', reason: 'unpaid' } : { is: 'passed' }),
})

/** Membership in a sorted list: there may be as many ids as records. */
function within(ids: Id[], id: Id): boolean {
  let [low, high] = [0, ids.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (ids[middle]! < id) low = middle + 1
    else high = middle
  }
  return ids[low] === id
}

/** What stands in front of the first paid step when a run is restricted. Free steps see everything. */
export function restrictSteps(options: { limit?: number; drop?: Id[] }): { step: Step; options: unknown }[] {
  return [
    ...(options.drop?.length ? [{ step: leaveOut, options: { ids: [...options.drop].sort() } }] : []),
    ...(options.limit === undefined ? [] : [{ step: limitRows, options: { n: options.limit } }]),
  ]
}

/** In words for the card, what a plan lets through to its first paid step; undefined when that is everything. */
export function restrictionOf(plan: Plan): string | undefined {
  const options = plan.stages.flatMap(s =>
    s.nodes.filter(n => n.restricts).map(n => n.options as { ids?: Id[]; n?: number }),
  )
  const left = new Set(options.flatMap(o => o.ids ?? [])).size
  const limit = options.find(o => o.n !== undefined)?.n
  const parts = [
    ...(left > 0 ? [`${left} roots that still needed replies were left out`] : []),
    ...(limit === undefined ? [] : [`the first ${limit} records by the hash of their id reached the first paid step`]),
  ]
  return parts.length > 0 ? `${parts.join(', and ')}.` : undefined
}
