/** Answers made better step by step. */
export { evolveAnswers } from './evolve-answers.ts'
