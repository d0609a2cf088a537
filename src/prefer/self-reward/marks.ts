import { z } from 'zod'
import type { Rec } from '../../records/index.ts'
import { defineMap, fence, loadPrompt, type Pure, promptNotes } from '../../steps/index.ts'
import { exchange } from '../pair.ts'

export const markShape = {
  judge: z.string().describe('Teacher that marks; default the student itself'),
  marks: z.int().min(1).max(16).default(3).describe('Independent judgements an answer, which are averaged'),
  prompt: z.string().optional().describe('Prompt file of the judgement to use instead of the built-in one'),
}
const options = z.strictObject(markShape)
type Options = z.output<typeof options>

/** One point each, from what any answer owes to what few give. */
export const criteria = ['relevant', 'substantial', 'resolves', 'clear', 'excellent'] as const
const reply = z.object({
  rationale: z.string(),
  ...(Object.fromEntries(criteria.map(name => [name, z.boolean()])) as Record<(typeof criteria)[number], z.ZodBoolean>),
})

/** Points are summed here: a model that adds them up itself gets it wrong, and a number alone says nothing of why. */
export const points = (said: z.infer<typeof reply>): number => criteria.filter(name => said[name]).length

function request(record: Rec<'conversation'>, ctx: Pure<Options>) {
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./marks.${language}.md`, import.meta.url))
  const { prompt: asked, completion } = exchange(record)!
  const lone = asked.length === 1
  const question = asked.map(turn => (lone ? turn.content : `[${turn.role}]\n${turn.content ?? ''}`)).join('\n\n')
  const answer = completion.content ?? ''
  return {
    ...prompt.ask({ question: fence(question, 'question'), answer: fence(answer, 'answer') }),
    reply,
    task: {
      name: 'marks',
      input: { prompt: question, completion: answer, criteria: [...criteria], language: ctx.language },
    },
  }
}

/** The additive judgement of self-rewarding models: five criteria, yes or no, averaged over several calls. */
export const marks = defineMap<Options, 'conversation', 'conversation'>({
  verb: 'marks',
  about:
    'A judge says of five criteria whether an answer meets them, several times; the reward is the mean of the sums.',
  version: 1,
  options,
  takes: ['conversation'],
  gives: 'same',
  reasons: [],
  needs: { teachers: ['judge'], files: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'marks', ['en', 'ja'], prompt),
  source: 'https://arxiv.org/abs/2401.10020',
  async run(record, ctx) {
    const ask = request(record, ctx)
    const calls = Array.from({ length: ctx.options.marks }, (_, n) => ctx.call(ctx.options.judge, ask, n))
    const replies = await Promise.all(calls)
    const usable = replies.filter(answer => !answer.bad && answer.data)
    const method = `points of ${criteria.length}, mean of ${usable.length} judgements`
    const first = usable[0]
    // A judgement that cannot be read counts for nothing: neither 0 points nor the row's end.
    if (!first)
      return {
        is: 'passed',
        notes: { scores: { reward: { method, unscored: replies[0]?.bad?.reason ?? 'unparseable' } } },
      }
    const sum = usable.reduce((total, { data }) => total + points(data!), 0)
    const why = first.data!.rationale.slice(0, 300)
    return {
      is: 'passed',
      notes: { scores: { reward: { method, call: first.call, why, value: sum / usable.length } } },
    }
  },
})
