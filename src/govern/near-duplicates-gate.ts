import { wilson } from '../measure/index.ts'
import type { Facts } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'

const percent = (share: number) => `${(100 * share).toFixed(1)} %`
/** Fewest rows that a share is read from. */
const enough = 100

/** Rows that repeat one another weigh twice, and stand in training and test alike. */
export const nearDuplicates = defineGate({
  id: 'near-duplicates',
  level: 'required',
  about: 'Fewer than 2 % of the rows are near copies of another, and fewer than 1 % of written documents.',
  uses: ['fine-tuning', 'eval-set', 'edge-cases'],
  data: judge,
})

function judge({ rows }: Facts): GateResult | undefined {
  if (!rows) return undefined
  const { rows: copies, of, textbook } = rows.copies
  const limit = textbook ? 0.01 : 0.02
  const share = of > 0 ? copies / of : 0
  const { low, high } = wilson(copies, of)
  const evidence = { copies, of, share, low, high, limit, method: 'runs of five words, Jaccard 0.8' }
  const counted = `${copies} of ${of} rows are near copies of an earlier one`
  const wayOut = 'Add `dedupe: { near: 0.8 }` behind the last step that writes.'
  if (of < enough) {
    return { is: 'unknown', evidence, why: `${counted}: an insufficient sample, fewer than ${enough} rows.` }
  }
  const range = `${percent(share)}, 95 % interval ${percent(low)} to ${percent(high)}; the limit is ${percent(limit)}`
  if (share < limit) return { is: 'pass', evidence, why: `${counted} (${range}).` }
  return { is: low >= limit ? 'block' : 'warn', evidence, why: `${counted} (${range}).`, wayOut }
}
