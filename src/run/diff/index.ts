/** What differs between two recipes, two runs, two releases: pure comparisons, and what reads their sides from disk. */
export { type Change, compareShapes, type Rerun, type ShapeDiff } from './compare-shapes.ts'
export { compareFunnels, type StepDiff, sameStep } from './funnels.ts'
export { type AtHand, type Cost, compareReleases, type GateChange, type ReleaseDiff } from './of-releases.ts'
export { compareRuns, type Mark, outputRows, type RunDiff, runNamed } from './of-runs.ts'
export { type Changed, compareRows, grouped, type Missing, type NoteDiff, type RowDiff } from './rows.ts'
export { type Flat, type Shape, shapeOf } from './shape.ts'
export type { Absence, Difference, Otherwise, Why } from './why.ts'
