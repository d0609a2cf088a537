import { expect, test } from 'vitest'
import type { Plan } from '../recipe/index.ts'
import type { Counts, Event } from '../workspace/index.ts'
import { bars, drawing } from './bars.ts'
import type { Io } from './io.ts'
import { lines } from './lines.ts'
import { progressOf, shareOf, timeLeft } from './progress.ts'

const counts = (more: Partial<Counts>): Counts => ({
  ...{ in: 0, passed: 0, fixed: 0, expanded: 0, consumed: 0, dropped: {}, items: 0, made: 0, lost: {}, repairs: {} },
  ...more,
})
const node = (key: string, teachers: string[], options: object = {}) => ({ key, teachers, options })
/** documents -> ask -> draw (3 samples) -> cut, as the planner would lay it out. */
const plan = {
  output: 'cut',
  recipe: { teachers: { writer: { model: 'openai/w' }, solver: { model: 'openai/s' } } },
  stages: [
    { key: 'docs', shape: 'source', from: [], nodes: [] },
    { key: 'ask', shape: 'map', from: ['docs'], nodes: [node('ask', ['writer'])] },
    { key: 'draw', shape: 'map', from: ['ask'], nodes: [node('draw', ['solver'], { samples: 3 })] },
    { key: 'cut', shape: 'map', from: ['draw'], nodes: [node('cut', [])] },
  ],
} as unknown as Plan
const sized = (stage: string, tasks: number): Event => ({ event: 'stage-sized', stage, tasks })
const done = (stage: string, funnel: Partial<Counts>, cached = false): Event => ({
  event: 'task-done',
  stage,
  task: 't',
  cached,
  funnel: { [stage]: counts(funnel) },
})
const call = (teacher: string, from: 'teacher' | 'journal' = 'teacher'): Event => ({
  event: 'call',
  teacher,
  step: 's',
  root: 'r',
  from,
  usage: { input: 90, output: 10 },
  usd: 0.01,
})

test('calls to come follow from the records that arrived, samples counted and finished tasks left out', () => {
  const { state, take } = progressOf(plan, 0)
  const [writer, solver] = state.teachers
  take(sized('docs', 1), 0)
  take(done('docs', { in: 10, passed: 10 }), 0)
  expect(writer).toMatchObject({ expected: 10, open: false })
  take(sized('ask', 2), 0)
  for (let i = 0; i < 6; i++) take(call('writer'), 1000 * i)
  // Half of the documents came out of a task that was there already: they need no call.
  take(done('ask', { in: 4, expanded: 4, items: 8, made: 8 }, true), 6000)
  expect(writer!.expected).toBe(6)
  expect(solver).toMatchObject({ expected: 24, open: true })
  take(done('ask', { in: 6, expanded: 6, items: 12, made: 12 }), 6000)
  expect(solver).toMatchObject({ expected: 60, open: false })
  for (let i = 0; i < 30; i++) take(call('solver'), 6000 + 100 * i)
  expect(timeLeft(state, 9000)).toBe(3000)
})

test('batches, parked routes and what was saved are in sight, and over again when they are', () => {
  const { state, take } = progressOf(plan, 0)
  const shown = () => drawing(state, 1000, { width: 120, height: 40 }, (_, text) => text).join('\n')
  const batch = (more: object): Event => ({
    ...{ event: 'batch', teacher: 'writer', batch: 'b1', state: 'running', rows: 40 },
    ...more,
  })
  take(batch({}), 0)
  take(batch({ done: 12 }), 0)
  take(batch({ batch: 'b2', rows: 10 }), 0)
  const saved = { saved: { cache: 0.25, batch: 0.5 }, usage: { input: 90, output: 10, cachedInput: 45 } }
  take({ ...call('writer'), ...saved } as Event, 0)
  take({ event: 'route', teacher: 'solver, writer', type: 'parked', wait: 720_000 }, 1000)
  expect(shown()).toMatch(/writer .*12 of 50 done in 2 batches · parked for 12 min 00 s/)
  expect(shown()).toMatch(/\$0\.01 so far · caches saved \$0\.25 · batches saved \$0\.50/)
  take({ event: 'route', teacher: 'solver, writer', type: 'unparked' }, 0)
  take(batch({ state: 'over' }), 0)
  take(batch({ batch: 'b2', state: 'over' }), 0)
  expect(shown()).toMatch(/writer .*\$0\.01 · 90 in \(50 % cached\), 10 out/)
  expect(shown()).not.toMatch(/parked|in \d+ batch/)
})

test('a batch is in sight before its first reply, and says nothing of the time that is left', () => {
  const { state, take } = progressOf(plan, 0)
  take(sized('docs', 1), 0)
  take(done('docs', { in: 10, passed: 10 }), 0)
  for (let i = 0; i < 8; i++) take(call('solver'), 500 * i)
  expect(timeLeft(state, 4000)).toBeDefined()
  take({ event: 'batch', teacher: 'writer', batch: 'b', state: 'submitted', rows: 10 }, 4000)
  const shown = drawing(state, 4000, { width: 120, height: 40 }, (_, text) => text).join('\n')
  expect(shown).toMatch(/writer .*0 of 10 calls · \$0 · 0 of 10 done in 1 batch/)
  expect(shown).not.toMatch(/ left/)
})

