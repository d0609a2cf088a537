import type { Json, Message, Role, Tool, ToolCall } from '../records/index.ts'
import { type Columns, Misshapen, object } from './columns.ts'

const roles: { [name: string]: Role } = {
  system: 'system',
  developer: 'developer',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
  model: 'assistant',
  function_call: 'assistant',
  tool: 'tool',
  function: 'tool',
  observation: 'tool',
}

/**
 * Chat turns of a row: OpenAI messages, or pairs of `from` and `value` (ShareGPT). Arguments of tool calls become
 * objects, text parts one text, the names of reasoning one name; keys we do not know go. Throws `Misshapen`.
 */
export function messagesOf(value: Json | undefined, where: string): Message[] {
  const list = Array.isArray(value) ? value : [value]
  if (list.length === 0) throw new Misshapen('wrong-shape', { [where]: 'no message' })
  return list.flatMap((one, i) => {
    const turn = object(one)
    // Results of several calls in one turn, which formats that take turns hold apart.
    if (turn && Array.isArray(turn.results) && roles[String(turn.from ?? turn.role)] === 'tool') {
      return turn.results.map((result, n) =>
        message({ ...object(result), role: 'tool' }, `${where}[${i}].results[${n}]`),
      )
    }
    return [message(one, `${where}[${i}]`)]
  })
}

function message(value: Json | undefined, where: string): Message {
  const turn = object(value)
  if (!turn) throw new Misshapen('wrong-shape', { [where]: 'not an object' })
  const said = turn.role ?? turn.from
  const role = typeof said === 'string' ? roles[said.toLowerCase()] : undefined
  if (!role)
    throw new Misshapen('wrong-shape', { [where]: typeof said === 'string' ? `role ${said.slice(0, 40)}` : 'no role' })
  const words = textOf(turn.content ?? turn.value ?? null, where)
  const apart = role === 'assistant' && words !== null ? thoughtOf(words) : undefined
  const text = apart ? apart.content : words
  const legacy = said === 'function_call' ? parsed(text) : turn.function_call
  const calls = legacy ? [legacy].flat() : Array.isArray(turn.tool_calls) ? turn.tool_calls : []
  const tool_calls = calls.map((call, i) => toolCall(call, `${where}.tool_calls[${i}]`))
  // Reasoning before a call stands alone in the words of its turn.
  const empty = said === 'function_call' || (text === '' && apart !== undefined && tool_calls.length > 0)
  const content = empty ? null : text
  if (content === null && tool_calls.length === 0 && role !== 'assistant') {
    throw new Misshapen('wrong-shape', { [where]: 'no content' })
  }
  const reasoning = [turn.reasoning, turn.reasoning_content, turn.thinking, apart?.reasoning].find(
    text => typeof text === 'string' && text,
  )
  return {
    role,
    content,
    ...(reasoning ? { reasoning: reasoning as string } : {}),
    ...(tool_calls.length > 0 ? { tool_calls } : {}),
    ...(typeof turn.tool_call_id === 'string' ? { tool_call_id: turn.tool_call_id } : {}),
    ...(typeof turn.name === 'string' ? { name: turn.name } : {}),
    ...(turn.weight === 0 || turn.weight === 1 ? { weight: turn.weight } : {}),
  }
}

/**
 * Reasoning that stands before an answer in its words, as reasoning models write it; undefined where there is none. What our
 * exports write so comes back as it was.
 */
function thoughtOf(text: string): { reasoning: string; content: string } | undefined {
  const found = /^<think>\n?([\s\S]*?)\n?<\/think>\n{0,2}([\s\S]*)$/.exec(text)
  return found ? { reasoning: found[1]!, content: found[2]! } : undefined
}

function textOf(content: Json, where: string): string | null {
  if (content === null || typeof content === 'string') return content
  const parts = Array.isArray(content) ? content.map(object) : []
  if (parts.length === 0 || !parts.every(part => typeof part?.text === 'string')) {
    throw new Misshapen('wrong-shape', { [where]: 'content that is not text' })
  }
  return parts.map(part => part!.text as string).join('\n')
}

function toolCall(value: Json | undefined, where: string): ToolCall {
  const call = object(value)
  const fn = object(call?.function) ?? call
  const args = parsed(fn?.arguments ?? {})
  if (!fn || typeof fn.name !== 'string' || !object(args)) {
    throw new Misshapen('wrong-shape', { [where]: 'no function name, or arguments that are no JSON object' })
  }
  const id = typeof call?.id === 'string' ? { id: call.id } : {}
  return { ...id, type: 'function', function: { name: fn.name, arguments: args as ToolCall['function']['arguments'] } }
}

/** Tools as OpenAI writes them; Parquet and some logs hold them as one JSON string. */
export function toolsOf(value: Json | undefined): { tools?: Tool[] } {
  const list = parsed(value ?? null)
  if (list === null || (Array.isArray(list) && list.length === 0)) return {}
  if (!Array.isArray(list)) throw new Misshapen('wrong-shape', { tools: 'not a list' })
  const tools = list.map(one => {
    const fn = object(object(one)?.function) ?? object(one)
    if (typeof fn?.name !== 'string') throw new Misshapen('wrong-shape', { tools: 'a tool without a name' })
    const description = typeof fn.description === 'string' ? { description: fn.description } : {}
    const parameters = fn.parameters === undefined || fn.parameters === null ? {} : { parameters: fn.parameters }
    return { type: 'function' as const, function: { name: fn.name, ...description, ...parameters } }
  })
  return { tools }
}

/** A JSON string as its value; all else, and text that is no JSON, as it is. */
export function parsed(value: Json): Json {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value) as Json
  } catch {
    return value
  }
}

/** Turns of the `Human:` and `Assistant:` transcripts that early preference sets are written in. */
export function transcript(text: string): Message[] | undefined {
  const parts = text.split(/(?:^|\n\n)(Human|Assistant):[ \t]?/)
  if (parts.length < 3 || parts[0]!.trim() !== '') return undefined
  const turns: Message[] = []
  for (let i = 1; i < parts.length; i += 2) {
    turns.push({ role: parts[i] === 'Human' ? 'user' : 'assistant', content: parts[i + 1]!.trim() })
  }
  return turns
}

/** The first turns that both hold, and what follows them in each. */
export function sharedStart(a: Message[], b: Message[]): { prompt: Message[]; rest: [Message[], Message[]] } {
  let n = 0
  while (n < a.length && n < b.length && JSON.stringify(a[n]) === JSON.stringify(b[n])) n++
  // Two equal answers are the answers still.
  if (n === a.length || n === b.length) n = Math.min(a.length, b.length) - 1
  return { prompt: a.slice(0, n), rest: [a.slice(n), b.slice(n)] }
}

export const user = (content: string): Message => ({ role: 'user', content })
/** An answer, its reasoning apart where it begins with some. */
export function assistant(text: string): Message {
  const { content = text, reasoning } = thoughtOf(text) ?? {}
  return { role: 'assistant', content, ...(reasoning ? { reasoning } : {}) }
}

/** True for a row's messages that hold an answer. */
export function answered(columns: Columns): boolean {
  const turns = columns.messages ?? columns.conversations
  return (
    Array.isArray(turns) &&
    turns.some(turn => roles[String(object(turn)?.role ?? object(turn)?.from).toLowerCase()] === 'assistant')
  )
}
