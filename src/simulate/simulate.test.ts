import Anthropic from '@anthropic-ai/sdk'
import fc from 'fast-check'
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Simulator, type SimulatorOptions, startSimulator } from './index.ts'
import { materialOf, picker } from './prose.ts'
import { valueFor } from './value.ts'

const open: Simulator[] = []
const start = async (options: SimulatorOptions = {}) => {
  const simulator = await startSimulator(options)
  open.push(simulator)
  return simulator
}
afterEach(() => Promise.all(open.splice(0).map(simulator => simulator.stop())))

const text = `Ownership is a set of rules that govern how a Rust program manages memory. Some languages have garbage
collection that regularly looks for no-longer-used memory as the program runs. In other languages, the programmer must
explicitly allocate and free the memory. Rust uses a third approach: memory is managed through a system of ownership
with a set of rules that the compiler checks. If any of the rules are violated, the program won't compile.`
const answerPrompt = `Answer the question from the document. End with a line "Answer: ..." that holds the final answer alone.

<document>
${text}
</document>

<question>
How does Rust manage memory?
</question>`

const post = async (
  simulator: Simulator,
  body: object,
  path = '/v1/chat/completions',
  headers: Record<string, string> = {},
) => {
  const response = await fetch(simulator.url + path, { method: 'POST', body: JSON.stringify(body), headers })
  // biome-ignore lint/suspicious/noExplicitAny: any reply of either vendor
  return { status: response.status, headers: response.headers, json: (await response.json()) as any }
}
const chat = (content: string, more: object = {}) => ({
  model: 'writer',
  messages: [{ role: 'user', content }],
  ...more,
})
const content = async (simulator: Simulator, body: object) =>
  (await post(simulator, body)).json.choices[0].message.content as string

describe('the openai package, unmodified', () => {
  const client = (simulator: Simulator) => new OpenAI({ apiKey: 'none', baseURL: `${simulator.url}/v1`, maxRetries: 0 })

  it('chats, lists models and gets structured output', async () => {
    const simulator = await start({ models: ['writer'] })
    const openai = client(simulator)
    const plain = await openai.chat.completions.create({
      model: 'writer',
      messages: [{ role: 'user', content: answerPrompt }],
    })
    expect(plain.choices[0]!.message.content).toMatch(/\nAnswer: .+$/)
    expect(plain.choices[0]!.finish_reason).toBe('stop')
    expect(plain.usage!.total_tokens).toBe(plain.usage!.prompt_tokens + plain.usage!.completion_tokens)
    expect((await openai.models.list()).data.map(model => model.id)).toEqual(['writer'])

    const schema = z.strictObject({
      questions: z.array(z.strictObject({ question: z.string(), level: z.enum(['easy', 'hard']) })),
    })
    const { $schema, ...bare } = z.toJSONSchema(schema)
    const structured = await openai.chat.completions.parse({
      model: 'writer',
      messages: [{ role: 'user', content: `Write 10 questions about the text.\n\n<document>\n${text}\n</document>` }],
      response_format: { type: 'json_schema', json_schema: { name: 'questions', schema: bare, strict: true } },
    })
    const { questions } = schema.parse(JSON.parse(structured.choices[0]!.message.content!))
    expect(new Set(questions.map(one => one.question)).size).toBe(10)
  })

  it('calls tools with arguments of the declared shape, then answers', async () => {
    const openai = client(await start())
    const tools = [
      {
        type: 'function' as const,
        function: {
          name: 'look_up',
          parameters: {
            type: 'object',
            properties: { term: { type: 'string' }, page: { type: 'integer', minimum: 1, maximum: 3 } },
            required: ['term', 'page'],
          },
        },
      },
    ]
    const first = await openai.chat.completions.create({
      model: 'm',
      messages: [{ role: 'user', content: answerPrompt }],
      tools,
      tool_choice: 'required',
    })
    const call = first.choices[0]!.message.tool_calls![0]!
    expect(first.choices[0]!.finish_reason).toBe('tool_calls')
    if (call.type !== 'function') throw new Error('no function')
    expect(
      z
        .strictObject({ term: z.string().min(1), page: z.int().min(1).max(3) })
        .safeParse(JSON.parse(call.function.arguments)).success,
    ).toBe(true)
    const second = await openai.chat.completions.create({
      model: 'm',
      messages: [
        { role: 'user', content: answerPrompt },
        first.choices[0]!.message,
        { role: 'tool', tool_call_id: call.id, content: 'Found.' },
      ],
      tools,
    })
    expect(second.choices[0]!.message.content).toContain('Answer:')
  })

  it('meets errors in the shape it knows', async () => {
    const openai = client(await start({ models: ['writer'], key: 'right', schedule: [] }))
    await expect(openai.models.list()).resolves.toBeDefined()
    await expect(openai.chat.completions.create(chat('x') as never)).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
    const keyed = openai.withOptions({ apiKey: 'right' })
    await expect(keyed.chat.completions.create(chat('x', { model: 'other' }) as never)).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    )
    await expect(keyed.chat.completions.create(chat('x', { temprature: 1 }) as never)).rejects.toMatchObject({
      status: 400,
      param: 'temprature',
      code: 'unknown_parameter',
    })
  })

  it('is told to wait at the limit, and tries again by itself', async () => {
    const openai = client(
      await start({
        schedule: [
          { status: 429, headers: { 'retry-after-ms': '1' } },
          { status: 503, headers: { 'retry-after-ms': '1' } },
        ],
      }),
    )
    const reply = await openai.chat.completions.create(chat(answerPrompt) as never, { maxRetries: 2 })
    expect(reply).toHaveProperty('choices')
  })
})

