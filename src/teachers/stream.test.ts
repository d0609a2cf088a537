import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { teacherConfig } from './config.ts'
import { openTeacher } from './open.ts'
import type { StreamReader } from './post.ts'
import { completionReader, messageReader } from './stream.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const chat = (events: (object | string)[]) =>
  events.map(event => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('')
const delta = (delta: object, more: object = {}) => ({
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
})
const usage = { prompt_tokens: 9, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 8 } }
const completion = `: waiting\r\n\r\n${chat([
  delta({ role: 'assistant', content: '' }),
  delta({ reasoning_content: 'Let me ' }),
  delta({ reasoning_content: 'see. 🌊' }),
  delta({ content: '深い' }, { logprobs: { content: [{ token: '深い', logprob: -1, top_logprobs: [] }] } }),
  delta({ content: '海' }, { logprobs: { content: [{ token: '海', logprob: -2, top_logprobs: [] }] } }),
  { choices: [{ index: 1, delta: { content: 'another choice' } }] },
  delta({ tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'find', arguments: '{"q"' } }] }),
  delta({ tool_calls: [{ index: 1, id: 'b', type: 'function', function: { name: 'look', arguments: '' } }] }),
  delta({ tool_calls: [{ index: 0, function: { arguments: ':"x"}' } }] }),
  delta({}, { finish_reason: 'tool_calls' }),
  { choices: [], usage },
  '[DONE]',
])}`
const wholeCompletion = {
  model: 'm',
  usage,
  choices: [
    {
      finish_reason: 'tool_calls',
      message: {
        content: '深い海',
        reasoning_content: 'Let me see. 🌊',
        tool_calls: [
          { id: 'a', function: { name: 'find', arguments: '{"q":"x"}' } },
          { id: 'b', function: { name: 'look', arguments: '' } },
        ],
      },
      logprobs: {
        content: [
          { token: '深い', logprob: -1, top_logprobs: [] },
          { token: '海', logprob: -2, top_logprobs: [] },
        ],
      },
    },
  ],
}

