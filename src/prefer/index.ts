/** Techniques that make preferences: pairs of a better and a worse answer, and feedback on single ones. */
import type { Step, Verb } from '../steps/index.ts'
import { contrast } from './contrast/contrast.ts'
import { preferenceBias } from './preference-bias/preference-bias.ts'
import { rank } from './rank/rank.ts'
import { selfPlay } from './self-play/self-play.ts'
import { selfReward } from './self-reward/self-reward.ts'
import { thumbs } from './thumbs/thumbs.ts'
import { verifiedPairs } from './verified-pairs/verified-pairs.ts'

export { contrast } from './contrast/contrast.ts'
export { preferenceBias } from './preference-bias/preference-bias.ts'
export { seenIn } from './preference-bias/traits.ts'
export { rank } from './rank/rank.ts'
export { selfPlay } from './self-play/self-play.ts'
export { selfReward } from './self-reward/self-reward.ts'
export { thumbs } from './thumbs/thumbs.ts'
export { verifiedPairs } from './verified-pairs/verified-pairs.ts'

/** Verbs of this room, for the one list of steps. */
export const preferSteps: (Step | Verb)[] = [
  rank,
  contrast,
  verifiedPairs,
  selfPlay,
  selfReward,
  thumbs,
  preferenceBias,
]
