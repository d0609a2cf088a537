import { z } from 'zod'
import type { Id } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'

export const lengthShape = {
  most: z
    .number()
    .min(0.5)
    .max(1)
    .default(0.55)
    .describe('For length: balanced, the largest share of pairs whose longer answer is on one and the same side'),
}
const options = z.strictObject(lengthShape)
type Options = z.output<typeof options>
/** A pair by the logarithm of how many times longer its chosen answer is. */
export type Entry = [id: Id, ratio: number]

/**
 * The pairs to drop so that neither the chosen nor the rejected answer is the longer one in more than a share of them.
 * Those go first whose lengths differ most, since there the length explains the preference best; ties by id.
 */
export function overlong(entries: readonly Entry[], most: number): Entry[] {
  const longer = entries.filter(([, ratio]) => ratio > 0)
  const shorter = entries.filter(([, ratio]) => ratio < 0)
  const side = longer.length >= shorter.length ? longer : shorter
  const others = entries.length - side.length
  const stay = most >= 1 ? side.length : Math.floor((most * others) / (1 - most) + 1e-9)
  return side
    .toSorted((a, b) => Math.abs(b[1]) - Math.abs(a[1]) || (a[0] < b[0] ? -1 : 1))
    .slice(0, Math.max(0, side.length - stay))
}

const percent = (part: number, of: number) => `${((100 * part) / Math.max(1, of)).toFixed(1)} %`

/** Takes the length out of a set of pairs as far as a share can tell. */
export const balanceLengths: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'balance-lengths',
  about: 'Drops the pairs of the most unequal length until the chosen answer is not systematically the longer one.',
  version: 1,
  options,
  takes: ['preference'],
  gives: 'same',
  reasons: ['length-balance'],
  source: 'Singhal et al. 2023, arXiv 2310.03716',
  passes: [
    {
      survey(records) {
        const entries: Entry[] = []
        for (const { id, facets } of records)
          entries.push([id, Math.log((Number(facets.chosenTokens) + 1) / (Number(facets.rejectedTokens) + 1))])
        return new Map([[0, entries]])
      },
      merge: (a: Entry[], b: Entry[]) => a.concat(b),
      decide(_, entries: Entry[], { most }) {
        const gone = overlong(entries, most)
        const longer = entries.filter(([, ratio]) => ratio > 0).length
        const left = longer - gone.filter(([, ratio]) => ratio > 0).length
        return {
          gone,
          note: `the chosen answer was the longer one in ${percent(longer, entries.length)} of ${entries.length} pairs, and is in ${percent(left, entries.length - gone.length)} of the ${entries.length - gone.length} that stay`,
        }
      },
      combine: (parts: { gone: Entry[]; note: string }[]) => ({
        each: new Map(parts.flatMap(part => part.gone)),
        notes: parts.map(part => part.note),
      }),
    },
  ],
  apply: (_, ratio) =>
    ratio === undefined ? { is: 'passed' } : { is: 'dropped', reason: 'length-balance', evidence: { logRatio: ratio } },
})
