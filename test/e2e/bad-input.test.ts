import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import { errorJson, renderError } from '../../src/errors/index.ts'
import { canonical, type Rec } from '../../src/records/index.ts'
import { openSession, readRun, rejectsOf } from '../../src/run/index.ts'
import { defineFilter, defineMap } from '../../src/steps/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { cli } from '../support/cli.ts'
import { fastClock } from '../support/clock.ts'
import { documents } from '../support/documents.ts'
import { journalTexts } from '../support/journal.ts'
import { folder, type Ran, runIn } from '../support/project.ts'

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  simulator = await startSimulator({ seed: 5 })
})
afterAll(() => simulator.stop())

const teacher = (model: string, at = simulator.url) => ({ model, at: `${at}/v1`, price: 'free', concurrency: 4 })
function recipe(more: { [field: string]: unknown } = {}) {
  return {
    name: 'bad',
    seed: 3,
    teachers: { writer: teacher('writer'), solver: teacher('solver') },
    sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
    steps: [{ ask: { from: 'docs', teacher: 'writer', questions: 2 } }, { answer: { teacher: 'solver' } }],
    ...more,
  }
}
const lines = (rows: Rec[]) => rows.map(canonical).join('\n')
/** What the last run dropped or lost. */
function rejected({ dir, run }: Ran, filter = {}) {
  const session = openSession(join(dir, '.stillroom'), { command: 'test' })
  try {
    return [...rejectsOf(session.store, readRun(session.paths, run), filter)]
  } finally {
    session.close()
  }
}

test('a typo in the recipe: code, line, column and the word that was meant; exit 2, and nothing was begun', async () => {
  const text = stringify(recipe()).replace('questions: 2', 'qestions: 2')
  const dir = folder({ ...documents(1), 'recipe.yaml': text })
  const said = await cli(dir, ['run'])
  const at = text.split('\n').findIndex(line => line.includes('qestions'))
  const column = text.split('\n')[at]!.indexOf('qestions') + 1
  expect(said.code).toBe(2)
  expect(said.err).toContain(`recipe.yaml:${at + 1}:${column}`)
  expect(said.err).toMatch(/SR_RECIPE_KEY[\s\S]*questions/)
  expect(readdirSync(dir)).not.toContain('.stillroom')
})

test('a key variable that is not set is named before any call; exit 2', async () => {
  const writer = { ...teacher('writer'), key: 'WRITER_KEY' }
  const ran = await runIn(folder(documents(1)), recipe({ teachers: { writer, solver: teacher('solver') } }))
  expect(ran).toMatchObject({ exit: 2, error: { code: 'SR_KEY_MISSING' } })
  expect(ran.error!.message).toMatch(/writer.*WRITER_KEY/)
  expect(ran.error!.hint).toContain('export WRITER_KEY=')
  expect(ran.calls).toEqual({})
})

test('a dollar budget needs a price for every teacher; the position is that of the teacher', async () => {
  const { price: _, ...unpriced } = { ...teacher('writer'), at: 'http://192.0.2.1/v1' }
  const what = recipe({ teachers: { solver: teacher('solver'), writer: unpriced }, budget: { usd: 5 } })
  const error = await runIn(folder(documents(1)), what).catch(error => error)
  expect(error).toMatchObject({ code: 'SR_RECIPE_PRICE', exit: 2 })
  const [found] = error.diagnostics
  expect(found).toMatchObject({ code: 'SR_RECIPE_PRICE', hint: expect.stringContaining('price') })
  const line =
    stringify(what)
      .split('\n')
      .findIndex(text => text.includes('writer:')) + 1
  expect(Math.abs(found.position.line - line)).toBeLessThanOrEqual(1)
})

