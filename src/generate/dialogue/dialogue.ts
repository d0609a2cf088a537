import { z } from 'zod'
import type { Message, Rec } from '../../records/index.ts'
import { type Answer, type Ctx, defineMap, fence, loadPrompt, type Outcome, promptNotes } from '../../steps/index.ts'
import { withoutThinking } from '../answer/index.ts'
import { comparable } from '../comparable.ts'
import { loadSections } from '../sections.ts'
import { transcript } from '../transcript.ts'
import { confusesRoles } from './roles.ts'

const turns = z.int().min(1).max(32)
const list = z.array(z.string().min(1)).min(1).optional()
const options = z.strictObject({
  teacher: z.string().describe('Teacher that plays the assistant'),
  user: z.string().optional().describe('Teacher that plays the user; default the same'),
  turns: z
    .union([turns, z.tuple([turns, turns]).refine(([low, high]) => low <= high, 'the smaller number comes first')])
    .default([2, 4])
    .describe('Messages of the user, or the fewest and the most of them: how many is drawn for each row'),
  goal: z
    .string()
    .optional()
    .describe('What the user wants; default what the first message asks, or what the document answers'),
  personas: list.describe(
    'Who the user may be, one drawn for each row; default the facet `persona` or `audience` of the row',
  ),
  styles: list.describe('How the user may write, one drawn for each row; default terse, polite, sceptical and others'),
  system: z.string().optional().describe('System turn of the rows: the assistant follows it, the user never sees it'),
  grounded: z
    .boolean()
    .default(true)
    .describe('Shows the document a row came from to the assistant as reference material'),
  prompt: z.string().optional().describe('Prompt file of the user to use instead of the built-in one'),
  'assistant-prompt': z.string().optional().describe('Prompt file of the assistant to use instead of the built-in one'),
})
export type DialogueOptions = z.infer<typeof options>

const reply = z.object({ message: z.string(), done: z.boolean() })

const words = {
  en: {
    persona: 'somebody who needs this for their work',
    follow: 'to get what the first message asks for, so fully that you can act on it or tell it to somebody else',
    learn:
      'to find out something that matters to you and that the background answers; choose it yourself, and keep to it',
    first: 'Write your first message.',
    next: 'Write your next message.',
  },
  ja: {
    persona: '仕事でこのことを必要としている人',
    follow: '最初のメッセージで尋ねたことを、行動に移せる、あるいは人に説明できるところまで得ること',
    learn: '背景から答えの得られることのうち、自分にとって大切な一つを選び、それを知ること',
    first: '最初のメッセージを書いてください。',
    next: '次のメッセージを書いてください。',
  },
}

const stylesIn = (language: string) => loadSections(new URL(`./styles.${language}.md`, import.meta.url))

const pick = <T>(items: readonly T[], random: () => number): T => items[Math.floor(random() * items.length)]!

/** What one row is drawn for: the same whenever it is made. */
function scene(record: Rec<'prompt' | 'document'>, ctx: Ctx<DialogueOptions>) {
  const language = ctx.language.startsWith('ja') ? ('ja' as const) : ('en' as const)
  const { turns, goal, personas, styles } = ctx.options
  const [least, most] = typeof turns === 'number' ? [turns, turns] : turns
  const wanted = least + Math.floor(ctx.random() * (most - least + 1))
  const facet = record.facets.persona ?? record.facets.audience
  const persona = personas ? pick(personas, ctx.random) : String(facet ?? words[language].persona)
  const [style, manner] = styles
    ? (both => [both, both])(pick(styles, ctx.random))
    : pick([...stylesIn(language).of], ctx.random)
  const wish = goal ?? (record.kind === 'prompt' ? words[language].follow : words[language].learn)
  const document = record.kind === 'document' ? record : ctx.options.grounded ? ctx.ancestor('document') : undefined
  return { language, least, wanted, persona, style, manner, goal: wish, document }
}
type Scene = ReturnType<typeof scene>

/** Asks the user side. It sees what both said and nothing else of the assistant: no system turn, no reasoning. */
function askUser(said: readonly Message[], { language, document, ...s }: Scene, ctx: Ctx<DialogueOptions>) {
  const prompt = loadPrompt(ctx.options.prompt ?? new URL(`./user.${language}.md`, import.meta.url))
  const heard = said.filter(({ role }) => role === 'user' || role === 'assistant')
  const turns = heard.map(({ role, content }) => ({ role, content }))
  const text = turns.map(turn => `[${turn.role}]\n${turn.content}`).join('\n\n')
  return ctx.call(ctx.options.user ?? ctx.options.teacher, {
    ...prompt.ask({
      background: document && fence(document.text, 'background'),
      conversation: text && fence(text, 'conversation'),
      persona: s.persona,
      goal: s.goal,
      style: s.manner,
      turn: words[language][turns.length === 0 ? 'first' : 'next'],
    }),
    prompts: [prompt.digest, ...(ctx.options.styles ? [] : [stylesIn(language).digest])],
    reply,
    task: {
      name: 'dialogue-user',
      input: { conversation: text, background: document?.text, persona: s.persona, language },
    },
  })
}

