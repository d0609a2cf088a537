import type { Json } from '../records/index.ts'
import type { Facts, StepFacts } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'

const wayOut =
  'Add `privacy: { training: <source>, holdout: <source> }` behind the last step that makes rows, with real rows that nothing was made from.'
const isCheck = (step: StepFacts) => step.verb === 'privacy'

/** Made rows were compared with those they were made from and with a holdout, and no sign of copying was found. */
export const privacyChecked = defineGate({
  id: 'privacy',
  level: 'critical',
  about: 'Made rows were compared with those they were made from and with a holdout: no copying signal found.',
  uses: ['privacy'],
  plan: judge,
  data: judge,
})

function judge(facts: Facts): GateResult | undefined {
  const checks = facts.steps.filter(isCheck)
  const evidence: Json = checks.map(({ key, options, found }) => ({
    ...{ step: key, training: options.training ?? null, holdout: options.holdout ?? null },
    ...(found ? { verdict: found.verdict ?? null, because: found.because ?? null, rows: found.rows ?? null } : {}),
  }))
  const last = checks.at(-1)
  if (!last) {
    if (facts.use !== 'privacy') return undefined
    return { is: 'block', evidence, why: 'No step looks for copies of the rows that these were made from.', wayOut }
  }
  if (last.options.holdout === undefined) {
    return { is: 'block', evidence, why: `${last.key} has no holdout, without which copying cannot be told.`, wayOut }
  }
  const later = facts.steps.slice(facts.steps.indexOf(last) + 1).filter(step => !step.aside)
  const wrote = later.filter(step => step.joins || (step.counts?.made ?? 0) + (step.rewritten ?? 0) > 0)
  if (wrote.length > 0) {
    const why = `Rows came after the check, by ${wrote.map(step => step.key).join(', ')}, and were never compared.`
    return { is: 'block', evidence, why, wayOut }
  }
  if (!last.counts)
    return { is: 'pass', evidence, why: 'The recipe looks for copies; what it finds is known after the run.' }
  if (!last.found) return { is: 'unknown', evidence, why: `${last.key} received no rows, so it shows nothing.`, wayOut }
  const because = (last.found.because as string[] | undefined) ?? []
  if (last.found.verdict === 'copying signal found') {
    const out =
      'Make fewer rows of a coarser model, or with differential privacy (`mst`); nearer rows must not be taken out one by one.'
    return { is: 'block', evidence, why: `Copying signal found: ${because.slice(0, 3).join('; ')}.`, wayOut: out }
  }
  if (last.found.verdict !== 'no copying signal found') {
    return { is: 'unknown', evidence, why: `It cannot be told: ${because.join('; ')}.`, wayOut }
  }
  return { is: because.length > 0 ? 'warn' : 'pass', evidence, why: ['No copying signal found', ...because].join('; ') }
}
