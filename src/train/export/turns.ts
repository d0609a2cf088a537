import type { Message, Tool } from '../../records/index.ts'
import type { Reasoning, Row } from './target.ts'

/** Reasoning as the models of today write it: what chat templates and trainers split off again. */
const thought = (reasoning: string, rest: string): string => `<think>\n${reasoning}\n</think>\n\n${rest}`

/** The words of a turn, with its reasoning where that is written inline. */
export function wordsOf({ content, reasoning }: Message, how: Reasoning): string | null {
  return reasoning && how === 'inline' ? thought(reasoning, content ?? '') : content
}

/** Name of the field that holds reasoning, where it stands apart. */
export const reasoningField = (how: Reasoning): string | undefined =>
  how === 'separate' ? 'reasoning_content' : how === 'thinking' ? 'thinking' : undefined

/** Turns as OpenAI writes them. `args` says whether arguments of calls are objects, for chat templates, or JSON strings. */
export function turnsOf(messages: readonly Message[], how: Reasoning, args: 'object' | 'string' = 'object'): Row[] {
  const field = reasoningField(how)
  return messages.map(message => {
    const { role, reasoning, tool_calls, tool_call_id, name, weight } = message
    const turn: Row = { role, content: wordsOf(message, how) }
    if (field && reasoning) turn[field] = reasoning
    if (tool_calls?.length) {
      turn.tool_calls = tool_calls.map(({ id, type, function: called }) => ({
        ...(id === undefined ? {} : { id }),
        type,
        function: {
          name: called.name,
          arguments: args === 'string' ? JSON.stringify(called.arguments) : called.arguments,
        },
      }))
    }
    if (tool_call_id !== undefined) turn.tool_call_id = tool_call_id
    if (name !== undefined) turn.name = name
    if (weight !== undefined) turn.weight = weight
    return turn
  })
}

/**
 * Tools as one JSON text: trainers parse it, and `datasets` decides on the columns of a file by its first megabytes, so that
 * a tool of another shape further down would end the loading.
 */
export const toolsText = (tools: Tool[] | undefined): { tools?: string } =>
  tools?.length ? { tools: JSON.stringify(tools) } : {}

/** True where a tool is called or answers. */
export const usesTools = (messages: readonly Message[]): boolean =>
  messages.some(({ role, tool_calls }) => role === 'tool' || (tool_calls?.length ?? 0) > 0)

/** Turns with `developer` called `system`, for formats that know no other, and where that was done. */
export function asSystem(messages: readonly Message[]): { messages: Message[]; developers: number[] } {
  const developers: number[] = []
  const known = messages.map((message, i) => {
    if (message.role !== 'developer') return message
    developers.push(i)
    return { ...message, role: 'system' as const }
  })
  return { messages: known, developers }
}
