/** Statistics of measurements: pure functions on numbers, each with the paper it comes from. */
export { kappa } from './agreement.ts'
export { type Audit, audit, type Call, type Finding, type Gold, type Share } from './audit.ts'
export * from './bias/index.ts'
export { bootstrap } from './bootstrap.ts'
export { type Bin, type Binary, binary, calibration, calibrationError } from './calibration.ts'
export { chrf } from './chrf.ts'
export * from './collapse/index.ts'
export { compare, type Figure, type Grade, type Measure, type Row, rowOf, type Said } from './compare.ts'
export { pearson, ranks, spearman } from './correlation.ts'
export { type Habit, habits, type Topic, type TopicCoverage, topicCoverage } from './differences.ts'
export { frontierIntegral, type Histogram, jensenShannon, mauve } from './divergence.ts'
export { novelty } from './diversity.ts'
export { type Bounds, drifted, type Signals, signalsOf, type Trip, vocabularyOf, type Written } from './drift.ts'
export { eigen } from './eigen.ts'
export { frechet } from './frechet.ts'
export { type Centres, kMeans, nearest } from './k-means.ts'
export { type KtoWeights, ktoWeights } from './kto.ts'
export { discrepancy, expectedCoverage, type Manifold, type Matrix, manifold } from './manifold.ts'
export { facetMeasure, featuresOf, measures, nearCopies } from './measures.ts'
export { correlationOf, type Moments, meanOf, mergeMoments, noMoments, withPair } from './moments.ts'
export { normalCdf, normalQuantile } from './normal.ts'
export { type Flips, flipInterval, holm, mcNemar, meanDifference, signFlip } from './paired.ts'
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
export { detectableMean, detectableShare, mcNemarPower } from './power.ts'
export { type Known, prevalence, roganGladen } from './prevalence.ts'
export * from './privacy/index.ts'
export { along, isotonic, type Knot, line } from './regression.ts'
export { areaInterval, areaUnder, type Features, separation } from './separation.ts'
export { clopperPearson, type Interval, shareOf, wilson, z95 } from './share.ts'
export { vendi } from './vendi.ts'
