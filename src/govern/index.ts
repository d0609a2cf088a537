/** Rules with evidence: gates, teachers' terms and licenses. It decides; it never calls, reads rows or writes releases. */

export { type Acceptance, readAcceptances, writeAcceptance } from './acceptance.ts'
export { baseModel } from './base-model-gate.ts'
export { builtinGates, gateIds } from './builtin-gates.ts'
export { type Fate, type Kinship, kinship } from './descendants.ts'
export type {
  AuditFacts,
  Facts,
  Measured,
  Previous,
  Purpose,
  RowFacts,
  SourceStanding,
  StepFacts,
  TeacherFacts,
  TrainingFacts,
  Use,
} from './facts.ts'
export {
  blocking,
  defineGate,
  evaluateGates,
  type Gate,
  type GateReport,
  type GateResult,
  type Overrides,
} from './gate.ts'
export {
  classOf,
  type Ground,
  type Objection,
  type Strength,
  standing,
  strengths,
} from './lattice.ts'
export { alternatives, baseLicense, duties, type License, modelLicense, normaliseLicense } from './license.ts'
export {
  type Asked,
  type Decision,
  decide,
  type Material,
  materials,
  matrix,
  type Pace,
  paces,
  requiredGates,
  retrieveInstead,
  type Strategy,
  strategies,
  useFor,
  type Way,
} from './strategy.ts'
export {
  acceptCommand,
  type Route,
  register,
  type Sure,
  type TermsEntry,
  type TermsVerdict,
  termsVerdict,
} from './terms.ts'
