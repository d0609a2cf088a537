import {
  APICallError,
  type LanguageModelV2,
  type LanguageModelV4GenerateResult,
  UnsupportedFunctionalityError,
} from '@ai-sdk/provider'
import { MockLanguageModelV3, MockLanguageModelV4 } from 'ai/test'
import { describe, expect, test } from 'vitest'
import { aiSdkTeacher } from './ai-sdk.ts'
import { Fault, type Request, type SeenLimits, type Wire } from './contract.ts'

const names = { id: 'acme/m1', provider: 'acme', model: 'm1' }
const wire = (more: Partial<Wire> = {}): Wire => ({ seed: 11, cap: 500, draw: 0, ...more })
const ask = (content: string, more: Partial<Request> = {}): Request => ({
  messages: [{ role: 'user', content }],
  ...more,
})
const used = (total: number, rest: object = {}) => ({
  total,
  noCache: undefined,
  cacheRead: undefined,
  cacheWrite: undefined,
  ...rest,
})
const result = (more: Partial<LanguageModelV4GenerateResult> = {}): LanguageModelV4GenerateResult => ({
  content: [{ type: 'text', text: 'fine' }],
  finishReason: { unified: 'stop', raw: 'stop' },
  usage: { inputTokens: used(10), outputTokens: { total: 5, text: undefined, reasoning: undefined } },
  warnings: [],
  ...more,
})
const mock = (more: Partial<LanguageModelV4GenerateResult> = {}, provider = 'acme.chat') =>
  new MockLanguageModelV4({ provider, modelId: 'm1', doGenerate: async () => result(more) })
const failing = (error: unknown, options: object = {}) =>
  aiSdkTeacher(
    new MockLanguageModelV4({
      doGenerate: async () => {
        throw error
      },
    }),
    { ...names, ...options },
  )
    .doGenerate(ask('x'), wire())
    .then(
      reply => reply,
      thrown => thrown,
    )
const apiError = (statusCode: number | undefined, more: object = {}) =>
  new APICallError({
    message: 'said no',
    url: 'http://x',
    requestBodyValues: {},
    ...(statusCode && { statusCode }),
    ...more,
  })

