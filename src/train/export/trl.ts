import { chooseTrl, trlTypes } from './shapes.ts'
import type { Target } from './target.ts'

/** Every type of data set that TRL 1.x knows, as JSON Lines for `path: json` and `data_files`. */
export const trl: Target = {
  name: 'trl',
  about: 'TRL: SFT, DPO, KTO, reward models, GRPO with verifiable rewards, language modelling',
  types: trlTypes,
  choose: chooseTrl,
  ids: 'column',
}
