import type { Json } from '../records/index.ts'
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
  type Problem,
  record,
  string,
} from './check.ts'
import type { Result } from './endpoint.ts'
import { tokensOf } from './prose.ts'
import type { Asked, Protocol, Said } from './protocol.ts'
import { chunksOf } from './stream.ts'

const textPart = object({ type: oneOf('text'), text: string, prompt_cache_breakpoint: any }, ['type', 'text'])
const userPart = byField('type', {
  text: textPart,
  image_url: object({ type: any, image_url: record, prompt_cache_breakpoint: any }, ['image_url']),
  input_audio: object({ type: any, input_audio: record, prompt_cache_breakpoint: any }, ['input_audio']),
  file: object({ type: any, file: record, prompt_cache_breakpoint: any }, ['file']),
})
const text = either(string, list(textPart, 1))
const toolCall = object(
  { id: string, type: oneOf('function'), function: object({ name: string, arguments: string }, ['name', 'arguments']) },
  ['id', 'type', 'function'],
)
const plain = object({ role: any, content: text, name: string }, ['content'])
const message = byField('role', {
  system: plain,
  developer: plain,
  user: object({ role: any, content: either(string, list(userPart, 1)), name: string }, ['content']),
  assistant: object({
    role: any,
    content: nullable(text),
    name: string,
    refusal: nullable(string),
    audio: nullable(record),
    function_call: nullable(record),
    tool_calls: list(toolCall, 1),
  }),
  tool: object({ role: any, content: text, tool_call_id: string }, ['content', 'tool_call_id']),
})
const tool = object(
  {
    type: oneOf('function'),
    function: object(
      { name: matching(/^[\w-]{1,64}$/), description: string, parameters: record, strict: nullable(boolean) },
      ['name'],
    ),
  },
  ['type', 'function'],
)
const jsonSchema = object(
  { name: matching(/^[\w-]{1,64}$/), description: string, schema: record, strict: nullable(boolean) },
  ['name'],
)

