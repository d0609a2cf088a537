import { z } from 'zod'
import { StillroomError } from '../errors/index.ts'
import type { Pick } from './prose.ts'
import type { Asked } from './protocol.ts'

/** What a model says to one prompt: one of the replies, chosen by request and draw. With `model` only that one says it. */
export type SimulatorAnswer = { prompt: string; model?: string; replies: { content: string; reasoning?: string }[] }

const row = z.strictObject({
  prompt: z.string().min(1),
  model: z.string().optional(),
  replies: z
    .array(
      z.union([
        z.string().transform(content => ({ content })),
        z.strictObject({ content: z.string(), reasoning: z.string().optional() }),
      ]),
    )
    .min(1),
})

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
      hint: 'write one object a line: {"prompt": "..", "replies": ["..", {"content": "..", "reasoning": ".."}]}',
    })
  })
}

const fenced = /<([\p{L}\p{N}_-]+)>\n([\s\S]*?)\n<\/\1>/gu

/**
 * Answers by prompt. A request asks a prompt when its last user turn is that text, with or without fenced material around
 * it, or holds it between fences.
 */
export function answerTable(answers: readonly SimulatorAnswer[]) {
  const by = new Map<string, SimulatorAnswer[]>()
  for (const answer of answers) by.set(answer.prompt.trim(), [...(by.get(answer.prompt.trim()) ?? []), answer])
  return function find(asked: Asked, free: Pick): SimulatorAnswer['replies'][number] | undefined {
    if (by.size === 0) return undefined
    const said = asked.messages.findLast(({ role }) => role === 'user')?.text ?? ''
    const texts = [said, said.replace(fenced, ''), ...[...said.matchAll(fenced)].map(([, , inside]) => inside!)]
    const known = texts
      .flatMap(text => by.get(text.trim()) ?? [])
      .find(({ model }) => model === undefined || model === asked.model)
    return known?.replies[Math.floor(free('reply') * known.replies.length)]
  }
}
