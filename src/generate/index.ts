/** Techniques that make new records out of documents, prompts or nothing at all. */
import type { Step, Verb } from '../steps/index.ts'
import { answer } from './answer/index.ts'
import { ask } from './ask/index.ts'
import { critiqueRevise } from './critique-revise/index.ts'
import { dialogue } from './dialogue/index.ts'
import { edgeCases } from './edge-cases/index.ts'
import { evolve } from './evolve/index.ts'
import { evolveAnswers } from './evolve-answers/index.ts'
import { ground } from './ground/index.ts'
import { instruct } from './instruct/index.ts'
import { magpie } from './magpie/index.ts'
import { novelty } from './novelty/index.ts'
import { selfInstruct } from './self-instruct/index.ts'
import { tools } from './tools/index.ts'

export { answer } from './answer/index.ts'
export { ask } from './ask/index.ts'
export { critiqueRevise } from './critique-revise/index.ts'
export { dialogue } from './dialogue/index.ts'
export { edgeCases } from './edge-cases/index.ts'
export { evolve } from './evolve/index.ts'
export { evolveAnswers } from './evolve-answers/index.ts'
export { ground } from './ground/index.ts'
export { instruct } from './instruct/index.ts'
export { novelty } from './novelty/index.ts'
export { selfInstruct } from './self-instruct/index.ts'
export { textbook } from './textbook/index.ts'
export { tools } from './tools/index.ts'

/** Verbs of this room, for the one list of steps. */
export const generateSteps: (Step | Verb)[] = [
  ask,
  answer,
  instruct,
  selfInstruct,
  novelty,
  evolve,
  evolveAnswers,
  edgeCases,
  critiqueRevise,
  tools,
  ground,
  dialogue,
  magpie,
]
export { magpie } from './magpie/index.ts'

/** Verbs of this room, for the one list of steps. */
