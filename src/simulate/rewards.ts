import { hash32 } from '../kernels/index.ts'
import { normaliseForMatch, words } from '../text/index.ts'
import {
  boolean,
  type Check,
  either,
  integer,
  list,
  nullable,
  object,
  oneOf,
  type Problem,
  record,
  string,
} from './check.ts'
import { errorOf, openai } from './openai.ts'
import type { SimulatorOptions } from './options.ts'
import { tokensOf } from './prose.ts'
import type { Protocol } from './protocol.ts'

type Kind = NonNullable<SimulatorOptions['rewards']>

const turn = object({ role: string, content: string, name: string }, ['role', 'content'])
/** What vLLM takes beside a text or a chat, wherever a model is pooled. */
const pooled = {
  model: nullable(string),
  user: nullable(string),
  truncate_prompt_tokens: nullable(integer(-1)),
  request_id: string,
  priority: integer(),
  cache_salt: nullable(string),
  add_special_tokens: boolean,
  use_activation: nullable(boolean),
}
const chat = {
  messages: list(turn, 1),
  add_generation_prompt: boolean,
  continue_final_message: boolean,
  chat_template: nullable(string),
  chat_template_kwargs: nullable(record),
  mm_processor_kwargs: nullable(record),
}
const input = either(string, list(string, 1))
const textOrChat = (more: Record<string, Check>): Check => {
  const asChat = object({ ...pooled, ...chat, ...more }, ['messages'])
  const asText = object({ ...pooled, input, ...more }, ['input'])
  return (value, path) => ((value as { messages?: unknown } | null)?.messages ? asChat : asText)(value, path)
}
const side = either(string, list(string, 1))

/** The published requests of vLLM (`classify`, `pooling`, `score`) and of text-embeddings-inference (`predict`). */
const requests: { [kind in Kind]: Check } = {
  classify: textOrChat({}),
  pooling: textOrChat({
    task: nullable(string),
    dimensions: nullable(integer(1)),
    encoding_format: oneOf('float', 'base64', 'bytes', 'bytes_only'),
    embed_dtype: string,
    endianness: string,
  }),
  score: object({ ...pooled, text_1: side, text_2: side }, ['text_1', 'text_2']),
  predict: object(
    {
      inputs: either(string, list(string, 1), list(list(string, 1), 1)),
      truncate: nullable(boolean),
      truncation_direction: oneOf('Left', 'Right', 'left', 'right'),
      raw_scores: boolean,
    },
    ['inputs'],
  ),
}

type Body = {
  model?: string | null
  messages?: { role: string; content: string }[]
  input?: string | string[]
  text_1?: string | string[]
  text_2?: string | string[]
  inputs?: string | string[]
  raw_scores?: boolean
  use_activation?: boolean | null
}

const first = (text: string | string[] | undefined): string => (Array.isArray(text) ? text[0] : text) ?? ''

/** What was asked, and the last answer. */
function exchange({ messages, input, text_1, text_2, inputs }: Body): [asked: string, answered: string] {
  if (messages) {
    const asked = messages.slice(0, -1).map(({ content }) => content)
    return [asked.join('\n\n'), messages.at(-1)!.content]
  }
  if (text_1 !== undefined) return [first(text_1), first(text_2)]
  if (Array.isArray(inputs) && inputs.length > 1) return [inputs[0]!, inputs[1]!]
  return ['', first(input ?? inputs)]
}

const refuses = /^(?:i(?: am|'m) (?:sorry|unable)|i cannot|i can't|申し訳ありません)/i

/**
 * A raw reward that prefers answers which speak of what was asked, at some length and without saying the same twice; the
 * rest follows from seed and text.
 */
export function rewardOf(asked: string, answered: string, seed: number): number {
  const said = words(normaliseForMatch(answered))
  const distinct = new Set(said)
  const wanted = [...new Set(words(normaliseForMatch(asked)))].filter(word => word.length > 3)
  const spoken = wanted.length === 0 ? 0.5 : wanted.filter(word => distinct.has(word)).length / wanted.length
  const fresh = said.length === 0 ? 0 : distinct.size / said.length
  const length = Math.min(1, said.length / 150)
  const chance = hash32(`${asked}\n${answered}`, seed) / 2 ** 32
  const raw = 3 * spoken + 2 * fresh + 2 * length + chance - 4 - (refuses.test(answered) ? 3 : 0)
  return Number(raw.toFixed(6))
}

const squashed = (raw: number): number => Number((1 / (1 + Math.exp(-raw))).toFixed(6))

/** One endpoint of a head with one label: what a reward model is when it is served. */
export function rewards(seed: number, kind: Kind): Protocol {
  const many = (problem: Problem | undefined, body: Body): Problem | undefined => {
    const texts = body.input ?? body.text_2
    if (problem || !Array.isArray(texts) || texts.length === 1) return problem
    return { is: 'value', path: 'input', expected: 'one text', received: `${texts.length}` }
  }
  return {
    ...openai,
    check(body) {
      const problem = many(requests[kind](body, ''), (body ?? {}) as Body)
      return problem && errorOf(problem)
    },
    asked(raw) {
      const body = raw as Body
      const texts = exchange(body)
      return {
        model: body.model ?? 'reward',
        messages: texts.map(text => ({ role: 'user', text })),
        input: texts.reduce((sum, text) => sum + tokensOf(text), 4),
        ...{ cap: undefined, choices: 0, schema: undefined, json: false, stop: [] },
        ...{ reasoning: false, tools: [], mustCall: false },
      }
    },
    reply(asked, _, id, raw) {
      const body = raw as Body
      const [question, answer] = exchange(body)
      const reward = rewardOf(question, answer, seed)
      const active = kind === 'predict' ? !body.raw_scores : body.use_activation !== false
      const value = active ? squashed(reward) : reward
      if (kind === 'predict') return [{ score: value, label: 'LABEL_0' }]
      const shapes = {
        classify: { index: 0, label: 'LABEL_0', probs: [value], num_classes: 1 },
        pooling: { index: 0, object: 'pooling', data: [value] },
        score: { index: 0, object: 'score', score: value },
      }
      const usage = { prompt_tokens: asked.input ?? 0, completion_tokens: 0, total_tokens: asked.input ?? 0 }
      const made = { id: `${kind}-${id}`, object: 'list', created: 0, model: asked.model }
      return { ...made, data: [shapes[kind]], usage }
    },
    prompt: () => [],
  }
}
