import type { Message } from '../../records/index.ts'
import type { Reason } from './reasons.ts'
import type { Reasoning } from './target.ts'
import { usesTools, wordsOf } from './turns.ts'

/** Questions and answers in turn, as formats without roles hold them. */
export type Flat = { system?: string; turns: string[]; lost?: string }

/**
 * Turns as plain texts: the words of a system apart, then user and assistant in turn. What a text cannot hold is refused
 * (tools) or named (`lost`: names of speakers, weights).
 */
export function flat(messages: readonly Message[], how: Reasoning): Flat | Reason {
  if (usesTools(messages)) return 'tool-calls'
  const [first, ...rest] = messages
  const system = first?.role === 'system' || first?.role === 'developer' ? first : undefined
  const spoken = system ? rest : messages
  if (spoken.some(({ role }, i) => role !== (i % 2 === 0 ? 'user' : 'assistant'))) return 'not-alternating'
  const lost = [
    ...(system?.role === 'developer' ? ['the role developer'] : []),
    ...(messages.some(({ name }) => name !== undefined) ? ['names of speakers'] : []),
    ...(messages.some(({ weight }) => weight === 0) ? ['weights of turns'] : []),
  ]
  return {
    ...(system?.content ? { system: system.content } : {}),
    turns: spoken.map(message => wordsOf(message, how) ?? ''),
    ...(lost.length > 0 ? { lost: lost.join(', ') } : {}),
  }
}