/** Asks the assistant as it would be asked in use: a system turn, then the turns as they were said. */
function askAssistant(
  said: readonly Message[],
  { language, document }: Scene,
  ctx: Ctx<DialogueOptions>,
): Promise<Answer> {
  const { grounded } = ctx.options
  const system = said.find(({ role }) => role === 'system' || role === 'developer')?.content ?? undefined
  const file = ctx.options['assistant-prompt'] ?? new URL(`./assistant.${language}.md`, import.meta.url)
  const reference = grounded && document ? fence(document.text, 'reference') : undefined
  const asked = loadPrompt(file).ask({ reference, system })
  const turns = said.filter(({ role }) => role === 'user' || role === 'assistant')
  return ctx.call(ctx.options.teacher, {
    ...asked,
    messages: [...asked.messages, ...turns.map(({ role, content }) => ({ role, content }))],
    task: {
      name: 'dialogue-assistant',
      input: { conversation: transcript(turns), document: document?.text, language },
    },
  })
}

type Ended = { reason: string; evidence: { [key: string]: string | number } }
const ended = (reason: string, call: string, found?: string): Ended => ({
  reason,
  evidence: { call, ...(found ? { found } : {}) },
})
const repeats = (message: string, said: readonly Message[]): boolean =>
  said.some(({ content }) => content !== null && comparable(content) === comparable(message))

/** The next message of the user, that it has what it wanted, or why the conversation ends here. */
async function userTurn(
  said: readonly Message[],
  scene: Scene,
  ctx: Ctx<DialogueOptions>,
): Promise<string | 'done' | Ended> {
  const answer = await askUser(said, scene, ctx)
  if (answer.bad) return ended(answer.bad.reason, answer.call, answer.bad.detail)
  const { message, done } = answer.data!
  const text = message.trim()
  const asked = said.filter(({ role }) => role === 'user').length
  if (done && (asked >= scene.least || (text === '' && asked > 0))) return 'done'
  if (text === '') return ended('empty-turn', answer.call)
  const confusion = confusesRoles(text)
  if (confusion) return ended('role-confusion', answer.call, confusion)
  return repeats(text, said) ? ended('repeated-turn', answer.call) : text
}

async function assistantTurn(
  said: readonly Message[],
  scene: Scene,
  ctx: Ctx<DialogueOptions>,
): Promise<Message | Ended> {
  const answer = await askAssistant(said, scene, ctx)
  if (answer.bad) return ended(answer.bad.reason, answer.call, answer.bad.detail)
  const { content, reasoning } = withoutThinking(answer)
  if (content === '') return ended('empty-turn', answer.call)
  if (repeats(content, said)) return ended('repeated-turn', answer.call)
  return { role: 'assistant', content, ...(reasoning ? { reasoning } : {}) }
}

/**
 * A conversation of several turns: one teacher plays a user with a persona, a goal and a manner of writing, another the
 * assistant, one call a turn, until the user has what it wanted or the drawn number of turns is reached. A turn that cannot
 * be used ends the conversation: what stands before it is kept where it is long enough, and the turn is lost by name.
 */
export const dialogue = defineMap<DialogueOptions, 'prompt' | 'document', 'conversation'>({
  verb: 'dialogue',
  about:
    'Two teachers talk about each prompt or document over several turns: one plays a user with a goal, one the assistant.',
  version: 1,
  options,
  takes: ['prompt', 'document'],
  gives: ['conversation'],
  reasons: [
    ...['role-confusion', 'repeated-turn', 'empty-turn', 'too-short'],
    ...['refused', 'truncated', 'unparseable', 'rejected'],
  ],
  needs: { teachers: ['teacher', 'user'], files: ['prompt', 'assistant-prompt'], ancestors: ['document'] },
  prompts: o => [
    ...promptNotes(import.meta.url, 'user', ['en', 'ja'], o.prompt),
    ...promptNotes(import.meta.url, 'assistant', ['en', 'ja'], o['assistant-prompt']),
    ...(o.styles ? [] : ['en', 'ja'].map(stylesIn).map(({ name, digest, text }) => ({ name, digest, text }))),
  ],
  async run(record, ctx): Promise<Outcome<'prompt' | 'document', 'conversation'>> {
    const around = scene(record, ctx)
    const given = record.kind === 'prompt' ? record.messages : []
    const system: Message[] = ctx.options.system ? [{ role: 'system', content: ctx.options.system }] : []
    const said: Message[] = [...system, ...given.filter(({ role }) => system.length === 0 || role !== 'system')]
    const opening = said.at(-1)?.role === 'user'
    let complete = said.length
    let count = 0
    let end: Ended | undefined
    let met = false
    while (count < around.wanted && !end && !met) {
      if (count > 0 || !opening) {
        const turn = await userTurn(said, around, ctx)
        if (turn === 'done') met = true
        else if (typeof turn === 'string') said.push({ role: 'user', content: turn })
        else end = turn
        if (met || end) break
      }
      const turn = await assistantTurn(said, around, ctx)
      if ('reason' in turn) {
        end = turn
        break
      }
      complete = said.push(turn)
      count++
    }
    if (count < around.least) {
      const { reason, evidence } = end ?? { reason: 'too-short', evidence: {} }
      return { is: 'dropped', reason, evidence: { ...evidence, turns: count } }
    }
    const facets = { turns: count, persona: around.persona, style: around.style, goal: met ? 'met' : 'open' }
    return {
      is: 'made',
      made: [
        {
          payload: {
            kind: 'conversation',
            messages: said.slice(0, complete),
            ...(record.kind === 'prompt' && record.tools ? { tools: record.tools } : {}),
          },
          index: 0,
          notes: { facets, ...(record.language ? { language: record.language } : {}) },
        },
      ],
      lost: end ? [{ index: count + 1, ...end }] : [],
    }
  },
})
