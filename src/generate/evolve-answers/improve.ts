import { z } from 'zod'
import { type Message, withMessages } from '../../records/index.ts'
import { defineMap, fence, loadPrompt, type Outcome, type Pure, promptNotes, unusable } from '../../steps/index.ts'
import { chosen, methodsIn, weightsOf } from '../evolve/operators.ts'
import { eliminated } from '../evolve/rules.ts'

/** What an answer can gain in. */
export const qualities = ['helpfulness', 'relevance', 'depth', 'creativity', 'details'] as const

export const improveShape = {
  teacher: z.string().describe('Teacher that improves the answers'),
  qualities: z
    .union([z.array(z.enum(qualities)).min(1), z.partialRecord(z.enum(qualities), z.number().min(0))])
    .default([...qualities])
    .refine(
      given => Array.isArray(given) || Object.values(given).some(weight => weight > 0),
      'give one quality at least a weight over 0',
    )
    .describe('Qualities to choose from, or weights by quality; drawn anew for each answer and wave'),
  added: z.number().min(0).default(3).describe('Words that a rewriting must add at least, without stop words'),
  longest: z
    .int()
    .min(1)
    .default(1500)
    .describe('Words of an answer at most; two characters without spaces count as one'),
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
}
const options = z.strictObject({ ...improveShape, wave: z.int().min(1).default(1).describe('Number of the wave') })
type ImproveOptions = z.output<typeof options>

const reply = z.object({ improved: z.string() })
const methods = (language: string) =>
  methodsIn(new URL(`./qualities.${language.startsWith('ja') ? 'ja' : 'en'}.md`, import.meta.url), qualities)

function request(quality: string, before: Message[], answer: string, ctx: Pure<ImproveOptions>) {
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./quality.${language}.md`, import.meta.url))
  const said = before.filter(({ content }) => content).map(({ role, content }) => `${role}: ${content}`)
  const words = methods(language)
  const asked = prompt.ask({
    conversation: fence(said.join('\n\n'), 'conversation'),
    answer: fence(answer, 'answer'),
    method: words.of.get(quality),
  })
  return {
    ...asked,
    prompts: [...asked.prompts, words.digest],
    reply,
    task: { name: 'evolve-answer', input: { conversation: said, answer, quality, language: ctx.language } },
  }
}

/** One round of one answer: a quality is drawn, the teacher rewrites, and what is no improvement is eliminated by name. */
export const improve = defineMap<ImproveOptions, 'conversation', 'conversation'>({
  verb: 'evolve-answers-rewrite',
  about: 'A teacher rewrites the last answer so that it gains in one quality.',
  version: 1,
  options,
  takes: ['conversation'],
  gives: ['conversation'],
  reasons: [
    ...['no-information', 'says-nothing', 'leaked-words', 'refusal', 'too-long', 'no-answer'],
    ...['refused', 'truncated', 'unparseable', 'rejected'],
  ],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  prompts: ({ prompt }) => [
    ...promptNotes(import.meta.url, 'quality', ['en', 'ja'], prompt),
    ...['en', 'ja'].map(methods).map(({ name, digest, text }) => ({ name, digest, text })),
  ],
  source: 'https://arxiv.org/abs/2312.15685',
  async run(record, ctx): Promise<Outcome<'conversation', 'conversation'>> {
    const { teacher, wave, added, longest } = ctx.options
    const last = record.messages.at(-1)
    const parent = last?.role === 'assistant' ? last.content : undefined
    if (!last || !parent || last.tool_calls) return { is: 'dropped', reason: 'no-answer' }
    const before = record.messages.slice(0, -1)
    const quality = chosen(weightsOf(ctx.options.qualities), ctx.random())
    const answer = await ctx.call(teacher, request(quality, before, parent, ctx), wave - 1)
    if (answer.bad) return unusable(answer) as Outcome<'conversation', 'conversation'>
    const child = answer.data!.improved.trim()
    const fault = eliminated({ parent, child, breadth: false }, { added, longest, alike: 1 })
    if (fault) {
      const { reason, ...evidence } = fault
      return {
        is: 'dropped',
        reason,
        evidence: { quality, answer: child.slice(0, 300), call: answer.call, ...evidence },
      }
    }
    // What led to the old answer did not lead to this one.
    const { reasoning: _, ...turn } = last
    const payload = withMessages(record, [...before, { ...turn, content: child }])
    // `root` ties together what came of one answer, so that a split does not tear it apart.
    const root = typeof record.facets.root === 'string' ? record.facets.root : record.id
    const facets = { quality, rewritings: Number(record.facets.rewritings ?? 0) + 1, root }
    return { is: 'made', made: [{ payload, index: 0, notes: { facets } }] }
  },
})
