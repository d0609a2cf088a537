/** What trainers tell of themselves, read and judged: figures, whether the loss has settled, warnings, failures. Pure. */
export { type Failure, failureOf, lastLines, noTemplate } from './failure.ts'
export { type Figures, joinPoints, lastFigures, type Point, series } from './point.ts'
export { figuresIn, readOutput } from './read-output.ts'
export { readFactoryLog, readTold, readTrainerState, type Told, type TrainerState } from './read-state.ts'
export { type Best, bestOf, type Settled, settled } from './settle.ts'
export { trainingWarnings, type Warning } from './warnings.ts'
