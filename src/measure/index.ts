/** Statistics of measurements: pure functions on numbers, each with the paper it comes from. */
export { kappa } from './agreement.ts'
export { type Audit, audit, type Call, type Finding, type Gold, type Share } from './audit.ts'
export { bootstrap } from './bootstrap.ts'
export { type Bin, type Binary, binary, calibration, calibrationError } from './calibration.ts'
export { pearson, ranks, spearman } from './correlation.ts'
export { type KtoWeights, ktoWeights } from './kto.ts'
export { correlationOf, type Moments, meanOf, mergeMoments, noMoments, withPair } from './moments.ts'
export {
  emptyPairs,
  type Lean,
  mergePairs,
  type PairBias,
  type PairSeen,
  type PairTally,
  pairBias,
  type Sides,
  tallyPair,
} from './pairs.ts'
export { type Known, prevalence, roganGladen } from './prevalence.ts'
export { clopperPearson, type Interval, shareOf, wilson } from './share.ts'
