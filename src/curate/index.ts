/** Operations that score, filter, deduplicate, balance, mix and divide records. */
import type { Step, Verb } from '../steps/index.ts'
import { balance } from './balance/balance.ts'
import { clean } from './clean/clean.ts'
import { decontaminate } from './decontaminate/decontaminate.ts'
import { dedupe } from './dedupe/dedupe.ts'
import { extract } from './extract/extract.ts'
import { judge } from './judge/judge.ts'
import { length } from './length/length.ts'
import { mix } from './mix/mix.ts'
import { sample } from './sample/sample.ts'
import { split } from './split/split.ts'

export { balance, difficultyOf } from './balance/balance.ts'
export { apportion, largest, shortfall } from './balance/ratio.ts'
export { clean } from './clean/clean.ts'
export { decontaminate } from './decontaminate/decontaminate.ts'
export { dedupe } from './dedupe/dedupe.ts'
export { bandsFor, recall } from './dedupe/near.ts'
export { extract } from './extract/extract.ts'
export { type Quality, quality } from './extract/quality.ts'
export { judge } from './judge/judge.ts'
export { cutTokens, length, tokens } from './length/length.ts'
export { mix } from './mix/mix.ts'
export { sample } from './sample/sample.ts'
export { split } from './split/split.ts'

/** Verbs of this room, for the one list of steps. */
export const curateSteps: (Step | Verb)[] = [
  extract,
  clean,
  judge,
  length,
  dedupe,
  decontaminate,
  balance,
  sample,
  mix,
  split,
]
