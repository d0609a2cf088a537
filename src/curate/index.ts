/** Operations that score, filter, deduplicate, balance, mix and divide records. */
import type { Step, Verb } from '../steps/index.ts'
import { accumulate } from './accumulate/accumulate.ts'
import { balance } from './balance/balance.ts'
import { best } from './best/best.ts'
import { canaries, canaryCheck } from './canaries/index.ts'
import { classifier } from './classifier/classifier.ts'
import { clean } from './clean/clean.ts'
import { counterfactual } from './counterfactual/counterfactual.ts'
import { decontaminate } from './decontaminate/decontaminate.ts'
import { dedupe } from './dedupe/dedupe.ts'
import { dedupeSubstring } from './dedupe/substring.ts'
import { deita } from './deita/deita.ts'
import { distinct } from './distinct/distinct.ts'
import { extract } from './extract/extract.ts'
import { ifd } from './ifd/ifd.ts'
import { compare } from './judge/compare.ts'
import { judge } from './judge/judge.ts'
import { language } from './language/language.ts'
import { length } from './length/length.ts'
import { mix } from './mix/mix.ts'
import { perplexity } from './perplexity/perplexity.ts'
import { personalData } from './personal-data/personal-data.ts'
import { privacy } from './privacy/privacy.ts'
import { resample } from './resample/resample.ts'
import { review } from './review/review.ts'
import { reward } from './reward/reward.ts'
import { rules } from './rules/rules.ts'
import { sample } from './sample/sample.ts'
import { select } from './select/select.ts'
import { holdout } from './split/holdout.ts'
import { split } from './split/split.ts'
import { topics } from './topics/topics.ts'
import { vectors } from './vectors/vectors.ts'
import { verify } from './verify/verify.ts'

export { accumulate } from './accumulate/accumulate.ts'
export { auditAsk, wrongWhen } from './audit/ask.ts'
export { type Part, partsOf } from './audit/content.ts'
export { auditDraw, placeInDraw } from './audit/draw.ts'
export { balance, difficultyOf } from './balance/balance.ts'
export { apportion, largest, shortfall } from './balance/ratio.ts'
export { best } from './best/best.ts'
export { classifier } from './classifier/classifier.ts'
export { type Model as ClassifierModel, modelCard } from './classifier/model.ts'
export { clean } from './clean/clean.ts'
export { contentOf, type Part as ContentPart, parts as contentParts } from './content.ts'
export { decontaminate } from './decontaminate/decontaminate.ts'
export type { Evidence as OverlapEvidence, Overlap } from './decontaminate/overlaps.ts'
export { dedupe } from './dedupe/dedupe.ts'
export { bandsFor, dedupeNear, recall } from './dedupe/near.ts'
export { dedupeSubstring } from './dedupe/substring.ts'
export { deita } from './deita/deita.ts'
export { distinct } from './distinct/distinct.ts'
export { extract } from './extract/extract.ts'
export { type Quality, quality } from './extract/quality.ts'
export { ifd } from './ifd/ifd.ts'
export { compare } from './judge/compare.ts'
export { judge } from './judge/judge.ts'
export { language } from './language/language.ts'
export { cutTokens, length, tokens } from './length/length.ts'
export { mix } from './mix/mix.ts'
export { perplexity } from './perplexity/perplexity.ts'
export { chosen as personalEntities } from './personal-data/entities.ts'
export { personalData } from './personal-data/personal-data.ts'
export { scan as scanPersonalData } from './personal-data/scan.ts'
export { privacy } from './privacy/privacy.ts'
export { resample } from './resample/resample.ts'
export { type ReviewLine, review } from './review/review.ts'
export { reward } from './reward/reward.ts'
export { barOf, previewRules, type RulePreview } from './rules/preview.ts'
export type { Limit } from './rules/profile.ts'
export { profiles } from './rules/profiles/index.ts'
export { rules } from './rules/rules.ts'
export { sample } from './sample/sample.ts'
export { select } from './select/select.ts'
export { holdout } from './split/holdout.ts'
export { split } from './split/split.ts'
export { topics } from './topics/topics.ts'
export { vectors } from './vectors/vectors.ts'
export { gradeAnswer, kindsSaid as verifierKinds, verifierOption } from './verify/graders.ts'
export { verify } from './verify/verify.ts'

/** Verbs of this room, for the one list of steps. */
export const curateSteps: (Step | Verb)[] = [
  classifier,
  extract,
  language,
  personalData,
  rules,
  clean,
  judge,
  counterfactual,
  compare,
  reward,
  perplexity,
  ifd,
  deita,
  verify,
  best,
  distinct,
  length,
  dedupe,
  dedupeSubstring,
  decontaminate,
  vectors,
  topics,
  select,
  balance,
  sample,
  resample,
  privacy,
  canaries,
  canaryCheck,
  review,
  mix,
  accumulate,
  holdout,
  split,
]
