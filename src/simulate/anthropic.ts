import type { Json } from '../records/index.ts'
import type { Segment } from './cache.ts'
import {
  any,
  boolean,
  byField,
  type Check,
  either,
  integer,
  list,
  matching,
  nullable,
  number,
  object,
  oneOf,
  record,
  string,
} from './check.ts'
import { tokensOf } from './prose.ts'
import type { Asked, Protocol } from './protocol.ts'
import { messageEvents } from './stream.ts'

const cache = nullable(record)
const textBlock = object({ type: oneOf('text'), text: string, cache_control: cache, citations: any }, ['type', 'text'])
const block = byField('type', {
  text: textBlock,
  image: object({ type: any, source: record, cache_control: cache }, ['source']),
  document: object(
    {
      type: any,
      source: record,
      title: nullable(string),
      context: nullable(string),
      citations: any,
      cache_control: cache,
    },
    ['source'],
  ),
  thinking: object({ type: any, thinking: string, signature: string }, ['thinking', 'signature']),
  redacted_thinking: object({ type: any, data: string }, ['data']),
  tool_use: object({ type: any, id: string, name: string, input: any, cache_control: cache, caller: any }, [
    'id',
    'name',
    'input',
  ]),
  tool_result: object(
    { type: any, tool_use_id: string, content: either(string, list(record)), is_error: boolean, cache_control: cache },
    ['tool_use_id'],
  ),
})
const said = (content: Check) => object({ role: any, content: either(string, content) }, ['content'])
const message = byField('role', {
  user: said(list(block)),
  assistant: said(list(block)),
  system: said(list(textBlock)),
})
const tool = object(
  {
    name: matching(/^[\w-]{1,128}$/),
    description: string,
    input_schema: record,
    type: nullable(oneOf('custom')),
    cache_control: cache,
    strict: boolean,
    allowed_callers: any,
    defer_loading: boolean,
    eager_input_streaming: any,
    input_examples: any,
  },
  ['name', 'input_schema'],
)

/**
 * The published request of `POST /v1/messages`, as the `@anthropic-ai/sdk` package types it, with the sampling
 * parameters that older models still take.
 */
const request: Check = object(
  {
    model: string,
    max_tokens: integer(1),
    messages: list(message, 1),
    cache_control: cache,
    container: any,
    diagnostics: nullable(record),
    inference_geo: nullable(string),
    metadata: object({ user_id: nullable(string) }),
    output_config: object({
      effort: nullable(oneOf('low', 'medium', 'high', 'xhigh', 'max')),
      format: nullable(object({ type: oneOf('json_schema'), schema: record }, ['type', 'schema'])),
    }),
    service_tier: oneOf('auto', 'standard_only'),
    speed: nullable(oneOf('standard', 'fast')),
    stop_sequences: list(string),
    stream: boolean,
    system: either(string, list(textBlock)),
    temperature: number(0, 1),
    top_k: integer(0),
    top_p: number(0, 1),
    thinking: byField('type', {
      enabled: object({ type: any, budget_tokens: integer(1024), display: nullable(oneOf('summarized', 'omitted')) }, [
        'budget_tokens',
      ]),
      adaptive: object({ type: any, display: nullable(oneOf('summarized', 'omitted')) }),
      disabled: object({ type: any }),
      between_tools: object({ type: any, display: any }),
    }),
    tool_choice: byField('type', {
      auto: object({ type: any, disable_parallel_tool_use: boolean }),
      any: object({ type: any, disable_parallel_tool_use: boolean }),
      tool: object({ type: any, name: string, disable_parallel_tool_use: boolean }, ['name']),
      none: object({ type: any }),
    }),
    tools: list(tool),
    user_profile_id: string,
    workspace_id: string,
  },
  ['model', 'max_tokens', 'messages'],
)

type Mark = { ttl?: string } | null
type Block = { type: string; text?: string; content?: Blocks; cache_control?: Mark }
type Blocks = string | Block[]
type Body = {
  model: string
  max_tokens: number
  messages: { role: string; content: Blocks }[]
  system?: Blocks
  stream?: boolean
  stop_sequences?: string[]
  output_config?: { format?: { schema: Json } | null }
  thinking?: { type: string; display?: string | null }
  metadata?: { user_id?: string | null }
  cache_control?: Mark
  tools?: { name: string; input_schema?: Json; cache_control?: Mark }[]
  tool_choice?: { type: string }
}

const invalid = (message: string) => ({
  type: 'error',
  error: { type: 'invalid_request_error', message },
  request_id: null,
})
const types: Record<number, string> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

const keywords = new Set([
  'type',
  'enum',
  'const',
  'anyOf',
  'allOf',
  '$ref',
  '$defs',
  'definitions',
  'properties',
  'required',
  'items',
  'additionalProperties',
  'description',
  'title',
  'default',
  'format',
  'minItems',
])

/** The keyword that structured outputs do not take, in the vendor's words. */
function unsupported(schema: Json | undefined): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined
  if (Array.isArray(schema)) return firstOf(schema)
  for (const key of Object.keys(schema)) {
    if (!keywords.has(key)) return `For '${schema.type}' type, property '${key}' is not supported`
  }
  if (schema.minItems !== undefined && Number(schema.minItems) > 1)
    return "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
  if (schema.type === 'object' && schema.additionalProperties !== false) {
    return "For 'object' type, 'additionalProperties' must be explicitly set to false"
  }
  const named = [schema.properties, schema.$defs, schema.definitions].flatMap(part =>
    Object.values((part ?? {}) as { [key: string]: Json }),
  )
  return firstOf([...named, schema.items ?? null, schema.anyOf ?? null, schema.allOf ?? null])
}