test('a server that is down: which teacher, all that is paid for is kept, and the run goes on when it is back', async () => {
  const gone = await startSimulator({ seed: 5 })
  const port = Number(new URL(gone.url).port)
  await gone.stop()
  const what = recipe({
    teachers: { writer: teacher('writer'), solver: { ...teacher('solver', gone.url), patience: 1 } },
  })
  const dir = folder(documents(5))
  const before = simulator.stats.calls
  const down = await runIn(dir, what, { clock: fastClock(200) })
  expect(down).toMatchObject({ status: 'paused', exit: 1, error: { code: 'SR_TEACHER_DOWN' } })
  expect(down.error!.message).toMatch(/self\/solver.*ECONNREFUSED/)
  expect(simulator.stats.calls - before).toBe(5)
  const back = await startSimulator({ seed: 5, port })
  try {
    const done = await runIn(dir, what)
    expect(done.error).toBeUndefined()
    expect(simulator.stats.calls - before).toBe(5)
    expect(done.all).toHaveLength(10)
    expect(back.stats.calls).toBe(10)
  } finally {
    await back.stop()
  }
})

const bound = 32 * 2 ** 20
test('inputs that cannot be read are rejected by name and place, and everything else goes on', async () => {
  const row = (text: string) => JSON.stringify({ text })
  const long = Buffer.concat([Buffer.from('{"text": "'), Buffer.alloc(bound, 'x'), Buffer.from('"}\n')])
  const dir = folder({
    'docs/empty.md': '',
    'docs/good.md': '# A pump\n\nThe pump starts when the level falls, because the float opens the switch.\n',
    'docs/latin.md': Buffer.from('# Caf\xc3\xa9\n\nA caf\xe9 has a boiler and a grinder.\n', 'latin1'),
    'docs/long.jsonl': Buffer.concat([
      Buffer.from(`${row('before')}\n`),
      long,
      Buffer.from(`${row('after')}\nno json\n`),
    ]),
    'docs/ragged.csv': 'text,note\nfine,1\nshort\n"a, b",2\none,too,many\n',
    'docs/bytes.jsonl': Buffer.concat([
      Buffer.from(`${row('ok')}\n{"text": "`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}\n'),
    ]),
  })
  const all = await runIn(dir, {
    name: 'read',
    sources: { docs: { files: 'docs/*', license: 'cc0-1.0', kind: 'document' } },
    steps: [{ length: { from: 'docs', min: 1 } }],
  })
  expect(all.error).toBeUndefined()
  expect(all.funnel.docs).toMatchObject({
    passed: 6,
    dropped: { 'empty-file': 1, 'invalid-utf8': 2, 'line-too-long': 1, 'invalid-json': 1, 'ragged-row': 2 },
  })
  expect(all.all.map(row => (row as Rec<'document'>).text.split('\n')[0])).toEqual([
    'ok',
    '# A pump',
    'before',
    'after',
    'fine',
    'a, b',
  ])
  const places = rejected(all).map(({ reason, evidence }) => {
    const { file, row } = evidence as { file: string; row?: number }
    return `${reason} ${file}${row === undefined ? '' : `:${row}`}`
  })
  expect(places).toEqual([
    'invalid-utf8 docs/bytes.jsonl:2',
    'empty-file docs/empty.md',
    'invalid-utf8 docs/latin.md',
    'line-too-long docs/long.jsonl:2',
    'invalid-json docs/long.jsonl:4',
    'ragged-row docs/ragged.csv:2',
    'ragged-row docs/ragged.csv:4',
  ])
})

test('nothing left after a step: exit 5, the step and its funnel', async () => {
  const steps = [{ length: { from: 'docs', min: 100_000 } }, { ask: { teacher: 'writer' } }]
  const said = await cli(folder({ ...documents(3), 'recipe.yaml': stringify(recipe({ steps })) }), ['run', '--plain'])
  expect(said.code).toBe(5)
  expect(said.err).toMatch(/SR_YIELD.*length/)
  expect(said.err).toContain('3 too-short')
  expect(said.out).toMatch(/length[^\n]*3/)
})

