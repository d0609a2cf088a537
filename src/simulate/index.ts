/** A local server that answers as a hosted model would: for tests, dry runs and fault drills, without key or network. */
export { readAnswers, type SimulatorAnswer } from './answers.ts'
export { type Drill, readDrill } from './drill.ts'
export type { SimulatorBill, SimulatorEntry, SimulatorStats } from './ledger.ts'
export type {
  SimulatorBatchFate,
  SimulatorCapacity,
  SimulatorFault,
  SimulatorFaultRule,
  SimulatorLimits,
  SimulatorOptions,
  SimulatorPrices,
} from './options.ts'
export { type Simulator, startSimulator } from './start.ts'
