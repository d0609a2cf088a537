import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Message } from '../records/index.ts'
import { anthropic } from './anthropic.ts'
import { type TeacherConfig, teacherConfig } from './config.ts'
import type { Request } from './contract.ts'
import { openaiCompatible } from './openai-compatible.ts'
import { openAgent } from './post.ts'
import { resolveTeacher } from './presets.ts'

/** One server for both protocols; what it was last sent, and what it answers. */
const dispatcher = openAgent(5)
let sent: Record<string, unknown>[] = []
let usage: object = {}
let refuses = ''
const server = createServer(async (request, response) => {
  let text = ''
  request.setEncoding('utf8')
  for await (const part of request) text += part
  sent.push(JSON.parse(text))
  const refused = refuses && text.includes(`"${refuses}"`)
  response.writeHead(refused ? 400 : 200)
  const message =
    request.url === '/v1/messages'
      ? `messages.0.content.0.${refuses}: Extra inputs are not permitted`
      : `Unknown parameter: '${refuses}'.`
  if (refused) response.end(JSON.stringify({ error: { message, type: 'invalid_request_error' } }))
  else if (request.url === '/v1/messages')
    response.end(JSON.stringify({ content: [{ type: 'text', text: 'ok' }], stop_reason: 'end_turn', usage }))
  else response.end(JSON.stringify({ choices: [{ finish_reason: 'stop', message: { content: 'ok' } }], usage }))
})
beforeAll(() => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve)))
afterAll(async () => {
  await dispatcher.destroy()
  server.close()
})

function ask(model: string, request: Request, more: Partial<TeacherConfig> = {}) {
  const route = resolveTeacher('t', teacherConfig.parse({ model, ...more }))
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const open = route.protocol === 'anthropic' ? anthropic : openaiCompatible
  const teacher = open({ id: route.id, route: { ...route, baseUrl }, dispatcher })
  sent = []
  return teacher.doGenerate(request, { seed: 1, cap: 9, draw: 0 })
}

const long = 'word '.repeat(1000)
const system = (content: string): Message => ({ role: 'system', content })
const user = (content: string): Message => ({ role: 'user', content })
const mark = { cache_control: { type: 'ephemeral' } }
const text = (text: string, more: object = {}) => ({ type: 'text', text, ...more })

describe('marks for the cache of Anthropic', () => {
  const claude = 'anthropic/claude-sonnet-4-5'

  it('stand where the part that recurs ends, in the middle of a message', async () => {
    const document = `Read this:\n${long}`
    await ask(claude, {
      messages: [system('Be brief.'), user(`${document}\nWhat is it?`)],
      prefix: { messages: 1, characters: document.length },
    })
    expect(sent[0]).toMatchObject({
      system: 'Be brief.',
      messages: [{ role: 'user', content: [text(document, mark), text('\nWhat is it?')] }],
    })
  })

  it('stand on the system text and on whole messages too', async () => {
    await ask(claude, { messages: [system(long), user(long), user('And?')], prefix: { messages: 2, characters: 0 } })
    expect(sent[0]).toMatchObject({
      system: [text(long, mark)],
      messages: [{ content: [text(long, mark)] }, { content: 'And?' }],
    })
    // Another system text comes before all messages, so none of them recurs.
    await ask(claude, {
      messages: [system(long), user(long), system('Now.'), user('And?')],
      prefix: { messages: 2, characters: 0 },
    })
    expect(sent[0]).toMatchObject({
      system: [text(long, mark), text('\n\nNow.')],
      messages: [{ content: long }, { content: 'And?' }],
    })
  })

  it.each([
    ['without a prefix', claude, { messages: [system(long), user(long)] }],
    [
      'on less than the cache holds',
      claude,
      { messages: [user(long.slice(0, 4000)), user('x')], prefix: { messages: 1, characters: 0 } },
    ],
    [
      'on what is enough for another model',
      'anthropic/claude-haiku-4-5',
      { messages: [user(long.repeat(3)), user('x')], prefix: { messages: 1, characters: 0 } },
    ],
  ])('do not stand %s', async (_, model, request) => {
    await ask(model, request)
    expect(JSON.stringify(sent[0])).not.toContain('cache_control')
    expect(typeof (sent[0]!.messages as { content: unknown }[])[0]!.content).toBe('string')
  })

  it('count two characters a token in Japanese', async () => {
    const request = (n: number) => ({
      messages: [user('海'.repeat(n)), user('x')],
      prefix: { messages: 1, characters: 0 },
    })
    await ask(claude, request(2047))
    expect(JSON.stringify(sent[0])).not.toContain('cache_control')
    await ask(claude, request(2048))
    expect(JSON.stringify(sent[0])).toContain('cache_control')
  })

  it('change no character of what is said, wherever the prefix ends', async () => {
    const words = fc.constantFrom('', ' ', '\n', long, `${'海🌊'.repeat(2000)} end`, 'short', `${long}🌊`)
    const message = fc.record({
      role: fc.constantFrom('system' as const, 'user' as const, 'assistant' as const),
      content: words,
    })
    const prefix = fc.record({ messages: fc.nat(5), characters: fc.nat(6000) })
    const joined = (content: unknown) =>
      typeof content === 'string' ? content : (content as { text: string }[]).map(block => block.text).join('')
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 4 }), prefix, async (messages, prefix) => {
        await ask(claude, { messages })
        const plain = sent[0]!
        await ask(claude, { messages, prefix })
        const marked = sent[0]!
        expect(joined(marked.system ?? '')).toBe(plain.system ?? '')
        expect((marked.messages as { content: unknown }[]).map(({ content }) => joined(content))).toEqual(
          (plain.messages as { content: unknown }[]).map(({ content }) => content),
        )
        const blocks = [marked.system, ...(marked.messages as { content: unknown }[]).map(({ content }) => content)]
          .filter(Array.isArray)
          .flat() as { text: string }[]
        for (const block of blocks) {
          expect(block.text.trim()).not.toBe('')
          expect(block.text.isWellFormed()).toBe(true)
        }
        expect(JSON.stringify(marked).split('cache_control').length - 1).toBeLessThanOrEqual(2)
      }),
      { numRuns: 60 },
    )
  })

  it('are left out for a server that does not know them', async () => {
    refuses = 'cache_control'
    const reply = await ask(
      'm',
      { messages: [user(long), user('x')], prefix: { messages: 1, characters: 0 } },
      { at: 'http://localhost:1', protocol: 'anthropic' },
    )
    refuses = ''
    expect(reply).toMatchObject({
      content: 'ok',
      warnings: [{ message: expect.stringMatching(/^cache_control was left out/) }],
    })
    expect(sent).toHaveLength(2)
    expect(sent[1]!.messages).toEqual([user(long), user('x')])
  })
})

