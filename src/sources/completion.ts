import type { Json, Message, Tool } from '../records/index.ts'
import { type Columns, Misshapen, object, pick } from './columns.ts'
import { messagesOf, toolsOf } from './messages.ts'

/**
 * A model's answer with what it answers: a line of `stillroom import completions`. `messages` ends with the answer;
 * `created` is in seconds since 1970, as the provider says.
 */
export type Completion = {
  id: string
  model: string
  created?: number
  messages: Message[]
  tools?: Tool[]
  /** `length` is an answer that was cut off. */
  finish_reason?: string
  usage?: Json
  metadata: { [label: string]: Json }
  system_fingerprint?: string
}

/**
 * True for rows that say which model answered: lines of ours, chat completions as OpenAI's protocol and its exports have
 * them, and pairs of request and response in a log.
 */
export function isCompletion(columns: Columns): boolean {
  const answer = answerOf(columns)
  if (typeof answer.model !== 'string') return false
  if (choicesOf(answer).length > 0) return true
  const last = Array.isArray(columns.messages) ? object(columns.messages.at(-1)) : undefined
  return last?.role === 'assistant' && object(columns.metadata) !== undefined
}

/**
 * Reads such a row; `messages` are what it answers, where they come apart from it. The first choice counts. Arguments of
 * tool calls become objects, reasoning stays apart, a refusal is content. Throws `Misshapen`.
 */
export function completionOf(columns: Columns, messages?: Json[]): Completion {
  const answer = answerOf(columns)
  const choices = choicesOf(answer)
  const [choice] = choices
  const said = object(choice?.message)
  const asked = messages ?? inputOf(columns, answer)
  if (asked === undefined) throw new Misshapen('missing-column', { expected: ['messages', 'input'] })
  const turns = asked.map(withParts)
  const repeated = object(turns.at(-1))?.role === 'assistant' && object(turns.at(-1))?.content === said?.content
  if (said && !repeated) turns.push({ ...said, role: 'assistant', ...(said.refusal ? { content: said.refusal } : {}) })
  const read = messagesOf(turns, 'messages')
  if (read.at(-1)?.role !== 'assistant') throw new Misshapen('wrong-shape', { messages: 'no answer of the assistant' })
  const request = requestOf(columns)
  const finish = choice?.finish_reason ?? answer.finish_reason
  return {
    id: String(answer.id ?? ''),
    model: String(answer.model ?? request?.model ?? ''),
    ...(typeof answer.created === 'number' && { created: answer.created }),
    messages: read,
    ...toolsOf(answer.tools ?? request?.tools ?? columns.tools),
    ...(typeof finish === 'string' && { finish_reason: finish }),
    ...(answer.usage !== undefined && answer.usage !== null && { usage: answer.usage }),
    metadata: (object(answer.metadata ?? request?.metadata ?? columns.metadata) ?? {}) as { [label: string]: Json },
    ...(typeof answer.system_fingerprint === 'string' && { system_fingerprint: answer.system_fingerprint }),
  }
}

/** Alternatives beside the choice that counts. */
export const otherChoices = (columns: Columns): number => Math.max(0, choicesOf(answerOf(columns)).length - 1)

const answerOf = (columns: Columns): Columns =>
  ['response', 'output', 'completion']
    .map(name => object(columns[name]))
    .find(part => part && choicesOf(part).length > 0) ?? columns

const requestOf = (columns: Columns): Columns | undefined => object(pick(columns, ['request', 'input', 'body']))

function choicesOf(answer: Columns): Columns[] {
  if (!Array.isArray(answer.choices)) return []
  return answer.choices.flatMap(one => {
    const choice = object(one)
    return choice && object(choice.message) ? [choice] : []
  })
}

/** The messages that were answered, under the names that exports and logs give them. */
function inputOf(columns: Columns, answer: Columns): Json[] | undefined {
  const request = requestOf(columns)
  const places = [
    columns.messages,
    columns.input_messages,
    columns.input,
    columns.prompt,
    request?.messages,
    answer.messages,
  ]
  return places.find(place => Array.isArray(place))
}

/** Stored messages hold text that came in parts beside an empty content. */
function withParts(message: Json): Json {
  const turn = object(message)
  if (!turn || turn.content || !Array.isArray(turn.content_parts)) return message
  return { ...turn, content: turn.content_parts }
}
