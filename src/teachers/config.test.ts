import { describe, expect, it } from 'vitest'
import { operationalTeacherFields, samplingOf, teacherConfig } from './config.ts'
import { retryAfter, scrub } from './post.ts'
import { presets, resolveTeacher } from './presets.ts'

const parse = (config: object) => teacherConfig.parse(config)
const resolve = (config: object) => resolveTeacher('writer', parse(config))

describe('teacherConfig', () => {
  it('fills in the defaults', () => {
    expect(parse({ model: 'deepseek/deepseek-chat' })).toEqual({
      model: 'deepseek/deepseek-chat',
      max_tokens: 4096,
      concurrency: 32,
      start: 8,
      timeout: 600,
      patience: 120,
      latency: 2,
      stream: false,
      mode: 'online',
      batch: { megabytes: 64, poll: 120, finish: 0 },
    })
  })

  it.each([
    [{ model: 'nobody/model' }, 'model'],
    [{ model: 'openai' }, 'model'],
    [{ model: 'm', at: 'localhost:8000' }, 'at'],
    [{ model: 'm', at: 'file:///etc/passwd' }, 'at'],
    [{ model: 'openai/m', temperature: 3 }, 'temperature'],
    [{ model: 'openai/m', price: { input: -1, output: 1 } }, 'price'],
    [{ model: 'openai/m', key: 'sk-1234' }, 'key'],
    [{ model: 'openai/m', temprature: 1 }, undefined],
  ])('refuses %j', (config, path) => {
    const issues = teacherConfig.safeParse(config).error?.issues
    expect(issues?.[0]?.path[0]).toBe(path)
  })

  it('takes sampling alone as identity of a request', () => {
    const config = parse({
      model: 'm',
      at: 'http://localhost:1/v1',
      temperature: 0,
      stop: ['END'],
      concurrency: 3,
      max_tokens: 9,
    })
    expect(samplingOf(config)).toEqual({ temperature: 0, stop: ['END'] })
    expect(operationalTeacherFields.fields).not.toContain('temperature')
    expect(operationalTeacherFields.fields).not.toContain('revision')
  })
})

describe('resolveTeacher', () => {
  it('splits provider from model at the first slash only', () => {
    expect(resolve({ model: 'openrouter/meta-llama/llama-4' })).toMatchObject({
      provider: 'openrouter',
      model: 'meta-llama/llama-4',
      keyName: 'OPENROUTER_API_KEY',
      paid: true,
    })
  })

  it('calls an endpoint of the user self, wherever it is, and keeps the whole model name', () => {
    const one = resolve({ model: 'openai/gpt-oss', at: 'http://localhost:8000/v1' })
    const two = resolve({ model: 'openai/gpt-oss', at: 'https://models.example.org/v1' })
    expect([one.provider, one.model, two.provider, two.model]).toEqual([
      'self',
      'openai/gpt-oss',
      'self',
      'openai/gpt-oss',
    ])
    expect([one.paid, two.paid]).toEqual([false, true])
  })

  it.each([
    [{ model: 'openai/m' }, true],
    [{ model: 'openai/m', price: 'free' }, false],
    [{ model: 'm', at: 'https://h.example/v1', price: 'free' }, false],
    [{ model: 'm', at: 'http://127.0.0.1:1/v1', price: { input: 1, output: 1 } }, true],
    [{ model: 'm', at: 'http://[::1]:1/v1' }, false],
    [{ model: 'm', at: 'http://127.0.0.1.example.org/v1' }, true],
    [{ model: 'ollama/llama' }, false],
    [{ model: 'simulate/anything' }, false],
    [{ model: 'builtin/extractive' }, false],
  ])('knows whether %j costs money', (config, paid) => {
    expect(resolve(config).paid).toBe(paid)
  })

  it('lets the recipe override what a provider is known for', () => {
    expect(resolve({ model: 'deepseek/deepseek-chat' }).can).toMatchObject({ schema: false, seed: false })
    expect(resolve({ model: 'deepseek/deepseek-chat', schema: true }).can).toMatchObject({ schema: true, seed: false })
    expect(resolve({ model: 'm', at: 'http://localhost:1', protocol: 'anthropic' }).can.seed).toBe(false)
    expect(resolve({ model: 'builtin/extractive' }).can.languageModel).toBe(false)
  })

  it('has a key variable for every paid preset', () => {
    for (const preset of Object.values(presets)) expect(preset.paid).toBe('key' in preset && !('keyOptional' in preset))
  })
})

describe('headers and words of a server', () => {
  const now = () => Date.parse('Fri, 20 Nov 2026 10:00:00 GMT')
  it.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': '0.25' }, 250],
    [{ 'retry-after': '7', 'retry-after-ms': '1500' }, 1500],
    [{ 'retry-after': 'Fri, 20 Nov 2026 12:00:00 GMT' }, 7_200_000],
    [{ 'retry-after': 'Fri, 20 Nov 2026 12:00:00 GMT', date: 'Fri, 20 Nov 2026 11:59:00 GMT' }, 60_000],
    [{ 'retry-after': 'Fri, 20 Nov 2026 09:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('reads %j', (headers, ms) => {
    expect(retryAfter(headers, now)).toBe(ms)
  })

  it('cuts keys out of a message, also where a server masks them half', () => {
    expect(scrub('bad key hunter2-hunter2 given', 'hunter2-hunter2')).toBe('bad key [key] given')
    expect(scrub('Incorrect API key provided: sk-proj-abcd****************wxyz.', undefined)).toBe(
      'Incorrect API key provided: [key]',
    )
    expect(scrub('skipping keyboard-navigation rules', undefined)).toBe('skipping keyboard-navigation rules')
  })
})
