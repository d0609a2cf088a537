import { z } from 'zod'
import { StillroomError } from '../../errors/index.ts'
import { type Message, type Rec, withMessages } from '../../records/index.ts'
import {
  type Answer,
  type Ask,
  type Ctx,
  type Draft,
  defineMap,
  fence,
  type Lost,
  loadPrompt,
  type Prompt,
  promptNotes,
} from '../../steps/index.ts'
import { withoutThinking } from '../answer/index.ts'
import { comparable } from '../comparable.ts'
import { transcript } from '../transcript.ts'
import { builtinConstitutions, loadConstitution, type Principle } from './constitution.ts'
import { formatProblem } from './format.ts'

const options = z.strictObject({
  teacher: z.string().describe('Teacher that revises'),
  critic: z.string().optional().describe('Teacher that criticises; default the one that revises'),
  constitution: z
    .string()
    .refine(
      name => name.endsWith('.md') || builtinConstitutions.includes(name),
      `expected ${builtinConstitutions.join(' or ')}, or a path that ends in .md`,
    )
    .default('helpful-harmless-honest')
    .describe('Name of a built-in constitution, or path of a Markdown file with one "### name" a principle'),
  rounds: z
    .int()
    .min(1)
    .max(16)
    .default(2)
    .describe('Critiques and revisions a row, one principle each; 4 in the paper'),
  keep: z
    .enum(['last', 'all'])
    .default('last')
    .describe('The last revision alone, or the original and every revision as rows told apart by the facet `revision`'),
  grounded: z.boolean().default(false).describe('Show the document a row was made from, where there is one'),
  prompt: z
    .string()
    .optional()
    .describe('Prompt file to use instead of the built-in one: parts system, user, assistant, user'),
})
export type CritiqueReviseOptions = z.infer<typeof options>

/** One principle a round: all in an order of the seed's, then all again in another. */
export function drawPrinciples(principles: readonly Principle[], rounds: number, random: () => number): Principle[] {
  const drawn: Principle[] = []
  while (drawn.length < rounds) {
    const left = [...principles]
    while (left.length > 0 && drawn.length < rounds) drawn.push(left.splice(Math.floor(random() * left.length), 1)[0]!)
  }
  return drawn
}

/** The file holds both questions of a round: the first ends where the assistant's part, the critique, begins. */
function promptOf(own: string | undefined, language: string): { prompt: Prompt; first: number } {
  const prompt = loadPrompt(own ?? new URL(`./critique-revise.${language}.md`, import.meta.url))
  const blank = Object.fromEntries(valueNames.map(name => [name, '']))
  const first = prompt.render(blank).findIndex(({ role }) => role === 'assistant')
  if (first < 1) {
    throw new StillroomError('SR_RECIPE_VALUE', `The prompt file ${prompt.name} holds no critique.`, {
      expected: 'parts ## user (asks for the critique), ## assistant ({{critique}}), ## user (asks for the revision)',
    })
  }
  return { prompt, first }
}
const valueNames = ['question', 'answer', 'reference', 'critique_request', 'critique', 'revision_request']

const bad = ({ bad: problem, call }: Answer, index: number): Lost => ({
  index,
  reason: problem!.reason,
  evidence: { call, detail: problem!.detail },
})

