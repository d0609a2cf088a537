import type { Method } from './phase.ts'
import type { KindTraits, Traits } from './traits.ts'

/** The rows of a release that a method learns from; of GRPO those whose answer a program can check. */
export function learntFrom(method: Method, { kinds }: Traits): KindTraits | undefined {
  if (method === 'sft') return kinds.conversation
  if (method === 'kto') return kinds.feedback
  if (method === 'distillation') return kinds.prompt ?? kinds.conversation
  if (method !== 'grpo') return kinds.preference
  return [kinds.prompt, kinds.conversation].find(kind => (kind?.verifiable ?? 0) > 0)
}
