import type { Json, Message, ToolCall } from '../records/index.ts'
import { adaptations } from './adapt.ts'
import type { Finish, Reply, Request, Teacher, Usage, Warning, Wire } from './contract.ts'
import { type Client, rejected } from './openai-compatible.ts'
import { errorOf, post, scrub } from './post.ts'
import type { Resolved } from './presets.ts'
import { instruct } from './structured.ts'

const droppable = [
  'temperature',
  'top_p',
  'top_k',
  'thinking',
  'output_config.format',
  'output_config.effort',
  'stop_sequences',
]

/** The Messages protocol of Anthropic (version 2023-06-01). It takes no seed: draws differ by the model's own chance. */
export function anthropic({ id, route, revision, dispatcher, key }: Client): Teacher {
  const url = `${route.baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1/messages`
  const headers: Record<string, string> = { 'anthropic-version': '2023-06-01', ...(key && { 'x-api-key': key }) }
  const adapted = adaptations(droppable, {}, 'output_config.format')
  return {
    id,
    provider: route.provider,
    model: route.model,
    ...(revision !== undefined && { revision }),
    can: route.can,
    async doGenerate(request, wire) {
      for (;;) {
        const worded = request.schema && (!route.can.schema || adapted.inWords(request.schema))
        const warnings: Warning[] = []
        const body = bodyOf(worded ? instruct(request) : request, wire, route, warnings)
        warnings.push(...adapted.apply(body, request.schema))
        if (worded && route.can.schema) {
          warnings.push({
            kind: 'parameter',
            message: 'output_config.format was refused: the schema stands in the prompt',
          })
        }
        const answered = await post({
          dispatcher,
          url,
          // The simulator's only way to tell draws apart; the vendor gets no field it has not published.
          headers: route.provider === 'anthropic' ? headers : { ...headers, 'x-stillroom-draw': String(wire.draw) },
          body: nest(body),
          ...(wire.signal && { signal: wire.signal }),
          ...(key && { secret: key }),
        })
        if (answered.status < 400) return replyOf(answered.json as RawMessage, warnings)
        const error = errorOf(answered.json, answered.text)
        const refusal = { ...error, message: scrub(error.message, key) }
        if (answered.status === 413 || !adapted.learn(refusal, body, request.schema)) {
          return rejected(answered.status, refusal.message, warnings)
        }
      }
    },
  }
}

function bodyOf(request: Request, wire: Wire, route: Resolved, warnings: Warning[]): Record<string, unknown> {
  const { stop, reasoning_effort: effort, temperature, top_p, top_k, ...others } = request.sampling ?? {}
  for (const name of [...Object.keys(others), ...(request.logprobs === undefined ? [] : ['logprobs'])]) {
    warnings.push({ kind: 'parameter', message: `${name} was left out: the Messages protocol has no such parameter` })
  }
  const system = request.messages.filter(isSystem).map(message => message.content ?? '')
  return {
    model: route.model,
    max_tokens: wire.cap,
    ...(system.length > 0 && { system: system.join('\n\n') }),
    messages: request.messages.filter(message => !isSystem(message)).map(messageOf),
    ...(temperature !== undefined && { temperature }),
    ...(top_p !== undefined && { top_p }),
    ...(top_k !== undefined && { top_k }),
    ...(stop && { stop_sequences: stop }),
    ...(effort === 'none' && { thinking: { type: 'disabled' } }),
    ...(effort !== undefined &&
      effort !== 'none' && { thinking: { type: 'adaptive', display: 'summarized' }, 'output_config.effort': effort }),
    ...(request.schema && {
      'output_config.format': { type: 'json_schema', schema: supported(request.schema.schema) },
    }),
    ...(request.tools?.length && {
      tools: request.tools.map(({ function: { name, description, parameters } }) => ({
        name,
        ...(description !== undefined && { description }),
        input_schema: parameters ?? { type: 'object', properties: {} },
      })),
    }),
  }
}

const isSystem = (message: Message) => message.role === 'system' || message.role === 'developer'

/** The halves of `output_config` are adapted apart, so they travel flat until here. */
function nest(flat: Record<string, unknown>): Record<string, unknown> {
  const { 'output_config.effort': effort, 'output_config.format': format, ...body } = flat
  if (effort === undefined && format === undefined) return body
  return {
    ...body,
    output_config: { ...(effort !== undefined && { effort }), ...(format !== undefined && { format }) },
  }
}

