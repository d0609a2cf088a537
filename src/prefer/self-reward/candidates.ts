import { z } from 'zod'
import { withMessages } from '../../records/index.ts'
import { type Draft, defineMap, type Lost } from '../../steps/index.ts'
import { splitThinking } from '../../teachers/index.ts'

export const candidateShape = {
  teacher: z
    .string()
    .describe('The student, which answers; in rounds give it a revision, so that each round asks another model'),
  candidates: z.int().min(2).max(64).default(4).describe('Answers a prompt'),
  temperature: z.number().min(0.01).max(2).default(0.7).describe('Sampling temperature of the answers'),
}
const options = z.strictObject(candidateShape)

/** Independent answers of the student to each prompt, asked with the prompt alone, as it will be asked in use. */
export const candidates = defineMap<z.output<typeof options>, 'prompt', 'conversation'>({
  verb: 'candidates',
  about: 'The student answers each prompt several times.',
  version: 1,
  options,
  takes: ['prompt'],
  gives: ['conversation'],
  reasons: ['empty-answer', 'refused', 'truncated', 'unparseable', 'rejected'],
  needs: { teachers: ['teacher'] },
  async run(record, ctx) {
    const ask = {
      messages: record.messages,
      ...(record.tools ? { tools: record.tools } : {}),
      sampling: { temperature: ctx.options.temperature },
      task: {
        name: 'answer',
        input: { question: record.messages.at(-1)!.content ?? '', language: ctx.language },
      },
    }
    const draws = Array.from({ length: ctx.options.candidates }, (_, n) => ctx.call(ctx.options.teacher, ask, n))
    const made: Draft<'conversation'>[] = []
    const lost: Lost[] = []
    for (const [index, reply] of (await Promise.all(draws)).entries()) {
      const { content, reasoning = reply.reasoning } = splitThinking(reply.content ?? '')
      if (reply.bad) {
        lost.push({ index, reason: reply.bad.reason, evidence: { call: reply.call, detail: reply.bad.detail } })
      } else if (content.trim() === '') {
        lost.push({ index, reason: 'empty-answer', evidence: { call: reply.call } })
      } else {
        const turn = { role: 'assistant' as const, content: content.trim(), ...(reasoning ? { reasoning } : {}) }
        made.push({
          payload: withMessages(record, [...record.messages, turn]),
          index,
          calls: [reply.call],
          notes: { facets: { draw: index } },
        })
      }
    }
    return { is: 'made', made, lost }
  },
})
