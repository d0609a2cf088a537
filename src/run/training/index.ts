/** Runs what `train/` wrote: trainers, merges and servers as processes of their own, and what is told of them. */
export { curveOf, type PhaseName, type TellTraining, type TrainingEvent, type WhichModel } from './events.ts'
export type { EvaluateServed } from './measure.ts'
export type { ModelLineage } from './model.ts'
export {
  runTraining,
  type TrainingOptions,
  type TrainingResult,
} from './run-training.ts'
export type { Served } from './serve.ts'
export { placesIn, readState, readTraining, type State } from './state.ts'
