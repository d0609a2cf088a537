/** Evaluation: exams, graders and comparisons. An evaluation is a recipe, so that it is journalled and budgeted. */
import type { Step, Verb } from '../steps/index.ts'
import { sitLikelihood } from './sit/likelihood.ts'
import { sit } from './sit/sit.ts'

export type { Evaluation, ItemResult, ScoreLine } from './evaluation.ts'
export { promptDigest } from './grade/forms.ts'
export { type GradeOptions, grade } from './grade/grade.ts'
export type { Rules } from './grade/rule.ts'
export { isMetric, metrics, totals } from './metrics.ts'
export { sitLikelihood } from './sit/likelihood.ts'
export { marks as choiceMarks } from './sit/questions.ts'
export { sit } from './sit/sit.ts'
export { type Answered, answeredItems, examDigest, itemResults, scoreLines } from './tally.ts'

/** Verbs of this room, for the one list of steps; `grade` is handed the rules of another room first. */
export const evaluateSteps: (Step | Verb)[] = [sit, sitLikelihood]