describe('the @anthropic-ai/sdk package, unmodified', () => {
  const client = (simulator: Simulator) => new Anthropic({ apiKey: 'none', baseURL: simulator.url, maxRetries: 0 })

  it('chats, thinks, lists models and gets structured output', async () => {
    const anthropic = client(await start({ models: ['claude'] }))
    const plain = await anthropic.messages.create({
      model: 'claude',
      max_tokens: 2000,
      system: 'Be brief.',
      thinking: { type: 'adaptive', display: 'summarized' },
      messages: [{ role: 'user', content: answerPrompt }],
    })
    expect(plain.content.map(block => block.type)).toEqual(['thinking', 'text'])
    expect([plain.stop_reason, plain.role]).toEqual(['end_turn', 'assistant'])
    expect((await anthropic.models.list()).data.map(model => model.id)).toEqual(['claude'])

    const structured = await anthropic.messages.parse({
      model: 'claude',
      max_tokens: 2000,
      messages: [{ role: 'user', content: answerPrompt }],
      output_config: {
        format: {
          type: 'json_schema',
          schema: {
            type: 'object',
            properties: { score: { type: 'integer' } },
            required: ['score'],
            additionalProperties: false,
          },
        },
      },
    })
    expect(JSON.parse((structured.content[0] as { text: string }).text).score).toBeTypeOf('number')
  })

  it('meets errors in the shape it knows', async () => {
    const anthropic = client(await start({ schedule: [{ status: 529 }] }))
    const body = { model: 'claude', max_tokens: 5, messages: [{ role: 'user' as const, content: 'x' }] }
    await expect(anthropic.messages.create(body)).rejects.toMatchObject({
      status: 529,
      error: { error: { type: 'overloaded_error' } },
    })
    await expect(anthropic.messages.create({ ...body, seed: 1 } as never)).rejects.toMatchObject({
      status: 400,
      error: { error: { message: 'seed: Extra inputs are not permitted' } },
    })
    const format = {
      type: 'json_schema' as const,
      schema: { type: 'object', additionalProperties: false, properties: { n: { type: 'integer', minimum: 1 } } },
    }
    await expect(anthropic.messages.create({ ...body, output_config: { format } })).rejects.toThrow(
      "property 'minimum' is not supported",
    )
  })

  it('reports a refusal and a cut reply as stop reasons', async () => {
    const body = { model: 'claude', max_tokens: 5, messages: [{ role: 'user' as const, content: answerPrompt }] }
    expect(await client(await start({ refusalRate: 1 })).messages.create(body)).toMatchObject({
      stop_reason: 'refusal',
      content: [],
    })
    expect(await client(await start()).messages.create(body)).toMatchObject({
      stop_reason: 'max_tokens',
      usage: { output_tokens: 5 },
    })
  })
})

