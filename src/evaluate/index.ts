/** Evaluation: exams, graders and comparisons. An evaluation is a recipe, so that it is journalled and budgeted. */
export type { Unlike } from './comparable.ts'
export {
  type Compared,
  type CompareOptions,
  type Comparison,
  compareEvaluations,
  type Flip,
  type Verdict,
} from './compare.ts'
export type { Evaluation, ItemResult, ScoreLine } from './evaluation.ts'
export { type Evaluated, isEvaluation, readEvaluation, writeEvaluation } from './folder.ts'
export { type LeftOut, leftOut } from './lm-eval/doc.ts'
export { hasResults, readResults } from './lm-eval/files.ts'
export type { Imported } from './lm-eval/results.ts'
export { type ExportedTasks, exportTasks, type TaskSource } from './lm-eval/tasks.ts'
export { differenceText, valueText, whatMoved } from './what-moved.ts'
