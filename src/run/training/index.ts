/**
 * A training between a release and a model: proposed, written into its folder, and run there, with trainers, merges and servers
 * as processes of their own.
 */
export { curveOf, type PhaseName, type TellTraining, type TrainingEvent, type WhichModel } from './events.ts'
export type { EvaluateServed } from './measure.ts'
export { type ModelLineage, recordedModel } from './model.ts'
export {
  checkPrepared,
  type PhaseEstimate,
  type Prepared,
  prepareTraining,
  type Total,
  type TrainInput,
  type TrainRelease,
  type Warning,
} from './prepare.ts'
export { runTraining, type TrainingOptions, type TrainingResult } from './run-training.ts'
export type { Served } from './serve.ts'
export { placesIn, readState, readTraining, type State } from './state.ts'
export { type ExportRows, type TrainingPlan, type WrittenTraining, writeTraining } from './write.ts'
