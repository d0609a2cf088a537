import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterEach, expect, test } from 'vitest'
import { commandLine } from '../../../test/support/command-line.ts'
import { type SimulatorOptions, startSimulator } from '../../simulate/index.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** A server with stored completions: `n` of a project, and one of another. */
async function server(n: number, options: SimulatorOptions = {}) {
  const simulator = await startSimulator({ key: 'sk-test-0123456789abcdef', ...options })
  closing.push(simulator.stop)
  const baseURL = `${simulator.url}/v1`
  const client = new OpenAI({ baseURL, apiKey: 'sk-test-0123456789abcdef', maxRetries: 9 })
  const keep = (content: string, project: string, model = 'writer') =>
    client.chat.completions.create({ model, store: true, metadata: { project }, messages: [{ role: 'user', content }] })
  for (let i = 0; i < n; i++) await keep(`Question ${i}`, 'tutor')
  await keep('Elsewhere', 'other', 'poet')
  return { simulator, baseURL, keep }
}
const folder = () => mkdtempSync(join(tmpdir(), 'import-'))
const env = { MY_KEY: 'sk-test-0123456789abcdef' }
const rows = (base: string) =>
  readFileSync(join(base, 'completions.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

test('pages of stored completions by label, with what each answers', async () => {
  const { baseURL, simulator } = await server(120)
  const base = folder()
  const said = await commandLine(base, `import completions --from ${baseURL} --key MY_KEY --metadata project=tutor`, {
    env,
  })
  expect(said).toEqual({
    code: 0,
    err: '',
    out: `120 completions imported into completions.jsonl.

As a source of a recipe:

  completions: { files: completions.jsonl, license: proprietary, teacher: <provider>/writer }
`,
  })
  const lines = rows(base)
  expect(lines.map(line => line.messages[0].content)).toEqual(Array.from({ length: 120 }, (_, i) => `Question ${i}`))
  expect(lines[0]).toEqual({
    id: expect.stringMatching(/^chatcmpl-/),
    model: 'writer',
    created: expect.any(Number),
    messages: [
      { role: 'user', content: 'Question 0' },
      { role: 'assistant', content: expect.any(String) },
    ],
    finish_reason: 'stop',
    usage: expect.objectContaining({ completion_tokens: expect.any(Number) }),
    metadata: { project: 'tutor' },
    system_fingerprint: expect.any(String),
  })
  expect(simulator.stats.calls).toBeGreaterThan(0)
})

test('a second import brings what is new, and mends a line that was cut', async () => {
  const { baseURL, keep } = await server(3)
  const base = folder()
  const line = `import completions --from ${baseURL} --key MY_KEY --json`
  const first = await commandLine(base, line, { env })
  expect(JSON.parse(first.out)).toEqual({
    out: 'completions.jsonl',
    imported: 4,
    known: 0,
    rejected: {},
    others: 0,
    models: ['poet', 'writer'],
  })
  const whole = readFileSync(join(base, 'completions.jsonl'), 'utf8')
  await keep('Later', 'tutor')
  appendFileSync(join(base, 'completions.jsonl'), '{"id":"chatcmpl-x","mess')
  const second = await commandLine(base, line, { env })
  expect(JSON.parse(second.out)).toMatchObject({ imported: 1, known: 4 })
  const after = readFileSync(join(base, 'completions.jsonl'), 'utf8')
  expect(after.startsWith(whole)).toBe(true)
  expect(rows(base).map(row => row.messages[0].content)).toEqual([
    'Question 0',
    'Question 1',
    'Question 2',
    'Elsewhere',
    'Later',
  ])
})

test('an export: filters hold for it too, and what cannot be read is counted', async () => {
  const base = folder()
  const row = (id: string, more: object = {}) => ({
    id,
    model: 'gpt-4o',
    metadata: { project: 'tutor' },
    messages: [{ role: 'user', content: 'How many?' }],
    choices: [{ message: { role: 'assistant', content: 'Seven.' }, finish_reason: 'stop' }],
    ...more,
  })
  const picture = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://x/y.png' } }] }]
  const two = [...row('b').choices, { message: { role: 'assistant', content: 'Eight.' } }]
  const written = [
    row('a'),
    row('b', { choices: two }),
    row('c', { model: 'gpt-5' }),
    row('d', { metadata: {} }),
    row('e', { messages: picture }),
  ]
  writeFileSync(join(base, 'export.jsonl'), `${written.map(one => JSON.stringify(one)).join('\n')}\nno json\n`)
  const said = await commandLine(
    base,
    'import completions --from export.jsonl --metadata project=tutor --model gpt-4o --json',
  )
  expect(JSON.parse(said.out)).toMatchObject({
    imported: 2,
    others: 1,
    rejected: { 'wrong-shape': 1, 'invalid-json': 1 },
    models: ['gpt-4o'],
  })
  expect(rows(base).map(({ id }) => id)).toEqual(['a', 'b'])
})

test('what cannot be done is said before anything is written over', async () => {
  const base = folder()
  const { baseURL } = await server(0)
  const code = async (line: string, more = {}) => {
    const said = await commandLine(base, `import completions ${line} --json`, more)
    return JSON.parse(said.out).error.code
  }
  expect(await code('')).toBe('SR_USAGE')
  expect(await code('--from none.jsonl')).toBe('SR_SOURCE_READ')
  expect(await code('--from https://api.openai.com/v1')).toBe('SR_KEY_MISSING')
  expect(await code(`--from ${baseURL} --metadata project`)).toBe('SR_USAGE')
  // Nobody named a key for this host, so none is sent.
  expect(await code(`--from ${baseURL}`, { env: { OPENAI_API_KEY: env.MY_KEY } })).toBe('SR_KEY_MISSING')
  for (const foreign of ['{"id":"x"}', '{"text":"mine"}\n', 'notes']) {
    writeFileSync(join(base, 'mine.jsonl'), foreign)
    expect(await code(`--from ${baseURL} --key MY_KEY --out mine.jsonl`, { env })).toBe('SR_USAGE')
    expect(readFileSync(join(base, 'mine.jsonl'), 'utf8')).toBe(foreign)
  }
})

test('a busy server is asked again, and one that stays down leaves what came', async () => {
  const busy = { status: 429, headers: { 'retry-after-ms': '1' } }
  const passing = [
    { kind: busy, path: 'GET /chat/completions', count: 2 },
    {
      kind: { status: 503, headers: { 'retry-after-ms': '1' } },
      path: 'GET /chat/completions/*/messages',
      from: 3,
      count: 2,
    },
  ]
  const { baseURL, simulator } = await server(9, { faults: passing })
  const base = folder()
  const line = (url: string) => `import completions --from ${url} --key MY_KEY`
  const said = await commandLine(base, line(baseURL), { env })
  expect([said.code, said.err, rows(base).length, simulator.stats.faults]).toEqual([0, '', 10, 4])

  const down = [
    { kind: { status: 503, headers: { 'retry-after-ms': '1' } }, path: 'GET /chat/completions/*/messages', from: 9 },
  ]
  const sick = await server(9, { faults: down })
  const other = folder()
  const failed = await commandLine(other, line(sick.baseURL), { env })
  expect(failed.code).toBe(1)
  expect(failed.err).toMatch(/run the same command again/i)
  expect(rows(other).length).toBe(8)
})
