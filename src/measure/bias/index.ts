export { type Association, associations, benjaminiHochberg, twoSided } from './association.ts'
export {
  type BbqItem,
  type BbqScore,
  type CrowsPair,
  type CrowsScore,
  scoreBbq,
  scoreCrows,
} from './exams.ts'
export { groupsOf, lexiconVersion, mentions, swapped } from './groups.ts'
export { type Impact, impact, type Passing, type SwapEffect, swapEffect } from './impact.ts'
export {
  countGroups,
  type GroupCounts,
  type GroupShare,
  noGroups,
  type Representation,
  representation,
} from './representation.ts'
export {
  readStereoSet,
  type StereoItem,
  type StereoLikelihoods,
  type StereoScore,
  scoreStereoSet,
} from './stereoset.ts'
