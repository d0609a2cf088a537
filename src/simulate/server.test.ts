import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import Anthropic from '@anthropic-ai/sdk'
import { generateText, Output, streamText } from 'ai'
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Simulator, type SimulatorFault, type SimulatorOptions, startSimulator } from './index.ts'
import { duration } from './rate.ts'

const open: Simulator[] = []
afterEach(() => Promise.all(open.splice(0).map(simulator => simulator.stop())))
const start = async (options: SimulatorOptions = {}) => {
  const simulator = await startSimulator(options)
  open.push(simulator)
  return simulator
}
const openaiOf = (simulator: Simulator) => new OpenAI({ apiKey: 'none', baseURL: `${simulator.url}/v1`, maxRetries: 0 })
const anthropicOf = (simulator: Simulator) => new Anthropic({ apiKey: 'none', baseURL: simulator.url, maxRetries: 0 })

const prompt = 'Explain how the boiler 缶 keeps its pressure 🫖, in a few words. End with "Answer: ...".'
const chat = (more: object = {}, content = prompt) => ({
  model: 'writer',
  messages: [{ role: 'user' as const, content }],
  ...more,
})
const call = async (simulator: Simulator, body: object = chat()) => {
  const response = await fetch(`${simulator.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(body) })
  return { status: response.status, headers: response.headers, text: await response.text() }
}
const settled = async (done: () => boolean) => {
  while (!done()) await new Promise(setImmediate)
}

describe('streams', () => {
  it('bring the openai package the reply that a plain call brings', async () => {
    for (const latencyMs of [0, 30]) {
      const openai = openaiOf(await start({ latencyMs }))
      const plain = await openai.chat.completions.create(chat({ reasoning_effort: 'low' }))
      let content = ''
      let reasoning = ''
      let chunks = 0
      let last: OpenAI.ChatCompletionChunk | undefined
      for await (const chunk of await openai.chat.completions.create({
        ...chat({ reasoning_effort: 'low' }),
        stream: true,
        stream_options: { include_usage: true },
      })) {
        chunks++
        content += chunk.choices[0]?.delta.content ?? ''
        reasoning += (chunk.choices[0]?.delta as { reasoning_content?: string } | undefined)?.reasoning_content ?? ''
        last = chunk
      }
      expect(content).toBe(plain.choices[0]!.message.content)
      expect(reasoning).toBe((plain.choices[0]!.message as { reasoning_content?: string }).reasoning_content)
      expect(chunks).toBeGreaterThan(5)
      expect(last).toMatchObject({ choices: [], usage: plain.usage, id: plain.id })
    }
  })

  it('bring tool calls and log-probabilities whole', async () => {
    const openai = openaiOf(await start())
    const parameters = { type: 'object', properties: { term: { type: 'string' } }, required: ['term'] }
    const asked = chat({
      tools: [{ type: 'function', function: { name: 'look_up', parameters } }],
      tool_choice: 'required',
    })
    const plain = await openai.chat.completions.create(asked)
    const streamed = await openai.chat.completions.stream(asked as never).finalChatCompletion()
    expect(streamed.choices[0]!.message.tool_calls).toMatchObject(plain.choices[0]!.message.tool_calls!)
    expect(streamed.choices[0]!.finish_reason).toBe('tool_calls')
    const scored = chat({ logprobs: true, top_logprobs: 2 })
    const whole = await openai.chat.completions.create(scored)
    const parts = await openai.chat.completions.stream(scored as never).finalChatCompletion()
    expect(parts.choices[0]!.logprobs!.content).toEqual(whole.choices[0]!.logprobs!.content)
    expect(parts.choices[0]!.message.content).toBe(whole.choices[0]!.message.content)
  })

  it('bring the @anthropic-ai/sdk package the message that a plain call brings', async () => {
    const anthropic = anthropicOf(await start({ latencyMs: 20 }))
    const input_schema = { type: 'object' as const, properties: { term: { type: 'string' } }, required: ['term'] }
    for (const more of [
      { thinking: { type: 'adaptive' as const, display: 'summarized' as const } },
      { tools: [{ name: 'look_up', input_schema }], tool_choice: { type: 'any' as const } },
      { max_tokens: 3 },
    ]) {
      const body = { ...chat(), max_tokens: 900, ...more }
      const plain = await anthropic.messages.create(body)
      const streamed = await anthropic.messages.stream(body).finalMessage()
      expect({ ...streamed }).toMatchObject(JSON.parse(JSON.stringify(plain)))
    }
  })

  it.each([
    ['truncated', 0],
    ['stall-body', 0],
    ['cut-json', 200],
  ] as const)('break in the middle: %s', async (kind, status) => {
    const simulator = await start({ schedule: [kind], prices: { input: 1, output: 1 } })
    const response = await fetch(`${simulator.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(chat({ stream: true })),
    })
    const reader = response.body!.getReader()
    const first = new TextDecoder().decode((await reader.read()).value)
    expect(first).toMatch(/^data: \{"id"/)
    if (kind === 'truncated') await expect(reader.read().then(() => reader.read())).rejects.toThrow()
    if (kind === 'cut-json') expect(first.slice(first.lastIndexOf('data: ') + 6)).not.toMatch(/\}\n\n$/)
    await reader.cancel().catch(() => {})
    await settled(() => simulator.stats.inFlight === 0)
    expect(simulator.stats).toMatchObject({ answered: 0, undelivered: 1, faults: 1 })
    expect(simulator.stats.usd).toBeGreaterThan(0)
    expect(simulator.log[0]!.status).toBe(status)
  })
})

