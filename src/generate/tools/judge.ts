import { z } from 'zod'
import type { Rec, Score } from '../../records/index.ts'
import { type Answer, defineMap, fence, loadPrompt, type Pure, promptNotes } from '../../steps/index.ts'
import { transcript } from '../transcript.ts'
import { languageOf } from './write.ts'

const options = z.strictObject({
  teacher: z.string().describe('Teacher that judges'),
  language: z.string().optional().describe('Language of the prompt'),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
})
type Options = z.infer<typeof options>

const aspects = ['intent', 'arguments', 'results'] as const
const mark = z.int().min(1).max(5)
const reply = z.object({ rationale: z.string(), intent: mark, arguments: mark, results: mark })
type Marks = z.infer<typeof reply>

function request(record: Rec<'conversation'>, ctx: Pure<Options>) {
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./judge.${languageOf(ctx)}.md`, import.meta.url))
  const [asked, ...rest] = record.messages
  const question = asked!.content ?? ''
  const calls = rest.length === 0 ? '(no call)' : transcript(rest)
  return {
    ...prompt.ask({
      tools: fence(JSON.stringify(record.tools ?? [], null, 1), 'tools'),
      question: fence(question, 'question'),
      calls: fence(calls, 'calls'),
    }),
    reply,
    task: {
      name: 'judge-tools',
      input: { question, calls, aspects: [...aspects], scale: [1, 5], language: ctx.language },
    },
  }
}

const short = (text: string) => (text.length > 300 ? `${text.slice(0, 299).trimEnd()}…` : text)

/** Third gate: a teacher marks whether the calls do what was asked; the cut is a step of its own. */
export const toolJudge = defineMap<Options, 'conversation', 'conversation', Marks>({
  verb: 'tools-judge',
  about: 'A teacher marks whether the calls of each row do what its request asks for; the overall score is the mean.',
  version: 1,
  options,
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'judge', ['en', 'ja'], prompt),
  source: 'https://arxiv.org/abs/2406.18518',
  teacher: ({ teacher }) => teacher,
  prompt: request,
  parse(answer, _, { teacher }) {
    const marks = answer.data!
    const by = { judge: teacher, call: answer.call, why: short(marks.rationale) }
    const scores: { [aspect: string]: Score } = Object.fromEntries(
      aspects.map(aspect => [aspect, { ...by, method: 'calls against the request', value: marks[aspect] }]),
    )
    const value = aspects.reduce((sum, aspect) => sum + marks[aspect], 0) / aspects.length
    return {
      is: 'passed',
      notes: { scores: { ...scores, overall: { ...by, method: `mean of ${aspects.join(', ')}`, value } } },
    }
  },
  /** No mark is no judgement: the cut drops it by that name. */
  unusable: (answer: Answer<Marks>, _, { teacher }) => ({
    is: 'passed',
    notes: {
      scores: {
        overall: {
          method: `mean of ${aspects.join(', ')}`,
          judge: teacher,
          call: answer.call,
          unscored: answer.bad?.reason ?? 'unparseable',
          ...(answer.bad ? { why: short(answer.bad.detail) } : {}),
        },
      },
    },
  }),
})