const events = (list: { type: string; [key: string]: unknown }[]) =>
  list.map(event => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
const message = events([
  {
    type: 'message_start',
    message: {
      model: 'c',
      role: 'assistant',
      content: [],
      stop_reason: null,
      usage: { input_tokens: 5, cache_read_input_tokens: 2000, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
  { type: 'ping' },
  { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm 🌊.' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 's' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: '深い' } },
  { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: '海' } },
  { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', id: 't', name: 'find', input: {} } },
  { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"q": ' } },
  { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '"x"}' } },
  {
    type: 'message_delta',
    delta: { stop_reason: 'tool_use', stop_sequence: null },
    usage: { output_tokens: 30, cache_read_input_tokens: null },
  },
  { type: 'message_stop' },
])
const wholeMessage = {
  model: 'c',
  role: 'assistant',
  stop_reason: 'tool_use',
  stop_sequence: null,
  usage: { input_tokens: 5, cache_read_input_tokens: 2000, output_tokens: 30 },
  content: [
    { type: 'thinking', thinking: 'Hm 🌊.', signature: '' },
    { type: 'text', text: '深い海' },
    { type: 'tool_use', id: 't', name: 'find', input: { q: 'x' } },
  ],
}

const protocols = [
  ['openai', completionReader, completion, wholeCompletion, 'data: [DONE]'],
  ['anthropic', messageReader, message, wholeMessage, 'event: message_stop'],
] as const

/** Feeds bytes in pieces; true when the end mark came. */
function feed(reader: StreamReader, bytes: Buffer, cuts: number[]): boolean {
  let done = false
  let from = 0
  for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    done = reader.take(bytes.subarray(from, cut)) || done
    from = cut
  }
  return done
}

describe.each(protocols)('the %s stream', (protocol, open, text, whole, mark) => {
  const bytes = Buffer.from(text)

  it('gives what the whole reply would have been, wherever its bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), cuts => {
        const reader = open()
        expect(feed(reader, bytes, cuts)).toBe(true)
        expect(reader.result()).toEqual({ status: 200, json: whole })
      }),
    )
  })

  it('is not over before its end mark, and needs no blank line after it', () => {
    const end = Buffer.from(text.slice(0, text.lastIndexOf(mark))).length
    fc.assert(
      fc.property(fc.nat(end), at => {
        const reader = open()
        let over = false
        try {
          over = reader.take(bytes.subarray(0, at)) || reader.take()
        } catch (error) {
          expect(error).toMatchObject({ policy: 'health' })
        }
        expect(over).toBe(false)
      }),
    )
    const reader = open()
    expect(reader.take(Buffer.from(text.trimEnd()))).toBe(false)
    expect(reader.take()).toBe(true)
  })

  /** A teacher whose server answers with these replies in turn; the bodies it was sent. */
  async function teacher(...replies: { status?: number; type?: string; body: string; cut?: boolean }[]) {
    const sent: Record<string, unknown>[] = []
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const part of request) body += part
      sent.push(JSON.parse(body))
      const reply = replies[Math.min(sent.length, replies.length) - 1]!
      response.writeHead(reply.status ?? 200, { 'content-type': reply.type ?? 'text/event-stream' })
      if (reply.cut) response.write(reply.body, () => response.socket!.resetAndDestroy())
      else response.end(reply.body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
    const config = teacherConfig.parse({ model: 'm', at, protocol, stream: true, price: 'free' })
    const opened = openTeacher('t', config, { env: {} })
    closing.push(() => opened.close?.())
    closing.push(() => server.closeAllConnections())
    const call = () =>
      opened
        .doGenerate({ messages: [{ role: 'user', content: 'x' }] }, { seed: 1, cap: 9, draw: 0 })
        .catch((error: unknown) => error)
    return { call, sent }
  }

  it('becomes the same reply', async () => {
    const { call, sent } = await teacher({ body: text, type: 'text/plain' })
    expect(await call()).toMatchObject({
      content: '深い海',
      finish: 'tool_calls',
      tool_calls: expect.arrayContaining([
        expect.objectContaining({ function: { name: 'find', arguments: { q: 'x' } } }),
      ]),
      usage: { cachedInput: protocol === 'openai' ? 8 : 2000, output: protocol === 'openai' ? 4 : 30 },
      warnings: [],
    })
    expect(sent[0]).toMatchObject({ stream: true })
  })

  it('is sick when it is cut, cleanly or not', async () => {
    const body = text.slice(0, text.lastIndexOf(mark))
    for (const cut of [true, false]) {
      const { call } = await teacher({ body, cut })
      expect(await call()).toMatchObject({ name: 'Fault', policy: 'health' })
    }
  })

  it('may be a whole reply, or an error', async () => {
    const whole =
      protocol === 'openai'
        ? { choices: [{ finish_reason: 'stop', message: { content: 'hello' } }] }
        : { content: [{ type: 'text', text: 'hello' }], stop_reason: 'end_turn' }
    const { call } = await teacher({ body: JSON.stringify(whole) }, { status: 503, body: '{}' }, { body: '<html>' })
    expect(await call()).toMatchObject({ content: 'hello', finish: 'stop' })
    expect(await call()).toMatchObject({ policy: 'health', status: 503 })
    expect(await call()).toMatchObject({ policy: 'health' })
  })

  it.each([
    [
      { type: 'overloaded_error', message: 'Overloaded' },
      { policy: 'health', status: 529 },
    ],
    [
      { type: 'rate_limit_error', message: 'slow' },
      { policy: 'capacity', status: 429 },
    ],
    [{ code: 'insufficient_quota', type: 'insufficient_quota', message: 'broke' }, { policy: 'route' }],
    [
      { type: 'authentication_error', message: 'who' },
      { policy: 'route', status: 401 },
    ],
    [
      { code: 503, message: 'upstream' },
      { policy: 'health', status: 503 },
    ],
    [{ message: 'strange' }, { policy: 'health', status: 502 }],
    [
      { type: 'invalid_request_error', message: 'too long' },
      { finish: 'rejected', rejected: { status: 400, message: 'too long' } },
    ],
  ])('makes of %j in mid-stream what it would be as a reply', async (error, expected) => {
    const half = text.slice(0, text.length / 2)
    const event = `${half.slice(0, half.lastIndexOf('\n\n'))}\n\nevent: error\ndata: ${JSON.stringify({ type: 'error', error })}\n\n`
    const { call } = await teacher({ body: event })
    expect(await call()).toMatchObject(expected)
  })
})

describe('what a server will not stream', () => {
  it('is asked for without it', async () => {
    const sent: Record<string, unknown>[] = []
    const server = createServer(async (request, response) => {
      let text = ''
      for await (const part of request) text += part
      const body = JSON.parse(text)
      sent.push(body)
      const refused = ['stream_options', 'stream'].find(name => body[name] !== undefined)
      response.writeHead(refused ? 400 : 200)
      if (refused)
        response.end(JSON.stringify({ error: { message: `Unsupported parameter: ${refused}`, param: refused } }))
      else response.end('{"choices":[{"finish_reason":"stop","message":{"content":"whole"}}]}')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
    const config = teacherConfig.parse({ model: 'm', at, stream: true, price: 'free' })
    const opened = openTeacher('t', config, { env: {} })
    closing.push(() => server.closeAllConnections())
    closing.push(() => opened.close?.())
    const reply = await opened.doGenerate({ messages: [{ role: 'user', content: 'x' }] }, { seed: 1, cap: 9, draw: 0 })
    expect(reply).toMatchObject({
      content: 'whole',
      warnings: [{ message: expect.stringMatching(/^stream was left out/) }],
    })
    expect(sent.map(body => Object.keys(body).filter(name => name.startsWith('stream')))).toEqual([
      ['stream', 'stream_options'],
      ['stream'],
      [],
    ])
  })
})
