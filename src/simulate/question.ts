import type { IncomingHttpHeaders } from 'node:http'
import { canonical, sha256 } from '../records/index.ts'
import { answerTable } from './answers.ts'
import type { PromptCache } from './cache.ts'
import type { SimulatorOptions } from './options.ts'
import { tokensOf } from './prose.ts'
import type { Asked, Protocol, Said } from './protocol.ts'
import { replyTo } from './reply.ts'
import type { Stored } from './stored.ts'

/** A request that a model can work on. `id` tells question and draw apart from all others. */
export type Question = {
  protocol: Protocol
  body: Record<string, unknown>
  asked: Asked
  request: string
  draw: string
  id: string
  /** The same of its parts, where it has any: what counts as bought. */
  parts?: string[]
}

/** Tokens of one reply, as they are billed. `input` includes cached and cache-write tokens. */
export type Used = { input: number; cachedInput: number; cacheWrite: number; output: number }

/** `begins` is to be called when the reply goes out: from then on its prompt is found in the cache. */
export type Replied = { body: object; said: Said | undefined; used: Used; begins(): void }
export type Refused = { status: number; body: object; model?: string }

/** Left out of the digest: they do not change what is asked, only how it goes out. */
const unasked = new Set([
  'cache_control',
  'encoding_format',
  'max_completion_tokens',
  'max_tokens',
  'metadata',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
  'safety_identifier',
  'seed',
  'service_tier',
  'store',
  'stream',
  'stream_options',
  'user',
])

/** The request as it is hashed, in canonical form: the same with its texts cut into parts, or marked for a cache. */
function asQuestion(body: Record<string, unknown>): string {
  let text = ''
  for (const key of Object.keys(body).sort()) {
    if (unasked.has(key)) continue
    const value = body[key]
    const plain =
      key === 'messages'
        ? (value as { content?: unknown }[]).map(message =>
            Array.isArray(message.content) ? { ...message, content: unmarked(message.content) } : message,
          )
        : key === 'system'
          ? unmarked(value)
          : key === 'tools'
            ? (value as object[]).map(tool => ({ ...tool, cache_control: undefined }))
            : value
    text += `${key}:${canonical(plain)}\n`
  }
  return text
}

function unmarked(content: unknown): unknown {
  if (!Array.isArray(content)) return content
  const parts = content as { type: string; text?: string }[]
  if (parts.every(part => part.type === 'text')) return parts.map(part => part.text).join('')
  return parts.map(part => ({ ...part, cache_control: undefined, prompt_cache_breakpoint: undefined }))
}

/** Reads requests and answers them, for calls and for the rows of batches alike. */
export function respondent(options: SimulatorOptions, cache: PromptCache | undefined, stored: Stored) {
  const { seed = 1 } = options
  const { malformedRate = 0, refusalRate = 0, answers = [] } = options
  const habits = { malformedRate, refusalRate, known: answerTable(answers) }
  const known = options.models && new Set(options.models)
  return {
    read(body: unknown, protocol: Protocol, headers?: IncomingHttpHeaders): Question | Refused {
      const problem = protocol.check(body)
      if (problem) return { status: 400, body: problem }
      const asked = protocol.asked(body)
      const { model } = asked
      if (known && !known.has(model))
        return { status: 404, body: protocol.error(404, `The model \`${model}\` does not exist.`), model }
      const fields = body as Record<string, unknown>
      const refused = options.rejects?.find(name => fields[name] !== undefined)
      if (refused !== undefined) return { status: 400, body: protocol.refuse(refused), model }
      const request = sha256(`${seed}\n${asQuestion(fields)}`)
      const draw = asked.draw ?? (headers?.['x-stillroom-draw'] as string | undefined) ?? '0'
      asked.input ??= asked.messages.reduce((sum, message) => sum + 4 + tokensOf(message.text), 0)
      const name = (digest: string) => `${digest.slice(0, 20)}${draw}`
      const parts = protocol.parts?.(body).map(part => name(sha256(`${seed}\n${part}`)))
      return { protocol, body: fields, asked, request, draw, id: name(request), ...(parts && { parts }) }
    },
    reply({ protocol, body, asked, request, draw, id }: Question): Replied {
      const input = asked.input ?? 0
      if (cache) asked.cache = cache.use(protocol.prompt(body), protocol.marks, asked.model, input)
      const said: Said[] = []
      for (let i = 0; i < asked.choices; i++) {
        const own = i === 0 ? draw : `${draw}#${i}`
        said.push(replyTo(asked, request, own, habits))
      }
      const output = said.reduce((sum, one) => sum + one.tokens, 0)
      const reply = protocol.reply(asked, said, id, body)
      if (body.store === true) stored.keep(body, reply)
      return {
        body: reply,
        said: said[0],
        used: { input, cachedInput: asked.cache?.read ?? 0, cacheWrite: asked.cache?.written ?? 0, output },
        begins: () => asked.cache?.keep(),
      }
    },
  }
}

export type Respondent = ReturnType<typeof respondent>
