import { hostedTypes } from './hosted.ts'
import type { Target } from './target.ts'

export const openai: Target = {
  name: 'openai',
  about: 'OpenAI and services with its shapes: SFT, DPO and reinforcement JSONL',
  types: hostedTypes({ developer: true, oneTurnEach: false }),
  choose: (kind, seen) =>
    kind === 'conversation'
      ? 'messages'
      : kind === 'preference'
        ? 'preference'
        : kind === 'prompt' && seen.checkable === seen.rows
          ? 'rlvr'
          : undefined,
  ids: 'beside',
  bounds: { least: 10, whose: 'OpenAI' },
  notes: [
    'OpenAI winds fine-tuning down: organisations without recent use have not been able to begin jobs since 2026-07-02, and nobody can from 2027-01-06 on. Azure keeps these shapes.',
  ],
}
