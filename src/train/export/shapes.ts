import type { Json, Message, Tool, Verifier } from '../../records/index.ts'
import { statedAnswer } from '../../text/index.ts'
import type { Content, Outcome, Row, RowOptions, Seen, Type } from './target.ts'
import { toolsText, turnsOf } from './turns.ts'

/** The rows that TRL reads, and with it whatever trains through TRL. */

type Checkable = { reference?: string; verifier?: Verifier; tools?: Tool[] }

/** What an answer is checked by goes along, so that the row comes back whole. */
const beside = ({ reference, verifier, tools }: Checkable): Row => ({
  ...toolsText(tools),
  ...(reference === undefined ? {} : { reference }),
  ...(verifier ? { verifier: JSON.stringify(verifier) } : {}),
})

const one = (row: Row): Outcome[] => [{ row }]

/** Fits a builder for some kinds to all: others are never handed in. */
function only<K extends Content['kind']>(
  build: (content: Content<K>, options: RowOptions) => Outcome[],
): (content: Content, options: RowOptions) => Outcome[] {
  return build as unknown as (content: Content, options: RowOptions) => Outcome[]
}

const apart = ['separate', 'thinking', 'inline', 'drop'] as const
const text: Type = {
  about: 'Texts to continue',
  kinds: ['document'],
  reasoning: apart,
  rows: only<'document'>(({ text, title, uri }) =>
    one({ text, ...(title === undefined ? {} : { title }), ...(uri === undefined ? {} : { uri }) }),
  ),
}

const messages: Type = {
  about:
    'Whole conversations; the trainer learns from every turn, or with `assistant_only_loss` from those of the assistant',
  kinds: ['conversation'],
  reasoning: apart,
  weights:
    'TRL reads no weights and learns from these turns too; --type prompt-completion learns from last answers alone',
  rows: only<'conversation'>((content, { reasoning }) =>
    one({ messages: turnsOf(content.messages, reasoning), ...beside(content) }),
  ),
}

const promptCompletion: Type = {
  about: 'A prompt and the last answer, which alone is learnt',
  kinds: ['conversation'],
  reasoning: apart,
  rows: only<'conversation'>((content, { reasoning }) => {
    const last = content.messages.at(-1)!
    if (last.weight === 0) return [{ why: 'nothing-trained' }]
    const [prompt, completion] = [content.messages.slice(0, -1), [last]].map(turns => turnsOf(turns, reasoning))
    return one({ prompt: prompt!, completion: completion!, ...beside(content) })
  }),
}

const preference: Type = {
  about: 'A prompt, and a chosen and a rejected answer to it',
  kinds: ['preference'],
  reasoning: apart,
  rows: only<'preference'>(({ prompt, chosen, rejected, tools }, { reasoning }) => {
    const [p, c, r] = [prompt, chosen, rejected].map(turns => turnsOf(turns, reasoning))
    return one({ prompt: p!, chosen: c!, rejected: r!, ...toolsText(tools) })
  }),
}

const implicit: Type = {
  about: 'Two whole conversations that begin alike, for reward models',
  kinds: ['preference'],
  reasoning: apart,
  rows: only<'preference'>(({ prompt, chosen, rejected, tools }, { reasoning }) => {
    const [c, r] = [chosen, rejected].map(side => turnsOf([...prompt, ...side], reasoning))
    return one({ chosen: c!, rejected: r!, ...toolsText(tools) })
  }),
}

/** What both sides of a pair are taken for where it is cut in two. */
export const cutInTwo =
  'each chosen answer is called good and each rejected one bad, which holds only where their scores say so by themselves'

const unpaired: Type = {
  about: 'A prompt, an answer, and whether it is good',
  kinds: ['feedback'],
  converts: { preference: cutInTwo },
  reasoning: apart,
  label: 'label',
  rows(content, { reasoning }) {
    const row = (prompt: Message[], completion: Message[], label: boolean, tools?: Tool[]): Outcome => ({
      row: {
        prompt: turnsOf(prompt, reasoning),
        completion: turnsOf(completion, reasoning),
        label,
        ...toolsText(tools),
      },
    })
    if (content.kind === 'feedback') return [row(content.prompt, content.completion, content.label)]
    const { prompt, chosen, rejected, tools } = content as Content<'preference'>
    return [row(prompt, chosen, true, tools), row(prompt, rejected, false, tools)]
  },
}