test('a bar follows calls, of which a teacher may have some in several steps', () => {
  const { state, take } = progressOf(plan, 0)
  const of = (key: string) => shareOf(state.stages.find(stage => stage.key === key)!)
  take(sized('docs', 1), 0)
  take(done('docs', { in: 10, passed: 10 }), 0)
  take(sized('ask', 2), 0)
  take(done('ask', { in: 4, expanded: 4, items: 4, made: 4 }, true), 0)
  expect(of('ask')).toBe(0.5)
  for (let i = 0; i < 3; i++) take({ ...call('writer'), step: 'ask' } as Event, 0)
  expect(of('ask')).toBe(0.7)
  for (let i = 0; i < 3; i++) take({ ...call('writer'), step: 'draw' } as Event, 0)
  expect([of('ask'), of('draw')]).toEqual([0.7, 0.25])
})

test('a trouble names a long wait, and goes out of sight when nothing says it again', () => {
  const { state, take } = progressOf(plan, 0)
  const shown = (now: number) => drawing(state, now, { width: 120, height: 40 }, (_, text) => text).join('\n')
  const route = (more: object): Event => ({ event: 'route', teacher: 'writer', type: 'capacity', ...more })
  take(route({ wait: 30_000, message: 'HTTP 429: slow down' }), 0)
  expect(shown(18_000)).toContain('waits 12 s: HTTP 429: slow down')
  expect(shown(31_000)).toContain('· HTTP 429: slow down')
  expect(shown(36_000)).not.toContain('429')
  take(route({ wait: 1000, message: 'HTTP 429: slow down' }), 40_000)
  expect(shown(41_000)).toContain('· HTTP 429: slow down')
  take({ event: 'run-ended', run: 'r', status: 'done', exit: 0, calls: {} }, 41_000)
  expect(shown(41_000)).not.toContain('429')
})

test('calls to come are shared out among the members of a pool', () => {
  const entry = { model: 'openai/w' }
  const teachers = { writer: { 'any-of': { a: 3, b: 1 } }, a: entry, b: { model: 'openai/v' }, solver: entry }
  const { state, take } = progressOf({ ...plan, recipe: { teachers } } as unknown as Plan, 0)
  take(sized('docs', 1), 0)
  take(done('docs', { in: 40, passed: 40 }), 0)
  expect(state.teachers.map(({ name, expected }) => [name, expected])).toEqual([
    ['a', 30],
    ['b', 10],
    ['solver', 0],
  ])
})

function screen() {
  const written: string[] = []
  const ticks: (() => void)[] = []
  let now = 0
  const io = {
    out: (text: string) => void written.push(text),
    now: () => new Date(now),
    height: 30,
    every(_: number, tick: () => void) {
      ticks.push(tick)
      return () => {}
    },
  }
  return {
    io: io as unknown as Io,
    written,
    tick() {
      for (const run of ticks) run()
    },
    at(ms: number) {
      now = ms
    },
  }
}

test('a pipe gets a line when a stage finishes and one every five seconds, never one for a call', () => {
  const { io, written, tick, at } = screen()
  const view = lines(plan, io)
  view.emit(sized('docs', 1))
  at(1200)
  view.emit(done('docs', { in: 10, passed: 10 }))
  view.emit(sized('ask', 1))
  for (let ms = 1300; ms < 7000; ms += 100) {
    at(ms)
    view.emit(call('writer'))
    tick()
  }
  expect(written).toEqual([
    'docs: 10 records (1.2 s)\n',
    expect.stringMatching(/^6\.2 s; ask 0 of 1 tasks; writer 50 of 50 calls, \$0\.50/),
  ])
})

test('a terminal is drawn over itself by the clock, whatever arrives in between, and left clean', () => {
  const { io, written, tick } = screen()
  const view = bars(plan, { io, width: 80, paint: (_, text) => text })
  for (let i = 0; i < 500; i++) view.emit(call('writer'))
  expect(written).toEqual(['\u001b[?25l'])
  tick()
  tick()
  expect(written).toHaveLength(3)
  expect(written[2]!.startsWith('\u001b[?2026h\u001b[7A\r')).toBe(true)
  view.end()
  expect(written.at(-1)).toContain('\u001b[?25h')
})

test('every line of a drawing fits the terminal, and no more lines than it has', () => {
  const { state, take } = progressOf(plan, 0)
  for (const key of ['docs', 'ask', 'draw', 'cut']) take(sized(key, 1), 0)
  take(
    done('docs', { in: 2_000_000, passed: 1_234_567, dropped: { 'a-rather-long-reason-for-a-drop': 765_433 } }),
    5000,
  )
  for (let i = 0; i < 20; i++) take(call('writer'), 5000 + i * 400)
  take(
    {
      event: 'route',
      teacher: 'writer',
      type: 'capacity',
      message: 'the server answered 429 and asks to wait for a long while',
    },
    14_000,
  )
  for (const [width, height] of [
    [60, 12],
    [100, 40],
  ] as const) {
    const drawn = drawing(state, 14_000, { width, height }, (_, text) => text)
    expect(drawn.length).toBeLessThanOrEqual(height)
    expect(Math.max(...drawn.map(line => line.length))).toBeLessThanOrEqual(width)
  }
})
