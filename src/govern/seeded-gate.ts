import type { Facts } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'

/** Synthetic rows go back to what people asked, logged or answered; documents alone say nothing of what is asked. */
export const seeded = defineGate({
  id: 'seeded',
  level: 'high',
  about: 'Synthetic rows go back to real queries, logs or feedback.',
  uses: ['fine-tuning', 'edge-cases', 'privacy'],
  plan: judgeSources,
  data: judgeRows,
})

const wayOut =
  'Give the steps that write real queries, logs or feedback, such as `ask: { like: queries }`, or override this gate with the reason why documents are enough.'

function judgeSources({ sources, writing }: Facts): GateResult | undefined {
  if (!sources || !writing || writing.length === 0) return undefined
  const real = sources.filter(({ origin }) => origin === 'real').map(({ name }) => name)
  if (real.length > 0) return { is: 'pass', evidence: { real }, why: `Real sources: ${real.join(', ')}.` }
  return { is: 'warn', evidence: { real }, why: 'No source is real: every row is invented.', wayOut }
}

function judgeRows({ rows, use }: Facts): GateResult | undefined {
  if (!rows) return undefined
  const { queries, documents, nothing } = rows.seeds
  const all = queries + documents + nothing
  const evidence = { synthetic: all, ...rows.seeds }
  if (all === 0) return { is: 'pass', evidence, why: 'No row is synthetic.' }
  if (queries === all)
    return { is: 'pass', evidence, why: `All ${all} synthetic rows go back to real queries, logs or rows.` }
  if (nothing === all && use !== 'fine-tuning') {
    const why = `None of ${all} synthetic rows goes back to anything real.`
    return { is: 'block', evidence, why, wayOut }
  }
  const parts = [
    ...(documents > 0 ? [`${documents} go back to real documents alone`] : []),
    ...(nothing > 0 ? [`${nothing} go back to nothing real`] : []),
  ]
  return { is: 'warn', evidence, why: `Of ${all} synthetic rows ${parts.join(', ')}.`, wayOut }
}