/** What is asked: turns up to the last answer. */
export function promptOf(messages: readonly Message[]): Message[] {
  const end = messages.findLastIndex(({ role }) => role === 'user' || role === 'tool') + 1
  return messages.slice(0, end)
}

const promptOnly: Type = {
  about: 'Prompts that a model answers while it trains',
  kinds: ['prompt'],
  converts: { conversation: 'their answers are left out' },
  reasoning: apart,
  rows: only<'prompt' | 'conversation'>((content, { reasoning }) => {
    const asked = content.kind === 'prompt' ? content.messages : promptOf(content.messages)
    if (asked.length === 0) return [{ why: 'empty-prompt' }]
    return one({ prompt: turnsOf(asked, reasoning), ...beside(content) })
  }),
}

/**
 * The columns that a reward is computed from. `solution` is the reference; of tasks with numbers and formulas the final answer
 * of it in a box, which is all that parsers of mathematics are sure to find, with the reference beside it. `task` is the kind
 * of the verifier.
 */
export function rewarded({ reference, verifier }: Checkable): Row | undefined {
  if (reference === undefined && !verifier) return undefined
  const task = verifier?.kind ?? 'exact'
  const final = reference !== undefined && /^(?:maths?|number|numeric)$/.test(task) ? boxed(reference) : reference
  return {
    solution: final ?? '',
    task,
    verifier: verifier ? JSON.stringify(verifier) : '',
    ...(final === reference ? {} : { reference: reference! }),
  }
}

const boxed = (reference: string): string => {
  const stated = (statedAnswer(reference) ?? reference).trim().replace(/^\$([^$]*)\$$/, '$1')
  return `\\boxed{${stated}}`
}

const rlvr: Type = {
  about:
    'Prompts with what their answers are checked by (`solution`, `task`, `verifier`), for rewards that can be verified',
  kinds: ['prompt'],
  converts: { conversation: 'their answers are left out' },
  reasoning: apart,
  rows: only<'prompt' | 'conversation'>((content, { reasoning }) => {
    const reward = rewarded(content)
    if (!reward) return [{ why: 'no-reference' }]
    const asked = content.kind === 'prompt' ? content.messages : promptOf(content.messages)
    if (asked.length === 0) return [{ why: 'empty-prompt' }]
    return one({ prompt: turnsOf(asked, reasoning), ...reward, ...toolsText(content.tools) })
  }),
}

const list = (value: Json | undefined, of: 'string' | 'boolean'): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(one => typeof one === of)

const stepwise: Type = {
  about: 'A prompt, the steps of an answer, and whether each is right',
  kinds: ['row'],
  reasoning: apart,
  rows: only<'row'>(({ columns }) => {
    const { prompt, completions, labels } = columns
    const steps = typeof prompt === 'string' && list(completions, 'string') && list(labels, 'boolean')
    if (!steps || (completions as Json[]).length !== (labels as Json[]).length) return [{ why: 'no-steps' }]
    return one({ prompt, completions: completions!, labels: labels! })
  }),
}

export const trlTypes = {
  'prompt-completion': promptCompletion,
  messages,
  preference,
  'preference-implicit': implicit,
  unpaired,
  'prompt-only': promptOnly,
  rlvr,
  'language-modeling': text,
  stepwise,
} as const

/**
 * Single answers are learnt alone. Of longer conversations all answers count, and so do calls of tools. Prompts carry what
 * they are checked by where all of them have it.
 */
export function chooseTrl(kind: Content['kind'], seen: Seen): keyof typeof trlTypes | undefined {
  switch (kind) {
    case 'conversation':
      return seen.several > 0 ? 'messages' : 'prompt-completion'
    case 'prompt':
      return seen.checkable === seen.rows ? 'rlvr' : 'prompt-only'
    case 'preference':
      return 'preference'
    case 'feedback':
      return 'unpaired'
    case 'document':
      return 'language-modeling'
    case 'row':
      return 'stepwise'
    case 'exam':
      return undefined
  }
}
