/** Evaluation: exams, graders and comparisons. An evaluation is a recipe, so that it is journalled and budgeted. */
import type { Step, Verb } from '../steps/index.ts'
import { sitLikelihood } from './sit/likelihood.ts'
import { sit } from './sit/sit.ts'

export type { Unlike } from './comparable.ts'
export {
  type Compared,
  type Comparison,
  compareEvaluations,
  type Flip,
  type Verdict,
} from './compare.ts'
export { evaluatedAt } from './evaluated-at.ts'
export type { Evaluation, ItemResult, ScoreLine } from './evaluation.ts'
export { finalPart } from './final-part.ts'
export { type Evaluated, isEvaluation, readEvaluation, writeEvaluation } from './folder.ts'
export { judgedMetric, promptDigest } from './grade/forms.ts'
export { grade } from './grade/grade.ts'
export { type Rules, verifierFor } from './grade/rule.ts'
export { type LeftOut, leftOut } from './lm-eval/doc.ts'
export { hasResults, readResults } from './lm-eval/files.ts'
export { exportTasks } from './lm-eval/tasks.ts'
export { isAsked } from './sit/questions.ts'
export { type Answered, answeredItems, examDigest, itemResults, scoreLines } from './tally.ts'
export { differenceText, intervalText, outcomeText, valueText, whatMoved } from './what-moved.ts'

/** Verbs of this room, for the one list of steps; `grade` is handed the rules of another room first. */
export const evaluateSteps: (Step | Verb)[] = [sit, sitLikelihood]
