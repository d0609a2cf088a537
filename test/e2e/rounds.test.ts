import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { builtinSteps } from '../../src/builtin-steps.ts'
import { readParquet, sha256 } from '../../src/records/index.ts'
import { openProject, openSession, type RoundsOptions, type RoundsResult, runRounds } from '../../src/run/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { fastClock } from '../support/clock.ts'
import { commandLine } from '../support/command-line.ts'
import { folder, write } from '../support/project.ts'
import { scriptedServer } from '../support/scripted-server.ts'

const concurrency = 4
const turn = (user: string, assistant: string) => ({
  messages: [
    { role: 'user', content: user },
    { role: 'assistant', content: assistant },
  ],
})
const real = Array.from({ length: 8 }, (_, i) =>
  turn(
    `When does the ferry number ${i} leave?`,
    `Ferry ${i} leaves at ${i + 7} o'clock from pier ${i % 3}, and tickets are sold on board.`,
  ),
)
// Real questions of many kinds: of one sentence with another number in it the simulator makes alike answers.
const prompts = readFileSync(join(import.meta.dirname, '../../recipes/data/banking77.csv'), 'utf8')
  .split('\n')
  .slice(1)
  .filter((line, i) => i % 18 === 0 && !line.includes('"'))
  .slice(0, 12)
  .map(line => ({ prompt: line.replace(/,\w+$/, '') }))
const lines = (rows: object[]) => rows.map(row => `${JSON.stringify(row)}\n`).join('')
const student = (n: number) => ({ revision: `r${n}`, model: `simulate/student-${n}` })

const recipe = (rounds: object, more: object = {}) => ({
  name: 'loop',
  seed: 7,
  teachers: { student: { model: 'simulate/student-1', revision: 'r1', concurrency } },
  sources: {
    prompts: { files: 'prompts.jsonl', license: 'cc0-1.0', kind: 'prompt' },
    real: { files: 'real.jsonl', license: 'cc-by-4.0', kind: 'conversation' },
  },
  steps: [
    { answer: { from: 'prompts', teacher: 'student' } },
    { split: { into: { train: 0.75, test: 0.25 } } },
    { accumulate: { with: 'real', real: 0.1 } },
  ],
  rounds: { n: 3, student: 'student', ...rounds },
  gates: { decontaminated: { override: 'a test has no evaluation set' } },
  release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-01-01' },
  ...more,
})
const listed = { revisions: [1, 2, 3].map(student) }
const project = (value: object): string =>
  folder({ 'prompts.jsonl': lines(prompts), 'real.jsonl': lines(real), 'recipe.yaml': stringify(value) })

async function rounds(dir: string, url: string, more: Partial<RoundsOptions> = {}): Promise<RoundsResult> {
  const opened = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  return runRounds(opened, {
    open: () => openSession(opened.workspace, { command: 'test' }),
    env: { ...process.env, STILLROOM_SIMULATOR: url } as Record<string, string>,
    ...more,
  })
}

type Row = { id: string; messages: { content: string }[]; origin: string; generation: number; licenses: string[] }
async function rowsOf(dir: string, round: number, split = 'train'): Promise<Row[]> {
  const rows: Row[] = []
  const data = join(dir, `releases/loop-0.1.0-r${round}/data/sft`)
  for (const name of readdirSync(data).filter(name => name.startsWith(split)))
    for await (const row of readParquet(join(data, name))) rows.push(row as unknown as Row)
  return rows
}
const answers = (rows: Row[]) => rows.map(({ messages }) => messages.at(-1)!.content).sort()

/** Everything under `releases` but what tells of time, money and single calls. */
function bytes(dir: string): { [path: string]: string } {
  const root = join(dir, 'releases')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    path => !/run\.json$|\breport\b/.test(path) && statSync(join(root, path)).isFile(),
  )
  return Object.fromEntries(files.sort().map(path => [path, sha256(readFileSync(join(root, path)))]))
}

let simulator: Awaited<ReturnType<typeof startSimulator>>
let reference: { bytes: { [path: string]: string }; calls: number; dir: string }
beforeAll(async () => {
  simulator = await startSimulator({ seed: 5 })
})
beforeEach(() => simulator.reset())
afterAll(() => simulator.stop())

