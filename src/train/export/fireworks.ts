import { hostedTypes } from './hosted.ts'
import type { Target } from './target.ts'

const { messages, preference } = hostedTypes({ developer: false, oneTurnEach: true })

export const fireworks: Target = {
  name: 'fireworks',
  about: 'Fireworks: SFT and preference JSONL',
  types: { messages, preference },
  choose: kind => ({ conversation: 'messages', preference: 'preference' })[kind as string],
  ids: 'beside',
  bounds: { least: 3, most: 3_000_000, whose: 'Fireworks' },
}