describe('the AI SDK over @ai-sdk/openai-compatible, unmodified', () => {
  const schema = z.object({ title: z.string(), score: z.int().min(1).max(5) })

  it('writes, streams and keeps to schemas', async () => {
    const simulator = await start({ key: 'right' })
    const provider = createOpenAICompatible({
      name: 'simulated',
      baseURL: `${simulator.url}/v1`,
      apiKey: 'right',
      includeUsage: true,
      supportsStructuredOutputs: true,
    })
    const model = provider('writer')
    const asked = { model, prompt, seed: 3, maxOutputTokens: 700, maxRetries: 0 }
    const written = await generateText(asked)
    expect(written.text).toMatch(/Answer: .+$/)
    expect(written.usage.totalTokens).toBe(written.usage.inputTokens! + written.usage.outputTokens!)
    let text = ''
    const streaming = streamText(asked)
    for await (const part of streaming.textStream) text += part
    expect(text).toBe(written.text)
    expect(await streaming.usage).toMatchObject({ totalTokens: written.usage.totalTokens })
    expect(await streaming.finishReason).toBe('stop')
    const structured = await generateText({ ...asked, output: Output.object({ schema }) })
    expect(schema.safeParse(structured.output).success).toBe(true)
    expect(simulator.stats).toMatchObject({ answered: 3, invalid: 0 })
  })
})