test('three rounds accumulate: real rows in each, depth grows, held-out rows stay out, and again nothing is asked', async () => {
  const dir = project(recipe(listed))
  const done = await rounds(dir, simulator.url)
  expect(done.error).toBeUndefined()
  expect(simulator.stats.calls).toBe(3 * prompts.length)
  const test1 = await rowsOf(dir, 1, 'test')
  const held = new Set(test1.map(({ messages }) => messages[0]!.content))
  const fresh = prompts.length - held.size
  expect(held.size).toBeGreaterThan(0)
  let before: string[] = []
  for (const round of [1, 2, 3]) {
    const rows = await rowsOf(dir, round)
    const people = rows.filter(({ origin }) => origin === 'real')
    expect(answers(people)).toEqual(real.map(({ messages }) => messages[1]!.content).sort())
    expect(people.every(({ licenses, generation }) => licenses[0] === 'CC-BY-4.0' && generation === 0)).toBe(true)
    const written = rows.filter(({ origin }) => origin === 'synthetic')
    // The new rows are as deep as the round, those of earlier rounds as deep as they were, and licensed as they were.
    const depths = Map.groupBy(written, ({ generation }) => generation)
    expect([...depths].map(([depth, of]) => [depth, of.length]).sort()).toEqual(
      Array.from({ length: round }, (_, i) => [i + 1, fresh]),
    )
    expect(written.every(({ licenses }) => licenses.join() === 'CC0-1.0')).toBe(true)
    expect(answers(written)).toEqual(expect.arrayContaining(before))
    for (const { messages } of written) expect(held).not.toContain(messages[0]!.content)
    before = answers(written)
    const { real: reals, generations, student } = done.rounds[round - 1]!
    expect([reals, student.revision, generations[round]]).toEqual([real.length, `r${round}`, prompts.length])
  }
  const card = readFileSync(join(dir, 'releases/loop-0.1.0-r3/README.md'), 'utf8')
  expect(card).toMatch(/## Rounds[\s\S]*at least 10\.0 % are real/)
  expect(card).toContain('of generation 3')
  const lineage = readFileSync(join(dir, 'releases/loop-0.1.0-r3/provenance.jsonl'), 'utf8')
  expect(lineage).toContain('"uri":"releases/loop-0.1.0-r2/data/sft/train-00000-of-00001.parquet"')
  reference = { bytes: bytes(dir), calls: simulator.stats.calls, dir }

  const env = { STILLROOM_SIMULATOR: simulator.url }
  const again = await commandLine(dir, 'rounds --plain', { env })
  expect([again.code, again.err]).toEqual([0, ''])
  expect(again.out).toContain('Round 3: ')
  expect(again.out).toMatch(/^ +2 +r2 +\d+ +\d+ % +1: \d+, 2: 12 /m)
  expect(simulator.stats.calls).toBe(reference.calls)
  expect(bytes(dir)).toEqual(reference.bytes)
  const refused = await commandLine(dir, 'run --plain', { env })
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('stillroom rounds')])
})

test.each([
  ['reply.after', 5],
  ['round.released', 2],
])(
  'killed at %s (%i), the rounds go on and end in the same bytes; only what was in the air is asked again',
  async (point, n) => {
    const dir = project(recipe(listed))
    const script = join(import.meta.dirname, '../support/run-rounds.ts')
    const args = [script, join(dir, 'recipe.yaml'), simulator.url, point, String(n)]
    const signal = await new Promise(resolve =>
      spawn(process.execPath, args, { stdio: 'ignore' }).on('exit', (code, by) => resolve(by ?? code)),
    )
    expect(signal).toBe('SIGKILL')
    expect((await rounds(dir, simulator.url)).error).toBeUndefined()
    expect(bytes(dir)).toEqual(reference.bytes)
    expect(simulator.stats.distinct).toBe(reference.calls)
    expect(simulator.stats.calls).toBeLessThanOrEqual(reference.calls + concurrency)
  },
)

test('rounds that replace are refused before a call, and with a written reason the card repeats it', async () => {
  const replacing = (more: object = {}) => recipe({ ...listed, n: 2, keep: 'replace' }, more)
  const dir = project(replacing())
  await expect(rounds(dir, simulator.url)).rejects.toMatchObject({ code: 'SR_GATE', exit: 3 })
  const why = 'collapse is what this experiment looks at'
  const override = { override: why }
  const gates = {
    decontaminated: { override: 'a test has no evaluation set' },
    accumulated: override,
    'real-rows': override,
  }
  expect(simulator.stats.calls).toBe(0)
  write(dir, { 'recipe.yaml': stringify(replacing({ gates })) })
  expect((await rounds(dir, simulator.url)).error).toBeUndefined()
  const rows = [...(await rowsOf(dir, 2)), ...(await rowsOf(dir, 2, 'test'))]
  expect(rows.map(({ generation }) => generation)).toEqual(prompts.map(() => 2))
  expect(readFileSync(join(dir, 'releases/loop-0.1.0-r2/README.md'), 'utf8')).toContain(why)
})

