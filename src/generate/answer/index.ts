/** Answers with reasoning, several samples, self-consistency. */
export { agree, cluster, majority, overlap } from './agree.ts'
export { type AnswerOptions, answer } from './answer.ts'
export { draw, withoutThinking } from './draw.ts'
