import { z } from 'zod'
import { type Message, type Rec, withMessages } from '../../records/index.ts'
import {
  type Answer,
  type Ask,
  type Draft,
  defineMap,
  fence,
  type Lost,
  loadPrompt,
  type Pure,
  promptNotes,
} from '../../steps/index.ts'
import { splitThinking } from '../../teachers/index.ts'
import { registerFacet } from '../register.ts'

/** Options of the draws; the verb `answer` adds those of the agreement. */
export const drawShape = {
  teacher: z.string().optional().describe('Teacher that answers'),
  teachers: z
    .array(z.string())
    .min(2)
    .refine(names => new Set(names).size === names.length, 'each teacher once')
    .optional()
    .describe('Several teachers instead of one, each of which answers every prompt'),
  samples: z.int().min(1).max(64).default(1).describe('Independent answers a prompt, of each teacher'),
  grounded: z.boolean().default(true).describe('Shows the document a prompt came from as reference material'),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
}
export const oneOrSeveral = (o: { teacher?: string | undefined; teachers?: string[] | undefined }) =>
  (o.teacher === undefined) !== (o.teachers === undefined)
export const oneOrSeveralSaid = { path: ['teacher'], message: 'give either teacher or teachers' }
const drawOptions = z.strictObject(drawShape).refine(oneOrSeveral, oneOrSeveralSaid)
export type DrawOptions = z.infer<typeof drawOptions>

function textOf(messages: Message[]): string {
  if (messages.length === 1) return messages[0]!.content ?? ''
  return messages.map(message => `${message.role}: ${message.content ?? ''}`).join('\n\n')
}

export function answerRequest(
  record: Pick<Rec<'prompt'>, 'messages' | 'tools'>,
  ctx: Pick<Pure<DrawOptions>, 'options' | 'language' | 'ancestor'>,
): Ask {
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./answer.${language}.md`, import.meta.url))
  const document = ctx.options.grounded ? ctx.ancestor('document') : undefined
  const question = textOf(record.messages)
  return {
    ...prompt.ask({
      question,
      reference: document && fence(document.text, 'reference'),
    }),
    ...(record.tools ? { tools: record.tools } : {}),
    task: {
      name: 'answer',
      input: { question, document: document?.text, title: document?.title, language: ctx.language },
    },
  }
}

/** Parts a reply into reasoning and answer: models without a reasoning field write it into a leading think block. */
export function withoutThinking(reply: { content: string | null; reasoning?: string }): {
  content: string
  reasoning?: string
} {
  const { content, reasoning } = splitThinking(reply.content ?? '')
  const thought = (reply.reasoning ?? reasoning)?.trim()
  return { content: content.trim(), ...(thought ? { reasoning: thought } : {}) }
}

function conversation(record: Rec<'prompt'>, answer: Answer, index: number): Draft<'conversation'> | Lost {
  if (answer.bad)
    return { index, reason: answer.bad.reason, evidence: { call: answer.call, detail: answer.bad.detail } }
  const { content, reasoning } = withoutThinking(answer)
  const { tool_calls = [] } = answer
  if (content === '' && tool_calls.length === 0)
    return { index, reason: 'empty-answer', evidence: { call: answer.call } }
  return {
    payload: withMessages(record, [
      ...record.messages,
      {
        role: 'assistant',
        content: content === '' ? null : content,
        ...(reasoning ? { reasoning } : {}),
        ...(tool_calls.length > 0 ? { tool_calls } : {}),
      },
    ]),
    index,
    calls: [answer.call],
    notes: {
      facets: { draw: index, ...registerFacet(content, record.language) },
      ...(record.language ? { language: record.language } : {}),
    },
  }
}

/** One conversation a draw; a draw without a usable answer is lost by name, a prompt without any is dropped. */
export const draw = defineMap<DrawOptions, 'prompt', 'conversation'>({
  verb: 'draw',
  about: 'One teacher or several answer each prompt, independently as often as asked.',
  version: 2,
  options: drawOptions,
  takes: ['prompt'],
  gives: ['conversation'],
  reasons: ['empty-answer', 'refused', 'truncated', 'unparseable', 'rejected'],
  needs: { teachers: ['teacher', 'teachers'], files: ['prompt'], ancestors: ['document'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'answer', ['en', 'ja'], prompt),
  async run(record, ctx) {
    const ask = answerRequest(record, ctx)
    const { teacher, teachers = [teacher!], samples } = ctx.options
    const draws = teachers.flatMap(name => Array.from({ length: samples }, (_, n) => ctx.call(name, ask, n)))
    const items = (await Promise.all(draws)).map((answer, n) => conversation(record, answer, n))
    const made = items.filter(item => 'payload' in item)
    const lost = items.filter(item => 'reason' in item)
    return { is: 'made', made, lost }
  },
})
