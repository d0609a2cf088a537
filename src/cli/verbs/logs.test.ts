import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import { commandLine } from '../../../test/support/command-line.ts'
import { folder, write } from '../../../test/support/project.ts'
import { takeLock } from '../../workspace/index.ts'

const plan = {
  recipe: 'valves',
  output: 'ask',
  stages: [
    { key: 'notes', id: 'a', from: [], shape: 'source', nodes: [] },
    {
      key: 'ask',
      id: 'b',
      from: ['notes'],
      shape: 'map',
      nodes: [{ key: 'ask', owner: 'ask', verb: 'ask', about: '', teachers: ['writer'] }],
    },
  ],
}
const counts = (more: object) => ({
  ...{ in: 0, passed: 0, fixed: 0, expanded: 0, consumed: 0, dropped: {}, items: 0, made: 0, lost: {}, repairs: {} },
  ...more,
})
const total = {
  sent: 4,
  journal: 1,
  input: 10,
  output: 10,
  cached: 0,
  written: 0,
  usd: 0.5,
  saved: { cache: 0, batch: 0 },
}
const events = [
  {
    event: 'run-started',
    run: 'r1',
    recipe: 'valves',
    stages: [
      { key: 'notes', steps: [] },
      { key: 'ask', steps: ['ask'] },
    ],
  },
  { event: 'stage-sized', stage: 'ask', tasks: 2 },
  { event: 'route', teacher: 'writer', type: 'backoff', message: 'HTTP 429: slow down', wait: 2500 },
  {
    event: 'task-done',
    stage: 'ask',
    task: 't1',
    cached: false,
    funnel: { ask: counts({ in: 3, expanded: 2, made: 4, dropped: { unparseable: 1 } }) },
  },
  { event: 'tally', calls: { writer: { sent: 3, journal: 1, usd: 0.4 } } },
  { event: 'note', step: 'ask', message: 'a bucket is short' },
  {
    event: 'task-done',
    stage: 'ask',
    task: 't2',
    cached: true,
    funnel: { ask: counts({ in: 1, expanded: 1, made: 1 }) },
  },
  {
    event: 'run-ended',
    run: 'r1',
    status: 'budget',
    exit: 4,
    message: 'The budget is reached.',
    calls: { writer: total },
  },
].map((event, i) => `${JSON.stringify({ at: `2026-11-20T10:15:0${i}.000Z`, ...event })}\n`)

/** A workspace whose run comes to be while it is looked at: what is done at each look. */
function workspace() {
  const dir = folder({ '.stillroom/journal.sqlite': '' })
  const run = join(dir, '.stillroom', 'runs', 'r1')
  return {
    dir,
    log: join(run, 'events.ndjson'),
    begin: () => write(run, { 'plan.json': JSON.stringify(plan) }),
    lock: () => takeLock(join(dir, '.stillroom', 'lock'), new Date('2026-11-20T10:15:00Z'), 'stillroom run'),
    end: (end: object) => write(run, { 'command.json': JSON.stringify(end) }),
  }
}

test('tells each event in a line: time, stage, counts, trouble, cost', async () => {
  const { dir, log, begin, end } = workspace()
  begin()
  writeFileSync(log, events.join(''))
  end({ exit: 4 })
  const { code, out } = await commandLine(dir, 'logs')
  expect(code).toBe(0)
  expect(out).toMatchInlineSnapshot(`
    "2026-11-20, times in UTC
    10:15:00  run r1 of valves begins: 2 stages
    10:15:01  ask: 2 tasks
    10:15:02  writer: HTTP 429: slow down, waits 2.5 s
    10:15:03  ask: task 1 of 2, 3 in, 4 out, 1 dropped (1 unparseable)
    10:15:04  writer 3 calls, 1 replayed, $0.40
    10:15:05  ask: a bucket is short
    10:15:06  ask: task 2 of 2 was there, 1 in, 1 out
    10:15:07  run r1 ends budget, exit code 4 after 7.0 s, 5 rows; writer 4 calls, 1 replayed, $0.50, $0.10 a kept row: The budget is reached.
    "
  `)
  expect((await commandLine(dir, 'logs -n 2')).out.trim().split('\n')).toHaveLength(2)
  expect((await commandLine(dir, 'logs r1 --json')).out).toBe(events.join(''))
  expect(await commandLine(dir, 'logs other')).toMatchObject({ code: 1, err: expect.stringContaining('SR_NOT_FOUND') })
})

