/** Evaluation: exams, graders and comparisons. An evaluation is a recipe, so that it is journalled and budgeted. */
export type { Evaluation, ItemResult, ScoreLine } from './evaluation.ts'
