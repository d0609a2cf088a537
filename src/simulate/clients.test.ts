import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  Fault,
  openRoute,
  openTeacher,
  type Request,
  type RouteEvent,
  readStructured,
  type Teacher,
  teacherConfig,
  type Wire,
} from '../teachers/index.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from './index.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const key = 'sk-test-0123456789abcdef'

async function server(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator(options)
  closing.push(simulator.stop)
  return simulator
}

function teacher(url: string, config: object = {}): Teacher {
  const parsed = teacherConfig.parse({ model: 'simulate/writer', key: 'SOME_KEY', ...config })
  const opened = openTeacher('writer', parsed, { env: { STILLROOM_SIMULATOR: url, SOME_KEY: key } })
  closing.push(() => opened.close?.())
  return opened
}

const protocols = ['openai', 'anthropic'] as const
const ask = (content: string, more: Partial<Request> = {}): Request => ({
  messages: [{ role: 'user', content }],
  ...more,
})
const wire = (more: Partial<Wire> = {}): Wire => ({ seed: 11, cap: 500, draw: 0, ...more })
const grade = z.strictObject({ score: z.int().min(1).max(5), tags: z.array(z.string()).min(2).max(4), why: z.string() })
const gradeSchema = { name: 'grade', schema: z.toJSONSchema(grade) as NonNullable<Request['schema']>['schema'] }
const fault = (teacher: Teacher, request = ask('x'), how = wire()) =>
  teacher.doGenerate(request, how).then(
    () => 'replied',
    error => error,
  )