test('follows a run that is not there yet, half a line, a log that begins anew, and ends with its exit code', async () => {
  const { dir, log, begin, lock, end } = workspace()
  const release = lock()
  const steps = [
    begin,
    () => writeFileSync(log, events[0]! + events[1]!.slice(0, 20)),
    () => appendFileSync(log, events[1]!.slice(20)),
    () => {
      rmSync(log)
      writeFileSync(log, events[3]!)
    },
    () => appendFileSync(log, events.slice(4).join('')),
    () => {
      end({ exit: 3, message: 'a gate blocks' })
      release()
    },
  ]
  const said: string[] = []
  const { code, out, err } = await commandLine(dir, 'logs -f', {
    out: text => void said.push(text),
    wait: async () => steps.shift()!(),
  })
  expect({ code, out, err }).toEqual({ code: 3, out: '', err: 'Waits for a run to begin.\n' })
  const lines = said.join('').split('\n')
  expect(lines.filter(line => line.includes('begins'))).toHaveLength(1)
  expect(lines.filter(line => line.includes('ask: 2 tasks'))).toHaveLength(1)
  expect(said.join('')).toMatch(
    /task 1 of 2.*\n(?:.*\n)*.*run r1 ends budget, exit code 4.*\nNothing was released, exit code 3: a gate blocks\n$/,
  )
  expect(steps).toEqual([])
})

test('ends with 1 when the process is gone, and with 130 when it is interrupted itself', async () => {
  const { dir, log, begin, lock } = workspace()
  begin()
  writeFileSync(log, events[0]!)
  const killed = await commandLine(dir, 'logs -f')
  expect(killed).toMatchObject({ code: 1, out: expect.stringContaining('Run r1 was killed: nothing more comes.') })
  const release = lock()
  let interrupt = () => {}
  const left = await commandLine(dir, 'logs -f', {
    onInterrupt: heard => {
      interrupt = heard
      return () => {}
    },
    wait: async () => interrupt(),
  })
  release()
  expect(left).toMatchObject({ code: 130, out: expect.stringContaining('The run goes on.') })
  mkdirSync(join(dir, 'empty'))
  expect((await commandLine(join(dir, 'empty'), 'logs')).code).toBe(1)
  expect(existsSync(join(dir, 'empty', '.stillroom'))).toBe(false)
  expect(readdirSync(join(dir, '.stillroom'))).not.toContain('lock')
})

test('what stopped is told of a run only where it began one; a process of another user is left alone', async () => {
  const { dir, log, begin, lock } = workspace()
  begin()
  writeFileSync(log, events[0]!)
  // Of the run before: this process holds the workspace since a later time, and began none.
  const release = takeLock(join(dir, '.stillroom', 'lock'), new Date('2026-11-20T11:00:00Z'), 'stillroom gc')
  const kill = vi.spyOn(process, 'kill')
  try {
    kill.mockImplementation((_, signal) => {
      if (signal !== 0) release()
      return true
    })
    expect(await commandLine(dir, 'stop')).toMatchObject({ code: 0, out: expect.stringMatching(/It has stopped\.\n$/) })
    const again = lock()
    kill.mockImplementation((_, signal) => {
      if (signal === 0) return true
      throw Object.assign(new Error('not permitted'), { code: 'EPERM' })
    })
    expect(await commandLine(dir, 'stop')).toMatchObject({ code: 2, err: expect.stringContaining('kill -INT') })
    again()
  } finally {
    kill.mockRestore()
  }
})

test('of a recipe with rounds, under a name and workspace of its own, status says the whole next command', async () => {
  const { dir, log, begin, lock } = workspace()
  begin()
  writeFileSync(log, events.join(''))
  const recipe = {
    name: 'valves',
    teachers: { writer: { model: 'simulate/writer', revision: 'r1' } },
    sources: {
      notes: { files: 'notes.jsonl', license: 'cc0-1.0', kind: 'prompt' },
      real: { files: 'real.jsonl', license: 'cc0-1.0', kind: 'conversation' },
    },
    steps: [{ answer: { from: 'notes', teacher: 'writer' } }, { accumulate: { with: 'real', real: 0.1 } }],
    rounds: {
      n: 2,
      student: 'writer',
      revisions: ['r1', 'r2'].map(revision => ({ revision, model: `simulate/${revision}` })),
    },
    release: { version: '0.1.0', license: 'cc0-1.0', date: '2026-01-01' },
  }
  write(dir, {
    'loop.yaml': stringify(recipe),
    'notes.jsonl': '{"prompt":"When does it leave?"}\n',
    'real.jsonl': `${JSON.stringify({
      messages: [
        { role: 'user', content: 'When?' },
        { role: 'assistant', content: 'At nine.' },
      ],
    })}\n`,
  })
  const say = async () => (await commandLine(dir, 'status loop.yaml --workspace .stillroom')).out
  expect(await say()).toMatch(/then stillroom rounds \S*loop\.yaml --workspace \.stillroom goes on/)
  const release = lock()
  expect(await say()).toMatch(/Next: stillroom logs -f --recipe \S*loop\.yaml --workspace \.stillroom follows/)
  release()
})
