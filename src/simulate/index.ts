/** A local server that answers as a hosted model would: for tests, dry runs and fault drills, without key or network. */
export {
  type Simulator,
  type SimulatorEntry,
  type SimulatorFault,
  type SimulatorOptions,
  type SimulatorStats,
  startSimulator,
} from './start.ts'