function firstOf(parts: Json[]): string | undefined {
  for (const part of parts) {
    const found = unsupported(part)
    if (found) return found
  }
  return undefined
}

function words(content: Blocks | undefined): string {
  if (typeof content === 'string') return content
  return (content ?? []).map(part => part.text ?? words(part.content)).join('')
}

/** Tools, then the system prompt, then the messages, as the vendor's cache reads them. */
function segmentsOf({ tools, system, messages, cache_control: automatic }: Body): Segment[] {
  const segment = (text: string, mark: Mark | undefined): Segment =>
    mark ? { text, marked: mark.ttl === '1h' ? '1h' : '5m' } : { text }
  const blocks = (role: string, content: Blocks | undefined): Segment[] =>
    typeof content === 'string'
      ? [segment(`${role}\n${content}`, undefined)]
      : (content ?? []).map(({ cache_control: mark, ...block }) =>
          segment(`${role}\n${block.text ?? JSON.stringify(block)}`, mark),
        )
  const segments = [
    ...(tools ?? []).map(({ cache_control: mark, ...rest }) => segment(JSON.stringify(rest), mark)),
    ...blocks('system', system),
    ...messages.flatMap(({ role, content }) => blocks(role, content)),
  ]
  if (automatic) segments.push(segment(segments.pop()?.text ?? '', automatic))
  return segments
}

export const anthropic: Protocol = {
  check(body) {
    const problem = request(body, '')
    if (problem) {
      const { is, path, expected, received } = problem
      if (is === 'unknown') return invalid(`${path}: Extra inputs are not permitted`)
      if (is === 'missing') return invalid(`${path}: Field required`)
      return invalid(`${path}: Input should be ${expected}, not ${received}`)
    }
    const { output_config: output } = body as Body
    const marked = segmentsOf(body as Body).filter(segment => segment.marked).length
    if (marked > 4) return invalid(`A maximum of 4 blocks with cache_control may be provided. Found ${marked}.`)
    const found = unsupported(output?.format?.schema)
    return found ? invalid(`output_config.format.schema: ${found}`) : undefined
  },
  refuse: name => invalid(`\`${name}\` is deprecated for this model.`),
  error: (status, message) => ({
    type: 'error',
    error: { type: types[status] ?? 'api_error', message },
    request_id: null,
  }),
  asked(raw): Asked {
    const body = raw as Body
    const system = words(body.system)
    return {
      model: body.model,
      messages: [
        ...(system ? [{ role: 'system', text: system }] : []),
        ...body.messages.map(({ role, content }) => ({
          role: isToolResult(content) ? 'tool' : role,
          text: words(content),
        })),
      ],
      cap: body.max_tokens,
      ...drawOf(body),
      choices: 1,
      schema: body.output_config?.format?.schema,
      json: false,
      stop: body.stop_sequences ?? [],
      reasoning:
        body.thinking !== undefined && body.thinking.type !== 'disabled' && body.thinking.display !== 'omitted',
      tools:
        body.tool_choice?.type === 'none'
          ? []
          : (body.tools ?? []).map(({ name, input_schema }) => ({ name, parameters: input_schema })),
      mustCall: body.tool_choice?.type === 'any' || body.tool_choice?.type === 'tool',
    }
  },
  reply(asked, [one], id) {
    const { content, reasoning, refusal, call, tokens, cut, stopped } = one!
    const { read, written, hour } = asked.cache ?? { read: 0, written: 0, hour: false }
    return {
      id: `msg_${id}`,
      type: 'message',
      role: 'assistant',
      model: asked.model,
      content: [
        ...(reasoning ? [{ type: 'thinking', thinking: reasoning, signature: id }] : []),
        ...(refusal === undefined && !call ? [{ type: 'text', text: content, citations: null }] : []),
        ...(call
          ? [
              {
                type: 'tool_use',
                id: `toolu_${id}`,
                name: call.name,
                input: call.arguments,
                caller: { type: 'direct' },
              },
            ]
          : []),
      ],
      container: null,
      stop_reason:
        refusal !== undefined
          ? 'refusal'
          : call
            ? 'tool_use'
            : stopped !== undefined
              ? 'stop_sequence'
              : cut
                ? 'max_tokens'
                : 'end_turn',
      stop_sequence: stopped ?? null,
      stop_details: refusal !== undefined ? { type: 'refusal', category: null, explanation: refusal } : null,
      usage: {
        input_tokens: (asked.input ?? 0) - read - written,
        output_tokens: tokens,
        cache_creation_input_tokens: written,
        cache_read_input_tokens: read,
        cache_creation: asked.cache
          ? { ephemeral_5m_input_tokens: hour ? 0 : written, ephemeral_1h_input_tokens: hour ? written : 0 }
          : null,
        output_tokens_details: { thinking_tokens: reasoning ? tokensOf(reasoning) : 0 },
        server_tool_use: null,
        service_tier: 'standard',
      },
    }
  },
  events: messageEvents,
  prompt: body => segmentsOf(body as Body),
  marks: true,
}

/** The protocol has no seed, and the rows of a batch no headers: `metadata.user_id` may say `draw:<n>`. */
function drawOf({ metadata }: Body): { draw?: string } {
  const draw = /^draw:(.+)$/.exec(metadata?.user_id ?? '')?.[1]
  return draw === undefined ? {} : { draw }
}

const isToolResult = (content: Blocks) =>
  typeof content !== 'string' && content.some(part => part.type === 'tool_result')
