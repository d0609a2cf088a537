import { z } from 'zod'
import { type Answer, defineMap, fence, loadPrompt, promptNotes, unusable } from '../../steps/index.ts'
import { withoutThinking } from '../answer/index.ts'
import { payloadOf } from './execute.ts'
import { callsOf } from './format.ts'
import { languageOf } from './write.ts'

const options = z.strictObject({
  teacher: z.string().describe('Teacher that writes the answers'),
  language: z.string().optional().describe('Language of the prompt'),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
})
type Options = z.infer<typeof options>

const situations = {
  en: [
    'You can do nothing about this request with the tools you have: say so plainly, and help as far as you can without them.',
    'Between the results marks stands what your tools have found or done.',
  ],
  ja: [
    'あなたの道具では、この依頼を果たせません。そのことを率直に伝え、道具がなくてもできる範囲で手助けしてください。',
    'results の印の間は、あなたの道具が調べたり行ったりした結果です。',
  ],
} as const

/** The last turn: what the assistant says to the user of what the calls gave. */
export const toolAnswer = defineMap<Options, 'conversation', 'conversation'>({
  verb: 'tools-answer',
  about: 'A teacher writes the answer to the user out of the results of the calls.',
  version: 1,
  options,
  takes: ['conversation'],
  gives: 'same',
  reasons: ['answered', 'empty-answer', 'refused', 'truncated', 'unparseable', 'rejected'],
  writes: ['answered'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'answer', ['en', 'ja'], prompt),
  async run(record, ctx) {
    const language = languageOf(ctx)
    const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./answer.${language}.md`, import.meta.url))
    const question = record.messages[0]!.content ?? ''
    const calls = callsOf(record)
    const replies = record.messages.filter(message => message.role === 'tool')
    const results = calls.map(({ function: call }, i) => ({ ...call, result: read(replies[i]?.content ?? '') }))
    const answer: Answer = await ctx.call(ctx.options.teacher, {
      ...prompt.ask({
        question: fence(question, 'question'),
        results: results.length > 0 ? fence(JSON.stringify(results, null, 1), 'results') : '',
        situation: situations[language][results.length > 0 ? 1 : 0],
      }),
      task: { name: 'answer-tools', input: { question, results: results as never, language: ctx.language } },
    })
    if (answer.bad) return unusable(answer) as { is: 'dropped'; reason: string }
    const { content, reasoning } = withoutThinking(answer)
    if (content === '') return { is: 'dropped', reason: 'empty-answer', evidence: { call: answer.call } }
    const last = { role: 'assistant' as const, content, ...(reasoning ? { reasoning } : {}) }
    return { is: 'fixed', reason: 'answered', payload: { ...payloadOf(record), messages: [...record.messages, last] } }
  },
})

/** A result as data where it is JSON, else as the text it is. */
function read(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    return content
  }
}
