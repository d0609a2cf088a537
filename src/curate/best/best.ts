import { z } from 'zod'
import { type Id, type Kind, kinds } from '../../records/index.ts'
import { defineGroup, type GroupStep, type Verdict } from '../../steps/index.ts'
import { scoreOf } from '../content.ts'
import { drawn, groupOption } from '../family.ts'

const options = z.strictObject({
  by: z.string().describe('Stored score, written as <step key>/<aspect>, such as judge/overall'),
  keep: z.int().min(1).default(1).describe('How many of each family stay'),
  group: groupOption,
})
type Options = z.output<typeof options>

/**
 * Best of n (Stiennon et al. 2020; Nakano et al. 2021): of the answers to one prompt, those with the highest stored score,
 * whoever gave it. Of equal scores the answer that was drawn first stays.
 */
export const best: GroupStep<Options> = defineGroup<Options, Kind, Kind>({
  verb: 'best',
  about: 'Keeps the best of the records made from one record, by a stored score.',
  version: 1,
  options,
  takes: kinds,
  gives: 'same',
  reasons: ['not-best', 'unscored'],
  needs: { scores: ['by'] },
  source: 'https://arxiv.org/abs/2009.01325',
  group: ({ group }) => group,
  async run(records, { options: { by, keep } }) {
    const each = new Map<Id, Verdict>()
    const scored = drawn(records).flatMap(record => {
      const value = scoreOf(record, by)
      if (value !== undefined) return [{ id: record.id, value }]
      each.set(record.id, { is: 'dropped', reason: 'unscored', evidence: { by } })
      return []
    })
    // Stable: of equal scores the order of the draws is kept.
    scored.sort((a, b) => b.value - a.value)
    scored.forEach(({ id, value }, place) => {
      const evidence = { by, value, best: scored[0]!.id, of: scored.length }
      each.set(id, place < keep ? { is: 'passed' } : { is: 'dropped', reason: 'not-best', evidence })
    })
    return { each }
  },
})
