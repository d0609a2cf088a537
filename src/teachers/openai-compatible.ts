import type { Dispatcher } from 'undici'
import type { Json, Message, ToolCall } from '../records/index.ts'
import { adaptations } from './adapt.ts'
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
import { errorOf, faultOf, post, scrub } from './post.ts'
import type { Resolved } from './presets.ts'
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
]
const renames = { max_tokens: 'max_completion_tokens', max_completion_tokens: 'max_tokens' }

/** The chat completions protocol of OpenAI, as hosted providers and vLLM, SGLang, Ollama and llama.cpp speak it. */
export function openaiCompatible({ id, route, revision, dispatcher, key }: Client): Teacher {
  const url = `${route.baseUrl.replace(/\/+$/, '')}/chat/completions`
  const headers: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {}
  const adapted = adaptations(droppable, renames, 'response_format')
  return {
    id,
    provider: route.provider,
    model: route.model,
    ...(revision !== undefined && { revision }),
    can: route.can,
    async doGenerate(request, wire) {
      for (;;) {
        const worded = request.schema && (!route.can.schema || adapted.inWords(request.schema))
        const asked = worded ? instruct(request) : request
        const body = bodyOf(asked, wire, route)
        const warnings = adapted.apply(body, request.schema)
        if (worded && route.can.schema) {
          warnings.push({ kind: 'parameter', message: 'response_format was refused: the schema stands in the prompt' })
        }
        if (request.logprobs !== undefined && !route.can.logprobs) {
          warnings.push({ kind: 'parameter', message: 'logprobs were left out: this teacher has none' })
        }
        const answered = await post({
          dispatcher,
          url,
          headers,
          body,
          ...(wire.signal && { signal: wire.signal }),
          ...(key && { secret: key }),
        })
        const error = errorOf(answered.json, answered.text)
        if (answered.status >= 400) {
          const refusal = { ...error, message: scrub(error.message, key) }
          if (answered.status !== 413 && adapted.learn(refusal, body, request.schema)) continue
          return rejected(answered.status, refusal.message, warnings)
        }
        const json = answered.json as Completion
        // Routers report an upstream failure inside a 200.
        if (!json.choices?.length) {
          const status = error.status && error.status >= 400 ? error.status : 502
          throw faultOf(
            status,
            { ...error, message: json.error ? error.message : 'a reply without choices' },
            answered.headers,
            key,
            Date.now,
          )
        }
        return replyOf(json, warnings)
      }
    },
  }
}

/** A final 4xx as a reply: it is journalled, and asking again will not help. */
export function rejected(status: number, message: string, warnings: Warning[]): Reply {
  return { content: null, finish: 'rejected', usage: {}, warnings, rejected: { status, message } }
}

function bodyOf(request: Request, wire: Wire, route: Resolved): Record<string, unknown> {
  const { logprobs, schema, tools } = request
  return {
    model: route.model,
    messages: request.messages.map((message, i) => messageOf(message, i, route.provider)),
    ...request.sampling,
    ...(schema && {
      response_format: { type: 'json_schema', json_schema: { name: schema.name, ...onTheWire(schema.schema) } },
    }),
    ...(tools?.length && { tools }),
    ...(logprobs !== undefined &&
      route.can.logprobs && { logprobs: true, ...(logprobs > 0 && { top_logprobs: logprobs }) }),
    ...(route.can.seed && { [route.seedName]: wire.seed }),
    [route.capName]: wire.cap,
  }
}

const wired = new WeakMap<object, { schema: Json; strict: boolean }>()

/** A step's schema is one object however often it asks, so it is prepared once. */
function onTheWire(schema: { [key: string]: Json }): { schema: Json; strict: boolean } {
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
  if (apart || content === null) return { content, ...(apart && { reasoning: apart }) }
  return splitThinking(content)
}

/** Text of nested parts. */
function flat(part: unknown): string {
  if (typeof part === 'string') return part
  if (Array.isArray(part)) return part.map(flat).join('')
  return flat((part as { text?: unknown } | null)?.text ?? '')
}

function toolCallOf(
  call: { id?: string; function?: { name?: string; arguments?: unknown } },
  warnings: Warning[],
): ToolCall {
  const raw = call.function?.arguments ?? {}
  let parsed: unknown = raw
  if (typeof raw === 'string') {
    try {
      parsed = JSON.parse(raw || '{}')
    } catch {
      parsed = undefined
    }
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    warnings.push({
      kind: 'other',
      message: `arguments of tool ${call.function?.name} are no JSON object; kept as text under "unparsed"`,
    })
    parsed = { unparsed: String(raw) }
  }
  return {
    ...(call.id && { id: call.id }),
    type: 'function',
    function: { name: call.function?.name ?? '', arguments: parsed as ToolCall['function']['arguments'] },
  }
}

const logprobOf = ({ token, logprob, top_logprobs }: RawLogprob): TokenLogprob => ({
  token,
  logprob,
  ...(top_logprobs?.length && { top: top_logprobs.map(({ token, logprob }) => ({ token, logprob })) }),
})

function usageOf(usage: Completion['usage']): Usage {
  const found: Usage = {
    input: usage?.prompt_tokens,
    output: usage?.completion_tokens,
    cachedInput: usage?.prompt_tokens_details?.cached_tokens ?? usage?.prompt_cache_hit_tokens,
    cacheWrite: usage?.prompt_tokens_details?.cache_write_tokens,
    reasoning: usage?.completion_tokens_details?.reasoning_tokens,
  }
  return Object.fromEntries(Object.entries(found).filter(([, tokens]) => typeof tokens === 'number'))
}