describe('what is asked', () => {
  const schema = { type: 'object', properties: { score: { type: 'integer' } }, required: ['score'] }
  const request: Request = {
    messages: [
      { role: 'developer', content: 'Be kind.' },
      { role: 'user', content: 'Look it up.' },
      {
        role: 'assistant',
        content: null,
        reasoning: 'hm',
        tool_calls: [{ type: 'function', function: { name: 'find', arguments: { q: 'x' } } }],
      },
      { role: 'tool', content: 'found', tool_call_id: 'call_2_0' },
      { role: 'assistant', content: 'There.' },
      { role: 'user', content: 'Grade it.' },
    ],
    tools: [{ type: 'function', function: { name: 'find', description: 'Finds.' } }],
    schema: { name: 'grade', schema },
    sampling: {
      temperature: 0.3,
      top_p: 0.9,
      top_k: 7,
      presence_penalty: 1,
      frequency_penalty: -1,
      stop: ['END'],
      reasoning_effort: 'low',
    },
  }

  test('messages, tools, schema, sampling, seed, cap and abort', async () => {
    const model = mock()
    await aiSdkTeacher(model, names).doGenerate(request, wire())
    expect(model.doGenerateCalls[0]).toEqual({
      prompt: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: [{ type: 'text', text: 'Look it up.' }] },
        {
          role: 'assistant',
          content: [{ type: 'tool-call', toolCallId: 'call_2_0', toolName: 'find', input: { q: 'x' } }],
        },
        {
          role: 'tool',
          content: [
            { type: 'tool-result', toolCallId: 'call_2_0', toolName: 'find', output: { type: 'text', value: 'found' } },
          ],
        },
        { role: 'assistant', content: [{ type: 'text', text: 'There.' }] },
        { role: 'user', content: [{ type: 'text', text: 'Grade it.' }] },
      ],
      maxOutputTokens: 500,
      temperature: 0.3,
      topP: 0.9,
      topK: 7,
      presencePenalty: 1,
      frequencyPenalty: -1,
      stopSequences: ['END'],
      reasoning: 'low',
      seed: 11,
      responseFormat: { type: 'json', name: 'grade', schema: { ...schema, additionalProperties: false } },
      tools: [
        { type: 'function', name: 'find', description: 'Finds.', inputSchema: { type: 'object', properties: {} } },
      ],
      providerOptions: { openai: { strictJsonSchema: true }, openaiCompatible: { strictJsonSchema: true } },
      abortSignal: expect.any(AbortSignal),
    })
  })

  test('what a model cannot do is put in words or left out, and said', async () => {
    const model = mock()
    const teacher = aiSdkTeacher(model, { ...names, can: { schema: false, seed: false } })
    const { warnings } = await teacher.doGenerate(
      ask('Grade it.', { schema: request.schema!, logprobs: 2, sampling: { min_p: 0.1 } }),
      wire(),
    )
    const asked = model.doGenerateCalls[0]!
    expect(asked).not.toHaveProperty('responseFormat')
    expect(asked).not.toHaveProperty('seed')
    expect(JSON.stringify(asked.prompt)).toContain('JSON schema')
    expect(asked.providerOptions).toEqual({ acme: { min_p: 0.1 } })
    expect(warnings.map(({ message }) => message)).toEqual([
      'min_p was handed on as an option of the provider, which may not know it',
      'logprobs were left out: this teacher has none',
    ])
  })

  test('log-probabilities, in the words of the provider', async () => {
    const options = async (provider: string) => {
      const model = mock({}, provider)
      await aiSdkTeacher(model, { ...names, can: { logprobs: true } }).doGenerate(ask('x', { logprobs: 3 }), wire())
      return model.doGenerateCalls[0]!.providerOptions
    }
    expect(await options('openai.chat')).toEqual({ openai: { logprobs: 3 } })
    expect(await options('local.chat')).toEqual({ local: { logprobs: true, top_logprobs: 3 } })
  })

  test('the shared part is marked for Anthropic, and leaves other requests as they are', async () => {
    const cached = { anthropic: { cacheControl: { type: 'ephemeral' } } }
    const prompt = async (provider: string, prefix: Request['prefix']) => {
      const model = mock({}, provider)
      const messages: Request['messages'] = [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'The document.The question.' },
      ]
      await aiSdkTeacher(model, names).doGenerate({ messages, prefix: prefix! }, wire())
      return model.doGenerateCalls[0]!.prompt
    }
    const [system, user] = [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: [{ type: 'text', text: 'The document.The question.' }] },
    ]
    expect(await prompt('acme.chat', { messages: 1, characters: 13 })).toEqual([system, user])
    expect(await prompt('anthropic.messages', { messages: 1, characters: 0 })).toEqual([
      { ...system, providerOptions: cached },
      user,
    ])
    expect(await prompt('anthropic.messages', { messages: 1, characters: 13 })).toEqual([
      system,
      {
        role: 'user',
        content: [
          { type: 'text', text: 'The document.', providerOptions: cached },
          { type: 'text', text: 'The question.' },
        ],
      },
    ])
  })
})

