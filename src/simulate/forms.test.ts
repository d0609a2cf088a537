import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { type SimulatorOptions, simulator } from '../../test/support/simulators.ts'
import { Fault, openTeacher, type Reply, type Request, type Teacher, teacherConfig } from '../teachers/index.ts'
import { likelihoods } from './likelihood.ts'
import { rewardOf } from './rewards.ts'

const open = (config: object, env = {}): Teacher => openTeacher('t', teacherConfig.parse(config), { env })
const at = (url: string): Teacher => open({ model: 'small', at: `${url}/v1` })
const wire = { seed: 3, cap: 200, draw: 0 }
const user = (...texts: string[]): Request['messages'] => texts.map(content => ({ role: 'user', content }))
const sum = ({ logprobs }: Reply): number => logprobs!.reduce((sum, { logprob }) => sum + logprob, 0)
async function server(options: SimulatorOptions = {}) {
  const started = await simulator({ seed: 1, ...options })
  return { simulator: started, teacher: at(started.url) }
}

describe('score', () => {
  const context = 'A pot still is heated until the vapour rises.\n\n'
  const text = 'The vapour rises from the heated pot still.'

  test('tells the tokens of the last text alone, by the text before it, and both manners agree', async () => {
    const whole = context + text
    const expected = likelihoods(whole, 1)
      .filter(({ start }) => start >= context.length)
      .map(({ token, logprob }) => ({ token, logprob }))
    for (const rejects of [[], ['echo'], ['prompt_logprobs'], ['echo', 'logprobs']]) {
      const { teacher, simulator } = await server({ rejects })
      const reply = await teacher.doGenerate({ form: 'score', messages: user(context, text) }, wire)
      expect(reply).toMatchObject({ finish: 'stop', content: null, logprobs: expected })
      expect(reply.usage.output).toBe(1)
      expect(simulator.log.at(-1)!.body).toMatchObject({ prompt: whole, max_tokens: 1 })
    }
  })

  test('a context with the same words makes a text likelier, and another one does not', async () => {
    const { teacher } = await server()
    const of = async (...texts: string[]) =>
      sum(await teacher.doGenerate({ form: 'score', messages: user(...texts) }, wire))
    const other = 'Parliament passed the budget after a long debate.\n\n'
    expect(await of(context, text)).toBeGreaterThan((await of(other, text)) + 5)
    expect(await of('', text)).toBeLessThan(await of(context, text))
  })

  test('vLLM is not asked to send the prompt back; who tells nothing of it stops the route', async () => {
    const { simulator } = await server()
    const vllm = open({ model: 'vllm/small', at: `${simulator.url}/v1` })
    expect((await vllm.doGenerate({ form: 'score', messages: user(text) }, wire)).logprobs!.length).toBeGreaterThan(5)
    const { teacher } = await server({ rejects: ['prompt_logprobs', 'echo'] })
    await expect(teacher.doGenerate({ form: 'score', messages: user(text) }, wire)).rejects.toMatchObject({
      policy: 'route',
    })
    expect(await teacher.doGenerate({ form: 'score', messages: user('x', '') }, wire)).toMatchObject({
      finish: 'rejected',
    })
  })
})

