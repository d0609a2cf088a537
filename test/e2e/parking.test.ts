import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import { builtinSteps } from '../../src/builtin-steps.ts'
import { canonical, type Rec } from '../../src/records/index.ts'
import { type Clock, openProject, openSession, type RunOptions, replay } from '../../src/run/index.ts'
import { defineMap, type Step } from '../../src/steps/index.ts'
import type { Event } from '../../src/workspace/index.ts'
import { fastClock } from '../support/clock.ts'
import { folder, runIn, write } from '../support/project.ts'
import { type Simulator, type SimulatorOptions, simulator } from '../support/simulators.ts'

/** A clock on which a long wait lasts until it is let go; short ones pass at once. */
function heldClock(): Clock & { letGo(): void } {
  const fast = fastClock(100)
  const held = new Set<() => void>()
  let added = 0
  return {
    elapsed: () => fast.elapsed() + added,
    now: () => new Date(fast.now().getTime() + added),
    sleep(ms, signal) {
      if (ms < 120_000) return fast.sleep(ms, signal)
      return new Promise((resolve, reject) => {
        const go = () => {
          held.delete(go)
          resolve()
        }
        held.add(go)
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    },
    letGo() {
      added += 3600_000
      for (const go of [...held]) go()
    },
  }
}

const model = (name: string, more: object = {}) => ({ model: `simulate/${name}`, ...more })
/** A server that asks the n-th caller of a model to come back in ten minutes. */
const tenMinutes = (name: string, ...calls: number[]): SimulatorOptions => ({
  faults: calls.map(n => ({
    kind: { status: 429, headers: { 'retry-after': '600' } },
    model: name,
    from: n,
    to: n,
  })),
})

const questions = (n: number) => ({
  'q.jsonl': Array.from({ length: n }, (_, i) => {
    return JSON.stringify({ prompt: `Why does the relief valve of boiler ${i} open at ${i + 3} bar?` })
  }).join('\n'),
})
function recipe(steps: object[], more: object = {}) {
  return {
    name: 'parked',
    seed: 3,
    teachers: { slow: model('slow', { concurrency: 4 }), quick: model('quick'), judge: model('judge') },
    sources: { q: { files: 'q.jsonl', license: 'cc0-1.0', kind: 'prompt' } },
    steps,
    floor: 0,
    ...more,
  }
}
/** Two branches over the same questions, each answered by a teacher of its own and judged. */
const branches = [
  { answer: { as: 'slowly', from: 'q', teacher: 'slow' } },
  { judge: { as: 'one', from: 'slowly', teacher: 'judge', drop: '30%' } },
  { answer: { as: 'quickly', from: 'q', teacher: 'quick' } },
  { judge: { as: 'two', from: 'quickly', teacher: 'judge', drop: '30%' } },
  { length: { from: ['one', 'two'], min: 1 } },
]

const lines = (rows: Iterable<Rec>) => [...rows].map(canonical).join('\n')
const drafts = (dir: string) =>
  readdirSync(join(dir, '.stillroom', 'tasks'), { recursive: true, encoding: 'utf8' }).filter(path =>
    path.includes('.tmp-'),
  )
/** Files of tasks that this process holds open, where the system tells. */
function heldOpen(dir: string): string[] {
  if (!existsSync('/proc/self/fd')) return []
  const targets = readdirSync('/proc/self/fd').map(fd => {
    try {
      return readlinkSync(join('/proc/self/fd', fd))
    } catch {
      return ''
    }
  })
  return targets.filter(path => path.startsWith(join(dir, '.stillroom', 'tasks')))
}

type More = Partial<RunOptions> & { steps?: Step[]; clock?: Clock }
const runOn = (server: Simulator, dir: string, what: object, more: More = {}) =>
  runIn(dir, what, { env: { STILLROOM_SIMULATOR: server.url }, clock: fastClock(2000), ...more })

/** What it would have been without any wait, and how many calls that takes. */
async function reference(n: number, what: object, more: More = {}, options: SimulatorOptions = {}) {
  const server = await simulator(options)
  const ran = await runOn(server, folder(questions(n)), what, more)
  expect(ran.error).toBeUndefined()
  return { text: lines(ran.all), distinct: server.stats.distinct, funnel: ran.funnel }
}

describe('a route that asks for ten minutes', () => {
  test('holds up its own branch only, and leaves nothing half-written while it waits', async () => {
    const wanted = await reference(40, recipe(branches))
    const server = await simulator(tenMinutes('slow', 6))
    const dir = folder(questions(40))
    const clock = heldClock()
    const order: string[] = []
    let air = 0
    const meanwhile = { drafts: ['not looked'], open: ['not looked'], asked: -1, air: -1 }
    const hear = (event: Event) => {
      if (event.event === 'air' && event.teacher === 'slow') air += event.by
      if (event.event === 'route' && event.teacher === 'slow') order.push(event.type)
      if (event.event !== 'task-done') return
      order.push(event.stage)
      if (event.stage !== 'two.cut') return
      // Nothing else can happen now until the wait is over.
      setImmediate(() => {
        const asked = server.stats.models.slow!.replies
        Object.assign(meanwhile, { drafts: drafts(dir), open: heldOpen(dir), asked, air })
        clock.letGo()
      })
    }
    const ran = await runOn(server, dir, recipe(branches), { clock, renderers: [hear] })
    expect(ran.error).toBeUndefined()
    const at = (what: string) => order.indexOf(what)
    expect(at('parked')).toBeGreaterThanOrEqual(0)
    expect(at('parked')).toBeLessThan(at('two.cut'))
    expect(at('two.cut')).toBeLessThan(at('unparked'))
    expect(at('unparked')).toBeLessThan(at('slowly'))
    expect(meanwhile).toMatchObject({ drafts: [], open: [], air: 0 })
    // The sixth was refused, and those beside it landed.
    expect(meanwhile.asked).toBeLessThan(10)
    expect(lines(ran.all)).toBe(wanted.text)
    expect(ran.funnel).toEqual(wanted.funnel)
    expect(server.stats).toMatchObject({ distinct: wanted.distinct, repeats: 0, limited: 0 })
    expect(drafts(dir)).toEqual([])
  })

  test('and again and again, ends alike', async () => {
    const wanted = await reference(40, recipe(branches))
    const server = await simulator({
      faults: [...tenMinutes('slow', 1, 2, 9, 17, 30).faults!, ...tenMinutes('judge', 3, 20).faults!],
    })
    const dir = folder(questions(40))
    const ran = await runOn(server, dir, recipe(branches))
    expect(ran.error).toBeUndefined()
    expect(lines(ran.all)).toBe(wanted.text)
    expect(server.stats).toMatchObject({ distinct: wanted.distinct, repeats: 0 })
    // What was looked up again had been counted when it was bought.
    for (const name of ['slow', 'quick']) expect(ran.calls[name]).toMatchObject({ sent: 40, journal: 0 })
  })

  test('in a pool, leaves what other members answer in the journal', async () => {
    const teachers = { a: model('a'), b: model('b'), slow: { 'any-of': { a: 1, b: 1 } } }
    const what = recipe([{ answer: { from: 'q', teacher: 'slow' } }], { teachers })
    const wanted = await reference(40, what)
    const server = await simulator(tenMinutes('a', 3))
    const dir = folder(questions(40))
    const clock = heldClock()
    let answered = -1
    let left = 0
    const hear = (event: Event) => {
      if (event.event === 'call' && event.teacher === 'b' && event.from === 'teacher') left++
      const { b } = server.stats.models
      if (event.event !== 'call' || left < 20 || answered >= 0) return
      answered = b!.replies
      clock.letGo()
    }
    const ran = await runOn(server, dir, what, { clock, renderers: [hear] })
    expect(ran.error).toBeUndefined()
    expect(answered).toBeGreaterThanOrEqual(20)
    expect(lines(ran.all)).toBe(wanted.text)
    expect(server.stats).toMatchObject({ distinct: 40, repeats: 0 })
  })

  test('ends at once when interrupted, and the next run goes on', async () => {
    const wanted = await reference(40, recipe(branches))
    const server = await simulator(tenMinutes('slow', 6))
    const dir = folder(questions(40))
    const interrupt = new AbortController()
    const hear = (event: Event) => {
      if (event.event === 'task-done' && event.stage === 'two.cut') interrupt.abort()
    }
    const more = { clock: heldClock(), renderers: [hear], signal: interrupt.signal }
    const stopped = await runOn(server, dir, recipe(branches), more)
    expect(stopped).toMatchObject({ status: 'interrupted', exit: 130 })
    expect(drafts(dir)).toEqual([])
    const ran = await runOn(server, dir, recipe(branches))
    expect(ran.error).toBeUndefined()
    expect(lines(ran.all)).toBe(wanted.text)
    expect(server.stats).toMatchObject({ distinct: wanted.distinct, repeats: 0 })
  })
})

const conversation = (record: Rec<'prompt'>, ...said: (string | null)[]) => ({
  is: 'made' as const,
  made: [
    {
      payload: {
        kind: 'conversation' as const,
        messages: [...record.messages, { role: 'assistant' as const, content: said.join('\n') }],
      },
      index: 0,
    },
  ],
})
const own = (verb: string, run: Parameters<typeof defineMap>[0]['run' & keyof Parameters<typeof defineMap>[0]]) =>
  defineMap<{ teacher: string; other: string }, 'prompt', 'conversation'>({
    verb,
    about: 'A step of a user.',
    version: 1,
    options: z.strictObject({ teacher: z.string(), other: z.string() }),
    takes: ['prompt'],
    gives: ['conversation'],
    reasons: ['gave-up'],
    needs: { teachers: ['teacher', 'other'] },
    run: run as never,
  })

/** Asks, asks three at once about the reply, and asks about all of them. */
const careful = own('careful', (async (record: Rec<'prompt'>, ctx: any) => {
  const first = await ctx.call(ctx.options.teacher, { messages: record.messages })
  const about = { messages: [{ role: 'user', content: `Doubt this: ${first.content}` }] }
  const doubts = await Promise.all([0, 1, 2].map(n => ctx.call(ctx.options.other, about, n)))
  const last = [{ role: 'user', content: doubts.map((doubt: any) => doubt.content).join('\n') }]
  const { content } = await ctx.call(ctx.options.teacher, { messages: last })
  return conversation(record, first.content, content)
}) as never)

/** Makes the best of every call that fails, as a careless author might. */
const careless = own('careless', (async (record: Rec<'prompt'>, ctx: any) => {
  const said: string[] = []
  for (const name of [ctx.options.teacher, ctx.options.other]) {
    try {
      said.push((await ctx.call(name, { messages: record.messages })).content)
    } catch (error) {
      said.push(`nothing: ${(error as Error).message}`)
    }
  }
  const both = [0, 1].map(n => ctx.call(ctx.options.teacher, { messages: record.messages }, n + 1))
  for (const one of await Promise.allSettled(both)) {
    if (one.status === 'rejected') return { is: 'dropped', reason: 'gave-up' }
    said.push(one.value.content)
  }
  return conversation(record, ...said)
}) as never)

describe.each([careful, careless])("a user's step", step => {
  const steps = [step]
  const what = (more: object = {}) => recipe([{ [step.verb]: { from: 'q', teacher: 'slow', other: 'quick' } }], more)

  test(`${step.verb} survives parking with the right result`, async () => {
    const wanted = await reference(24, what(), { steps })
    expect(wanted.text).not.toContain('nothing: ')
    const server = await simulator({
      faults: [...tenMinutes('slow', 2, 7, 30).faults!, ...tenMinutes('quick', 5, 11).faults!],
    })
    const ran = await runOn(server, folder(questions(24)), what(), { steps })
    expect(ran.error).toBeUndefined()
    expect(lines(ran.all)).toBe(wanted.text)
    expect(server.stats).toMatchObject({ distinct: wanted.distinct, repeats: 0 })
  })

  test(`${step.verb} survives batches`, async () => {
    const wanted = await reference(24, what(), { steps })
    const batched = { mode: 'batch', batch: { poll: 1, rows: 9 } }
    const teachers = { slow: model('slow', batched), quick: model('quick') }
    const server = await simulator({ batch: { fates: [{ errors: 0.5 }] } })
    const ran = await runOn(server, folder(questions(24)), what({ teachers }), { steps })
    expect(ran.error).toBeUndefined()
    expect(lines(ran.all)).toBe(wanted.text)
    expect(server.stats).toMatchObject({ distinct: wanted.distinct, repeats: 0 })
  })

  test(`${step.verb} decides nothing from calls that a budget kept from being made`, async () => {
    const wanted = await reference(24, what(), { steps })
    const server = await simulator()
    const dir = folder(questions(24))
    for (const calls of [5, 30, 61]) {
      const stopped = await runOn(server, dir, what({ budget: { calls } }), { steps })
      expect(stopped).toMatchObject({ exit: 4, funnel: {} })
    }
    const ran = await runOn(server, dir, what(), { steps })
    expect(ran.error).toBeUndefined()
    expect(lines(ran.all)).toBe(wanted.text)
    expect(server.stats).toMatchObject({ distinct: wanted.distinct, repeats: 0 })
  })

  test(`${step.verb} decides nothing from a teacher that is down`, async () => {
    const wanted = await reference(24, what(), { steps })
    const server = await simulator({ faults: [{ kind: { status: 503 }, model: 'quick', from: 8 }] })
    const dir = folder(questions(24))
    const stopped = await runOn(server, dir, what(), { steps })
    expect(stopped).toMatchObject({ exit: 1, status: 'paused' })
    const back = await simulator()
    const ran = await runOn(back, dir, what(), { steps })
    expect(lines(ran.all)).toBe(wanted.text)
    expect(back.stats.distinct + server.stats.answered).toBe(wanted.distinct)
  })

  test(`${step.verb} leaves a root out of a replay that lacks one of its replies`, async () => {
    const server = await simulator()
    const dir = folder(questions(24))
    await runOn(server, dir, what({ budget: { calls: 61 } }), { steps })
    write(dir, { 'recipe.yaml': stringify(what()) })
    const project = await openProject(join(dir, 'recipe.yaml'), [...builtinSteps, ...steps])
    const session = openSession(project.workspace, { command: 'test' })
    try {
      const { result, unpaid } = await replay(project, session)
      expect(result.error).toBeUndefined()
      expect(unpaid.length).toBeGreaterThan(4)
      const rows = [...result.rows()]
      expect(rows.length + unpaid.length).toBe(24)
      expect(lines(rows)).not.toContain('nothing: ')
    } finally {
      session.close()
    }
    const wanted = await reference(24, what(), { steps })
    const ran = await runOn(server, dir, what(), { steps })
    expect(lines(ran.all)).toBe(wanted.text)
  })
})

test('a group step whose draws and whose referee are parked has its families whole', async () => {
  const what = recipe([
    { answer: { from: 'q', teacher: 'slow', samples: 3, agreement: 0, agree: 'judge', referee: 'judge' } },
  ])
  const wanted = await reference(24, what)
  const server = await simulator({
    faults: [...tenMinutes('slow', 4, 30, 55).faults!, ...tenMinutes('judge', 2, 10).faults!],
  })
  const ran = await runOn(server, folder(questions(24)), what)
  expect(ran.error).toBeUndefined()
  expect(lines(ran.all)).toBe(wanted.text)
  expect(ran.funnel).toEqual(wanted.funnel)
  expect(server.stats).toMatchObject({ distinct: wanted.distinct, repeats: 0 })
})

test('a run that is interrupted among many tasks leaves no file open and none half-written', async () => {
  const server = await simulator({ latencyMs: 5 })
  const dir = folder(questions(2400))
  const interrupt = new AbortController()
  let calls = 0
  const hear = (event: Event) => {
    if (event.event === 'call' && ++calls === 60) interrupt.abort()
  }
  const teachers = { slow: model('slow', { concurrency: 1 }) }
  const what = recipe([{ answer: { from: 'q', teacher: 'slow' } }], { teachers })
  const stopped = await runOn(server, dir, what, { renderers: [hear], signal: interrupt.signal })
  expect(stopped.exit).toBe(130)
  for (let turn = 0; turn < 100; turn++) await new Promise(resolve => setImmediate(resolve))
  expect(heldOpen(dir)).toEqual([])
  expect(drafts(dir)).toEqual([])
})
