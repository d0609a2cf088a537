import type { Json, Message } from '../../records/index.ts'
import type { Reason } from './reasons.ts'
import type { Reasoning, Row } from './target.ts'
import { reasoningField, wordsOf } from './turns.ts'

export type SharegptTurns = { turns: Row[]; lost?: string }

/** Between results of several calls, as the template of LLaMA-Factory has them. */
const between = '\n</tool_response>\n<tool_response>\n'

/** What is known of a turn beside its words, under the names it has elsewhere. */
const aside = ({ tool_call_id, name, weight }: Message): Row => ({
  ...(tool_call_id === undefined ? {} : { tool_call_id }),
  ...(name === undefined ? {} : { name }),
  ...(weight === undefined ? {} : { weight }),
})

/**
 * Turns of ShareGPT: `human` and `observation` in odd places, `gpt` and `function_call` in even ones, a `system` before them.
 * The format holds one observation after a call: results of parallel calls are joined, and stand apart in `results`.
 */
export function sharegptTurns(messages: readonly Message[], how: Reasoning): SharegptTurns | Reason {
  const field = reasoningField(how)
  const turns: Row[] = []
  let lost: string | undefined
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i]!
    const thought = field && message.reasoning ? { [field]: message.reasoning } : {}
    if (message.role === 'tool') {
      let end = i + 1
      while (messages[end]?.role === 'tool') end++
      const results = messages.slice(i, end)
      const value = results.map(({ content }) => content ?? '').join(between)
      const several = results.map(result => ({ content: result.content, ...aside(result) }) as Json)
      turns.push({ from: 'observation', value, ...(results.length === 1 ? aside(message) : { results: several }) })
      i = end - 1
    } else if (message.tool_calls?.length) {
      if ((message.content ?? '').trim() !== '') return 'text-beside-call'
      const calls = message.tool_calls.map(({ id, function: called }) => ({ ...(id ? { id } : {}), ...called }))
      const text = JSON.stringify(calls.length === 1 ? calls[0] : calls)
      const value = `${wordsOf({ ...message, content: '' }, how)}${text}`
      turns.push({ from: 'function_call', value, ...thought, ...aside(message) })
    } else {
      const from = { system: 'system', developer: 'system', user: 'human', assistant: 'gpt' }[message.role]
      if (message.role === 'developer') lost = 'the role developer'
      turns.push({ from, value: wordsOf(message, how) ?? '', ...thought, ...aside(message) })
    }
  }
  const spoken = turns[0]?.from === 'system' ? turns.slice(1) : turns
  const odd = ['human', 'observation']
  const even = ['gpt', 'function_call']
  if (spoken.some(({ from }, i) => !(i % 2 === 0 ? odd : even).includes(from as string))) return 'not-alternating'
  return { turns, ...(lost === undefined ? {} : { lost }) }
}