describe('replies', () => {
  it('depend on seed, request and draw alone', async () => {
    const bodies = Array.from({ length: 12 }, (_, i) =>
      chat(`${answerPrompt}\nTry ${i % 4}.`, { seed: Math.floor(i / 4) }),
    )
    const run = async (order: object[], seed: number) => {
      const simulator = await start({ seed, latencyMs: [0, 3] })
      const replies = await Promise.all(
        order.map(async body => [JSON.stringify(body), JSON.stringify((await post(simulator, body)).json)] as const),
      )
      return Object.fromEntries(replies.sort((a, b) => (a[0] < b[0] ? -1 : 1)))
    }
    const first = await run(bodies, 1)
    expect(await run(bodies.toReversed(), 1)).toEqual(first)
    expect(await run(bodies, 2)).not.toEqual(first)
    expect(new Set(Object.values(first)).size).toBe(12)
  })

  it('keep their text when only the cap rises', async () => {
    const simulator = await start()
    const whole = await content(simulator, chat(answerPrompt, { max_tokens: 2000 }))
    const { json } = await post(simulator, chat(answerPrompt, { max_tokens: 20 }))
    expect(json.choices[0].finish_reason).toBe('length')
    expect(json.usage.completion_tokens).toBe(20)
    expect(whole.startsWith(json.choices[0].message.content)).toBe(true)
    expect(simulator.stats).toMatchObject({ calls: 2, distinct: 1, truncated: 1 })
  })

  it('agree on the final answer in most draws, not in all', async () => {
    const simulator = await start()
    const final = async (seed: number) =>
      /Answer: (.+)$/.exec(await content(simulator, chat(answerPrompt, { seed })))![1]!
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => final(i)))
    const counts = [...Map.groupBy(answers, answer => answer).values()].map(group => group.length).sort((a, b) => b - a)
    expect(counts[0]! / 200).toBeGreaterThan(0.72)
    expect(counts[0]! / 200).toBeLessThan(0.88)
    expect(counts.length).toBeGreaterThan(2)
  })

  it('judge with a spread', async () => {
    const simulator = await start()
    const schema = {
      type: 'object',
      properties: { score: { type: 'integer', minimum: 1, maximum: 5 } },
      required: ['score'],
      additionalProperties: false,
    }
    const response_format = { type: 'json_schema', json_schema: { name: 's', schema, strict: true } }
    const scores = await Promise.all(
      Array.from(
        { length: 100 },
        async (_, i) =>
          JSON.parse(await content(simulator, chat(`Grade ${i}`, { model: 'judge', response_format }))).score as number,
      ),
    )
    expect(new Set(scores)).toEqual(new Set([1, 2, 3, 4, 5]))
    expect(await content(simulator, chat('Grade it. End with "Score: n", from 1 to 3.', { model: 'judge' }))).toMatch(
      /Score: [123]$/,
    )
  })

  it('are JSON when the schema stands in the prompt', async () => {
    const simulator = await start()
    const schema = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] }
    const asked = `${answerPrompt}\n\nFollow this JSON schema:\n\n\`\`\`json\n${JSON.stringify(schema, null, 2)}\n\`\`\``
    expect(Object.keys(JSON.parse(await content(simulator, chat(asked))))).toEqual(['title'])
  })

  it('speak Japanese about Japanese text', async () => {
    const japanese =
      '所有権は、Rustプログラムがメモリを管理する方法を定める規則の集まりです。すべてのプログラムは、実行中にメモリを管理しなければなりません。'
    const reply = await content(
      await start(),
      chat(`質問に答えてください。最後の行に「答え:」を書いてください。\n\n<document>\n${japanese}\n</document>`),
    )
    expect(reply).toMatch(/\n答え: .+$/)
    expect(reply).not.toMatch(/\b(the|text|point)\b/)
  })

  it('are spoilt or refused in the stated share, by hash', async () => {
    const simulator = await start({ malformedRate: 0.5, refusalRate: 0.2 })
    const format = {
      type: 'json_schema',
      json_schema: { name: 's', schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } },
    }
    let parsed = 0
    for (let i = 0; i < 200; i++) {
      const { json } = await post(simulator, chat(`n ${i}`, { response_format: format }))
      const message = json.choices[0].message
      if (message.refusal) continue
      try {
        JSON.parse(message.content)
        parsed++
      } catch {}
    }
    expect(simulator.stats.refused).toBeGreaterThan(20)
    expect(simulator.stats.refused).toBeLessThan(60)
    expect(parsed).toBeGreaterThan(55)
    expect(parsed).toBeLessThan(105)
  })
})

