import { type Gate, requiredGates, type Use } from '../../govern/index.ts'
import { askedOf } from './asked.ts'
import { type Draft, feeding, licensesOf, realOnes } from './draft.ts'
import { verdictOf } from './teachers.ts'

/** How a gate stands in a recipe that is about to be written: met by it, told by a command after the run, or left to a person. */
export type GateNote = { id: string; stands: 'met' | 'after' | 'open'; how: string }

/** What satisfies each gate that may stop a release. */
export const satisfied: { readonly [gate: string]: string } = {
  terms: 'the terms of every teacher allow it, or: stillroom terms accept',
  licenses: 'every source names its license: license:',
  robots: 'pages were read where their sites allow it',
  'base-model': 'purpose.base names the model; its license is looked up',
  decontaminated: 'decontaminate is the last step that changes rows',
  'mirrored-exam': 'no source has the prompts of a benchmark',
  'other-family': 'evaluation.training names the data; another maker wrote it',
  'exam-first': 'evaluation: names an exam and a baseline, both older',
  seeded: 'real queries or logs stand behind the rows (like:, from-queries)',
  'real-rows': 'a tenth of the rows is real: mix: { with: .., real: 10% }',
  accumulated: 'a later version keeps the rows of this one',
  'edge-cases': 'new cases are compared with real ones that were held out',
  privacy: 'the step privacy finds no copies, with a holdout',
  canaries: 'planted canaries do not come out again',
  'near-duplicates': 'fewer than 2 % near copies: dedupe',
  drift: 'rows differ from real ones no more than those do: stillroom report',
  bias: 'it was looked at who is spoken of: stillroom bias',
  'personal-data': 'the step personal-data looked for it',
  'residual-error': 'a sample was judged: stillroom audit',
}

/** Gates that have nothing to say of a first recipe over files. */
const silent = ['robots', 'mirrored-exam', 'accumulated', 'canaries']
const afterwards = ['privacy', 'drift', 'bias', 'residual-error', 'near-duplicates', 'real-rows']

export function gateNotes(draft: Draft, use: Use = draft.decision.use): GateNote[] {
  return requiredGates(use)
    .filter(({ id }) => !silent.includes(id))
    .map(gate => ({ id: gate.id, stands: standsOf(gate, draft, use), how: satisfied[gate.id] ?? gate.about }))
}

function standsOf({ id }: Gate, draft: Draft, use: Use): GateNote['stands'] {
  const { answers, decision } = draft
  const text = decision.way !== 'table'
  const met: { [gate: string]: boolean } = {
    terms: askedOf(draft).every(({ teacher }) => verdictOf(teacher, answers.purpose, []).verdict.startsWith('allowed')),
    licenses: feeding(draft).every(group => !licensesOf(group, answers).includes('unknown')),
    'base-model': answers.purpose.base !== undefined,
    decontaminated: use === 'fine-tuning',
    'exam-first': draft.exam?.is === 'release' && answers.baseline !== undefined,
    'edge-cases': true,
    'personal-data': text && decision.way !== 'exam-items',
    seeded: realOnes(draft, 'queries', 'conversations').length > 0 || !decision.way.startsWith('teach'),
  }
  if (afterwards.includes(id)) return 'after'
  return met[id] ? 'met' : 'open'
}