describe('headers', () => {
  it('say of OpenAI how much of the minute is left', async () => {
    const simulator = await start({ headers: 'openai', limits: { rpm: 60, tpm: 60_000 }, clock: () => 0 })
    const first = await call(simulator)
    const { usage } = JSON.parse(first.text)
    const said = (name: string, from = first) => from.headers.get(`x-ratelimit-${name}`)
    expect([said('limit-requests'), said('remaining-requests'), said('reset-requests')]).toEqual(['60', '59', '1s'])
    expect(said('limit-tokens')).toBe('60000')
    expect(Number(said('remaining-tokens'))).toBe(60_000 - usage.total_tokens)
    expect(said('reset-tokens')).toBe(duration(usage.total_tokens))
    expect(said('remaining-requests', await call(simulator))).toBe('58')
    expect((await call(await start({ limits: { rpm: 60 } }))).headers.get('x-ratelimit-limit-requests')).toBeNull()
  })

  it.each([
    [0, '0s'],
    [0.2, '1ms'],
    [20, '20ms'],
    [1000, '1s'],
    [8640, '8.64s'],
    [360_000, '6m0s'],
    [3_605_500, '1h0m5.5s'],
  ])('write %d ms as %s', (ms, text) => expect(duration(ms)).toBe(text))

  it('say of Anthropic the same for input and output apart, with moments', async () => {
    const limits = { rpm: 60, tpm: 9000, inputTpm: 6000, outputTpm: 3000 }
    const now = 1_800_000_000_000
    const simulator = await start({ headers: 'anthropic', limits, clock: () => now })
    const { response } = await anthropicOf(simulator)
      .messages.create({ ...chat(), max_tokens: 500 })
      .withResponse()
    const said = (name: string) => response.headers.get(`anthropic-ratelimit-${name}`)
    expect([said('requests-limit'), said('requests-remaining')]).toEqual(['60', '59'])
    expect(said('requests-reset')).toBe('2027-01-15T08:00:01Z')
    expect([said('tokens-limit'), said('input-tokens-limit'), said('output-tokens-limit')]).toEqual([
      '9000',
      '6000',
      '3000',
    ])
    const spent = (name: string) => Number(said(`${name}-limit`)) - Number(said(`${name}-remaining`))
    expect(spent('tokens')).toBe(spent('input-tokens') + spent('output-tokens'))
    expect(new Date(response.headers.get('date')!).getTime()).toBe(now)
  })

  it('hold calls to tokens a minute, and say when to come back', async () => {
    let now = 0
    const clock = () => now
    const simulator = await start({ limits: { tpm: 100 }, clock })
    expect((await call(simulator)).status).toBe(200)
    const refused = await call(simulator)
    expect(refused.status).toBe(429)
    now = Number(refused.headers.get('retry-after-ms'))
    expect(now).toBeGreaterThan(1000)
    expect((await call(simulator)).status).toBe(200)
    expect(simulator.stats).toMatchObject({ limited: 1, limitedShare: 1 / 3 })
  })

  it.each([
    ['seconds', '3', null],
    ['ms', null, '2500'],
    ['both', '3', '2500'],
    ['date', 'Fri, 15 Jan 2027 08:00:03 GMT', null],
  ] as const)('word Retry-After as %s', async (retryAfter, plain, ms) => {
    const limits = { rpm: 1, retryAfter, retryAfterMs: 2500 }
    const simulator = await start({ limits, clock: () => 1_800_000_000_100 })
    await call(simulator)
    const { headers } = await call(simulator)
    expect([headers.get('retry-after'), headers.get('retry-after-ms')]).toEqual([plain, ms])
  })
})

