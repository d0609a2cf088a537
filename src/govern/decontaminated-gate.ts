import type { Facts, StepFacts } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'

const wayOut =
  'Add `decontaminate: { against: [...] }` as the last step that changes text, or override this gate with a written reason.'
const total = (table: { [reason: string]: number }) => Object.values(table).reduce((a, b) => a + b, 0)
const isCheck = (step: StepFacts) => /^decontaminate\b/.test(step.verb)

/** The rows of the release were compared with evaluation sets, after the last step that wrote or brought in any of them. */
export const decontaminated = defineGate({
  id: 'decontaminated',
  level: 'critical',
  about: 'Rows that overlap with evaluation sets were looked for and removed.',
  uses: ['fine-tuning'],
  plan: judge,
  data: judge,
})

function judge(facts: Facts): GateResult {
  const checks = facts.steps.filter(isCheck)
  const evidence = checks.map(step => ({
    step: step.key,
    against: step.options.against ?? null,
    compared: step.counts?.in ?? null,
    hits: step.counts ? total(step.counts.dropped) : null,
    reasons: step.counts?.dropped ?? null,
  }))
  if (checks.length === 0)
    return { is: 'block', evidence, why: 'No step compares the rows with evaluation sets.', wayOut }
  const last = facts.steps.findLastIndex(isCheck)
  const later = facts.steps.slice(last + 1).filter(step => !step.aside)
  const names = (steps: StepFacts[]) => steps.map(step => step.key).join(', ')
  const wrote = later.filter(step => (step.counts?.made ?? 0) + (step.rewritten ?? 0) > 0)
  if (wrote.length > 0) {
    const why = `Text was written after the check, by ${names(wrote)}, and never compared.`
    return { is: 'block', evidence, why, wayOut }
  }
  const joined = later.filter(step => step.joins)
  if (joined.length > 0) {
    const why = `Rows joined after the check, at ${names(joined)}, and were never compared.`
    return { is: 'block', evidence, why, wayOut: `Put decontaminate after ${names(joined)}.` }
  }
  const compared = evidence.filter(check => check.compared !== null)
  if (compared.length === 0)
    return { is: 'pass', evidence, why: 'The recipe has a decontaminate step; its hits are known after the run.' }
  if (compared.every(check => check.compared === 0)) {
    return { is: 'unknown', evidence, why: 'The decontaminate step received no rows, so it shows nothing.', wayOut }
  }
  const rows = Math.max(...compared.map(check => check.compared ?? 0))
  const hits = compared.reduce((n, check) => n + (check.hits ?? 0), 0)
  return { is: 'pass', evidence, why: `${rows} rows compared, ${hits} removed for overlap.` }
}
