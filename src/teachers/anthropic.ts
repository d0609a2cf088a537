import type { Json, Message } from '../records/index.ts'
import { adaptations } from './adapt.ts'
import { anthropicBatch } from './batch/anthropic.ts'
import type { Finish, Reply, Request, Teacher, Usage, Warning, Wire } from './contract.ts'
import { asking, type Dialect, refusal, refusedIn, understood } from './dialect.ts'
import { chatsOnly } from './forms.ts'
import { type Client, toolCallOf } from './openai-compatible.ts'
import { type Connection, endpointOf } from './post.ts'
import type { Resolved } from './presets.ts'
import { messageReader } from './stream.ts'
import { instruct } from './structured.ts'

const droppable = [
  'temperature',
  'top_p',
  'top_k',
  'thinking',
  'output_config.format',
  'output_config.effort',
  'stop_sequences',
  'cache_control',
  'metadata',
  'stream',
]

/** The Messages protocol of Anthropic (version 2023-06-01). It takes no seed: draws differ by the model's own chance. */
export function anthropic({ id, route, revision, dispatcher, key }: Client): Teacher {
  const base = `${route.baseUrl.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`
  const to = endpointOf(`${base}/messages`)
  const who: Record<string, string> = { 'anthropic-version': '2023-06-01', ...(key && { 'x-api-key': key }) }
  const connection: Connection = { dispatcher, headers: who, ...(key && { secret: key }) }
  const headers = { 'content-type': 'application/json', accept: 'application/json', ...who }
  const adapted = adaptations(droppable, {}, 'output_config.format')

  const dialect: Dialect = {
    prepare(request, wire, { stream, fresh } = {}) {
      const warnings: Warning[] = []
      const worded = request.schema && (!route.can.schema || (!fresh && adapted.inWords(request.schema)))
      const body = bodyOf(worded ? instruct(request) : request, wire, route, warnings)
      if (stream) body.stream = true
      if (!fresh) warnings.push(...adapted.apply(body, request.schema))
      if (worded && route.can.schema) {
        warnings.push({
          kind: 'parameter',
          message: 'output_config.format was refused: the schema stands in the prompt',
        })
      }
      return { body, warnings }
    },
    sent: nest,
    read(answered, body, warnings, schema) {
      const message = answered.json as RawMessage | undefined
      if (answered.status < 400 && Array.isArray(message?.content)) {
        return { reply: understood(() => replyOf(message, warnings)) }
      }
      const refused = refusedIn(answered, 'a reply without content', key)
      // Named by a path into the blocks that bear the marks.
      if (/\bcache_control\b/.test(refused.error.message)) refused.error.param = 'cache_control'
      return refusal(refused, { adapted, body, warnings, schema, secret: key })
    },
  }

  const chat = asking(dialect, { ...connection, headers, to, stream: route.stream, reader: messageReader })

  return {
    id,
    provider: route.provider,
    model: route.model,
    ...(revision !== undefined && { revision }),
    can: route.can,
    async doGenerate(request, wire) {
      chatsOnly(request, id, 'the Messages protocol')
      return chat(request, wire)
    },
    ...(route.batch && { batch: anthropicBatch(base, connection, dialect) }),
  }
}

function bodyOf(request: Request, wire: Wire, route: Resolved, warnings: Warning[]): Record<string, unknown> {
  const { stop, reasoning_effort: effort, temperature, top_p, top_k, ...others } = request.sampling ?? {}
  for (const name of [...Object.keys(others), ...(request.logprobs === undefined ? [] : ['logprobs'])]) {
    warnings.push({ kind: 'parameter', message: `${name} was left out: the Messages protocol has no such parameter` })
  }
  const system = request.messages.filter(isSystem).map(message => message.content ?? '')
  const marks = route.can.cache === 'marked' && marksOf(request, leastCached(route.model))
  if (route.store || route.metadata) {
    const message = 'store and metadata were left out: this provider keeps no completions'
    warnings.push({ kind: 'parameter', message })
  }
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
    ...(marks && { cache_control: marks }),
    // The simulator's only way to tell draws apart; the vendor asks for ids of users here, so it gets none.
    ...(wire.draw !== 0 && route.provider !== 'anthropic' && { metadata: { user_id: `draw:${wire.draw}` } }),
  }
}

const isSystem = (message: Message) => message.role === 'system' || message.role === 'developer'

/** The halves of `output_config` and the marks are adapted apart, so they travel flat until here. */
function nest(flat: Record<string, unknown>): Record<string, unknown> {
  const { 'output_config.effort': effort, 'output_config.format': format, cache_control: marks, ...body } = flat
  if (effort !== undefined || format !== undefined) {
    body.output_config = { ...(effort !== undefined && { effort }), ...(format !== undefined && { format }) }
  }
  return marks ? marked(body, marks as Marks) : body
}

