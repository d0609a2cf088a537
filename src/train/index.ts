/** Training: what trainers accept is written, advised on, estimated, and read back. It starts nothing. */

export {
  type Claim,
  type Departure,
  type Grade,
  type LeftOut,
  type Proposal,
  type Reason,
  reason,
  sources,
} from './advise/advice.ts'
export { chooseMethod, type Ground, isTuned, leftOut } from './advise/choose.ts'
export { claimsAbout } from './advise/claims.ts'
export { propose, type Stated } from './advise/propose.ts'
export { type Band, sumOf } from './estimate/band.ts'
export { type Estimate, estimate, estimateOn, type Fit, type Hardware, type Load } from './estimate/estimate.ts'
export { type Gpu, type GpuPrice, type GpuPrices, gpuNamed, gpuPrices, gpus, withPrices } from './estimate/gpus.ts'
export type { Memory } from './estimate/memory.ts'
export { type ModelShape, modelShape } from './estimate/model-shape.ts'
export type { Counter } from './export/length.ts'
export type { Placed } from './export/plan.ts'
export { exportReasons, type Reason as LeftOutReason } from './export/reasons.ts'
export { type Content, type Origin, type Reasoning, reasonings, type Target, type Type } from './export/target.ts'
export { targetNamed, targetNames, targets } from './export/targets.ts'
export { type Asked, type Exported, type TooLong, tooLongPolicies, writeExport } from './export/write.ts'
export { heldOutOf } from './held-out.ts'
export { canBeChecked, type Had, learntFrom } from './learnt.ts'
export {
  type Finding,
  type LintAsk,
  type Linted,
  lint,
  lintConfig,
  posted,
  type Severity,
  titleOf,
  versionOf,
} from './lint/index.ts'
export {
  type Best,
  bestOf,
  type Failure,
  type Figures,
  failureOf,
  joinPoints,
  lastFigures,
  lastLines,
  noTemplate,
  type Point,
  readFactoryLog,
  readOutput,
  readTold,
  readTrainerState,
  type Settled,
  series,
  settled,
  type Told,
  type TrainerState,
  trainingWarnings,
  type Warning,
} from './logs/index.ts'
export type { Adapter, Merge, Method, Phase, PhaseData, Settings, Trainer, Training, Written } from './phase.ts'
export {
  cutAt,
  type KindTraits,
  type Lengths,
  type Traits,
  traitsOf,
} from './traits.ts'
export { linked } from './write/hand-over.ts'
export { mergeOf } from './write/merge.ts'
export { readMe } from './write/read-me.ts'
export { shellWord } from './write/shell-word.ts'
export { checked, writePhase } from './write/write.ts'
