import { z } from 'zod'
import type { Json, Message, Rec } from '../../records/index.ts'

/** The columns of a log, one row for each reply that an application showed. */
export const columnsShape = z
  .strictObject({
    id: z.string().default('id').describe('Name of the reply, which a regeneration refers to'),
    prompt: z
      .string()
      .default('prompt')
      .describe('What was asked: text, or a list of messages; `messages` is read where it is absent'),
    completion: z
      .string()
      .default('completion')
      .describe('The reply that was shown; default the last turn of the messages'),
    vote: z.string().default('vote').describe('up, down, or nothing'),
    edited: z.string().default('edited').describe('What a person made of the reply before using it'),
    regenerated: z
      .string()
      .default('regenerated_from')
      .describe('Name of the reply that this one was asked for instead of'),
    user: z.string().default('user').describe('Who voted; it is counted and never kept'),
  })
  .prefault({})
export type LogColumns = z.output<typeof columnsShape>
export type Vote = 'up' | 'down' | 'none'

/** One reply out of a log, with what people did about it. */
export type Shown = {
  name?: string
  prompt: Message[]
  completion: string
  vote: Vote
  edited?: string
  /** Name of the reply it was regenerated from. */
  from?: string
  user?: string
}

const turns = z
  .array(z.object({ role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']), content: z.string() }))
  .min(1)

const votes = new Map<string, Vote>([
  ...['up', '1', 'true', 'yes', 'good', 'like', 'liked', 'positive', 'thumbs_up', '👍'].map(
    said => [said, 'up'] as const,
  ),
  ...['down', '-1', 'false', 'no', 'bad', 'dislike', 'disliked', 'negative', 'thumbs_down', '👎'].map(
    said => [said, 'down'] as const,
  ),
  ...['', '0', 'none', 'null', 'neutral'].map(said => [said, 'none'] as const),
])

const text = (value: Json | undefined): string | undefined =>
  (typeof value === 'string' && value.trim() !== '') || typeof value === 'number' ? String(value) : undefined

function messagesIn(value: Json | undefined): Message[] | undefined {
  if (typeof value === 'string' && value.trim() !== '') {
    const listed = value.trim().startsWith('[{') ? turns.safeParse(jsonOr(value)) : undefined
    return listed?.success ? listed.data : [{ role: 'user', content: value.trim() }]
  }
  const listed = turns.safeParse(value)
  return listed.success ? listed.data : undefined
}

function jsonOr(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

/** A row of a log as a reply with its votes, or the reason why it is none. */
export function shownIn(
  { columns }: Rec<'row'>,
  names: LogColumns,
): Shown | { reason: 'no-prompt' | 'no-completion' | 'unknown-vote' } {
  const turns = messagesIn(columns[names.prompt] ?? columns.messages)
  const last = turns?.at(-1)
  const own = text(columns[names.completion])
  const completion = own ?? (last?.role === 'assistant' ? last.content! : undefined)
  const prompt = own === undefined && last?.role === 'assistant' ? turns?.slice(0, -1) : turns
  const said = String(columns[names.vote] ?? '')
  const vote = votes.get(said.trim().toLowerCase())
  if (!prompt?.some(turn => turn.role === 'user') || prompt.at(-1)!.role === 'assistant') return { reason: 'no-prompt' }
  if (completion === undefined) return { reason: 'no-completion' }
  if (vote === undefined) return { reason: 'unknown-vote' }
  const [name, edited, from, user] = [names.id, names.edited, names.regenerated, names.user].map(column =>
    text(columns[column]),
  )
  return {
    prompt,
    completion: completion.trim(),
    vote,
    ...(name ? { name } : {}),
    ...(edited ? { edited: edited.trim() } : {}),
    ...(from ? { from } : {}),
    ...(user ? { user } : {}),
  }
}
