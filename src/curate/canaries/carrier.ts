import type { Message, Payload, Rec } from '../../records/index.ts'

export const plantedKinds = ['document', 'prompt', 'conversation'] as const
export type PlantedKind = (typeof plantedKinds)[number]
export type Planted = Rec<PlantedKind>

/** The text of a record that takes a canary, and the content with another one in its place. */
export type Carrier<K extends PlantedKind = PlantedKind> = { text: string; put(text: string): Payload<K> }

/**
 * A document carries a canary in its text, a prompt in the last turn of the user, a conversation in the last answer, which
 * is what a model learns to write. Undefined where there is no text there.
 */
export function carrierOf<K extends PlantedKind>(record: Rec<K>): Carrier<K> | undefined
export function carrierOf(record: Planted): Carrier | undefined {
  const { id: _, digest: _d, language: _l, facets: _f, scores: _s, lineage: _n, ...payload } = record
  if (payload.kind === 'document') {
    const { text } = payload
    return text.trim() === '' ? undefined : { text, put: other => ({ ...payload, text: other }) }
  }
  const { messages } = payload
  const role: Message['role'] = payload.kind === 'prompt' ? 'user' : 'assistant'
  const at = messages.findLastIndex(message => message.role === role && message.content?.trim())
  const text = messages[at]?.content
  if (!text) return undefined
  return { text, put: content => ({ ...payload, messages: messages.with(at, { ...messages[at]!, content }) }) }
}
