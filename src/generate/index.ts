/** Techniques that make new records out of documents, prompts or nothing at all. */
import type { Step, Verb } from '../steps/index.ts'
import { answer } from './answer/index.ts'
import { ask } from './ask/index.ts'
import { backtranslate } from './backtranslate/index.ts'
import { critiqueRevise } from './critique-revise/index.ts'
import { dialogue } from './dialogue/index.ts'
import { edgeCases } from './edge-cases/index.ts'
import { evolve } from './evolve/index.ts'
import { evolveAnswers } from './evolve-answers/index.ts'
import { exercises } from './exercises/index.ts'
import { fromQueries } from './from-queries/index.ts'
import { ground } from './ground/index.ts'
import { instruct } from './instruct/index.ts'
import { magpie } from './magpie/index.ts'
import { multiDocument } from './multi-document/index.ts'
import { novelty } from './novelty/index.ts'
import { persona } from './persona/index.ts'
import { redistil } from './redistil/index.ts'
import { rephrase } from './rephrase/index.ts'
import { rewrite } from './rewrite/index.ts'
import { selfInstruct } from './self-instruct/index.ts'
import { syllabus } from './syllabus/index.ts'
import { gaussianCopula, marginals, mst } from './synthesize/index.ts'
import { tools } from './tools/index.ts'
import { translate } from './translate/index.ts'

export { answer } from './answer/index.ts'
export { ask } from './ask/index.ts'
export { backtranslate } from './backtranslate/index.ts'
export { critiqueRevise } from './critique-revise/index.ts'
export { dialogue } from './dialogue/index.ts'
export { edgeCases } from './edge-cases/index.ts'
export { evolve } from './evolve/index.ts'
export { evolveAnswers } from './evolve-answers/index.ts'
export { exercises } from './exercises/index.ts'
export { fromQueries } from './from-queries/index.ts'
export { ground } from './ground/index.ts'
export { instruct } from './instruct/index.ts'
export { magpie } from './magpie/index.ts'
export { multiDocument } from './multi-document/index.ts'
export { novelty } from './novelty/index.ts'
export { persona } from './persona/index.ts'
export { redistil } from './redistil/index.ts'
export { rephrase } from './rephrase/index.ts'
export { rewrite } from './rewrite/index.ts'
export { selfInstruct } from './self-instruct/index.ts'
export { syllabus } from './syllabus/index.ts'
export { gaussianCopula, marginals, mst } from './synthesize/index.ts'
export { textbook } from './textbook/index.ts'
export { tools } from './tools/index.ts'
export { translate } from './translate/index.ts'

/** Verbs of this room, for the one list of steps. */
export const generateSteps: (Step | Verb)[] = [
  ask,
  answer,
  instruct,
  exercises,
  fromQueries,
  redistil,
  backtranslate,
  multiDocument,
  rephrase,
  rewrite,
  translate,
  persona,
  syllabus,
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
  marginals,
  gaussianCopula,
  mst,
]
