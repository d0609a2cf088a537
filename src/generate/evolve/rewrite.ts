import { z } from 'zod'
import type { Facets, Message, Rec } from '../../records/index.ts'
import {
  type Ask,
  type Ctx,
  defineMap,
  fence,
  loadPrompt,
  type Outcome,
  promptNotes,
  unusable,
} from '../../steps/index.ts'
import { answerRequest } from '../answer/draw.ts'
import { chosen, depthOperators, methodsIn, type Operator, operators, weightsOf } from './operators.ts'
import { eliminated, refuses, saysNothing } from './rules.ts'

export const rewriteShape = {
  teacher: z.string().describe('Teacher that rewrites the prompts'),
  operators: z
    .union([z.array(z.enum(operators)).min(1), z.partialRecord(z.enum(operators), z.number().min(0))])
    .default([...operators])
    .refine(
      given => Array.isArray(given) || Object.values(given).some(weight => weight > 0),
      'give one operator at least a weight over 0',
    )
    .describe('Operators to choose from, or weights by operator; drawn anew for each prompt and wave'),
  referee: z
    .string()
    .optional()
    .describe(
      'Teacher that is asked whether a rewritten prompt still asks for the same; default words that were added',
    ),
  solver: z
    .string()
    .optional()
    .describe(
      'Teacher that tries each new prompt: those it apologises for go. A step `answer` with the same teacher has the answer already',
    ),
  added: z
    .number()
    .min(0)
    .default(3)
    .describe('Words that an in-depth rewriting must add at least, without stop words'),
  alike: z
    .number()
    .gt(0)
    .max(1)
    .default(0.7)
    .describe('ROUGE-L F1 with its parent from which a new prompt is no new one'),
  longest: z
    .int()
    .min(1)
    .default(400)
    .describe('Words of a prompt at most; two characters without spaces count as one'),
  prompt: z.string().optional().describe('Prompt file of the in-depth operators to use instead of the built-in one'),
  'breadth-prompt': z.string().optional().describe('Prompt file of `breadth` to use instead of the built-in one'),
}
const options = z.strictObject({ ...rewriteShape, wave: z.int().min(1).default(1).describe('Number of the wave') })
type RewriteOptions = z.output<typeof options>

const rewritten = z.object({ rewritten: z.string() })
const created = z.object({ created: z.string() })
const equality = z.object({ reason: z.string(), equal: z.boolean() })

const builtin = (name: string, language: string) => new URL(`./${name}.${language}.md`, import.meta.url)
const methods = (language: string) => methodsIn(builtin('operators', language), depthOperators)

/** The turn that is evolved, and what stands before it. */
function parted(messages: Message[]): { before: Message[]; turn: Message; after: Message[] } | undefined {
  const at = messages.findLastIndex(({ role, content }) => role === 'user' && content)
  return at < 0 ? undefined : { before: messages.slice(0, at), turn: messages[at]!, after: messages.slice(at + 1) }
}

function rewriting(operator: Operator, text: string, before: Message[], ctx: Ctx<RewriteOptions>): Ask {
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const breadth = operator === 'breadth'
  const own = breadth ? ctx.options['breadth-prompt'] : ctx.options.prompt
  const prompt = loadPrompt(own ?? builtin(breadth ? 'breadth' : 'depth', language))
  const said = before.filter(({ content }) => content).map(({ role, content }) => `${role}: ${content}`)
  const words = methods(language)
  const asked = prompt.ask({
    method: breadth ? '' : words.of.get(operator),
    prompt: fence(text, 'prompt'),
    conversation: said.length > 0 ? fence(said.join('\n\n'), 'conversation') : undefined,
  })
  return {
    ...asked,
    prompts: breadth ? asked.prompts : [...asked.prompts, words.digest],
    reply: breadth ? created : rewritten,
    task: { name: 'evolve', input: { prompt: text, operator, language: ctx.language } },
  }
}

/** Whether a referee finds that both ask for the same. A referee that cannot be understood says nothing. */
async function sameTo(referee: string, parent: string, child: string, ctx: Ctx<RewriteOptions>) {
  const prompt = loadPrompt(builtin('equal', ctx.language.startsWith('ja') ? 'ja' : 'en'))
  const { data, call } = await ctx.call(referee, {
    ...prompt.ask({ first: fence(parent, 'first-prompt'), second: fence(child, 'second-prompt') }),
    reply: equality,
    task: { name: 'equal-prompts', input: { first: parent, second: child, language: ctx.language } },
  })
  return data?.equal ? { call, why: data.reason } : undefined
}

