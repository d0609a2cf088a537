import type { Facts, RowFacts } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'

/** Least share of real rows. */
const least = 0.1

const wayOut = 'Keep real rows in the set with `mix: { with: <real rows>, real: 10% }` or `accumulate`.'
const percent = (share: number) => `${(100 * share).toFixed(1)} %`

/** How often a model was trained on synthetic text before the deepest rows. */
export const depthOf = (rows: Pick<RowFacts, 'depths'>): number =>
  Math.max(0, ...Object.entries(rows.depths).flatMap(([depth, n]) => (n > 0 ? [Number(depth)] : [])))

/**
 * Real rows stay in the set: a model that is trained again and again on model-written text alone loses what is rare
 * (Shumailov et al. 2024, Nature 631). A first distillation does not feed back yet, and is only warned of.
 */
export const realRows = defineGate({
  id: 'real-rows',
  level: 'critical',
  about: 'A tenth of the rows at least is real; they do not go when a set is made anew.',
  uses: ['fine-tuning', 'edge-cases'],
  data: judge,
})

function judge({ use, rows, previous }: Facts): GateResult | undefined {
  // Nothing is trained on an exam, and a substitute for personal rows holds none of them.
  if (!rows || rows.rows === 0 || use === 'eval-set' || use === 'privacy') return undefined
  const share = rows.real / rows.rows
  const depth = depthOf(rows)
  const evidence = { rows: rows.rows, real: rows.real, share, least, depths: rows.depths, previous: previous ?? null }
  const counted = `${rows.real} of ${rows.rows} rows are real (${percent(share)})`
  if (previous && previous.real > 0 && rows.real === 0) {
    const why = `Version ${previous.version} had ${previous.real} real rows, and none is left.`
    return { is: 'block', evidence, why, wayOut }
  }
  if (share >= least || depth === 0) return { is: 'pass', evidence, why: `${counted}.` }
  if (depth >= 2) {
    const why = `${counted}, and the others come after ${depth} trainings on synthetic text: rare things are lost from one to the next.`
    return { is: 'block', evidence, why, wayOut }
  }
  return { is: 'warn', evidence, why: `${counted}. It is a first distillation, which loses nothing yet.`, wayOut }
}