function messageOf(message: Message, index: number): Record<string, unknown> {
  if (message.role === 'tool') {
    return {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: message.tool_call_id ?? '', content: message.content ?? '' }],
    }
  }
  if (!message.tool_calls?.length) return { role: message.role, content: message.content ?? '' }
  const uses = message.tool_calls.map((call, i) => ({
    type: 'tool_use',
    id: call.id ?? `call_${index}_${i}`,
    name: call.function.name,
    input: call.function.arguments,
  }))
  return {
    role: message.role,
    content: [...(message.content ? [{ type: 'text', text: message.content }] : []), ...uses],
  }
}

const formats = new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid'])

/**
 * The subset of JSON Schema that structured outputs take: objects closed, and no bounds on numbers, lengths or (beyond
 * one) items. What the wire cannot carry goes into the description, and our own validation still holds the reply to it.
 */
export function supported(schema: Json | undefined): Json {
  if (Array.isArray(schema)) return schema.map(supported)
  if (typeof schema !== 'object' || schema === null) return schema ?? null
  const kept: { [key: string]: Json } = {}
  const bounds: string[] = []
  for (const [key, value] of Object.entries(schema)) {
    if (key === '$schema' || value === undefined) continue
    if (['enum', 'const', 'required', 'type', 'title', 'description', '$ref', 'default'].includes(key))
      kept[key] = value
    else if (key === 'properties' || key === '$defs' || key === 'definitions') {
      kept[key] = Object.fromEntries(Object.entries(value as object).map(([name, part]) => [name, supported(part)]))
    } else if (key === 'items' || key === 'anyOf' || key === 'allOf') kept[key] = supported(value)
    else if (key === 'oneOf') kept.anyOf = supported(value)
    else if (key === 'format' && formats.has(String(value))) kept[key] = value
    else if (key === 'minItems' && (value === 0 || value === 1)) kept[key] = value
    else if (key !== 'additionalProperties') bounds.push(`${key} ${JSON.stringify(value)}`)
  }
  if (kept.type === 'object') kept.additionalProperties = false
  // zod writes the safe range of every integer, which tells a model nothing.
  const telling = bounds.filter(bound => !bound.includes(String(Number.MAX_SAFE_INTEGER)))
  if (telling.length > 0) kept.description = [kept.description, `(${telling.join(', ')})`].filter(Boolean).join(' ')
  return kept
}

type RawMessage = {
  model?: string
  stop_reason?: string | null
  stop_details?: { explanation?: string | null } | null
  content?: { type?: string; text?: string; thinking?: string; id?: string; name?: string; input?: unknown }[]
  usage?: {
    input_tokens?: number | null
    output_tokens?: number | null
    cache_read_input_tokens?: number | null
    cache_creation_input_tokens?: number | null
    output_tokens_details?: { thinking_tokens?: number | null } | null
  }
}

const finishes: Record<string, Finish> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'refusal',
}

function replyOf(json: RawMessage, warnings: Warning[]): Reply {
  const blocks = json.content ?? []
  const text = blocks.filter(block => block.type === 'text').map(block => block.text ?? '')
  const reasoning = blocks
    .filter(block => block.type === 'thinking')
    .map(block => block.thinking ?? '')
    .join('\n')
  const calls = blocks
    .filter(block => block.type === 'tool_use')
    .map(block => ({
      ...(block.id && { id: block.id }),
      type: 'function' as const,
      function: { name: block.name ?? '', arguments: (block.input ?? {}) as ToolCall['function']['arguments'] },
    }))
  const refusal = json.stop_reason === 'refusal' ? json.stop_details?.explanation : undefined
  return {
    content: text.join('') || refusal || (calls.length > 0 ? null : ''),
    ...(reasoning && { reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
    finish: finishes[json.stop_reason ?? ''] ?? 'other',
    ...(json.model !== undefined && { served: json.model }),
    usage: usageOf(json.usage),
    warnings,
  }
}

/** `input_tokens` counts what was neither read from nor written to the cache; ours counts all of it. */
function usageOf(usage: RawMessage['usage']): Usage {
  const {
    input_tokens: fresh,
    output_tokens: output,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written,
  } = usage ?? {}
  const reasoning = usage?.output_tokens_details?.thinking_tokens
  return {
    ...(typeof fresh === 'number' && { input: fresh + (read ?? 0) + (written ?? 0) }),
    ...(typeof output === 'number' && { output }),
    ...(typeof read === 'number' && { cachedInput: read }),
    ...(typeof written === 'number' && { cacheWrite: written }),
    ...(typeof reasoning === 'number' && { reasoning }),
  }
}