/** One round: a critique by the principle, then the revision that mends what it found. */
async function revise(
  before: string,
  principle: Principle,
  round: number,
  { record, end, ctx }: { record: Rec<'conversation'>; end: number; ctx: Ctx<CritiqueReviseOptions> },
): Promise<{ content: string; calls: string[] } | Lost> {
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const { teacher, critic = teacher, grounded } = ctx.options
  const { prompt, first } = promptOf(ctx.options.prompt, language)
  const constitution = loadConstitution(ctx.options.constitution, ctx.language)
  const document = grounded ? ctx.ancestor('document') : undefined
  const question = transcript(record.messages.slice(0, end))
  const input = {
    question,
    answer: before,
    document: document?.text,
    principle: principle.name,
    language: ctx.language,
  }
  const asking = (task: string, critique: string): Ask => {
    const asked = prompt.ask({
      question: fence(question, 'question'),
      answer: fence(before, 'answer'),
      reference: document && fence(document.text, 'reference'),
      critique_request: principle.critique,
      critique,
      revision_request: principle.revision,
    })
    const messages = critique === '' ? asked.messages.slice(0, first) : asked.messages
    return { ...asked, messages, prompts: [...asked.prompts, constitution.digest], task: { name: task, input } }
  }
  const criticised = await ctx.call(critic, asking('critique', ''))
  if (criticised.bad) return bad(criticised, round)
  const critique = withoutThinking(criticised).content
  if (critique === '') return { index: round, reason: 'empty-critique', evidence: { call: criticised.call } }
  const revised = await ctx.call(teacher, asking('revise', critique))
  if (revised.bad) return bad(revised, round)
  const { content } = withoutThinking(revised)
  const evidence = { call: revised.call, principle: principle.name }
  if (content === '') return { index: round, reason: 'empty-revision', evidence }
  if (comparable(content) === comparable(before)) return { index: round, reason: 'unchanged', evidence }
  const why = formatProblem(before, content)
  if (why) return { index: round, reason: 'worse-format', evidence: { ...evidence, why } }
  return { content, calls: [criticised.call, revised.call] }
}

/**
 * Constitutional AI, the supervised phase (Bai et al., arXiv:2212.08073): each round draws a principle, has the last
 * answer criticised by it and revised. A round without a usable revision is lost by name, and the next one goes on from
 * the last good text; a row that no round could revise is dropped as empty.
 */
export const critiqueRevise = defineMap<CritiqueReviseOptions, 'conversation', 'conversation'>({
  verb: 'critique-revise',
  about:
    'A teacher criticises the last answer of each row by principles of a constitution and revises it, round by round.',
  version: 1,
  options,
  takes: ['conversation'],
  gives: ['conversation'],
  reasons: [
    ...['no-answer', 'empty-critique', 'empty-revision', 'unchanged', 'worse-format'],
    ...['refused', 'truncated', 'unparseable', 'rejected'],
  ],
  needs: { teachers: ['teacher', 'critic'], files: ['constitution', 'prompt'], ancestors: ['document'] },
  source: 'https://arxiv.org/abs/2212.08073',
  prompts({ prompt, constitution }) {
    if (prompt !== undefined) promptOf(prompt, 'en')
    const notes = ['en', 'ja'].map(language => loadConstitution(constitution, language))
    return [
      ...promptNotes(import.meta.url, 'critique-revise', ['en', 'ja'], prompt),
      ...notes.map(({ name, digest, text }) => ({ name, digest, text })),
    ]
  },
  async run(record, ctx) {
    const { rounds, keep, constitution } = ctx.options
    const end = record.messages.length - 1
    const original = record.messages[end]!
    if (original.role !== 'assistant' || !original.content) return { is: 'dropped', reason: 'no-answer' }
    const { principles } = loadConstitution(constitution, ctx.language)
    const made: Draft<'conversation'>[] = []
    const lost: Lost[] = []
    const draft = (last: Message, index: number, calls: string[], facets: object) =>
      made.push({
        payload: withMessages(record, [...record.messages.slice(0, end), last]),
        index,
        calls,
        notes: { facets: { revision: index, ...facets } },
      })
    if (keep === 'all') draft(original, 0, [], {})
    let last = original.content
    const calls: string[] = []
    for (const [i, principle] of drawPrinciples(principles, rounds, ctx.random).entries()) {
      const outcome = await revise(last, principle, i + 1, { record, end, ctx })
      if ('reason' in outcome) {
        lost.push(outcome)
        continue
      }
      last = outcome.content
      calls.push(...outcome.calls)
      if (keep === 'last') made.pop()
      draft({ role: 'assistant', content: last }, i + 1, [...calls], { principle: principle.name })
    }
    return { is: 'made', made: last === original.content ? [] : made, lost }
  },
})
