import type { Json } from '../records/index.ts'
import type { Facts } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'

const wayOut = 'Add `canary-check: { planted: <the step canaries> }` behind the last step that makes rows.'

/** Planted secrets, and rows made of those that hold them, stay out of a release. Says nothing where none was planted. */
export const canaries = defineGate({
  id: 'canaries',
  level: 'critical',
  about:
    'Planted canaries, and rows made of what holds them, were taken out behind the last step that makes rows; none came out again.',
  uses: ['fine-tuning', 'eval-set', 'edge-cases', 'privacy'],
  plan: judge,
  data: judge,
})

function judge(facts: Facts): GateResult | undefined {
  const planting = facts.steps.filter(({ verb, aside }) => verb === 'canaries-join' && !aside)
  const left = facts.rows?.canaries ?? 0
  if (planting.length === 0 && left === 0) return undefined
  const checks = facts.steps.filter(({ verb, aside }) => verb === 'canary-check' && !aside)
  const evidence: Json = {
    planted: planting.map(({ key }) => key),
    ...(facts.rows ? { rows: left } : {}),
    checks: checks.map(({ key, options, found }) => ({ step: key, of: options.planted ?? null, ...found })),
  }
  if (left > 0) {
    return { is: 'block', evidence, why: `${left} rows hold a canary or were made of one that does.`, wayOut }
  }
  for (const { key } of planting) {
    const check = checks.findLast(({ options }) => [key, `${key}.plant`].includes(String(options.planted)))
    if (!check) return { is: 'block', evidence, why: `No step takes the canaries of ${key} out.`, wayOut }
    const later = facts.steps.slice(facts.steps.indexOf(check) + 1).filter(({ aside }) => !aside)
    const wrote = later.filter(step => step.joins || (step.counts?.made ?? 0) + (step.rewritten ?? 0) > 0)
    if (wrote.length > 0) {
      const why = `Rows came after ${check.key}, by ${wrote.map(step => step.key).join(', ')}, and were never looked at.`
      return { is: 'block', evidence, why, wayOut }
    }
  }
  const told = checks.flatMap(({ found }) => (found ? [String(found.why)] : []))
  if (told.length === 0) {
    const ran = checks.some(({ counts }) => counts)
    const why = ran
      ? 'What came out is told when the rows are released.'
      : 'The recipe takes its canaries out again; what came out is told after the run.'
    return { is: ran ? 'unknown' : 'pass', evidence, why }
  }
  const why = `Canaries: ${told.join('; ')}.`
  if (checks.every(({ found }) => found?.found === 0)) {
    const few = checks.some(({ found }) => found?.grade === 'insufficient sample')
    return { is: few ? 'unknown' : 'pass', evidence, why }
  }
  const out =
    'What the teacher was shown comes out word for word: replace personal data first (`personal-data`), or show it less.'
  // Rows that repeat one were dropped; where texts stand in for those of people, the others are not to be trusted either.
  return { is: facts.use === 'privacy' ? 'block' : 'warn', evidence, why, wayOut: out }
}
