import { z } from 'zod'
import { type Message, type Rec, withMessages } from '../../records/index.ts'
import { type Ctx, defineMap, loadPrompt, type Outcome, promptNotes, unusable } from '../../steps/index.ts'
import { withoutThinking } from '../answer/index.ts'
import { registerFacet, registerOption, registerWords } from '../register.ts'

const options = z.strictObject({
  teacher: z.string().describe('Teacher that writes the assistant turns'),
  only: z
    .enum(['all', 'last'])
    .default('all')
    .describe('Every assistant turn, each after the new ones before it, or the last one alone'),
  register: registerOption,
  prompt: z.string().optional().describe('Prompt file to use instead of the built-in one'),
})
type Options = z.output<typeof options>

/** Places of the assistant turns that answer a user turn; a greeting that nobody asked for is left as it is. */
function turnsOf(messages: Message[], only: Options['only']): number[] {
  const places = messages.flatMap(({ role }, i) =>
    role === 'assistant' && messages[i - 1]?.role === 'user' ? [i] : [],
  )
  return only === 'last' ? places.slice(-1) : places
}

/** The chat as the teacher sees it: the conversation's own system turn, what was said so far, and the turn to answer. */
function asked(before: Message[], ctx: Ctx<Options>) {
  const language = ctx.language.startsWith('ja') ? 'ja' : 'en'
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./redistil.${language}.md`, import.meta.url))
  const leads = before.filter(({ role }) => role === 'system' || role === 'developer')
  const chat = before.filter(message => !leads.includes(message))
  const turn = chat.at(-1)!.content ?? ''
  const { register } = ctx.options
  const rendered = prompt.render({
    system: leads.map(({ content }) => content ?? '').join('\n\n'),
    register: register && registerWords[language][register],
    turn,
  })
  const said = chat.slice(0, -1).map(({ role, content }): Message => ({ role, content }))
  return {
    messages: [...rendered.slice(0, -1), ...said, rendered.at(-1)!],
    prompts: [prompt.digest],
    task: { name: 'redistil', input: { turn, turns: chat.length, language: ctx.language } },
  }
}

/**
 * Distillation over a conversation that exists: user turns are real and stay, every answer is the teacher's own, written
 * turn by turn so that it follows from what it said before. A conversation with tool calls is dropped: another answer
 * would call otherwise, and the results in it belong to the calls that were made.
 */
export const redistil = defineMap<Options, 'conversation', 'conversation'>({
  verb: 'redistil',
  about: 'A teacher writes the assistant turns of given conversations again; user and system turns stay.',
  version: 1,
  options,
  takes: ['conversation'],
  gives: ['conversation'],
  reasons: ['tool-calls', 'nothing-to-rewrite', 'empty-answer', 'refused', 'truncated', 'unparseable', 'rejected'],
  needs: { teachers: ['teacher'], files: ['prompt'] },
  prompts: ({ prompt }) => promptNotes(import.meta.url, 'redistil', ['en', 'ja'], prompt),
  async run(record: Rec<'conversation'>, ctx): Promise<Outcome<'conversation', 'conversation'>> {
    if (record.messages.some(({ role, tool_calls }) => role === 'tool' || tool_calls?.length)) {
      return { is: 'dropped', reason: 'tool-calls' }
    }
    const places = turnsOf(record.messages, ctx.options.only)
    if (places.length === 0) return { is: 'dropped', reason: 'nothing-to-rewrite' }
    const messages = [...record.messages]
    for (const place of places) {
      const reply = await ctx.call(ctx.options.teacher, asked(messages.slice(0, place), ctx))
      if (reply.bad) return unusable(reply) as Outcome<'conversation', 'conversation'>
      const { content, reasoning } = withoutThinking(reply)
      if (content === '') return { is: 'dropped', reason: 'empty-answer', evidence: { call: reply.call, turn: place } }
      messages[place] = { role: 'assistant', content, ...(reasoning ? { reasoning } : {}) }
    }
    const written = places.map(place => messages[place]!.content).join('\n')
    return {
      is: 'made',
      made: [
        {
          payload: withMessages(record, messages),
          index: 0,
          notes: { facets: { turns: places.length, ...registerFacet(written, record.language) } },
        },
      ],
    }
  },
})