describe('faults', () => {
  it('pass on another attempt, the same for any order', async () => {
    const attempts = async (order: number[]) => {
      const simulator = await start({ errorRate: 0.4 })
      const counts: Record<number, number> = {}
      for (const i of order) {
        for (let n = 1; ; n++) {
          const status = await post(simulator, chat(`x ${i}`)).then(
            one => one.status,
            () => 0,
          )
          counts[i] = n
          if (status === 200) break
        }
      }
      return counts
    }
    const order = Array.from({ length: 30 }, (_, i) => i)
    const first = await attempts(order)
    expect(Math.max(...Object.values(first))).toBeGreaterThan(1)
    expect(await attempts(order.toReversed())).toEqual(first)
  })

  it('hold calls to the limits', async () => {
    let now = 0
    const simulator = await start({ limits: { rpm: 2, retryAfterMs: 1500 }, clock: () => now })
    const statuses = async () => (await post(simulator, chat('x'))).status
    expect([await statuses(), await statuses(), await statuses()]).toEqual([200, 200, 429])
    const { headers } = await post(simulator, chat('x'))
    expect([headers.get('retry-after'), headers.get('retry-after-ms')]).toEqual(['2', '1500'])
    now = 60_001
    expect(await statuses()).toBe(200)
    const narrow = await start({ limits: { concurrency: 3 }, schedule: ['stall', 'stall', 'stall'] })
    const stalled = [1, 2, 3].map(() => post(narrow, chat('x')).catch(() => 'broken off'))
    while (narrow.stats.inFlight < 3) await new Promise(setImmediate)
    expect((await post(narrow, chat('x'))).status).toBe(429)
    await narrow.stop()
    expect(await Promise.all(stalled)).toEqual(Array(3).fill('broken off'))
  })
})

describe('the log', () => {
  it('keeps the newest requests over HTTP as in the process, and no key', async () => {
    const simulator = await start({ logSize: 3 })
    for (let i = 0; i < 5; i++) await post(simulator, chat(`x ${i}`), undefined, { authorization: 'Bearer hunter2' })
    await post(simulator, { model: 1 })
    const log = (await (await fetch(`${simulator.url}/__log`)).json()) as Simulator['log']
    expect(log).toEqual(simulator.log)
    expect(log.map(entry => [entry.n, entry.status])).toEqual([
      [4, 200],
      [5, 200],
      [6, 400],
    ])
    expect(JSON.stringify(log)).not.toContain('hunter2')
    const stats = (await (await fetch(`${simulator.url}/__stats`)).json()) as Simulator['stats']
    expect(stats).toMatchObject({ calls: 6, distinct: 5, answered: 5, invalid: 1, inFlight: 0 })
  })
})

describe('valueFor', () => {
  const source = (n: number) => ({
    material: materialOf([{ role: 'user', text: `Write 4 items.\n<text>\n${text}\n</text>` }]),
    steady: picker(`s${n}`),
    free: picker(`f${n}`),
    variant: 0,
  })
  type Tree = { name: string; children: Tree[] }
  const tree: z.ZodType<Tree> = z.lazy(() => z.strictObject({ name: z.string(), children: z.array(tree) }))

  it.each([
    [
      'bounds',
      z.strictObject({
        a: z.int().min(1).max(5),
        b: z.number().gt(0).lt(1),
        c: z.number().multipleOf(5).min(3).max(21),
        d: z.int(),
      }),
    ],
    [
      'strings',
      z.strictObject({
        a: z.string().min(300),
        b: z.string().max(12),
        c: z.email(),
        d: z.uuid(),
        e: z.iso.date(),
        f: z.string().regex(/^[a-z]+(-[a-z]+)*$/),
        g: z.url(),
      }),
    ],
    [
      'choices',
      z.strictObject({
        a: z.enum(['x', 'y']),
        b: z.literal(7),
        c: z.union([z.string(), z.int()]),
        d: z.boolean(),
        e: z.string().nullable(),
        f: z.null(),
      }),
    ],
    [
      'lists',
      z.strictObject({
        items: z.array(z.string()).min(2).max(9),
        none: z.array(z.int()).max(0),
        pair: z.tuple([z.string(), z.int()]),
      }),
    ],
    [
      'unions of objects',
      z
        .array(
          z.discriminatedUnion('kind', [
            z.strictObject({ kind: z.literal('a'), n: z.int() }),
            z.strictObject({ kind: z.literal('b'), s: z.string() }),
          ]),
        )
        .length(6),
    ],
    ['recursion', tree],
    ['a map', z.record(z.string(), z.int())],
    ['intersections', z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() }))],
    ['a bare number', z.number()],
  ])('validates: %s', (_, schema) => {
    const json = z.toJSONSchema(schema as z.ZodType)
    fc.assert(
      fc.property(fc.nat(), n => {
        expect((schema as z.ZodType).safeParse(valueFor(json as never, source(n))).error).toBeUndefined()
      }),
      { numRuns: 30 },
    )
  })

  it('makes as many items as the prompt asks for, within the bounds of the schema', () => {
    const count = (schema: z.ZodType) =>
      (valueFor(z.toJSONSchema(z.strictObject({ items: schema })) as never, source(1)) as { items: unknown[] }).items
        .length
    expect(count(z.array(z.string()))).toBe(4)
    expect(count(z.array(z.string()).max(2))).toBe(2)
    expect(count(z.array(z.string()).length(7))).toBe(7)
  })
})
