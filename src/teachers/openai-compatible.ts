import type { Dispatcher } from 'undici'
import { digestOf, type Json, type Message, type ToolCall } from '../records/index.ts'
import { adaptations } from './adapt.ts'
import { openaiBatch } from './batch/openai.ts'
import { completions } from './completions.ts'
import {
  Fault,
  type Finish,
  type Reply,
  type Request,
  type Teacher,
  type TokenLogprob,
  type Usage,
  type Warning,
  type Wire,
} from './contract.ts'
import { asking, type Dialect, refusal, refusedIn, understood } from './dialect.ts'
import { embedding } from './embed.ts'
import { type Connection, endpointOf } from './post.ts'
import type { Resolved } from './presets.ts'
import { rewards } from './reward.ts'
import { completionReader } from './stream.ts'
import { instruct, splitThinking } from './structured.ts'

/** What a client needs beside the route: identity, connections and the key, which never leaves it but as a header. */
export type Client = {
  id: string
  route: Resolved & { baseUrl: string }
  revision?: string
  dispatcher: Dispatcher
  key?: string
}

const droppable = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'presence_penalty',
  'frequency_penalty',
  'seed',
  'random_seed',
  'response_format',
  'reasoning_effort',
  'top_logprobs',
  'logprobs',
  'stream_options',
  'stream',
  'prompt_cache_key',
  'store',
  'metadata',
]
const streamed = { stream: true, stream_options: { include_usage: true } }
const renames = { max_tokens: 'max_completion_tokens', max_completion_tokens: 'max_tokens' }

/** The chat completions protocol of OpenAI, as hosted providers and vLLM, SGLang, Ollama and llama.cpp speak it. */
export function openaiCompatible({ id, route, revision, dispatcher, key }: Client): Teacher {
  const base = route.baseUrl.replace(/\/+$/, '')
  const to = endpointOf(`${base}/chat/completions`)
  const who: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {}
  const connection: Connection = { dispatcher, headers: who, ...(key && { secret: key }) }
  const headers = { 'content-type': 'application/json', accept: 'application/json', ...who }
  const adapted = adaptations(droppable, renames, 'response_format')

  const dialect: Dialect = {
    prepare(request, wire, { stream, fresh } = {}) {
      const worded = request.schema && (!route.can.schema || (!fresh && adapted.inWords(request.schema)))
      const body = bodyOf(worded ? instruct(request) : request, wire, route)
      if (stream) Object.assign(body, streamed)
      const warnings = fresh ? [] : adapted.apply(body, request.schema)
      if (worded && route.can.schema) {
        warnings.push({ kind: 'parameter', message: 'response_format was refused: the schema stands in the prompt' })
      }
      warnUnsent(request, route, warnings)
      return { body, warnings }
    },
    sent: body => body,
    read(answered, body, warnings, schema) {
      const completion = answered.json as Completion | undefined
      if (answered.status < 400 && completion?.choices?.[0]) {
        return { reply: understood(() => replyOf(completion, warnings)) }
      }
      const refused = refusedIn(answered, 'a reply without choices', key)
      return refusal(refused, { adapted, body, warnings, schema, secret: key })
    },
  }

  const chat = asking(dialect, { ...connection, headers, to, stream: route.stream, reader: completionReader })
  const texts = completions(base, connection, route)
  const others = { continue: texts, score: texts, reward: rewards(base, connection, route) }

  return {
    id,
    provider: route.provider,
    model: route.model,
    ...(revision !== undefined && { revision }),
    can: route.can,
    doGenerate: (request, wire) => (request.form ? others[request.form] : chat)(request, wire),
    ...embedding({ ...connection, headers, to: endpointOf(`${base}/embeddings`) }, route),
    ...(route.batch && { batch: openaiBatch(base, connection, dialect) }),
  }
}

/** Only OpenAI keeps completions; a server of the user's own may do as OpenAI does. */
const keeps = new Set(['openai', 'self', 'simulate'])

function warnUnsent(request: Request, route: Resolved, warnings: Warning[]): void {
  const warn = (message: string) => warnings.push({ kind: 'parameter', message })
  if (request.logprobs !== undefined && !route.can.logprobs) warn('logprobs were left out: this teacher has none')
  if ((route.store || route.metadata) && !keeps.has(route.provider)) {
    warn('store and metadata were left out: this provider keeps no completions')
  } else if (route.metadata && !route.store) warn('metadata was left out: it labels stored completions only')
}

