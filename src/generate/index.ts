/** Techniques that make new records out of documents, prompts or nothing at all. */
import type { Step, Verb } from '../steps/index.ts'
import { answer } from './answer/index.ts'
import { ask } from './ask/index.ts'
import { backtranslate } from './backtranslate/index.ts'
import { fromQueries } from './from-queries/index.ts'
import { instruct } from './instruct/index.ts'
import { multiDocument } from './multi-document/index.ts'
import { persona } from './persona/index.ts'
import { redistil } from './redistil/index.ts'
import { rephrase } from './rephrase/index.ts'
import { syllabus } from './syllabus/index.ts'
import { translate } from './translate/index.ts'

export { answer } from './answer/index.ts'
export { ask } from './ask/index.ts'
export { backtranslate } from './backtranslate/index.ts'
export { fromQueries } from './from-queries/index.ts'
export { instruct } from './instruct/index.ts'
export { multiDocument } from './multi-document/index.ts'
export { persona } from './persona/index.ts'
export { redistil } from './redistil/index.ts'
export { rephrase } from './rephrase/index.ts'
export { syllabus } from './syllabus/index.ts'
export { translate } from './translate/index.ts'

/** Verbs of this room, for the one list of steps. */
export const generateSteps: (Step | Verb)[] = [
  ask,
  answer,
  instruct,
  fromQueries,
  redistil,
  backtranslate,
  multiDocument,
  rephrase,
  translate,
  persona,
  syllabus,
]
