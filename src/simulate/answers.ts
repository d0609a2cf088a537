import { StillroomError } from '../errors/index.ts'
import { type Json, unit } from '../records/index.ts'
import { tokensOf } from './prose.ts'
import type { Asked, Said } from './protocol.ts'

/** A reply that is given to every request whose messages hold `match`, or each of several texts. Data is sent as JSON. */
export type SimulatorAnswer = { match: string | string[]; reply: Json }

/**
 * Reads a table of answers: JSON Lines of `{ match, reply }`. Throws SR_USAGE with the line that is none.
 */
export function readAnswers(text: string, file: string): SimulatorAnswer[] {
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return []
    let parsed: Partial<SimulatorAnswer> | undefined
    try {
      parsed = JSON.parse(line) as Partial<SimulatorAnswer>
    } catch {
      // Told below.
    }
    const matches = [parsed?.match ?? []].flat()
    if (parsed?.reply !== undefined && matches.length > 0 && matches.every(match => typeof match === 'string'))
      return [parsed as SimulatorAnswer]
    throw new StillroomError('SR_USAGE', `${file} has a line that is no answer.`, {
      position: { file, line: i + 1 },
      expected: '{"match": "text of the request", "reply": "text, or data that is sent as JSON"}',
      received: line.slice(0, 100),
    })
  })
}

/** The reply to a request out of the table; of several that fit, one for each draw by hash. Undefined where none fits. */
export function answerOf(
  answers: readonly SimulatorAnswer[],
  asked: Asked,
  body: string,
  draw: string,
): Said | undefined {
  if (answers.length === 0) return undefined
  const text = asked.messages.map(message => message.text).join('\n')
  const fitting = answers.filter(({ match }) => [match].flat().every(part => text.includes(part)))
  if (fitting.length === 0) return undefined
  const { reply } = fitting[Math.floor(unit('answer', body, draw) * fitting.length)]!
  const content = typeof reply === 'string' ? reply : JSON.stringify(reply)
  const tokens = tokensOf(content)
  const cut = tokens > (asked.cap ?? Number.POSITIVE_INFINITY)
  return { content: cut ? content.slice(0, asked.cap! * 4) : content, tokens: cut ? asked.cap! : tokens, cut }
}