function bodyOf(request: Request, wire: Wire, route: Resolved): Record<string, unknown> {
  const { logprobs, schema, tools, prefix } = request
  const body: Record<string, unknown> = {
    model: route.model,
    messages: request.messages.map((message, i) => messageOf(message, i, route.provider)),
    ...request.sampling,
  }
  if (schema) {
    body.response_format = { type: 'json_schema', json_schema: { name: schema.name, ...onTheWire(schema.schema) } }
  }
  if (tools?.length) body.tools = tools
  if (logprobs !== undefined && route.can.logprobs) {
    body.logprobs = true
    if (logprobs > 0) body.top_logprobs = logprobs
  }
  if (route.can.seed) body[route.seedName] = wire.seed
  body[route.capName] = wire.cap
  if (prefix && route.provider === 'openai') body.prompt_cache_key = prefixKey(request.messages, prefix)
  if (route.store && keeps.has(route.provider)) {
    body.store = true
    if (route.metadata) body.metadata = route.metadata
  }
  return body
}

/** Requests of one prefix go where it is cached. */
function prefixKey(messages: Message[], { messages: whole, characters }: NonNullable<Request['prefix']>): string {
  const next = messages[whole]
  return digestOf([
    ...messages.slice(0, whole),
    ...(next ? [next.role, (next.content ?? '').slice(0, characters)] : []),
  ])
}

const wired = new WeakMap<object, { schema: Json; strict: boolean }>()

/** A step's schema is one object however often it asks, so it is prepared once. */
export function onTheWire(schema: { [key: string]: Json }): { schema: Json; strict: boolean } {
  let known = wired.get(schema)
  if (!known) {
    const shut = closed(schema)
    known = { schema: shut, strict: isStrict(shut) }
    wired.set(schema, known)
  }
  return known
}

type Schema = { [key: string]: Json }
const named = new Set(['properties', 'patternProperties', '$defs', 'definitions'])
const nested = new Set(['items', 'prefixItems', 'additionalProperties', 'anyOf', 'oneOf', 'allOf', 'not'])
const isObject = (value: Json | undefined): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Objects that declare their properties take no others: narrower than the schema, so still valid under it. */
function closed(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(closed)
  if (!isObject(schema)) return schema
  const shut: Schema = {}
  for (const [key, value] of Object.entries(schema)) {
    if (named.has(key) && isObject(value)) {
      shut[key] = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, closed(part)]))
    } else shut[key] = nested.has(key) ? closed(value) : value
  }
  if (isObject(schema.properties) && schema.additionalProperties === undefined) shut.additionalProperties = false
  return shut
}

/** Strict mode wants every object closed and every property required; another schema goes out as guidance. */
function isStrict(schema: Json): boolean {
  if (Array.isArray(schema)) return schema.every(isStrict)
  if (!isObject(schema)) return true
  if (schema.type === 'object') {
    const names = Object.keys(isObject(schema.properties) ? schema.properties : {})
    const required = Array.isArray(schema.required) ? schema.required : []
    if (schema.additionalProperties !== false || names.some(name => !required.includes(name))) return false
  }
  return Object.entries(schema).every(([key, value]) => {
    if (named.has(key) && isObject(value)) return Object.values(value).every(isStrict)
    return !nested.has(key) || isStrict(value)
  })
}

function messageOf(message: Message, index: number, provider: string): Record<string, unknown> {
  const { role, content, name, tool_calls, tool_call_id } = message
  return {
    // Only its inventor knows the role `developer`.
    role: role === 'developer' && provider !== 'openai' ? 'system' : role,
    content,
    ...(name !== undefined && { name }),
    ...(tool_calls?.length && {
      tool_calls: tool_calls.map((call, i) => ({
        id: call.id ?? `call_${index}_${i}`,
        type: 'function',
        function: { name: call.function.name, arguments: JSON.stringify(call.function.arguments) },
      })),
    }),
    ...(tool_call_id !== undefined && { tool_call_id }),
  }
}

/** The fields we use, all of them doubtful: servers differ. */
type Completion = {
  error?: unknown
  model?: string
  choices?: {
    finish_reason?: string | null
    message?: {
      content?: string | null | { type?: string; text?: string; thinking?: unknown }[]
      reasoning_content?: string | null
      reasoning?: string | null
      refusal?: string | null
      tool_calls?: { id?: string; function?: { name?: string; arguments?: unknown } }[] | null
    }
    logprobs?: { content?: RawLogprob[] | null } | null
  }[]
  usage?: {
    prompt_tokens?: number
    completion_tokens?: number
    prompt_tokens_details?: { cached_tokens?: number; cache_write_tokens?: number } | null
    prompt_cache_hit_tokens?: number
    cached_tokens?: number
    completion_tokens_details?: { reasoning_tokens?: number } | null
  } | null
}
type RawLogprob = { token: string; logprob: number; top_logprobs?: { token: string; logprob: number }[] | null }