/** The published request of `POST /v1/chat/completions`, as the `openai` package types it. */
const request: Check = object(
  {
    model: string,
    messages: list(message, 1),
    audio: nullable(record),
    frequency_penalty: nullable(number(-2, 2)),
    function_call: any,
    functions: any,
    logit_bias: nullable(record),
    logprobs: nullable(boolean),
    max_completion_tokens: nullable(integer(1)),
    max_tokens: nullable(integer(1)),
    metadata: nullable(record),
    modalities: nullable(list(oneOf('text', 'audio'))),
    moderation: any,
    n: nullable(integer(1, 128)),
    parallel_tool_calls: boolean,
    prediction: nullable(record),
    presence_penalty: nullable(number(-2, 2)),
    prompt_cache_key: nullable(string),
    prompt_cache_options: record,
    prompt_cache_retention: nullable(oneOf('in_memory', '24h')),
    reasoning_effort: nullable(oneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max')),
    response_format: byField('type', {
      text: object({ type: any }),
      json_object: object({ type: any }),
      json_schema: object({ type: any, json_schema: jsonSchema }, ['json_schema']),
    }),
    safety_identifier: nullable(string),
    seed: nullable(integer()),
    service_tier: nullable(oneOf('auto', 'default', 'flex', 'scale', 'priority', 'fast')),
    stop: nullable(either(list(string), string)),
    store: nullable(boolean),
    stream: nullable(boolean),
    stream_options: nullable(object({ include_usage: boolean, include_obfuscation: boolean })),
    temperature: nullable(number(0, 2)),
    tool_choice: either(oneOf('none', 'auto', 'required'), record),
    tools: list(tool),
    top_logprobs: nullable(integer(0, 20)),
    top_p: nullable(number(0, 1)),
    user: string,
    verbosity: nullable(oneOf('low', 'medium', 'high')),
    web_search_options: record,
  },
  ['model', 'messages'],
)

type Body = {
  model: string
  messages: { role: string; content?: string | null | { type: string; text?: string }[] }[]
  max_tokens?: number | null
  max_completion_tokens?: number | null
  seed?: number | null
  n?: number | null
  stream?: boolean | null
  stream_options?: { include_usage?: boolean } | null
  stop?: string | string[] | null
  logprobs?: boolean | null
  top_logprobs?: number | null
  reasoning_effort?: string | null
  response_format?: { type: string; json_schema?: { name: string; schema?: Json; strict?: boolean | null } }
  tools?: { function: { name: string; parameters?: Json } }[]
  tool_choice?: string | { function?: { name?: string } }
}

const codes = {
  unknown: 'unknown_parameter',
  missing: 'missing_required_parameter',
  type: 'invalid_type',
  value: 'invalid_value',
}

/** The body of a 400 for a field, in the vendor's words. */
export function errorOf(problem: Problem) {
  const { is, path, expected, received } = problem
  const message = {
    unknown: `Unknown parameter: '${path}'.`,
    missing: `Missing required parameter: '${path}'.`,
    type: `Invalid type for '${path}': expected ${expected}, but got ${received} instead.`,
    value: `Invalid value for '${path}': expected ${expected}, but got ${received} instead.`,
  }[is]
  return { error: { message, type: 'invalid_request_error', param: path || null, code: codes[is] } }
}

/** A 400 for a field, in the vendor's words. */
export const invalidField = (problem: Problem): Result => ({ status: 400, body: errorOf(problem) })

/** Sixteen labels of up to 64 and 512 characters. */
export function metadataProblem(metadata: unknown): Problem | undefined {
  const off = (path: string, expected: string): Problem => ({ is: 'value', path, expected, received: 'another' })
  const pairs = Object.entries((metadata ?? {}) as Record<string, unknown>)
  if (pairs.length > 16) return off('metadata', 'at most 16 keys')
  for (const [key, value] of pairs) {
    if (key.length > 64) return off(`metadata.${key}`, 'a key of at most 64 characters')
    if (typeof value !== 'string' || value.length > 512)
      return off(`metadata.${key}`, 'a string of at most 512 characters')
  }
  return undefined
}

export const refusal = (message: string, param: string | null = null, status = 400): Result => ({
  status,
  body: { error: { message, type: 'invalid_request_error', param, code: null } },
})

const codesOf: Record<number, string> = { 401: 'invalid_api_key', 404: 'model_not_found', 429: 'rate_limit_exceeded' }

const nested = ['items', 'prefixItems', 'anyOf', 'oneOf', 'allOf', 'not'] as const

/** Strict mode: every object closed, every property required. The vendor's words for the first place where not. */
function looseness(schema: Json | undefined, path: string): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined
  if (Array.isArray(schema)) return firstOf(schema.map((part, i) => [part, `${path}, '${i}'`]))
  const properties = (schema.properties ?? {}) as { [key: string]: Json }
  if (schema.type === 'object') {
    if (schema.additionalProperties !== false)
      return `In context=(${path}), 'additionalProperties' is required to be supplied and to be false.`
    const required = Array.isArray(schema.required) ? schema.required : []
    const missing = Object.keys(properties).find(name => !required.includes(name))
    if (missing)
      return `In context=(${path}), 'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`
  }
  return firstOf([
    ...Object.entries({ ...properties, ...(schema.$defs as object) }).map(
      ([name, part]) => [part, `${path}, '${name}'`] as const,
    ),
    ...nested.map(key => [schema[key], `${path}, '${key}'`] as const),
  ])
}

function firstOf(parts: (readonly [Json | undefined, string])[]): string | undefined {
  for (const [part, path] of parts) {
    const found = looseness(part, path)
    if (found) return found
  }
  return undefined
}

const words = (content: Body['messages'][number]['content']) =>
  typeof content === 'string' ? content : (content ?? []).map(part => part.text ?? '').join('')

