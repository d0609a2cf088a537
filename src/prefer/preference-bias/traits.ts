import type { PairSeen, Sides } from '../../measure/index.ts'
import type { Message, Rec } from '../../records/index.ts'
import { refusal } from '../../text/index.ts'

const said = (messages: Message[]): string =>
  messages.flatMap(turn => (turn.role === 'assistant' && turn.content ? [turn.content] : [])).join('\n\n')

/** What an answer may have that is no merit in itself: it declines, or it is laid out. */
const traits: { [trait: string]: (answer: string) => boolean } = {
  refusal: answer => refusal(answer) !== undefined,
  list: answer => (answer.match(/^\s*(?:[-*+•]\s+|・|\d{1,3}(?:[.)]\s+|[、）]))\S/gm)?.length ?? 0) >= 2,
  markdown: answer => /^#{1,6} \S|^\|.*\|\s*$|(?:\*\*|__)\S[^\n]*?(?:\*\*|__)/m.test(answer),
  code: answer => /^\s*(?:```|~~~)/m.test(answer),
  question: answer => /[?？]["'”」）)]?\s*$/.test(answer),
}

const sides = (chosen: boolean, rejected: boolean): Sides =>
  chosen && rejected ? 'both' : chosen ? 'chosen' : rejected ? 'rejected' : 'none'

const valueAt = (record: Rec, aspect: string, named?: string): number | undefined => {
  const name =
    named ??
    Object.keys(record.scores)
      .filter(key => key.endsWith(`/${aspect}`))
      .sort()
      .at(-1)
  const score = name === undefined ? undefined : record.scores[name]
  return score && 'value' in score ? score.value : undefined
}

/** What the report looks at in one pair, out of its text, its facets and its scores. */
export function seenIn(record: Rec<'preference'>, scores: { margin?: string; orders?: string }): PairSeen {
  const [chosen, rejected] = [said(record.chosen), said(record.rejected)]
  const margin = valueAt(record, 'margin', scores.margin)
  const orders = valueAt(record, 'order-agreement', scores.orders)
  const { ownFamily, chosenTokens, rejectedTokens } = record.facets
  return {
    tokens: [Number(chosenTokens), Number(rejectedTokens)],
    ...(margin === undefined ? {} : { margin }),
    traits: Object.fromEntries(Object.entries(traits).map(([name, has]) => [name, sides(has(chosen), has(rejected))])),
    ...(ownFamily ? { ownFamily: ownFamily as Sides } : {}),
    ...(orders === undefined ? {} : { orders }),
  }
}