/** Where the part that recurs ends: in the system text, and in one message (`whole` is all of it). */
type Marks = { system?: number; message?: { index: number; characters: number | 'whole' } }

/**
 * A part is marked when the cache can hold it; a mark too many is passed over by the server and costs nothing. The
 * system text has its own, since other documents may follow it.
 */
function marksOf({ messages, prefix }: Request, least: number): Marks | undefined {
  if (!prefix) return undefined
  const next = messages[prefix.messages]
  const covered = messages.slice(0, prefix.messages)
  if (next && prefix.characters > 0) covered.push({ ...next, content: cut(next.content ?? '', prefix.characters) })
  const system = covered.filter(isSystem).map(message => message.content ?? '')
  const said = covered.filter(message => !isSystem(message))
  const text = system.join('\n\n')
  const marks: Marks = {}
  if (atLeast(least, text)) marks.system = text.length
  // The system text comes first of all, so where it is not covered whole no message is.
  const all = messages.filter(isSystem)
  const coveredWhole = all.length === system.length && all.at(-1)?.content?.length === system.at(-1)?.length
  if (coveredWhole && said.length > 0 && atLeast(least, text, ...said.map(message => message.content ?? ''))) {
    const partly = covered.length > prefix.messages && next && !isSystem(next)
    const characters = partly ? said.at(-1)!.content!.length : 'whole'
    marks.message = { index: said.length - 1, characters }
  }
  return marks.system !== undefined || marks.message ? marks : undefined
}

/** The beginning of a text, without half a surrogate pair. */
function cut(text: string, characters: number): string {
  const last = text.charCodeAt(characters - 1)
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? characters - 1 : characters)
}

/**
 * Tokens a prefix must have to be cached, by model:
 * https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 */
function leastCached(model: string): number {
  if (/haiku-3|3(?:-5)?-haiku/.test(model)) return 2048
  return /haiku|opus-4-[567]/.test(model) ? 4096 : 1024
}

/** About so many tokens: four characters each, of Chinese, Japanese and Korean two. */
function atLeast(tokens: number, ...texts: string[]): boolean {
  const characters = texts.reduce((sum, text) => sum + text.length, 0)
  if (characters / 4 >= tokens || characters / 2 < tokens) return characters / 4 >= tokens
  const dense = texts.reduce(
    (sum, text) => sum + (text.match(/[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/g)?.length ?? 0),
    0,
  )
  return (characters + dense) / 4 >= tokens
}

const ephemeral = { type: 'ephemeral' }

function marked(body: Record<string, unknown>, { system, message }: Marks): Record<string, unknown> {
  const split = (text: string, at: number) => {
    const [before, after] = [text.slice(0, at), text.slice(at)]
    // A block must not be blank.
    if (!before.trim() || (after && !after.trim())) return text
    return [{ type: 'text', text: before, cache_control: ephemeral }, ...(after ? [{ type: 'text', text: after }] : [])]
  }
  const result = { ...body }
  if (system !== undefined) result.system = split(body.system as string, system)
  if (message) {
    const { index, characters } = message
    const messages = [...(body.messages as Record<string, unknown>[])]
    const { role, content } = messages[index]!
    if (typeof content === 'string') {
      messages[index] = { role, content: split(content, characters === 'whole' ? content.length : characters) }
    } else if (characters === 'whole') {
      const blocks = content as object[]
      const last = { ...blocks.at(-1), cache_control: ephemeral }
      messages[index] = { role, content: [...blocks.slice(0, -1), last] }
    }
    result.messages = messages
  }
  return result
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
  error?: unknown
  model?: string
  stop_reason?: string | null
  stop_details?: { explanation?: string | null } | null
  content?: { type?: string; text?: string; thinking?: string; id?: string; name?: string; input?: unknown }[]
  usage?: {
    input_tokens?: number | null
    output_tokens?: number | null
    cache_read_input_tokens?: number | null
    cache_creation_input_tokens?: number | null
    /** The same by how long it is kept. */
    cache_creation?: { [kept: string]: number | null } | null
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
    .map(block => toolCallOf({ ...block, function: { name: block.name, arguments: block.input } }, warnings))
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
    cache_creation_input_tokens: all,
    cache_creation: parts,
  } = usage ?? {}
  const written = all ?? (parts ? Object.values(parts).reduce<number>((sum, part) => sum + (part ?? 0), 0) : undefined)
  const reasoning = usage?.output_tokens_details?.thinking_tokens
  return {
    ...(typeof fresh === 'number' && { input: fresh + (read ?? 0) + (written ?? 0) }),
    ...(typeof output === 'number' && { output }),
    ...(typeof read === 'number' && { cachedInput: read }),
    ...(typeof written === 'number' && { cacheWrite: written }),
    ...(typeof reasoning === 'number' && { reasoning }),
  }
}