describe('continue', () => {
  const opened = '<|im_start|>user\n'

  test('goes on as the text stands, one draw a seed, and ends at a stop word or at the cap', async () => {
    const { teacher, simulator } = await server()
    const ask = (seed: number, cap = 200) =>
      teacher.doGenerate(
        { form: 'continue', messages: user(opened), sampling: { stop: ['<|im_end|>'], temperature: 1 } },
        { ...wire, seed, cap },
      )
    const [one, same, other, cut] = await Promise.all([ask(1), ask(1), ask(2), ask(1, 3)])
    expect(simulator.log.every(({ path, body }) => path === '/completions' && !('messages' in (body as object)))).toBe(
      true,
    )
    expect(one).toMatchObject({ finish: 'stop', content: same.content })
    expect(other.content).not.toBe(one.content)
    expect(one.content).not.toContain('<|im_end|>')
    expect(cut).toMatchObject({ finish: 'length', content: one.content!.slice(0, 12) })
  })

  test('the SDK of the vendor is served and refused as published', async () => {
    const { simulator } = await server()
    const client = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'any', maxRetries: 0 })
    const made = await client.completions.create({ model: 'm', prompt: 'Once more', max_tokens: 4, logprobs: 1 })
    expect(made).toMatchObject({ object: 'text_completion', choices: [{ finish_reason: 'length' }] })
    expect(made.choices[0]!.logprobs!.tokens!.join('')).toBe(made.choices[0]!.text)
    const bad = (body: object) => client.completions.create({ model: 'm', prompt: 'x', ...body } as never)
    await expect(bad({ messages: [] })).rejects.toMatchObject({ status: 400, param: 'messages' })
    await expect(bad({ max_tokens: 0 })).rejects.toMatchObject({ status: 400, param: 'max_tokens' })
    await expect(bad({ prompt: 5 })).rejects.toMatchObject({ status: 400, param: 'prompt' })
  })
})

describe('reward', () => {
  const messages: Request['messages'] = [
    { role: 'user', content: 'How does a pot still work?' },
    { role: 'assistant', content: 'The pot still heats a liquid, and its vapour is cooled.' },
  ]
  const raw = rewardOf(messages[0]!.content!, messages[1]!.content!, 1)

  test.each(['classify', 'pooling', 'score', 'predict'] as const)(
    'is found at %s, raw where the server can, and asked there from then on',
    async rewards => {
      const { teacher, simulator } = await server({ rewards })
      const ask = () => teacher.doGenerate({ form: 'reward', messages }, wire)
      const { marks } = await ask()
      const value = ['classify', 'predict'].includes(rewards) ? raw : 1 / (1 + Math.exp(-raw))
      expect(marks).toHaveLength(1)
      expect(marks![0]!.value).toBeCloseTo(value, 5)
      expect(await ask()).toMatchObject({ marks })
      expect(simulator.stats.answered).toBe(2)
      expect(simulator.log.slice(-1).map(({ path }) => path)).toEqual([`/${rewards}`])
      expect(simulator.log.filter(({ path }) => path !== `/${rewards}`).every(({ status }) => status === 404)).toBe(
        true,
      )
    },
  )

  test('a head of several classes names the likeliest, and a vector of the text is no mark', async () => {
    const answers: { [path: string]: object } = {
      '/classify': { data: [{ index: 0, label: 'good', probs: [0.1, 0.7, 0.2], num_classes: 3 }] },
      '/pooling': { data: [{ index: 0, data: Array(768).fill(0.1) }] },
    }
    let path = '/classify'
    const http = createServer((request, response) => {
      response.writeHead(request.url === path ? 200 : 404, { 'content-type': 'application/json' })
      response.end(JSON.stringify(request.url === path ? answers[path] : { detail: 'Not Found' }))
    })
    await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
      expect((await at(url).doGenerate({ form: 'reward', messages }, wire)).marks).toEqual([
        { label: 'class-0', value: 0.1 },
        { label: 'good', value: 0.7 },
        { label: 'class-2', value: 0.2 },
      ])
      path = '/pooling'
      await expect(at(url).doGenerate({ form: 'reward', messages }, wire)).rejects.toThrow(/no marks/)
      path = '/nothing'
      await expect(at(url).doGenerate({ form: 'reward', messages }, wire)).rejects.toMatchObject({ policy: 'route' })
    } finally {
      http.closeAllConnections()
      http.close()
    }
  })
})

test('who knows chats alone refuses by name, without a call', async () => {
  const { simulator } = await server()
  const claude = open({ model: 'claude', at: simulator.url, protocol: 'anthropic' })
  expect(claude.can.forms).toEqual([])
  for (const teacher of [claude, open({ model: 'builtin/heuristic' })]) {
    const asked = teacher.doGenerate({ form: 'continue', messages: user('x') }, wire)
    await expect(asked).rejects.toBeInstanceOf(Fault)
    await expect(asked).rejects.toThrow(/continues no text/)
  }
  expect(simulator.stats.calls).toBe(0)
})
