import { sharegptTurns } from './sharegpt-turns.ts'
import type { Content, Outcome, Row, Target, Type } from './target.ts'
import { toolsText } from './turns.ts'

export const sharegptMessages: Type = {
  about: 'Conversations of `from` and `value`, user and model strictly in turn',
  kinds: ['conversation'],
  reasoning: ['inline', 'separate', 'thinking', 'drop'],
  weights: 'few trainers read weights of this format; most learn from these turns too',
  rows(content, { reasoning }): Outcome[] {
    const { messages, tools, reference, verifier } = content as Content<'conversation'>
    const read = sharegptTurns(messages, reasoning)
    if (typeof read === 'string') return [{ why: read }]
    const row: Row = { conversations: read.turns, ...toolsText(tools) }
    if (reference !== undefined) row.reference = reference
    if (verifier) row.verifier = JSON.stringify(verifier)
    return [{ row, ...(read.lost === undefined ? {} : { lost: read.lost }) }]
  },
}

/** The format that early chat models were tuned on, and that many trainers still read. */
export const sharegpt: Target = {
  name: 'sharegpt',
  about: 'Conversations of from and value',
  types: { messages: sharegptMessages },
  choose: kind => (kind === 'conversation' ? 'messages' : undefined),
  ids: 'column',
}
