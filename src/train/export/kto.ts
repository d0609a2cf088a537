import { trlTypes } from './shapes.ts'
import type { Target } from './target.ts'

/** Good and bad answers in turn, for whatever trains by KTO or BCO. */
export const kto: Target = {
  name: 'kto',
  about: 'Unpaired preference: answers with a label, good and bad in turn',
  types: { unpaired: trlTypes.unpaired },
  choose: kind => (kind === 'feedback' ? 'unpaired' : undefined),
  ids: 'column',
}