export const openai: Protocol = {
  check(body) {
    const problem = request(body, '')
    if (problem) return errorOf(problem)
    const { response_format: format, stream, stream_options: options } = body as Body
    if (options && !stream)
      return errorOf({ is: 'value', path: 'stream_options', expected: 'stream to be true', received: 'false' })
    const found = format?.json_schema?.strict ? looseness(format.json_schema.schema, '') : undefined
    if (!found) return undefined
    const message = `Invalid schema for response_format '${format?.json_schema?.name}': ${found}`
    return { error: { message, type: 'invalid_request_error', param: 'response_format', code: null } }
  },
  refuse: name => ({
    error: {
      message: `Unsupported parameter: '${name}' is not supported with this model.`,
      type: 'invalid_request_error',
      param: name,
      code: 'unsupported_parameter',
    },
  }),
  error: (status, message) => ({
    error: {
      message,
      type: status === 429 ? 'requests' : status < 500 ? 'invalid_request_error' : 'server_error',
      param: null,
      code: codesOf[status] ?? null,
    },
  }),
  asked(raw): Asked {
    const body = raw as Body
    const { tool_choice: choice } = body
    return {
      model: body.model,
      messages: body.messages.map(({ role, content }) => ({ role, text: words(content) })),
      cap: body.max_completion_tokens ?? body.max_tokens ?? undefined,
      ...(body.seed != null && { draw: String(body.seed) }),
      choices: body.n ?? 1,
      schema: body.response_format?.json_schema?.schema,
      json: body.response_format?.type === 'json_object',
      stop: typeof body.stop === 'string' ? [body.stop] : (body.stop ?? []),
      reasoning: body.reasoning_effort != null && body.reasoning_effort !== 'none',
      tools:
        choice === 'none' ? [] : (body.tools ?? []).map(({ function: { name, parameters } }) => ({ name, parameters })),
      mustCall: choice === 'required' || typeof choice === 'object',
    }
  },
  reply(asked, said, id, raw) {
    const body = raw as Body
    const output = said.reduce((sum, one) => sum + one.tokens, 0)
    const reasoning = said.reduce((sum, one) => sum + (one.reasoning ? tokensOf(one.reasoning) : 0), 0)
    return {
      id: `chatcmpl-${id}`,
      object: 'chat.completion',
      // A date would make equal requests unequal.
      created: 0,
      model: asked.model,
      choices: said.map((one, index) => ({
        index,
        message: {
          role: 'assistant',
          content: one.refusal === undefined && !one.call ? one.content : null,
          refusal: one.refusal ?? null,
          ...(one.reasoning && { reasoning_content: one.reasoning }),
          ...(one.call && {
            tool_calls: [
              {
                id: `call_${id}`,
                type: 'function',
                function: { name: one.call.name, arguments: JSON.stringify(one.call.arguments) },
              },
            ],
          }),
        },
        finish_reason: one.call ? 'tool_calls' : one.cut ? 'length' : 'stop',
        logprobs: body.logprobs && !one.call ? { content: logprobs(one, body.top_logprobs ?? 0), refusal: null } : null,
      })),
      usage: {
        prompt_tokens: asked.input ?? 0,
        completion_tokens: output,
        total_tokens: (asked.input ?? 0) + output,
        prompt_tokens_details: { cached_tokens: asked.cache?.read ?? 0 },
        completion_tokens_details: { reasoning_tokens: reasoning },
      },
      system_fingerprint: 'stillroom-simulator',
    }
  },
  events: (reply, body) => chunksOf(reply, (body as Body).stream_options?.include_usage ?? false),
  prompt(raw) {
    const { tools, response_format: format, messages } = raw as Body
    return [
      ...(tools?.length ? [{ text: JSON.stringify(tools) }] : []),
      ...(format ? [{ text: JSON.stringify(format) }] : []),
      ...messages.map(({ role, content }) => ({ text: `${role}\n${words(content)}` })),
    ]
  },
  marks: false,
}

/** One entry a word; the numbers follow from the word and its place. */
function logprobs(said: Said, top: number) {
  return (said.content.match(/\s*\S+/g) ?? []).map((token, i) => {
    const logprob = -(((token.length * 31 + i * 17) % 97) + 1) / 100
    const others = Array.from({ length: Math.max(0, top - 1) }, (_, k) => ({
      token: `${token}${k + 1}`,
      bytes: null,
      logprob: logprob - k - 1,
    }))
    return { token, bytes: null, logprob, top_logprobs: top > 0 ? [{ token, bytes: null, logprob }, ...others] : [] }
  })
}