/** The answer of a solver, where it shows that the prompt cannot be answered. */
async function unanswered(solver: string, messages: Message[], record: Rec<'prompt'>, ctx: Ctx<RewriteOptions>) {
  const prompt = { messages, ...(record.tools ? { tools: record.tools } : {}) }
  const { language } = ctx
  const around = { language, ancestor: ctx.ancestor, options: { teacher: solver, samples: 1, grounded: true } }
  const { content, bad, call } = await ctx.call(solver, answerRequest(prompt, around))
  const text = content ?? ''
  const fails = bad?.reason === 'refused' || (!bad && (refuses(text) || saysNothing(text)))
  return fails ? { call, answer: text.slice(0, 300) } : undefined
}

/** One round of one prompt: an operator is drawn, the teacher rewrites, and what is no evolution is eliminated by name. */
export const evolveRewrite = defineMap<RewriteOptions, 'prompt', 'prompt'>({
  verb: 'evolve-rewrite',
  about: 'A teacher makes each prompt harder in one of five ways, or a new rarer one of it.',
  version: 1,
  options,
  takes: ['prompt'],
  gives: ['prompt'],
  reasons: [
    ...['no-information', 'says-nothing', 'leaked-words', 'refusal', 'too-long', 'unanswered', 'no-user-turn'],
    ...['refused', 'truncated', 'unparseable', 'rejected'],
  ],
  needs: {
    teachers: ['teacher', 'referee', 'solver'],
    files: ['prompt', 'breadth-prompt'],
    ancestors: ['document'],
  },
  prompts: o => [
    ...promptNotes(import.meta.url, 'depth', ['en', 'ja'], o.prompt),
    ...promptNotes(import.meta.url, 'breadth', ['en', 'ja'], o['breadth-prompt']),
    ...['en', 'ja'].map(methods).map(({ name, digest, text }) => ({ name, digest, text })),
    ...(o.referee ? promptNotes(import.meta.url, 'equal', ['en', 'ja']) : []),
    ...(o.solver ? promptNotes(new URL('../answer/draw.ts', import.meta.url).href, 'answer', ['en', 'ja']) : []),
  ],
  source: 'https://arxiv.org/abs/2304.12244',
  async run(record, ctx): Promise<Outcome<'prompt', 'prompt'>> {
    const { teacher, referee, solver, added, longest, alike } = ctx.options
    const parts = parted(record.messages)
    if (!parts) return { is: 'dropped', reason: 'no-user-turn' }
    const operator = chosen(weightsOf(ctx.options.operators), ctx.random())
    const breadth = operator === 'breadth'
    const parent = parts.turn.content!
    // Another wave is another try: it must not find the reply that failed before.
    const answer = await ctx.call(teacher, rewriting(operator, parent, parts.before, ctx), ctx.options.wave - 1)
    if (answer.bad) return unusable(answer) as Outcome<'prompt', 'prompt'>
    const data = answer.data as { rewritten?: string; created?: string }
    const child = (data.rewritten ?? data.created ?? '').trim()
    const drop = (reason: string, more: object): Outcome<'prompt', 'prompt'> => ({
      is: 'dropped',
      reason,
      evidence: { operator, prompt: child.slice(0, 300), call: answer.call, ...more },
    })

    const fault = eliminated({ parent, child, breadth }, { added, longest, alike })
    if (fault) {
      const { reason, ...evidence } = fault
      return drop(reason, evidence)
    }
    const same = referee && (await sameTo(referee, parent, child, ctx))
    if (same) return drop('no-information', { referee: same })
    // A new task stands alone: only what the system says holds for it as well.
    const before = breadth ? parts.before.filter(({ role }) => role === 'system' || role === 'developer') : parts.before
    const messages = [...before, { ...parts.turn, content: child }]
    const failed = solver && (await unanswered(solver, messages, record, ctx))
    if (failed) return drop('unanswered', { solver: failed })

    const depth = Number(record.facets.depth ?? 0) + Number(!breadth)
    // How hard the parent was, and what it was about, is another matter now. `root` ties together what came of one prompt,
    // so that a split does not tear it apart.
    const root = typeof record.facets.root === 'string' ? record.facets.root : record.id
    const changed = { difficulty: undefined, withInput: undefined, ...(breadth && { topic: undefined }) }
    const facets: Facets = { operator, depth, root, ...changed }
    const payload = { kind: 'prompt' as const, messages, ...(record.tools ? { tools: record.tools } : {}) }
    return { is: 'made', made: [{ payload, index: 0, calls: [answer.call], notes: { facets } }] }
  },
})