describe('what comes back', () => {
  test('text, reasoning, tool calls, usage, served model, warnings, log-probabilities and limits', async () => {
    const seen: SeenLimits[] = []
    const model = mock({
      content: [
        { type: 'reasoning', text: 'Let me see.' },
        { type: 'text', text: 'One' },
        { type: 'text', text: ' two' },
        { type: 'tool-call', toolCallId: 'c1', toolName: 'find', input: '{"q":"x"}' },
        { type: 'tool-call', toolCallId: 'c2', toolName: 'find', input: '[1' },
        { type: 'tool-call', toolCallId: 'c3', toolName: 'web', input: '{}', providerExecuted: true },
      ],
      finishReason: { unified: 'stop', raw: 'stop' },
      usage: {
        inputTokens: used(10, { cacheRead: 4, cacheWrite: 2 }),
        outputTokens: { total: 5, text: undefined, reasoning: 3 },
      },
      providerMetadata: {
        acme: {
          logprobs: [{ token: 'One', logprob: -0.5, top_logprobs: [{ token: 'Two', logprob: -1, bytes: null }] }],
        },
      },
      response: { modelId: 'm1-2026', headers: { 'x-ratelimit-remaining-requests': '7' } },
      warnings: [{ type: 'unsupported', feature: 'topK' }],
    })
    const reply = await aiSdkTeacher(model, names).doGenerate(ask('x'), wire({ limits: limits => seen.push(limits) }))
    expect(reply).toEqual({
      content: 'One two',
      reasoning: 'Let me see.',
      tool_calls: [
        { id: 'c1', type: 'function', function: { name: 'find', arguments: { q: 'x' } } },
        { id: 'c2', type: 'function', function: { name: 'find', arguments: { unparsed: '[1' } } },
      ],
      finish: 'tool_calls',
      served: 'm1-2026',
      usage: { input: 10, output: 5, cachedInput: 4, cacheWrite: 2, reasoning: 3 },
      logprobs: [{ token: 'One', logprob: -0.5, top: [{ token: 'Two', logprob: -1 }] }],
      warnings: [
        { kind: 'other', message: expect.stringContaining('arguments of tool find') },
        { kind: 'parameter', message: 'topK: unsupported' },
      ],
    })
    expect(seen).toEqual([{ requests: { remaining: 7 } }])
  })

  test.each([
    ['stop', 'end_turn', 'stop'],
    ['length', 'max_tokens', 'length'],
    ['content-filter', 'SAFETY', 'filtered'],
    ['content-filter', 'refusal', 'refusal'],
    ['content-filter', 'stop', 'refusal'],
    ['error', 'MALFORMED_FUNCTION_CALL', 'other'],
    ['other', undefined, 'other'],
  ] as const)('finish %s (%s) is %s', async (unified, raw, finish) => {
    const reply = await aiSdkTeacher(mock({ finishReason: { unified, raw } }), names).doGenerate(ask('x'), wire())
    expect(reply.finish).toBe(finish)
  })

  test.each([
    ['error', 'error'],
    ['interrupted', undefined],
    ['other', 'insufficient_system_resource'],
  ] as const)('a reply that the server broke off (%s, %s) is a fault of health', async (unified, raw) => {
    const asked = aiSdkTeacher(mock({ finishReason: { unified, raw } }), names).doGenerate(ask('x'), wire())
    await expect(asked).rejects.toMatchObject({ name: 'Fault', policy: 'health' })
  })

  test('thoughts that stand in the text are taken apart; no text is no content only beside tool calls', async () => {
    const content = async (...parts: LanguageModelV4GenerateResult['content']) => {
      const { content, reasoning } = await aiSdkTeacher(mock({ content: parts }), names).doGenerate(ask('x'), wire())
      return [content, reasoning]
    }
    expect(await content({ type: 'text', text: '<think>hm</think>\nYes.' })).toEqual(['Yes.', 'hm'])
    expect(await content()).toEqual(['', undefined])
    expect(await content({ type: 'tool-call', toolCallId: 'c', toolName: 'f', input: '{}' })).toEqual([null, undefined])
  })

  test('models of versions 2 and 3', async () => {
    const third = new MockLanguageModelV3({ doGenerate: async () => result() as never })
    const reply = await aiSdkTeacher(third, names).doGenerate(
      ask('x', { sampling: { reasoning_effort: 'low' } }),
      wire(),
    )
    expect(reply).toMatchObject({ content: 'fine', finish: 'stop', usage: { input: 10, output: 5 } })
    expect(third.doGenerateCalls[0]).not.toHaveProperty('reasoning')
    expect(third.doGenerateCalls[0]!.providerOptions).toEqual({ 'mock-provider': { reasoningEffort: 'low' } })
    const second = {
      specificationVersion: 'v2',
      provider: 'anthropic.messages',
      modelId: 'm1',
      supportedUrls: {},
      doGenerate: async () => ({
        content: [{ type: 'text', text: 'fine' }],
        finishReason: 'length',
        usage: { inputTokens: 3, outputTokens: 5, totalTokens: 8, cachedInputTokens: 4 },
        providerMetadata: { anthropic: { cacheCreationInputTokens: 2 } },
        warnings: [{ type: 'unsupported-setting', setting: 'seed', details: 'no seeds' }],
      }),
    } as unknown as LanguageModelV2
    expect(await aiSdkTeacher(second, names).doGenerate(ask('x'), wire())).toEqual({
      content: 'fine',
      finish: 'length',
      usage: { input: 9, output: 5, cachedInput: 4, cacheWrite: 2 },
      warnings: [{ kind: 'parameter', message: 'seed: unsupported-setting. no seeds' }],
    })
  })
})