describe.each(protocols)('the %s client', protocol => {
  it('brings back the whole reply', async () => {
    const simulator = await server()
    const reply = await teacher(simulator.url, { protocol }).doGenerate(
      ask('Say something. End with "Answer: ...".'),
      wire(),
    )
    expect(reply).toMatchObject({ finish: 'stop', served: 'writer', warnings: [] })
    expect(reply.content).toMatch(/Answer: .+$/)
    expect(reply.usage.input).toBeGreaterThan(0)
    expect(reply.usage.output).toBeGreaterThan(0)
    expect(simulator.log[0]!.status).toBe(200)
  })

  it('sends no field that the published shape lacks, with every setting of ours', async () => {
    const simulator = await server()
    const reply = await teacher(simulator.url, { protocol }).doGenerate(
      {
        messages: [
          { role: 'system', content: 'Be kind.' },
          { role: 'user', content: 'Look it up.' },
          {
            role: 'assistant',
            content: null,
            reasoning: 'secret',
            weight: 0,
            tool_calls: [{ id: 'c1', type: 'function', function: { name: 'find', arguments: { q: 'x' } } }],
          },
          { role: 'tool', content: 'found', tool_call_id: 'c1' },
        ],
        tools: [
          {
            type: 'function',
            function: {
              name: 'find',
              description: 'Finds.',
              parameters: { type: 'object', properties: { q: { type: 'string' } } },
            },
          },
        ],
        schema: gradeSchema,
        sampling: { temperature: 0.5, top_p: 0.9, stop: ['END'], reasoning_effort: 'low' },
        prompts: ['digest'],
        task: { name: 'grade', input: {} },
      },
      wire(),
    )
    expect(reply.warnings).toEqual([])
    expect(reply.reasoning).toBeTruthy()
    expect(JSON.stringify(simulator.log[0]!.body)).not.toMatch(/secret|weight|digest/)
  })

  it('gets structured replies that its own schema accepts, bounds included or mended by the ladder', async () => {
    const simulator = await server()
    const one = teacher(simulator.url, { protocol })
    const reply = await one.doGenerate(ask('Grade it with 3 tags.', { schema: gradeSchema }), wire())
    expect(reply.finish).toBe('stop')
    const read = readStructured(reply.content!, grade)
    // The Messages protocol cannot carry bounds, so its value may lie outside them: that is an error for the ladder.
    if (protocol === 'openai') expect(read).toHaveProperty('data')
    else expect(Object.keys(JSON.parse(reply.content!))).toEqual(['score', 'tags', 'why'])
    const worded = await teacher(simulator.url, { protocol, schema: false }).doGenerate(
      ask('Grade it.', { schema: gradeSchema }),
      wire(),
    )
    expect(readStructured(worded.content!, grade)).toHaveProperty('data')
    expect(JSON.stringify(simulator.log.at(-1)!.body)).not.toMatch(/response_format|output_config/)
  })

  it('parses the arguments of tool calls', async () => {
    const tools = [
      {
        type: 'function' as const,
        function: {
          name: 'find',
          parameters: { type: 'object', properties: { q: { type: 'string' } }, required: ['q'] },
        },
      },
    ]
    const one = teacher((await server()).url, { protocol })
    for (let i = 0; ; i++) {
      const reply = await one.doGenerate(ask(`x ${i}`, { tools }), wire())
      if (reply.finish !== 'tool_calls') continue
      expect(reply.tool_calls![0]!.function).toEqual({ name: 'find', arguments: { q: expect.any(String) } })
      expect(reply.tool_calls![0]!.id).toBeTruthy()
      break
    }
  })

  it('reports refusals and cut replies as replies', async () => {
    const refused = await teacher((await server({ refusalRate: 1 })).url, { protocol }).doGenerate(ask('x'), wire())
    expect(refused).toMatchObject({ finish: 'refusal', content: expect.stringContaining('cannot') })
    const cut = await teacher((await server()).url, { protocol }).doGenerate(ask('x'), wire({ cap: 7 }))
    expect(cut).toMatchObject({ finish: 'length', usage: { output: 7 } })
  })

  it('leaves out a parameter that the model refuses, asks once more a route, and says so each time', async () => {
    const simulator = await server({ rejects: ['temperature', 'top_p'] })
    const one = teacher(simulator.url, { protocol })
    const hot = ask('x', { sampling: { temperature: 0.7, top_p: 0.5 } })
    const first = await one.doGenerate(hot, wire())
    const second = await one.doGenerate(hot, wire())
    expect(simulator.stats.calls).toBe(4)
    for (const reply of [first, second]) {
      expect(reply.finish).toBe('stop')
      expect(reply.warnings.map(warning => warning.message.split(' ')[0])).toEqual(['temperature', 'top_p'])
    }
    expect((await one.doGenerate(ask('y'), wire())).warnings).toEqual([])
  })

  it.each([
    [400, 'rejected'],
    [413, 'rejected'],
    [422, 'rejected'],
  ])('makes a final %i a reply', async (status, finish) => {
    const reply = await teacher((await server({ schedule: [{ status, message: 'too long' }] })).url, {
      protocol,
    }).doGenerate(ask('x'), wire())
    expect(reply).toMatchObject({ finish, content: null, rejected: { status, message: 'too long' } })
  })

  it.each([
    [{ status: 401 }, 'route'],
    [{ status: 403 }, 'route'],
    [{ status: 404 }, 'route'],
    [{ status: 302 }, 'route'],
    [{ status: 429, headers: { 'retry-after': '3' } }, 'capacity'],
    [{ status: 408 }, 'health'],
    [{ status: 500 }, 'health'],
    [{ status: 529 }, 'health'],
    ['reset', 'health'],
    ['truncated', 'health'],
    ['not-json', 'health'],
  ] as const)('throws %j as a fault of its policy', async (planned, policy) => {
    const error = await fault(teacher((await server({ schedule: [planned] })).url, { protocol }))
    expect(error).toBeInstanceOf(Fault)
    expect(error.policy).toBe(policy)
    if (policy === 'capacity') expect(error.retryAfter).toBe(3000)
  })

  it('takes a server that is not there for sick', async () => {
    const simulator = await startSimulator()
    await simulator.stop()
    expect(await fault(teacher(simulator.url, { protocol }))).toMatchObject({
      policy: 'health',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it('asks a server that is slow, but at work, for parts after the first stall', async () => {
    const slow = teacher((await server({ latencyMs: 2200 })).url, { protocol, timeout: 0.2 })
    const first = await fault(slow)
    expect(first).toBeInstanceOf(Fault)
    expect(first).toMatchObject({ policy: 'health', stalled: true })
    const whole = await teacher((await server()).url, { protocol }).doGenerate(ask('x'), wire())
    expect(await slow.doGenerate(ask('x'), wire())).toEqual(whole)
  })

  it('takes a call without progress for stalled', async () => {
    const error = await fault(teacher((await server({ schedule: ['stall'] })).url, { protocol, timeout: 0.05 }))
    expect(error).toMatchObject({ policy: 'health', message: expect.stringContaining('UND_ERR_HEADERS_TIMEOUT') })
  })

  it('passes an abort on as it is', async () => {
    const simulator = await server({ schedule: ['stall'] })
    const abort = new AbortController()
    const error = fault(teacher(simulator.url, { protocol }), ask('x'), wire({ signal: abort.signal }))
    while (simulator.stats.inFlight < 1) await new Promise(setImmediate)
    abort.abort(new Error('stopped by hand'))
    expect((await error).message).toBe('stopped by hand')
  })

  it('never shows the key, even where the server echoes it', async () => {
    const simulator = await server({ key: 'another' })
    const error = await fault(teacher(simulator.url, { protocol }))
    expect(error.policy).toBe('route')
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain(key)
    const echo = await teacher((await server({ schedule: [{ status: 400, message: `bad ${key}` }] })).url, {
      protocol,
    }).doGenerate(ask('x'), wire())
    expect(JSON.stringify(echo)).not.toContain(key)
  })
})

describe('the openai client', () => {
  it('tells draws apart by seed, and the simulator repeats them', async () => {
    const one = teacher((await server()).url)
    const draw = async (seed: number) =>
      (await one.doGenerate(ask('Tell me of the sea, of the harbour and of the ships.'), wire({ seed }))).content
    expect(await draw(1)).toBe(await draw(1))
    expect(new Set(await Promise.all([1, 2, 3, 4, 5].map(draw))).size).toBeGreaterThan(2)
  })

  it('renames the cap for a model that wants it otherwise, and never drops it', async () => {
    const simulator = await server({ rejects: ['max_tokens'] })
    const reply = await teacher(simulator.url).doGenerate(ask('x'), wire({ cap: 9 }))
    expect(simulator.log.at(-1)!.body).toMatchObject({ max_completion_tokens: 9 })
    expect(reply.warnings[0]!.message).toMatch(/^max_tokens was sent as max_completion_tokens/)
    const neither = await server({ rejects: ['max_tokens', 'max_completion_tokens'] })
    expect(await teacher(neither.url).doGenerate(ask('x'), wire())).toMatchObject({ finish: 'rejected' })
    expect(neither.stats.calls).toBe(2)
  })

  it('puts a refused schema into words, for that schema alone', async () => {
    const simulator = await server({ rejects: ['response_format'] })
    const one = teacher(simulator.url)
    const reply = await one.doGenerate(ask('Grade it.', { schema: gradeSchema }), wire())
    expect(readStructured(reply.content!, grade)).toHaveProperty('data')
    expect(reply.warnings[0]!.message).toContain('response_format')
    await one.doGenerate(
      ask('Grade it.', { schema: { name: 'grade', schema: { ...gradeSchema.schema, title: 'Other' } } }),
      wire(),
    )
    expect(simulator.stats.calls).toBe(4)
  })

  it('closes objects, and asks for strictness only where every property is required', async () => {
    const simulator = await server()
    const sent = async (schema: z.ZodType) => {
      await teacher(simulator.url).doGenerate(
        ask('x', {
          schema: { name: 's', schema: z.toJSONSchema(schema, { io: 'input' }) as typeof gradeSchema.schema },
        }),
        wire(),
      )
      const { response_format: format } = simulator.log.at(-1)!.body as {
        response_format: { json_schema: { strict: boolean; schema: object } }
      }
      return format.json_schema
    }
    expect(await sent(z.object({ a: z.string(), b: z.object({ c: z.int() }) }))).toMatchObject({
      strict: true,
      schema: { additionalProperties: false, properties: { b: { additionalProperties: false } } },
    })
    expect(await sent(z.object({ a: z.string().optional() }))).toMatchObject({ strict: false })
    expect(await sent(z.object({ properties: z.string(), type: z.literal('object') }))).toMatchObject({ strict: true })
    expect(simulator.stats.invalid).toBe(0)
  })

  it('says what the Messages protocol cannot carry', async () => {
    const reply = await teacher((await server()).url, { protocol: 'anthropic' }).doGenerate(
      ask('x', { sampling: { min_p: 0.1 }, logprobs: 2 }),
      wire(),
    )
    expect(reply.warnings.map(warning => warning.message.split(' ')[0])).toEqual(['min_p', 'logprobs'])
  })

  it('brings log-probabilities with alternatives', async () => {
    const reply = await teacher((await server()).url).doGenerate(ask('x', { logprobs: 3 }), wire())
    expect(reply.logprobs!.map(one => one.token).join('')).toBe(reply.content)
    expect(reply.logprobs![0]!.top).toHaveLength(3)
  })

  it('reads what servers send beside the published shape', async () => {
    const odd = [
      { choices: [{ message: { content: '<think>\nhm\n</think>\nyes' }, finish_reason: 'stop' }] },
      {
        choices: [
          {
            message: {
              content: [
                { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
                { type: 'text', text: 'yes' },
              ],
            },
            finish_reason: 'stop',
          },
        ],
      },
      {
        choices: [{ message: { content: 'yes', reasoning: 'hm' }, finish_reason: 'eos' }],
        usage: { prompt_tokens: 4, completion_tokens: 2, prompt_cache_hit_tokens: 3 },
      },
      {
        choices: [
          {
            message: { content: null, tool_calls: [{ function: { name: 'f', arguments: '{"a": ' } }] },
            finish_reason: 'tool_calls',
          },
        ],
      },
      { choices: [{ message: { content: 'no' }, finish_reason: 'content_filter' }] },
      { error: { code: 429, message: 'upstream is full' } },
      { choices: [{ message: { content: 'half' }, finish_reason: 'insufficient_system_resource' }] },
    ]
    const http = createServer((request, response) => {
      request.resume().on('end', () => response.end(JSON.stringify(odd.shift())))
    })
    await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
    closing.push(() => http.close())
    const one = teacher('', { model: 'qwen', at: `http://127.0.0.1:${(http.address() as AddressInfo).port}/v1` })
    for (let i = 0; i < 3; i++)
      expect(await one.doGenerate(ask('x'), wire())).toMatchObject({ content: 'yes', reasoning: 'hm', finish: 'stop' })
    expect(await one.doGenerate(ask('x'), wire())).toMatchObject({
      tool_calls: [{ function: { name: 'f', arguments: { unparsed: '{"a": ' } } }],
      warnings: [{ kind: 'other' }],
    })
    expect(await one.doGenerate(ask('x'), wire())).toMatchObject({ finish: 'filtered' })
    expect(await fault(one)).toMatchObject({ policy: 'capacity' })
    expect(await fault(one)).toMatchObject({ policy: 'health' })
  })
})

describe('openTeacher', () => {
  it('names the missing variable and how to set it', () => {
    const config = teacherConfig.parse({ model: 'deepseek/deepseek-chat' })
    expect(() => openTeacher('writer', config, { env: {} })).toThrow(
      expect.objectContaining({
        code: 'SR_KEY_MISSING',
        message: expect.stringContaining('DEEPSEEK_API_KEY'),
        hint: expect.stringContaining('export DEEPSEEK_API_KEY'),
      }),
    )
    expect(() => openTeacher('writer', teacherConfig.parse({ model: 'simulate/m' }), { env: {} })).toThrow(
      'STILLROOM_SIMULATOR',
    )
  })

  it('needs no key for servers that take none, and has ids without a place', () => {
    for (const [config, id] of [
      [{ model: 'ollama/llama' }, 'ollama/llama'],
      [{ model: 'vllm/qwen' }, 'vllm/qwen'],
      [{ model: 'qwen', at: 'http://localhost:8000/v1', revision: 'a1' }, 'self/qwen@a1'],
      [{ model: 'builtin/extractive' }, 'builtin/extractive'],
    ] as const) {
      const opened = openTeacher('t', teacherConfig.parse(config), { env: {} })
      closing.push(() => opened.close?.())
      expect(opened.id).toBe(id)
    }
  })
})

describe('a route over a real socket', () => {
  const route = (made: Teacher, more: object = {}) => {
    const events: RouteEvent[] = []
    // Waiting is compressed a thousandfold: order and counts are what is tested.
    const opened = openRoute({
      id: made.id,
      names: ['writer'],
      concurrency: 16,
      start: 4,
      sleep: (ms, signal) =>
        new Promise(wake => {
          setTimeout(wake, ms / 1000)
          signal.addEventListener('abort', () => wake(undefined), { once: true })
        }),
      clock: () => performance.now() * 1000,
      onEvent: event => events.push(event),
      ...more,
    })
    const call = (request: Request) =>
      opened.call(limits => made.doGenerate(request, { ...wire(), limits }), { lane: 'writer' })
    return { opened, call, events }
  }

  it('brings every call home through resets, errors, cut bodies and 429', async () => {
    const simulator = await server({ errorRate: 0.3, limits: { concurrency: 6, retryAfterMs: 40 }, latencyMs: 1 })
    const { opened, call, events } = route(teacher(simulator.url))
    const replies = await Promise.all(Array.from({ length: 200 }, (_, i) => call(ask(`call ${i}`))))
    expect(replies.every(reply => reply.finish === 'stop')).toBe(true)
    expect(simulator.stats).toMatchObject({ distinct: 200, answered: 200, invalid: 0 })
    expect(simulator.stats.faults).toBeGreaterThan(40)
    expect(simulator.stats.maxInFlight).toBeLessThanOrEqual(16)
    expect(events.every(event => event.type !== 'down')).toBe(true)
    await opened.close()
  })

  it('ends all calls when the server dies for good', async () => {
    const simulator = await startSimulator({ schedule: ['stall', 'stall', 'stall', 'stall'] })
    const { call } = route(teacher(simulator.url), { patience: { attempts: 3, ms: 1000 } })
    const all = Array.from({ length: 50 }, (_, i) => call(ask(`call ${i}`)).catch(error => error.code))
    while (simulator.stats.inFlight < 4) await new Promise(setImmediate)
    await simulator.stop()
    expect(new Set(await Promise.all(all))).toEqual(new Set(['SR_TEACHER_DOWN']))
  })

  it('ends all calls at once for a wrong key', async () => {
    const simulator = await server({ key: 'another' })
    const { call } = route(teacher(simulator.url))
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => call(ask(`call ${i}`)).catch(error => error)))
    expect(all.every(error => error.code === 'SR_TEACHER_REJECTS' && !error.message.includes(key))).toBe(true)
    expect(simulator.stats.calls).toBeLessThanOrEqual(4)
  })
})
