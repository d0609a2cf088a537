import { createParser } from 'eventsource-parser'
import { Fault } from './contract.ts'
import { errorOf, type StreamReader, statusOf } from './post.ts'

/**
 * Streamed replies, put together into the JSON that the same server would have sent whole, so that one reading serves
 * both. Server-sent events as the HTML standard defines them.
 */

/** Takes the data of one event; true at the end mark. */
type Assembly = { take(data: string, event?: string): boolean; json(): unknown }

/** An error in mid-stream becomes what an error reply would have been. */
function reader(assembly: Assembly): StreamReader {
  const decoder = new TextDecoder()
  let result: { status: number; json: unknown } | undefined
  const parser = createParser({
    onEvent({ data, event }) {
      if (result) return
      if (assembly.take(data, event)) result = { status: 200, json: assembly.json() }
    },
  })
  return {
    take(part) {
      try {
        // At the end an event may lack the blank line that closes it.
        parser.feed(part ? decoder.decode(part, { stream: true }) : '\n\n')
      } catch (error) {
        if (!(error instanceof MidStreamError)) throw error
        result = { status: statusOf(errorOf(error.json)), json: error.json }
      }
      return result !== undefined
    },
    result: () => result!,
  }
}

class MidStreamError extends Error {
  readonly json: unknown
  constructor(json: unknown) {
    super('error in mid-stream')
    this.json = json
  }
}

function parse<T>(data: string): T {
  let json: unknown
  try {
    json = JSON.parse(data)
  } catch {
    // Treated as what it would be in a whole reply.
  }
  if (typeof json === 'object' && json !== null) return json as T
  throw new Fault('health', 'an event of the stream is no complete JSON', { status: 200 })
}

type Part = { type?: string; text?: string; thinking?: unknown }
type Delta = {
  content?: string | null | Part[]
  reasoning_content?: string | null
  reasoning?: string | null
  refusal?: string | null
  tool_calls?: { index?: number; id?: string; function?: { name?: string; arguments?: string } }[] | null
}
type Chunk = {
  error?: unknown
  model?: string
  usage?: unknown
  choices?: {
    index?: number
    delta?: Delta
    finish_reason?: string | null
    logprobs?: { content?: unknown[] | null } | null
  }[]
}

/** Chunks of a chat completion, ended by `[DONE]`. Usage comes with the last of them, or with each. */
export function completionReader(): StreamReader {
  let model: string | undefined
  let usage: unknown
  let began = false
  let finish: string | null = null
  let text: string | undefined
  let parts: Part[] | undefined
  let logprobs: unknown[] | undefined
  const said: Record<'reasoning_content' | 'reasoning' | 'refusal', string> = {
    reasoning_content: '',
    reasoning: '',
    refusal: '',
  }
  const calls: { id?: string; function: { name: string; arguments: string } }[] = []

  function add(delta: Delta): void {
    if (typeof delta.content === 'string') {
      if (parts) parts.push({ type: 'text', text: delta.content })
      else text = (text ?? '') + delta.content
    } else if (delta.content) {
      // Some write thoughts as parts of the content, between plain strings.
      parts ??= text ? [{ type: 'text', text }] : []
      parts.push(...delta.content)
    }
    for (const key of ['reasoning_content', 'reasoning', 'refusal'] as const) if (delta[key]) said[key] += delta[key]
    for (const { index, id, function: named } of delta.tool_calls ?? []) {
      // Without an index an id begins the next call.
      const at = index ?? (id && calls.at(-1)?.id !== id ? calls.length : Math.max(0, calls.length - 1))
      calls[at] ??= { function: { name: '', arguments: '' } }
      const call = calls[at]
      if (id) call.id = id
      call.function.name += named?.name ?? ''
      call.function.arguments += named?.arguments ?? ''
    }
  }

  return reader({
    take(data, event) {
      if (data.trim() === '[DONE]') return true
      const chunk = parse<Chunk>(data)
      if (chunk.error || event === 'error') throw new MidStreamError(chunk)
      model ??= chunk.model
      if (chunk.usage) usage = chunk.usage
      const choice = chunk.choices?.find(one => (one.index ?? 0) === 0)
      if (!choice) return false
      began = true
      if (choice.delta) add(choice.delta)
      if (choice.finish_reason) finish = choice.finish_reason
      if (choice.logprobs?.content) logprobs = [...(logprobs ?? []), ...choice.logprobs.content]
      return false
    },
    json: () => ({
      ...(model !== undefined && { model }),
      ...(usage !== undefined && { usage }),
      choices: began
        ? [
            {
              finish_reason: finish,
              message: {
                content: parts ?? text ?? null,
                ...Object.fromEntries(Object.entries(said).filter(([, words]) => words)),
                ...(calls.length > 0 && { tool_calls: calls.filter(call => call !== undefined) }),
              },
              ...(logprobs && { logprobs: { content: logprobs } }),
            },
          ]
        : [],
    }),
  })
}

type Block = { type?: string; text?: string; thinking?: string; input?: unknown; partial?: string }
type MessageEvent = {
  type?: string
  message?: { usage?: object; content?: unknown }
  index?: number
  content_block?: Block
  delta?: { type?: string; text?: string; thinking?: string; partial_json?: string; [key: string]: unknown }
  usage?: object
}

/** Events of the Messages protocol, ended by `message_stop`. Usage begins with the message and is made whole at its end. */
export function messageReader(): StreamReader {
  let message: Record<string, unknown> = {}
  let usage: Record<string, unknown> = {}
  const blocks: Block[] = []
  return reader({
    take(data) {
      const event = parse<MessageEvent>(data)
      if (event.type === 'error') throw new MidStreamError(event)
      if (event.type === 'message_start') {
        message = { ...event.message }
        usage = { ...event.message?.usage }
      } else if (event.type === 'content_block_start') blocks[event.index ?? blocks.length] = { ...event.content_block }
      else if (event.type === 'content_block_delta') grow(blocks[event.index ?? blocks.length - 1], event.delta)
      else if (event.type === 'message_delta') {
        message = { ...message, ...event.delta }
        for (const [name, count] of Object.entries(event.usage ?? {})) if (count !== null) usage[name] = count
      }
      return event.type === 'message_stop'
    },
    json: () => ({ ...message, usage, content: blocks.filter(block => block !== undefined).map(whole) }),
  })
}

function grow(block: Block | undefined, delta: MessageEvent['delta']): void {
  if (!block || !delta) return
  if (delta.type === 'text_delta') block.text = (block.text ?? '') + (delta.text ?? '')
  else if (delta.type === 'thinking_delta') block.thinking = (block.thinking ?? '') + (delta.thinking ?? '')
  else if (delta.type === 'input_json_delta') block.partial = (block.partial ?? '') + (delta.partial_json ?? '')
}

/** A tool's input is JSON in pieces. What the cap cut off stays text, for the reader of the reply to say so. */
function whole({ partial, ...block }: Block): Block {
  if (!partial) return block
  try {
    return { ...block, input: JSON.parse(partial) }
  } catch {
    return { ...block, input: partial }
  }
}