const finishes: Record<string, Finish> = {
  stop: 'stop',
  eos: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'filtered',
}

function replyOf(json: Completion, warnings: Warning[]): Reply {
  const choice = json.choices![0]!
  const message = choice.message ?? {}
  // The server broke off on its own account, and says so instead of sending an error.
  if (choice.finish_reason === 'error' || choice.finish_reason === 'insufficient_system_resource') {
    throw new Fault('health', `the server broke off the reply: ${choice.finish_reason}`)
  }
  const { content, reasoning } = textOf(message)
  const calls = (message.tool_calls ?? []).map(call => toolCallOf(call, warnings))
  const logprobs = choice.logprobs?.content?.map(logprobOf)
  const finish = message.refusal
    ? 'refusal'
    : calls.length > 0
      ? 'tool_calls'
      : (finishes[choice.finish_reason ?? ''] ?? 'other')
  return {
    content: message.refusal || content,
    ...(reasoning && { reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
    finish,
    ...(json.model !== undefined && { served: json.model }),
    usage: usageOf(json.usage),
    ...(logprobs?.length && { logprobs }),
    warnings,
  }
}

function textOf(message: NonNullable<NonNullable<Completion['choices']>[number]['message']>): {
  content: string | null
  reasoning?: string
} {
  const apart = message.reasoning_content || message.reasoning || undefined
  if (Array.isArray(message.content)) {
    const text = message.content.filter(part => part.type === 'text').map(part => part.text ?? '')
    const thought = message.content.filter(part => part.type === 'thinking').map(part => flat(part.thinking))
    const reasoning = apart ?? thought.join('')
    return { content: text.join(''), ...(reasoning && { reasoning }) }
  }
  const content = message.content ?? null
  if (content !== null && typeof content !== 'string') throw new Fault('health', 'the content of the reply is no text')
  if (apart || content === null) return { content, ...(apart && { reasoning: apart }) }
  return splitThinking(content)
}

/** Text of nested parts. */
function flat(part: unknown): string {
  if (typeof part === 'string') return part
  if (Array.isArray(part)) return part.map(flat).join('')
  return flat((part as { text?: unknown } | null)?.text ?? '')
}

/** A call of a tool as ours: its arguments are an object, whatever the model wrote. */
export function toolCallOf(
  { id, function: called }: { id?: string; function?: { name?: string; arguments?: unknown } },
  warnings: Warning[],
): ToolCall {
  const { name = '', arguments: raw = {} } = called ?? {}
  let parsed = raw
  if (typeof raw === 'string') {
    try {
      parsed = JSON.parse(raw || '{}')
    } catch {
      parsed = undefined
    }
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    const message = `arguments of tool ${name} are no JSON object; kept as text under "unparsed"`
    warnings.push({ kind: 'other', message })
    parsed = { unparsed: String(raw) }
  }
  return {
    ...(id && { id }),
    type: 'function',
    function: { name, arguments: parsed as ToolCall['function']['arguments'] },
  }
}

const logprobOf = ({ token, logprob, top_logprobs }: RawLogprob): TokenLogprob => ({
  token,
  logprob,
  ...(top_logprobs?.length && { top: top_logprobs.map(({ token, logprob }) => ({ token, logprob })) }),
})

function usageOf(usage: Completion['usage']): Usage {
  const { prompt_tokens: input, completion_tokens: output } = usage ?? {}
  const details = usage?.prompt_tokens_details
  // DeepSeek and Moonshot count what came from the cache beside the rest.
  const cached = details?.cached_tokens ?? usage?.prompt_cache_hit_tokens ?? usage?.cached_tokens
  const written = details?.cache_write_tokens
  const reasoning = usage?.completion_tokens_details?.reasoning_tokens
  return {
    ...(typeof input === 'number' && { input }),
    ...(typeof output === 'number' && { output }),
    ...(typeof cached === 'number' && { cachedInput: cached }),
    ...(typeof written === 'number' && { cacheWrite: written }),
    ...(typeof reasoning === 'number' && { reasoning }),
  }
}
