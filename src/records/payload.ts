import { z } from 'zod'
import type { Message, Payload, Rec } from './record.ts'

const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: z.string().nullable(),
  reasoning: z.string().optional(),
})
const messages = z.array(message).min(1)
const payload = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('document'), text: z.string(), title: z.string().optional() }),
  z.looseObject({ kind: z.literal('prompt'), messages, reference: z.string().optional() }),
  z.looseObject({ kind: z.literal('conversation'), messages, reference: z.string().optional() }),
  z.looseObject({ kind: z.literal('preference'), prompt: messages, chosen: messages, rejected: messages }),
  z.looseObject({ kind: z.literal('feedback'), prompt: messages, completion: messages, label: z.boolean() }),
  z.looseObject({ kind: z.literal('exam'), prompt: messages, target: z.string() }),
  z.looseObject({ kind: z.literal('row'), columns: z.record(z.string(), z.unknown()) }),
])

/** What is wrong with a payload that comes from outside; undefined when nothing is. For doors, never for our own shards. */
export function payloadProblem(value: unknown): string | undefined {
  const parsed = payload.safeParse(value)
  if (parsed.success) return undefined
  const { path, message: text } = parsed.error.issues[0]!
  return `payload${path.map(part => `.${String(part)}`).join('')}: ${text}`
}

/** The content of a conversation, or of a prompt that is answered, with other turns: what it is checked by and its tools stay. */
export function withMessages(
  { reference, verifier, tools }: Rec<'conversation'> | Rec<'prompt'>,
  messages: Message[],
): Payload<'conversation'> {
  return {
    kind: 'conversation',
    messages,
    ...(reference === undefined ? {} : { reference }),
    ...(verifier ? { verifier } : {}),
    ...(tools ? { tools } : {}),
  }
}