describe('the key of OpenAI for its cache', () => {
  const of = async (model: string, request: Request, more?: Partial<TeacherConfig>) => {
    await ask(model, request, more)
    return sent[0]!.prompt_cache_key
  }
  const asked = (question: string, characters = 3): Request => ({
    messages: [system('Be brief.'), user(`abc${question}`)],
    prefix: { messages: 1, characters },
  })

  it('is one for each prefix, and for OpenAI alone', async () => {
    const one = await of('openai/gpt', asked('Why?'))
    expect(one).toMatch(/^[0-9a-f]{1,64}$/)
    expect(await of('openai/gpt', asked('How?'))).toBe(one)
    expect(await of('openai/gpt', asked('Why?', 4))).not.toBe(one)
    expect(await of('openai/gpt', { messages: asked('Why?').messages })).toBeUndefined()
    expect(await of('mistral/m', asked('Why?'))).toBeUndefined()
    expect(await of('m', asked('Why?'), { at: 'http://localhost:1' })).toBeUndefined()
  })

  it('is left out where it is refused', async () => {
    refuses = 'prompt_cache_key'
    expect(await ask('openai/gpt', asked('Why?'))).toMatchObject({ content: 'ok' })
    refuses = ''
    expect(sent.map(body => 'prompt_cache_key' in body)).toEqual([true, false])
  })
})

describe('tokens of the cache', () => {
  const request: Request = { messages: [user('x')] }
  it.each([
    [
      'openai/gpt',
      { prompt_tokens: 9, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 8, cache_write_tokens: 1 } },
      { input: 9, output: 1, cachedInput: 8, cacheWrite: 1 },
    ],
    [
      'deepseek/deepseek-chat',
      { prompt_tokens: 9, completion_tokens: 1, prompt_cache_hit_tokens: 6, prompt_cache_miss_tokens: 3 },
      { input: 9, output: 1, cachedInput: 6 },
    ],
    ['openai/gpt', null, {}],
    [
      'anthropic/claude',
      {
        input_tokens: 3,
        output_tokens: 1,
        cache_read_input_tokens: 2000,
        cache_creation_input_tokens: 100,
        cache_creation: { ephemeral_5m_input_tokens: 90, ephemeral_1h_input_tokens: 10 },
      },
      { input: 2103, output: 1, cachedInput: 2000, cacheWrite: 100 },
    ],
    [
      'anthropic/claude',
      {
        input_tokens: 3,
        output_tokens: 1,
        cache_creation: { ephemeral_5m_input_tokens: 90, ephemeral_1h_input_tokens: 10 },
      },
      { input: 103, output: 1, cacheWrite: 100 },
    ],
    [
      'anthropic/claude',
      { input_tokens: 3, output_tokens: 1, cache_read_input_tokens: null, cache_creation: null },
      { input: 3, output: 1 },
    ],
  ])('are counted at %s', async (model, reported, expected) => {
    usage = reported as object
    expect((await ask(model, request)).usage).toEqual(expected)
    usage = {}
  })
})

describe('stored completions', () => {
  const request: Request = { messages: [user('x')] }
  const store = { store: true, metadata: { project: 'tutor' } }

  it.each([
    ['openai/gpt', {}, true],
    ['m', { at: 'http://localhost:1' }, true],
    ['mistral/m', {}, false],
    ['anthropic/claude', {}, false],
  ])('are asked for at %s', async (model, more, kept) => {
    const reply = await ask(model, request, { ...store, ...more })
    expect([sent[0]!.store, sent[0]!.metadata]).toEqual(kept ? [true, { project: 'tutor' }] : [undefined, undefined])
    expect(reply.warnings).toHaveLength(kept ? 0 : 1)
  })

  it('bear labels only when they are stored', async () => {
    const reply = await ask('openai/gpt', request, { metadata: { project: 'tutor' } })
    expect(sent[0]).not.toHaveProperty('metadata')
    expect(reply.warnings[0]!.message).toMatch(/^metadata was left out/)
  })
})
