/** M7, M9: answers made better step by step. */
export { evolveAnswers } from './evolve-answers.ts'