describe('what goes wrong', () => {
  test.each([
    [429, { 'retry-after': '3' }, 'capacity', 3000],
    [429, { 'retry-after-ms': '250' }, 'capacity', 250],
    [503, { 'retry-after': 'Fri, 20 Nov 2026 10:00:07 GMT', date: 'Fri, 20 Nov 2026 10:00:00 GMT' }, 'health', 7000],
    [500, {}, 'health', undefined],
    [401, {}, 'route', undefined],
    [404, {}, 'route', undefined],
  ] as const)('status %i with %j is a fault of policy %s', async (status, responseHeaders, policy, retryAfter) => {
    const fault = await failing(apiError(status, { responseHeaders }))
    expect(fault).toBeInstanceOf(Fault)
    expect([fault.policy, fault.status, fault.retryAfter]).toEqual([policy, status, retryAfter])
  })

  test.each([400, 413, 422])('status %i is a final reply', async status => {
    const responseBody = '{"error":{"message":"too long"}}'
    expect(await failing(apiError(status, { responseBody }))).toMatchObject({
      finish: 'rejected',
      rejected: { status, message: 'too long' },
    })
  })

  test('a request that the model has no way to ask is a final reply; a missing key closes the route', async () => {
    const refused = await failing(new UnsupportedFunctionalityError({ functionality: 'tools' }))
    expect(refused).toMatchObject({ rejected: { status: 400, message: "'tools' functionality not supported." } })
    const missing = Object.assign(new Error('API key is missing.'), { name: 'AI_LoadAPIKeyError' })
    expect(await failing(missing)).toMatchObject({ policy: 'route', message: 'API key is missing.' })
  })

  test('the network, and a success that cannot be read, are faults of health', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' })
    expect(await failing(apiError(undefined, { cause: refused }))).toMatchObject({ policy: 'health', unsent: true })
    const reset = new TypeError('fetch failed', {
      cause: Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }),
    })
    expect(await failing(reset)).toMatchObject({
      policy: 'health',
      unsent: false,
      message: 'UND_ERR_SOCKET: other side closed',
    })
    expect(await failing(apiError(200, { responseBody: '<html>' }))).toMatchObject({ policy: 'health' })
    expect(await failing(apiError(200, { responseBody: '{"error":{"code":429,"message":"slow"}}' }))).toMatchObject({
      policy: 'capacity',
    })
  })

  test('an abort is passed on as it is, and a call without end is a stall', async () => {
    const never = new MockLanguageModelV4({
      doGenerate: ({ abortSignal }) =>
        new Promise((_, reject) => abortSignal!.addEventListener('abort', () => reject(new Error('aborted')))),
    })
    const stop = new AbortController()
    const asked = aiSdkTeacher(never, names).doGenerate(ask('x'), wire({ signal: stop.signal }))
    stop.abort('enough')
    await expect(asked).rejects.toBe('enough')
    const stalled = aiSdkTeacher(never, { ...names, timeout: 0.005 }).doGenerate(ask('x'), wire())
    await expect(stalled).rejects.toMatchObject({ policy: 'health', message: 'no reply within 0.005 s' })
  })

  test('no key in any message', async () => {
    const secrets = ['hunter2hunter2']
    const echoed = 'bad key hunter2hunter2 or sk-abcdef0123456789abcd'
    for (const status of [400, 401, 500]) {
      const gone = await failing(apiError(status, { responseBody: JSON.stringify({ error: { message: echoed } }) }), {
        secrets,
      })
      expect(gone.message ?? gone.rejected.message).toContain('bad key [key] or [key]')
    }
    expect((await failing(new Error(echoed), { secrets })).message).toBe('bad key [key] or [key]')
  })
})
