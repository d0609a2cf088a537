import { z } from 'zod'
import { editDistance } from '../../kernels/index.ts'
import { defineMap } from '../../steps/index.ts'
import { splitThinking } from '../../teachers/index.ts'
import { normaliseForMatch } from '../../text/index.ts'
import { exchange, lengthsOf, writersOf } from '../pair.ts'

const options = z.strictObject({
  teacher: z
    .string()
    .describe('The student as it is now; in rounds give it a revision, so that each round asks another model'),
  same: z
    .number()
    .min(0)
    .max(1)
    .default(0.95)
    .describe('Share of equal characters (1 less edits by length) from which the answers count as the same'),
  real: z.boolean().default(true).describe('Only answers that people wrote are chosen'),
})
type Options = z.output<typeof options>

/** 1 for equal texts, 0 for texts without anything in common, by edits; punctuation, case and white space set aside. */
export function likeness(a: string, b: string): number {
  const [x, y] = [normaliseForMatch(a), normaliseForMatch(b)]
  const longest = Math.max(x.length, y.length)
  return longest === 0 ? 1 : 1 - editDistance(x, y) / longest
}

/**
 * SPIN: the student learns to tell a given answer from its own. It is asked with the conversation itself and nothing around
 * it, as it will be asked in use. Once its answers are like the given ones, nothing is left to learn.
 */
export const selfPlay = defineMap<Options, 'conversation', 'preference'>({
  verb: 'self-play',
  about: "Pairs the given answer of a conversation, chosen, with the student's own answer, rejected.",
  version: 1,
  options,
  takes: ['conversation'],
  gives: ['preference'],
  reasons: ['no-answer', 'not-real', 'same-answer', 'empty-answer', 'refused', 'truncated', 'unparseable', 'rejected'],
  needs: { teachers: ['teacher'] },
  source: 'https://arxiv.org/abs/2401.01335',
  async run(record, ctx) {
    const given = exchange(record)
    if (!given) return { is: 'dropped', reason: 'no-answer' }
    if (ctx.options.real && record.lineage.origin !== 'real') return { is: 'dropped', reason: 'not-real' }
    const own = await ctx.call(ctx.options.teacher, {
      messages: given.prompt,
      ...(record.tools ? { tools: record.tools } : {}),
      task: { name: 'self-play', input: { prompt: given.prompt.at(-1)!.content ?? '', language: ctx.language } },
    })
    // A student that declines has answered: that is what it is to unlearn where people did not.
    if (own.bad && !(own.bad.reason === 'refused' && own.content?.trim()))
      return { is: 'dropped', reason: own.bad.reason, evidence: { call: own.call, detail: own.bad.detail } }
    const { content } = splitThinking(own.content ?? '')
    if (content.trim() === '') return { is: 'dropped', reason: 'empty-answer', evidence: { call: own.call } }
    const like = likeness(given.completion.content ?? '', content)
    if (like >= ctx.options.same) return { is: 'dropped', reason: 'same-answer', evidence: { call: own.call, like } }
    const tools = record.tools ? { tools: record.tools } : {}
    const chosenBy = writersOf(record).join(' + ')
    return {
      is: 'made',
      made: [
        {
          payload: {
            kind: 'preference',
            prompt: given.prompt,
            chosen: [given.completion],
            rejected: [{ role: 'assistant', content: content.trim() }],
            ...tools,
          },
          index: 0,
          notes: {
            facets: {
              ...(chosenBy ? { chosenBy } : {}),
              ...(own.by ? { rejectedBy: own.by } : {}),
              ...lengthsOf(given.completion.content ?? '', content.trim(), ctx),
              likeness: like,
            },
          },
        },
      ],
    }
  },
})
