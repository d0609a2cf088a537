import { z } from 'zod'
import { StillroomError } from '../errors/index.ts'
import type { Pick } from './prose.ts'
import type { Asked } from './protocol.ts'

/**
 * What a model says to one prompt, or to every request that holds `match` (each text of several): one of the replies, chosen
 * by request and draw. With `model` only that one says it.
 */
export type SimulatorAnswer = {
  prompt?: string
  match?: string | string[]
  model?: string
  replies: { content: string; reasoning?: string }[]
}

const text = z.string().min(1)
const row = z
  .strictObject({
    prompt: text.optional(),
    match: z.union([text, z.array(text).min(1)]).optional(),
    model: z.string().optional(),
    replies: z
      .array(
        z.union([
          z.string().transform(content => ({ content })),
          z.strictObject({ content: z.string(), reasoning: z.string().optional() }),
          z.strictObject({ data: z.json() }).transform(({ data }) => ({ content: JSON.stringify(data) })),
        ]),
      )
      .min(1),
  })
  .refine(({ prompt, match }) => (prompt === undefined) !== (match === undefined), 'give either prompt or match')

/** Reads answers as JSON Lines. Throws SR_USAGE with the first line that is none. */
export function readAnswers(text: string, file: string): SimulatorAnswer[] {
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return []
    let wrong = 'not valid JSON'
    try {
      const read = row.safeParse(JSON.parse(line))
      if (read.success) return [read.data as SimulatorAnswer]
      const { path, message } = read.error.issues[0]!
      wrong = `${path.join('.')} ${message}`.trim()
    } catch {
      // Said below.
    }
    throw new StillroomError('SR_USAGE', `Line ${i + 1} of ${file} holds no answers: ${wrong}.`, {
      position: { file, line: i + 1, column: 1 },
      hint: 'write one object a line: {"prompt": "..", "replies": ["..", {"content": "..", "reasoning": ".."}, {"data": {..}}]}',
    })
  })
}

const fenced = /<([\p{L}\p{N}_-]+)>\n([\s\S]*?)\n<\/\1>/gu

/**
 * Answers by prompt, and by what a request holds. A request asks a prompt when its last user turn is that text, with or
 * without fenced material around it, or holds it between fences; one that wants data or tools asks none. A `match` is looked
 * for in all turns, whatever is wanted.
 */
export function answerTable(answers: readonly SimulatorAnswer[]) {
  const by = new Map<string, SimulatorAnswer[]>()
  for (const answer of answers) {
    const prompt = answer.prompt?.trim()
    if (prompt !== undefined) by.set(prompt, [...(by.get(prompt) ?? []), answer])
  }
  const matching = answers.filter(({ match }) => match !== undefined)
  return function find(asked: Asked, free: Pick): SimulatorAnswer['replies'][number] | undefined {
    if (answers.length === 0) return undefined
    const known: SimulatorAnswer[] = []
    if (asked.schema === undefined && asked.tools.length === 0) {
      const said = asked.messages.findLast(({ role }) => role === 'user')?.text ?? ''
      const texts = [said, said.replace(fenced, ''), ...[...said.matchAll(fenced)].map(([, , inside]) => inside!)]
      known.push(...(texts.map(text => by.get(text.trim()) ?? []).find(found => found.length > 0) ?? []))
    }
    if (matching.length > 0) {
      const whole = asked.messages.map(({ text }) => text).join('\n')
      known.push(...matching.filter(({ match }) => [match!].flat().every(part => whole.includes(part))))
    }
    const replies = known
      .filter(({ model }) => model === undefined || model === asked.model)
      .flatMap(answer => answer.replies)
    return replies[Math.floor(free('reply') * replies.length)]
  }
}
