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
export type { Adapter, Method, Phase, PhaseData, Settings, Trainer, Training, Written } from './phase.ts'
export {
  cutAt,
  type KindTraits,
  type Lengths,
  paddingWaste,
  type Traits,
  traitsOf,
} from './traits.ts'