describe('capacity', () => {
  const ask = (simulator: Simulator, seed: number, signal?: AbortSignal) =>
    fetch(`${simulator.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(chat({ seed })),
      ...(signal && { signal }),
    }).then(
      response => response.status,
      () => 0,
    )
  const many = (simulator: Simulator, n: number, signal?: AbortSignal) =>
    Array.from({ length: n }, (_, i) => ask(simulator, i, signal))

  it.each(['refuse', 'queue'] as const)('has so many slots; beyond them: %s', async beyond => {
    const latencyMs = 2
    const simulator = await start({ latencyMs, capacity: { concurrency: 4, beyond }, schedule: Array(4).fill('stall') })
    const abort = new AbortController()
    const held = many(simulator, 4, abort.signal)
    await settled(() => simulator.stats.busy === 4)
    const others = many(simulator, 8)
    await settled(() => simulator.stats.queued + simulator.stats.limited === 8)
    abort.abort()
    expect(new Set(await Promise.all(others))).toEqual(new Set([beyond === 'queue' ? 200 : 429]))
    await Promise.all(held)
    const queued = beyond === 'queue'
    await settled(() => simulator.stats.busy === 0)
    const { stats } = simulator
    expect(stats).toMatchObject({ maxBusy: 4, maxQueued: queued ? 8 : 0, answered: queued ? 8 : 0, queued: 0 })
    expect(stats.limitedShare).toBe(queued ? 0 : 8 / 12)
    expect(stats.busyMs).toBeLessThanOrEqual(stats.slotMs + 1e-6)
    expect(stats.latency.p50).toBeLessThanOrEqual(stats.latency.p99)
  })

  it('serves the queue in order, past callers who have gone', async () => {
    const simulator = await start({ latencyMs: 1, capacity: { concurrency: 1, beyond: 'queue' }, schedule: ['stall'] })
    const stalled = new AbortController()
    const gone = new AbortController()
    const order: number[] = []
    const all = []
    for (const [seed, signal] of [[0, stalled.signal], [1], [2, gone.signal], [3]] as const) {
      all.push(ask(simulator, seed, signal).then(() => order.push(seed)))
      await settled(() => simulator.stats.inFlight === seed + 1)
    }
    gone.abort()
    await settled(() => simulator.stats.inFlight === 3)
    stalled.abort()
    await Promise.all(all)
    expect(order.filter(seed => seed % 2 === 1)).toEqual([1, 3])
    expect(simulator.stats).toMatchObject({ answered: 2, maxBusy: 1 })
    expect(simulator.log.map(entry => [entry.draw, entry.status])).toEqual([
      ['0', 0],
      ['1', 200],
      ['2', 0],
      ['3', 200],
    ])
  })

  it('opens slot by slot on its clock, and counts what it offered', async () => {
    let now = 1000
    const capacity = { concurrency: 6, start: 2, perSecond: 2 }
    const simulator = await start({ capacity, clock: () => now, schedule: Array(9).fill('stall') })
    const hold = async (n: number) => {
      for (let i = 0; i < n; i++) {
        const before = simulator.stats.busy
        void call(simulator, chat({ seed: i })).catch(() => {})
        await settled(() => simulator.stats.busy === before + 1)
      }
    }
    await hold(2)
    expect((await call(simulator)).status).toBe(429)
    now += 500
    await hold(1)
    expect((await call(simulator)).status).toBe(429)
    now += 3500
    await hold(3)
    expect((await call(simulator)).status).toBe(429)
    // Two slots that grow to six in 2 s, then 2 s of six.
    expect(simulator.stats.slotMs).toBe(8000 + 12_000)
    expect(simulator.stats.busyMs).toBe(2 * 500 + 3 * 3500)
  })

  // A timer may go off a millisecond early.
  it('takes its time for each token', async () => {
    const simulator = await start({ msPerToken: 0.5, clock: () => performance.now() })
    const { usage } = JSON.parse((await call(simulator)).text)
    expect(simulator.stats.latency.max).toBeGreaterThan(usage.completion_tokens * 0.5 - 2)
  })
})

describe('faults', () => {
  const outcome = async (simulator: Simulator, body = chat()) =>
    call(simulator, body).then(
      ({ status, text, headers }) => {
        const type = headers.get('content-type')!.split(/[/;]/)[1]
        try {
          return `${status} ${type} ${Object.keys(JSON.parse(text))[0]}`
        } catch {
          return `${status} ${type}`
        }
      },
      () => 'broken',
    )

  it.each<[SimulatorFault, string]>([
    [{ status: 429, retryAfterMs: 20 }, '429 json error'],
    [{ status: 401 }, '401 json error'],
    [{ status: 503 }, '503 json error'],
    [{ unsupported: 'temperature' }, '400 json error'],
    [{ delayMs: 2 }, '200 json id'],
    ['reset', 'broken'],
    ['truncated', 'broken'],
    ['cut-json', '200 json'],
    ['not-json', '200 html'],
    ['text', '200 plain id'],
  ])('%j', async (kind, seen) => {
    const simulator = await start({ faults: [{ kind, from: 2, count: 2 }] })
    const whole = '200 json id'
    const outcomes = []
    for (let i = 0; i < 4; i++) outcomes.push(await outcome(simulator))
    expect(outcomes).toEqual([whole, seen, seen, whole])
    expect(simulator.stats.faults).toBe(2)
    const { answered, undelivered, models } = simulator.stats
    expect(answered + undelivered).toBe(models.writer!.replies)
    expect(answered).toBe(seen.includes('id') ? 4 : 2)
  })

  it('count by model, and pass for a share of the calls', async () => {
    const simulator = await start({
      faults: [
        { kind: { status: 500 }, model: 'judge', from: 1, to: 2 },
        { kind: { status: 503 }, model: 'solver', share: 0.4 },
      ],
    })
    const ask = async (model: string, seed: number) => (await call(simulator, chat({ model, seed }))).status
    expect([await ask('writer', 1), await ask('judge', 1), await ask('writer', 2), await ask('judge', 2)]).toEqual([
      200, 500, 200, 500,
    ])
    expect(await ask('judge', 3)).toBe(200)
    const failed = []
    for (let seed = 0; seed < 100; seed++) {
      let attempts = 1
      while ((await ask('solver', seed)) !== 200) attempts++
      failed.push(attempts)
    }
    expect(failed.filter(attempts => attempts > 1).length).toBeGreaterThan(25)
    expect(failed.filter(attempts => attempts > 1).length).toBeLessThan(55)
    simulator.reset()
    expect(await ask('judge', 1)).toBe(500)
  })
})

describe('the prompt cache', () => {
  const long = 'The safety valve opens when the pressure rises above the mark. '.repeat(120)

  it('keeps OpenAI prefixes in blocks of 128 tokens, of each model by itself', async () => {
    const openai = openaiOf(await start({ cache: {} }))
    const cached = async (content: string, model = 'writer') => {
      const { usage } = await openai.chat.completions.create({ ...chat({}, content), model })
      expect(usage!.prompt_tokens).toBeGreaterThanOrEqual(usage!.prompt_tokens_details!.cached_tokens!)
      return usage!.prompt_tokens_details!.cached_tokens!
    }
    expect(await cached(`${long}Why?`)).toBe(0)
    const shared = Math.floor((5 + long.length) / 512) * 128
    expect(await cached(`${long}How?`)).toBe(shared)
    expect(await cached(`${long}How?`, 'judge')).toBe(0)
    expect(await cached(`${long.slice(0, 2560)} - ${long}`)).toBe(0)
    expect(await cached(`Another ${long}`)).toBe(0)
  })

  it('keeps what Anthropic requests mark, and replies as without marks', async () => {
    const simulator = await start({
      cache: { minTokens: 500 },
      prices: { input: 10, output: 0, cachedInput: 1, cacheWrite: 12.5 },
    })
    const anthropic = anthropicOf(simulator)
    const mark = { type: 'ephemeral' as const }
    const ask = async (document: string, question: string, marked: boolean) => {
      const { usage, content } = await anthropic.messages.create({
        model: 'claude',
        max_tokens: 600,
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: document, ...(marked && { cache_control: mark }) },
              { type: 'text', text: question },
            ],
          },
        ],
      })
      const { input_tokens: fresh, cache_creation_input_tokens: written, cache_read_input_tokens: read } = usage
      return { fresh, written, read, content }
    }
    const plain = await ask(long, 'Why?', false)
    expect(plain).toMatchObject({ written: 0, read: 0 })
    const first = await ask(long, 'Why?', true)
    expect(first.content).toEqual(plain.content)
    expect(first.fresh + first.written!).toBe(plain.fresh)
    expect(first).toMatchObject({ read: 0, written: expect.any(Number) })
    const second = await ask(long, 'How?', true)
    expect(second).toMatchObject({ read: first.written, written: 0, fresh: first.fresh })
    expect(await ask('Short.', 'How?', true)).toMatchObject({ read: 0, written: 0 })
    const { tokens, usd } = simulator.stats
    expect([tokens.cacheWrite, tokens.cachedInput]).toEqual([first.written, second.read])
    const fresh = tokens.input - tokens.cacheWrite - tokens.cachedInput
    expect(usd).toBeCloseTo((fresh * 10 + tokens.cacheWrite * 12.5 + tokens.cachedInput) / 1e6, 12)
    const five = Array.from({ length: 5 }, () => ({ type: 'text' as const, text: 'x', cache_control: mark }))
    await expect(
      anthropic.messages.create({ model: 'claude', max_tokens: 5, messages: [{ role: 'user', content: five }] }),
    ).rejects.toThrow('maximum of 4')
  })

  it('finds the end of an earlier conversation before a later mark', async () => {
    const anthropic = anthropicOf(await start({ cache: { minTokens: 100 } }))
    const turn = (role: 'user' | 'assistant', text: string, marked = false) => ({
      role,
      content: [{ type: 'text' as const, text, ...(marked && { cache_control: { type: 'ephemeral' as const } }) }],
    })
    const ask = async (messages: Anthropic.MessageParam[]) =>
      (await anthropic.messages.create({ model: 'claude', max_tokens: 5, messages })).usage
    const first = await ask([turn('user', long, true)])
    const second = await ask([turn('user', long), turn('assistant', 'Yes.'), turn('user', 'And then?', true)])
    expect(second.cache_read_input_tokens).toBe(first.cache_creation_input_tokens)
    expect(second.cache_creation_input_tokens).toBeGreaterThan(0)
    expect(second.cache_creation_input_tokens).toBeLessThan(20)
  })
})

describe('what was bought', () => {
  it('is counted by question and draw, and lost replies only billed', async () => {
    let now = 5
    const simulator = await start({
      prices: { input: 3, output: 15 },
      faults: [{ kind: 'truncated', from: 2, count: 1 }],
      clock: () => now++,
    })
    const bill = async (seed: number) => {
      const before = simulator.stats.usd
      await call(simulator, chat({ seed })).catch(() => {})
      return simulator.stats.usd - before
    }
    const price = await bill(1)
    const { usage } = JSON.parse((await call(await start(), chat({ seed: 1 }))).text)
    expect(price).toBeCloseTo((usage.prompt_tokens * 3 + usage.completion_tokens * 15) / 1e6, 12)
    expect(await bill(2)).toBeGreaterThan(0)
    await bill(2)
    expect(simulator.stats).toMatchObject({ distinct: 2, repeats: 0, answered: 2, undelivered: 1 })
    await bill(1)
    await bill(1)
    expect(simulator.stats.repeats).toBe(1)
    expect([...simulator.bought().values()].sort()).toEqual([1, 3])
    expect(Object.keys(simulator.stats.models)).toEqual(['writer'])

    const over = async (path: string) => (await fetch(`${simulator.url}/${path}`)).json()
    expect(await over('__stats')).toMatchObject({ repeats: 1, answered: 4 })
    expect(await over('__bought')).toEqual(Object.fromEntries(simulator.bought()))
    expect(await over('__log?status=0')).toMatchObject([{ n: 2, draw: '2', method: 'POST', model: 'writer' }])
    expect(await over('__log?draw=1&model=writer')).toHaveLength(3)
    expect(simulator.log.map(entry => entry.at)).toEqual(simulator.log.map(entry => entry.at).toSorted((a, b) => a - b))
    await fetch(`${simulator.url}/__reset`, { method: 'POST' })
    expect(simulator.stats).toMatchObject({ calls: 0, distinct: 0, usd: 0, models: {} })
    expect(simulator.log).toEqual([])
  })

  it('is billed when the caller hangs up, and in no count of answers', async () => {
    const simulator = await start({ latencyMs: 500, prices: { input: 1, output: 1 } })
    const abort = new AbortController()
    const asked = fetch(`${simulator.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(chat()),
      signal: abort.signal,
    }).catch(() => {})
    await settled(() => simulator.stats.inFlight === 1)
    abort.abort()
    await asked
    await settled(() => simulator.stats.undelivered === 1)
    expect(simulator.stats).toMatchObject({ answered: 0, inFlight: 0 })
    expect(simulator.stats.usd).toBeGreaterThan(0)
    expect(simulator.bought().size).toBe(0)
  })
})

