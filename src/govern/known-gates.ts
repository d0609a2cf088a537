import type { Facts, Measured } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'

/** What the newest measurement of a kind says; `command` is what would take one. */
function measured(facts: Facts, kind: string, command: string): GateResult | undefined {
  if (!facts.measured) return undefined
  const found = facts.measured.filter(one => one.kind === kind)
  if (found.length === 0) {
    const why = `No ${kind} of exactly these rows was measured.`
    return { is: 'unknown', evidence: null, why, wayOut: `Run \`${command}\` and release again.` }
  }
  const order: readonly Measured['is'][] = ['block', 'warn', 'insufficient', 'pass']
  const worst = order.map(is => found.find(one => one.is === is)).find(one => one !== undefined)!
  const is = worst.is === 'insufficient' ? 'unknown' : worst.is
  const evidence = found.map(({ statement, sha256, is }) => ({ statement, sha256, is }))
  return { is, evidence, why: worst.statement, ...(is === 'pass' ? {} : { wayOut: `See what \`${command}\` tells.` }) }
}

export const drift = defineGate({
  id: 'drift',
  level: 'high',
  about: 'The rows differ from real ones no more than real ones differ from one another.',
  uses: ['fine-tuning'],
  data: facts => measured(facts, 'drift', 'stillroom report'),
})

export const bias = defineGate({
  id: 'bias',
  level: 'required',
  about: 'Who is spoken of, in which words, and whom the filters drop was looked at.',
  uses: ['fine-tuning', 'eval-set', 'edge-cases', 'privacy'],
  data: facts => measured(facts, 'bias', 'stillroom bias'),
})

/** How wrong may the set be? Known when somebody looked at a sample of exactly these rows. */
export const residualError = defineGate({
  id: 'residual-error',
  level: 'required',
  about: 'How many rows are wrong was estimated on a sample.',
  uses: ['fine-tuning', 'eval-set', 'edge-cases'],
  data({ audits }) {
    if (!audits) return undefined
    const evidence = audits.map(({ statement, sha256, most }) => ({ statement, sha256, most: most ?? null }))
    if (audits.length === 0) {
      const why = 'No audit of exactly these rows was made.'
      return {
        is: 'unknown',
        evidence,
        why,
        wayOut: 'Run `stillroom audit`, judge the rows it draws, and release again.',
      }
    }
    const most = Math.min(...audits.map(audit => audit.most ?? 1))
    const why = audits.map(({ statement }) => statement).join(' ')
    if (audits.every(audit => audit.most === undefined)) {
      const wayOut = 'Give the judge rows of known truth with `--gold`, or have people judge.'
      return { is: 'unknown', evidence, why, wayOut }
    }
    const wayOut = 'Drop what the audit found wrong and what is like it, or draw more rows.'
    // More rows are wrong than right, and that is sure.
    if (audits.some(({ least = 0 }) => least > 0.5)) return { is: 'block', evidence, why, wayOut }
    return most > 0.2 ? { is: 'warn', evidence, why, wayOut } : { is: 'pass', evidence, why }
  },
})

const judges = /^judge\b|^(self-)?reward|-marks?$/

/** A judge that was never held to known truth says how it likes rows, not how good they are. */
export const judgeCalibrated = defineGate({
  id: 'judge-calibrated',
  level: 'recommended',
  about: 'The judge was compared with rows of known truth.',
  uses: ['fine-tuning', 'eval-set', 'edge-cases'],
  data({ steps, audits }) {
    const judging = steps.filter(({ verb, aside }) => judges.test(verb) && !aside && !verb.endsWith('cut'))
    if (!audits || judging.length === 0) return undefined
    const notes = steps.flatMap(({ key, notes = [] }) =>
      notes.filter(note => /\b(calibrat|kappa|known truth)/i.test(note)).map(note => `${key}: ${note}`),
    )
    const known = audits.flatMap(({ statement, known = 0 }) => (known > 0 ? [statement] : []))
    const evidence = { judges: judging.map(({ key }) => key), notes, audits: known }
    const why = [...notes, ...known].join(' ')
    if (why) return { is: 'pass', evidence, why }
    return {
      is: 'unknown',
      evidence,
      why: `How often ${judging.map(({ key }) => key).join(', ')} errs is not known.`,
      wayOut: 'Audit with a judge and rows of known truth: `stillroom audit --teacher <judge> --gold <file>`.',
    }
  },
})

/** Personal data: it was looked for, and the card says how well that is known to work. */
export const personalData = defineGate({
  id: 'personal-data',
  level: 'required',
  about: 'Personal data was looked for, by means whose accuracy is known.',
  uses: ['fine-tuning', 'eval-set', 'edge-cases', 'privacy'],
  plan: lookedFor,
  data: lookedFor,
})

function lookedFor({ steps, purpose, rows, sources }: Facts): GateResult | undefined {
  if (!rows && !sources) return undefined
  const found = steps.filter(({ report, aside }) => report?.title === 'Personal data' && !aside)
  const evidence = found.map(({ key, counts }) => ({
    step: key,
    rows: counts?.in ?? null,
    repairs: counts?.repairs ?? null,
  }))
  if (found.length > 0) {
    const keys = found.map(({ key }) => key).join(', ')
    return { is: 'pass', evidence, why: `Looked for by ${keys}; the card tells the accuracy of each means.` }
  }
  const why = 'Personal data was not looked for.'
  const wayOut = 'Add `personal-data` before the first step that asks a teacher.'
  return { is: purpose.regulated ? 'block' : 'unknown', evidence, why, wayOut }
}
