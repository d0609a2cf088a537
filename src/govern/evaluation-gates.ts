import type { Facts } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'

/** Edge cases are checked against real ones that nobody was shown: that they are rare does not make them real. */
export const edgeCases = defineGate({
  id: 'edge-cases',
  level: 'critical',
  about: 'New edge cases were compared with real ones that were held out.',
  uses: ['edge-cases'],
  plan: matched,
  data: matched,
})

function matched({ use, steps }: Facts): GateResult | undefined {
  if (use !== 'edge-cases') return undefined
  const checks = steps.filter(({ verb }) => verb === 'compare-cases')
  const cuts = steps.filter(({ verb }) => verb === 'cut-cases')
  const evidence = [...checks, ...cuts].map(({ key, counts, notes }) => ({
    step: key,
    in: counts?.in ?? null,
    dropped: counts?.dropped ?? null,
    told: notes ?? null,
  }))
  const wayOut = 'Hold real queries out with `holdout` and write with `edge-cases: { held: <step> }`.'
  if (checks.length === 0 || cuts.length === 0) {
    return { is: 'block', evidence, why: 'No step compares the new cases with real ones that were held out.', wayOut }
  }
  if (!cuts.some(({ counts }) => counts)) {
    return {
      is: 'pass',
      evidence,
      why: 'New cases are compared with held-out real ones; how many pass is known after the run.',
    }
  }
  const seen = checks.reduce((n, { counts }) => n + (counts?.in ?? 0), 0)
  const passed = cuts.reduce((n, { counts }) => n + (counts?.passed ?? 0), 0)
  const told = checks.flatMap(({ notes = [] }) => notes)
  if (seen === 0) return { is: 'unknown', evidence, why: 'No new case was compared, so nothing is shown.', wayOut }
  if (passed === 0)
    return { is: 'block', evidence, why: `None of ${seen} new cases is like a held-out real one.`, wayOut }
  return {
    is: 'pass',
    evidence,
    why: [`${passed} of ${seen} new cases are near enough to real ones.`, ...told].join(' '),
  }
}

/** What a model is judged by is older than what it learns from, or it is made to fit. */
export const examFirst = defineGate({
  id: 'exam-first',
  level: 'required',
  about: 'The exam, and what the base model scores on it, are older than the training data.',
  uses: ['fine-tuning', 'edge-cases'],
  plan: judge,
  data: judge,
})

function judge({ use, release, exam, baseline, sources }: Facts): GateResult | undefined {
  if (!sources || !release || (use !== 'fine-tuning' && use !== 'edge-cases')) return undefined
  const parts = [
    { field: 'evaluation.exam', given: exam },
    { field: 'evaluation.baseline', given: baseline },
  ]
  const evidence = { date: release.date, exam: exam ?? null, baseline: baseline ?? null }
  const absent = parts.filter(({ given }) => given === undefined).map(({ field }) => `\`${field}\``)
  const undated = parts.flatMap(({ given }) => (given && given.date === undefined ? [given.name] : []))
  const late = parts.flatMap(({ given }) => (given?.date !== undefined && given.date >= release.date ? [given] : []))
  if (late.length > 0) {
    const why = late.map(({ name, date }) => `${name} is of ${date}, this release of ${release.date}.`).join(' ')
    return {
      is: 'block',
      evidence,
      why,
      wayOut:
        'Release the exam and measure the base model first, and give `release.date` of the training data a later day than both.',
    }
  }
  if (absent.length > 0 || undated.length > 0) {
    const why = [
      ...(absent.length > 0 ? [`${absent.join(' and ')} ${absent.length > 1 ? 'are' : 'is'} absent.`] : []),
      ...undated.map(name => `${name} has no date.`),
    ].join(' ')
    const wayOut = 'Write `evaluation: { exam: <folder of a release>, baseline: <file with a date> }`.'
    return { is: 'unknown', evidence, why, wayOut }
  }
  return {
    is: 'pass',
    evidence,
    why: `Exam of ${exam!.date}, baseline of ${baseline!.date}, release of ${release.date}.`,
  }
}