describe('stored completions of the openai package', () => {
  it('are listed by model and metadata in pages, read, changed and deleted', async () => {
    const openai = openaiOf(await start())
    const ids: string[] = []
    for (let i = 0; i < 5; i++) {
      const metadata = { run: i < 3 ? 'a' : 'b' }
      const { id } = await openai.chat.completions.create(chat({ store: true, metadata, seed: i }))
      ids.push(id)
    }
    await openai.chat.completions.create(chat({ seed: 9 }))
    const listed = async (query: object) => {
      const found: string[] = []
      for await (const one of openai.chat.completions.list({ limit: 2, ...query })) found.push(one.id)
      return found
    }
    expect(await listed({})).toEqual(ids)
    expect(await listed({ order: 'desc', metadata: { run: 'a' } })).toEqual(ids.slice(0, 3).reverse())
    expect(await listed({ model: 'judge' })).toEqual([])
    const one = await openai.chat.completions.retrieve(ids[0]!)
    expect(one).toMatchObject({ metadata: { run: 'a' }, model: 'writer', seed: 0, object: 'chat.completion' })
    const messages = (await openai.chat.completions.messages.list(ids[0]!)).data
    expect(messages).toEqual([{ id: `${ids[0]}-0`, role: 'user', content: prompt, content_parts: null }])
    await openai.chat.completions.update(ids[0]!, { metadata: { run: 'c' } })
    expect(await listed({ metadata: { run: 'c' } })).toEqual([ids[0]])
    expect(await openai.chat.completions.delete(ids[0]!)).toMatchObject({ deleted: true })
    await expect(openai.chat.completions.retrieve(ids[0]!)).rejects.toBeInstanceOf(OpenAI.NotFoundError)
  })
})
