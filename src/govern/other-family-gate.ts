import { familiesOf } from '../teachers/index.ts'
import type { Facts } from './facts.ts'
import { defineGate, type GateResult } from './gate.ts'

/** An exam that the maker of the training data wrote asks for what that maker teaches; one with the same roots was seen. */
export const otherFamily = defineGate({
  id: 'other-family',
  level: 'critical',
  about: 'No model of a family that wrote the training data wrote the evaluation set, and they share no source record.',
  uses: ['eval-set'],
  plan: judge,
  data: judge,
})

function judge({ use, rows, writing, training, teachers }: Facts): GateResult | undefined {
  if (use !== 'eval-set') return undefined
  if (!training) {
    return {
      is: 'unknown',
      evidence: null,
      why: 'Which data trains the model that this set judges is not said: `evaluation.training` is absent.',
      wayOut: 'Write `evaluation: { training: <folder of a release, or a recipe> }`.',
    }
  }
  const ruled = new Set(teachers.filter(({ languageModel }) => !languageModel).map(({ id }) => id))
  const writers = (rows?.writers ?? writing ?? []).filter(id => !ruled.has(id))
  const own = [...new Set(writers.flatMap(familiesOf))].sort()
  const both = own.filter(family => training.families.includes(family))
  const evidence = { training, writers, families: own, both, shared: rows?.shared ?? null }
  if (both.length > 0) {
    const why = `Models of ${both.join(', ')} wrote both this set and ${training.name}.`
    return { is: 'block', evidence, why, wayOut: 'Have the set written by a teacher of another family.' }
  }
  if (rows?.shared) {
    const why = `${rows.shared} rows share a source record with ${training.name}: the model may have seen what they ask.`
    return { is: 'block', evidence, why, wayOut: 'Set records apart for the evaluation before anything is written.' }
  }
  const families = own.length > 0 ? `written by ${own.join(', ')}` : 'written by no model'
  const theirs = training.families.join(', ') || 'no model'
  if (!training.byRow && training.files.length > 0) {
    return {
      is: 'unknown',
      evidence,
      why: `Both read ${training.files.join(', ')}; which records each of them took is known from a release alone.`,
      wayOut: 'Name the release in `evaluation.training`.',
    }
  }
  const shared = training.byRow && rows ? 'no source record is shared' : 'no source file is shared'
  return { is: 'pass', evidence, why: `The set is ${families}, ${training.name} by ${theirs}; ${shared}.` }
}
