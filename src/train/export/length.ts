import type { Message, Tool } from '../../records/index.ts'
import type { Content } from './target.ts'
import { toolsText } from './turns.ts'

/** What the length of a row is counted by: a tokenizer of text/. */
export type Counter = {
  name: string
  count(text: string): number
  encode(text: string): number[]
  decode(ids: number[]): string
}

/** Tokens that a chat template adds to a turn: its marks and the name of the role. Five in ChatML, six in Llama 3. */
const perTurn = 5

function turnTokens({ content, reasoning, tool_calls, name }: Message, { count }: Counter): number {
  let tokens = perTurn
  if (content) tokens += count(content)
  if (reasoning) tokens += count(reasoning) + perTurn
  if (name) tokens += count(name)
  for (const call of tool_calls ?? []) tokens += perTurn + count(JSON.stringify(call.function))
  return tokens
}

const sum = (messages: readonly Message[], counter: Counter): number =>
  messages.reduce((tokens, message) => tokens + turnTokens(message, counter), 0)
const toolTokens = (tools: Tool[] | undefined, { count }: Counter): number => {
  const { tools: text } = toolsText(tools)
  return text === undefined ? 0 : count(text)
}

/** Tokens of the sequences that a trainer makes of a row: of a pair each side with the prompt before it, else one. */
export function sequencesOf(content: Content, counter: Counter): number[] {
  switch (content.kind) {
    case 'document':
      return [counter.count(content.text)]
    case 'prompt':
    case 'conversation':
      return [toolTokens(content.tools, counter) + sum(content.messages, counter)]
    case 'preference': {
      const head = toolTokens(content.tools, counter) + sum(content.prompt, counter)
      return [content.chosen, content.rejected].map(side => head + sum(side, counter))
    }
    case 'feedback':
      return [sum(content.prompt, counter) + sum(content.completion, counter)]
    case 'exam':
      return [sum(content.prompt, counter)]
    case 'row':
      return [counter.count(JSON.stringify(content.columns))]
  }
}

/** The first tokens of a text, without half a character at its end. */
function head(text: string, tokens: number, { encode, decode }: Counter): string {
  return decode(encode(text).slice(0, tokens)).replace(/\ufffd+$/, '')
}

/** The turns with the words of the last one cut, so that all take at most `room` tokens; undefined where nothing would be left. */
function cutLast(turns: Message[], room: number, counter: Counter): Message[] | undefined {
  const last = turns.at(-1)
  if (!last?.content || last.tool_calls?.length) return undefined
  let keep = counter.count(last.content) - (sum(turns, counter) - room)
  // What is cut may take a token more when it is coded again.
  for (let i = 0; i < 4 && keep > 0; i++, keep--) {
    const content = head(last.content, keep, counter)
    const cut = [...turns.slice(0, -1), { ...last, content }]
    if (content.trim() !== '' && sum(cut, counter) <= room) return cut
  }
  return undefined
}

const fits = (turns: Message[], room: number, counter: Counter): Message[] | undefined =>
  sum(turns, counter) <= room ? turns : cutLast(turns, room, counter)

/**
 * The content within `limit` tokens: later exchanges go first, then the end of the last answer, of a pair that of each side.
 * Undefined where that leaves nothing to learn: prompts and calls of tools are never cut.
 */
export function truncated(content: Content, limit: number, counter: Counter): Content | undefined {
  switch (content.kind) {
    case 'document': {
      const text = head(content.text, limit, counter)
      return text.trim() === '' ? undefined : { ...content, text }
    }
    case 'conversation': {
      const room = limit - toolTokens(content.tools, counter)
      let messages = content.messages
      while (sum(messages, counter) > room) {
        const from = messages.findLastIndex(({ role }) => role === 'user')
        if (messages[from - 1]?.role !== 'assistant') break
        messages = messages.slice(0, from)
      }
      const kept = fits(messages, room, counter)
      return kept && { ...content, messages: kept }
    }
    case 'preference': {
      const room = limit - toolTokens(content.tools, counter) - sum(content.prompt, counter)
      const [chosen, rejected] = [fits(content.chosen, room, counter), fits(content.rejected, room, counter)]
      return chosen && rejected && { ...content, chosen, rejected }
    }
    case 'feedback': {
      const completion = fits(content.completion, limit - sum(content.prompt, counter), counter)
      return completion && { ...content, completion }
    }
    default:
      return undefined
  }
}