test('a student that collapses ends the rounds: exit 5, the signals named, and no later round begins', async () => {
  const collapsed = await scriptedServer(() => ({ content: 'Yes, you can do that. Yes, you can do that.' }))
  try {
    const second = { revision: 'r2', model: 'm', at: collapsed.url }
    const dir = project(recipe({ revisions: [student(1), second, student(3)] }))
    const { code, out, err } = await commandLine(dir, 'rounds --plain', { env: { STILLROOM_SIMULATOR: simulator.url } })
    expect(code).toBe(5)
    expect(err).toMatch(/Round 2 drifts from the first: .*distinct.*entropy.*openings/s)
    expect(out).toMatch(/openings 1\.000, bound 0\.\d+/)
    expect(existsSync(join(dir, 'releases/loop-0.1.0-r2'))).toBe(true)
    const asked = simulator.stats.calls + collapsed.bodies.length
    expect(asked).toBe(2 * prompts.length)
    expect((await rounds(dir, simulator.url)).error?.code).toBe('SR_DRIFT')
    expect(simulator.stats.calls + collapsed.bodies.length).toBe(asked)
  } finally {
    await collapsed.stop()
  }
})

test("the user's command is told of the round, names the next student, and what fails can be resumed", async () => {
  const command = (last: string) => ({ n: 2, between: { run: `node between.mjs ${last}` } })
  const dir = project(recipe(command('fail')))
  write(dir, {
    'between.mjs': `import { appendFileSync, existsSync } from 'node:fs'
const { STILLROOM_ROUND, STILLROOM_RELEASE, STILLROOM_STUDENT, STILLROOM_REVISION } = process.env
appendFileSync('told.txt', [STILLROOM_ROUND, existsSync(STILLROOM_RELEASE + '/manifest.json'), STILLROOM_STUDENT, STILLROOM_REVISION].join(' ') + '\\n')
console.log('training 1 of 1')
if (process.argv[2] === 'fail') { console.error('out of memory'); process.exit(3) }
console.log(process.argv[2] === 'dumb' ? 'all done' : JSON.stringify({ revision: 'r2', model: 'simulate/student-2' }))
`,
  })
  await expect(rounds(dir, simulator.url)).rejects.toMatchObject({ code: 'SR_BETWEEN_ROUNDS', exit: 1 })
  expect(readFileSync(join(dir, '.stillroom/rounds/loop-0.1.0/after-1.log'), 'utf8')).toContain('out of memory')
  write(dir, { 'recipe.yaml': stringify(recipe(command('dumb'))) })
  await expect(rounds(dir, simulator.url)).rejects.toMatchObject({ received: 'all done' })
  expect(simulator.stats.calls).toBe(prompts.length)
  write(dir, { 'recipe.yaml': stringify(recipe(command('well'))) })
  for (const _ of [1, 2]) {
    const { error, rounds: done } = await rounds(dir, simulator.url)
    expect([error, done.map(({ student }) => student.revision)]).toEqual([undefined, ['r1', 'r2']])
  }
  // Three tries, and none after the one that named a student.
  expect(readFileSync(join(dir, 'told.txt'), 'utf8')).toBe('1 true student r1\n'.repeat(3))
  expect(simulator.stats.calls).toBe(2 * prompts.length)
})

test('it waits until the server names the next student, and gives up in time', async () => {
  let looks = 0
  const server = createServer((_, response) => {
    const names = ++looks < 3 ? ['student-1'] : ['student-1', 'simulate/student-2']
    response.end(JSON.stringify({ object: 'list', data: names.map(id => ({ id, object: 'model' })) }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const wait = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/models`
  try {
    const clock = fastClock(1e5)
    const dir = project(recipe({ revisions: [1, 2].map(student), n: 2, between: { wait } }))
    expect((await rounds(dir, simulator.url, { clock })).rounds).toHaveLength(2)
    expect(looks).toBe(3)
    const third = { revisions: [student(1), { revision: 'r9' }], n: 2, between: { wait, timeout: 600 } }
    const never = project(recipe(third))
    await expect(rounds(never, simulator.url, { clock })).rejects.toMatchObject({
      code: 'SR_BETWEEN_ROUNDS',
      received: expect.stringContaining('student-1'),
    })
  } finally {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
})

test('a split behind the meeting of the rounds is refused: it would test a student on what it was trained on', async () => {
  const { steps } = recipe(listed)
  const dir = project(recipe(listed, { steps: [steps[0], steps[2], steps[1]] }))
  await expect(rounds(dir, simulator.url)).rejects.toMatchObject({ code: 'SR_RECIPE_CONFLICT' })
  expect(simulator.stats.calls).toBe(0)
})