test('a workspace in use says by which process; the lock of a dead one is taken over', async () => {
  const dir = folder(documents(1))
  const hold = `const { openSession } = await import(${JSON.stringify(new URL('../../src/run/index.ts', import.meta.url).href)})
openSession(${JSON.stringify(join(dir, '.stillroom'))}, { command: 'holder' }); console.log('held'); setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', hold], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(holder.stdout, 'data')
  const error = await runIn(dir, recipe()).catch(error => error)
  expect(error).toMatchObject({ code: 'SR_LOCKED', exit: 1, received: expect.stringContaining('holder') })
  expect(error.message).toContain(`process ${holder.pid} `)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const ran = await runIn(dir, recipe())
  expect(ran.error).toBeUndefined()
  expect(readdirSync(join(dir, '.stillroom')).filter(name => name.startsWith('lock'))).toEqual([])
})

const picky = defineMap<Record<string, never>, 'document', 'document'>({
  verb: 'picky',
  about: 'Throws on some documents.',
  version: 1,
  options: z.strictObject({}),
  takes: ['document'],
  gives: 'same',
  reasons: ['dull'],
  async run(record) {
    if (record.text.includes('model 2')) throw new TypeError('no model 2')
    return { is: 'passed' }
  },
})
const undeclared = defineFilter({
  verb: 'undeclared',
  about: 'Drops for a reason that it does not declare.',
  version: 1,
  options: z.strictObject({}),
  takes: ['document'],
  gives: 'same',
  reasons: ['dull'],
  test: () => ({ is: 'dropped', reason: 'boring' }),
})

test("a user's step that throws drops those records by name; one that breaks its declaration ends the run", async () => {
  const threw = await runIn(folder(documents(4)), recipe({ steps: [{ picky: { from: 'docs' } }] }), { steps: [picky] })
  expect(threw.error).toBeUndefined()
  expect(threw.funnel.picky).toMatchObject({ in: 4, passed: 3, dropped: { 'step-error': 1 } })
  expect(rejected(threw)).toMatchObject([{ reason: 'step-error', evidence: 'no model 2' }])
  const broke = await runIn(folder(documents(4)), recipe({ steps: [{ undeclared: { from: 'docs' } }] }), {
    steps: [undeclared],
  })
  expect(broke).toMatchObject({
    exit: 1,
    error: { code: 'SR_STEP_OUTCOME', received: '"boring"', expected: expect.stringContaining('dull') },
  })
})

/** Every byte below a folder as text, task files unpacked. */
function everything(dir: string): string {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).map(path => join(dir, path))
  return files
    .filter(path => statSync(path).isFile())
    .map(
      path =>
        `${path}\n${(path.endsWith('.zst') ? zstdDecompressSync(readFileSync(path)) : readFileSync(path)).toString('latin1')}`,
    )
    .join('\n')
}

const key = 'Zq8/tsr.LhW~4'
test.each([400, 401, 403, 429, 500, 200])(
  'a key that a server echoes with status %i stands in no file, event or error',
  async status => {
    let asked = 0
    const server = createServer((request, response) => {
      asked++
      const auth = String(request.headers.authorization)
      request.resume().on('end', () => {
        const message = `Incorrect API key provided: ${auth}.`
        response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '1', 'x-echo': auth })
        response.end(JSON.stringify({ error: { message, type: auth, param: key, code: key } }))
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
    const writer = { ...teacher('writer'), at, key: 'WRITER_KEY', patience: 1 }
    const dir = folder(documents(6))
    const events: string[] = []
    const stop = new AbortController()
    try {
      const ran = await runIn(dir, recipe({ teachers: { writer, solver: teacher('solver') } }), {
        env: { WRITER_KEY: key },
        clock: fastClock(200),
        signal: stop.signal,
        renderers: [
          event => {
            events.push(JSON.stringify(event))
            // A server that only ever says 429 is waited for: somebody has to interrupt.
            if (status === 429 && events.length > 12) stop.abort()
          },
        ],
      })
      expect(asked).toBeGreaterThan(0)
      expect(ran.error).toBeDefined()
      const told = [
        renderError(ran.error),
        JSON.stringify(errorJson(ran.error)),
        ran.error!.stack,
        String(ran.error!.cause ?? ''),
      ].join('\n')
      expect(told).not.toContain(key)
      expect(events.join('\n')).not.toContain(key)
      expect([...journalTexts(dir).values()].join('\n')).not.toContain(key)
      expect(journalTexts(dir).size).toBeGreaterThan(0)
      expect(everything(join(dir, '.stillroom'))).not.toContain(key)
    } finally {
      server.close()
      server.closeAllConnections()
    }
  },
)

const priced = (model: string) => ({
  ...teacher(model),
  price: { input: 1, output: 5 },
  license: 'apache-2.0',
  max_tokens: 1500,
})
const budgeted = (budget: object) =>
  recipe({ teachers: { writer: priced('writer'), solver: priced('solver') }, budget })
/** More than any one of these calls can cost: a token for each byte of its prompt, and an answer as long as the cap. */
const most = { calls: 1, tokens: 8000, usd: 0.02 }

test.each([
  ['calls', 7],
  ['tokens', 12_000],
  ['usd', 0.02],
] as const)(
  'a budget of %s ends in exit 4, spent as far as it goes and never passed; raised, the run goes on',
  async (what, amount) => {
    const dir = folder(documents(6))
    const before = simulator.stats.calls
    for (let i = 0; i < 3; i++) {
      const stopped = await runIn(dir, budgeted({ [what]: amount }))
      expect(stopped).toMatchObject({ status: 'budget', exit: 4, error: { code: 'SR_BUDGET' } })
      expect(stopped.error!.hint).toMatch(/raise/)
    }
    const session = openSession(join(dir, '.stillroom'), { command: 'test' })
    const spent = session.journal.spent()
    session.close()
    expect(spent).toMatchObject({ orphans: 0, calls: simulator.stats.calls - before })
    expect(spent[what]).toBeLessThanOrEqual(amount)
    expect(spent[what]).toBeGreaterThan(amount - most[what])
    const done = await runIn(dir, budgeted({ [what]: 1e6 }))
    expect(done.error).toBeUndefined()
    expect(simulator.stats.calls - before).toBe(18)
    expect(lines(done.all)).toBe(lines((await runIn(folder(documents(6)), recipe())).all))
  },
)

test('an interrupt lets calls in the air land, and the next run asks for the rest alone', async () => {
  const slow = await startSimulator({ seed: 5, latencyMs: 10 })
  try {
    const what = recipe({ teachers: { writer: teacher('writer', slow.url), solver: teacher('solver', slow.url) } })
    const dir = folder(documents(6))
    const stop = new AbortController()
    const stopped = await runIn(dir, what, {
      signal: stop.signal,
      renderers: [event => event.event === 'call' && event.teacher === 'solver' && stop.abort()],
    })
    expect(stopped).toMatchObject({ status: 'interrupted', exit: 130, error: { code: 'SR_INTERRUPTED' } })
    const { journal, close } = openSession(join(dir, '.stillroom'), { command: 'test' })
    expect(journal.spent()).toMatchObject({ calls: slow.stats.calls, orphans: 0 })
    close()
    expect(slow.stats.calls).toBeLessThan(18)
    expect((await runIn(dir, what)).error).toBeUndefined()
    expect(slow.stats).toMatchObject({ calls: 18, distinct: 18 })
  } finally {
    await slow.stop()
  }
})

test('calls that a killed process had in the air count against the budget of the next one', async () => {
  const slow = await startSimulator({ seed: 5, latencyMs: 20 })
  try {
    const teachers = { writer: teacher('writer', slow.url), solver: teacher('solver', slow.url) }
    const what = recipe({ teachers, budget: { calls: 8 } })
    const dir = folder({ ...documents(6), 'recipe.yaml': stringify(what) })
    const script = join(import.meta.dirname, '..', 'support', 'run-and-release.ts')
    const child = spawn(process.execPath, [script, join(dir, 'recipe.yaml'), slow.url, 'reply.before', '1'])
    await once(child, 'exit')
    expect(slow.stats.calls).toBeGreaterThan(1)
    expect(await runIn(dir, what)).toMatchObject({ exit: 4, error: { code: 'SR_BUDGET' } })
    expect(slow.stats.calls).toBeLessThanOrEqual(8)
  } finally {
    await slow.stop()
  }
})
