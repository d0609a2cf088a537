import { canonical, type Message } from '../../records/index.ts'
import type { Reason } from './reasons.ts'
import type { Content, Reasoning } from './target.ts'

const said = ({ content, tool_calls }: Message): boolean => (content ?? '').trim() !== '' || !!tool_calls?.length

/** Without reasoning: no field of it is left. */
const silent = (messages: Message[]): Message[] =>
  messages.map(message => {
    const { reasoning: _, ...rest } = message
    return rest
  })

/** The content with its lists of messages mapped. */
export function mapMessages(content: Content, change: (messages: Message[]) => Message[]): Content {
  switch (content.kind) {
    case 'prompt':
    case 'conversation':
      return { ...content, messages: change(content.messages) }
    case 'preference':
      return {
        ...content,
        prompt: change(content.prompt),
        chosen: change(content.chosen),
        rejected: change(content.rejected),
      }
    case 'feedback':
      return { ...content, prompt: change(content.prompt), completion: change(content.completion) }
    case 'exam':
      return { ...content, prompt: change(content.prompt) }
    default:
      return content
  }
}

/** All messages of the content, in order. */
export function messagesIn(content: Content): Message[] {
  const all: Message[] = []
  mapMessages(content, messages => {
    all.push(...messages)
    return messages
  })
  return all
}

/** What two sides of a pair are compared by: what a model would write. */
const written = (messages: Message[]): string =>
  canonical(
    messages.map(({ role, content, reasoning, tool_calls }) => ({
      role,
      content: content?.trim() ?? '',
      reasoning,
      calls: tool_calls?.map(call => call.function),
    })),
  )

/** The content with reasoning as it will stand, or why no model can learn from it. */
export function sound(content: Content, how: Reasoning): Content | Reason {
  const kept = how === 'drop' ? mapMessages(content, silent) : content
  if (how === 'inline' && messagesIn(kept).some(({ reasoning }) => reasoning?.includes('</think>'))) return 'think-mark'
  return problemOf(kept) ?? kept
}

function problemOf(content: Content): Reason | undefined {
  switch (content.kind) {
    case 'document':
      return content.text.trim() === '' ? 'empty-text' : undefined
    case 'prompt':
      return content.messages.some(said) ? undefined : 'empty-prompt'
    case 'conversation':
      return asked(content.messages.slice(0, -1)) ?? answer(content.messages, true)
    case 'preference':
      return (
        asked(content.prompt) ??
        answer(content.chosen) ??
        answer(content.rejected) ??
        (written(content.chosen) === written(content.rejected) ? 'equal-sides' : undefined)
      )
    case 'feedback':
      return asked(content.prompt) ?? answer(content.completion)
    case 'exam':
      return 'exam'
    case 'row':
      return undefined
  }
}

const asked = (prompt: Message[]): Reason | undefined =>
  prompt.some(turn => turn.role !== 'assistant' && said(turn)) ? undefined : 'empty-prompt'

function answer(turns: Message[], weighed = false): Reason | undefined {
  const last = turns.at(-1)
  if (last?.role !== 'assistant') return last === undefined ? 'empty-completion' : 'no-final-answer'
  if (!said(last)) return 'empty-completion'
  const trained = !weighed || turns.some(({ role, weight }) => role === 'assistant' && weight !== 0)
  return trained ? undefined : 'nothing-trained'
}
