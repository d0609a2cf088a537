import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { builtinSteps } from '../../src/builtin-steps.ts'
import { canonical, type Rec } from '../../src/records/index.ts'
import {
  openProject,
  openSession,
  type RunOptions,
  readRun,
  rejectsOf,
  releaseRun,
  replay,
  run,
} from '../../src/run/index.ts'
import type { CallRow, Event } from '../../src/workspace/index.ts'
import { fastClock } from '../support/clock.ts'
import { documents } from '../support/documents.ts'
import { folder, runIn, write } from '../support/project.ts'
import { finish, releaseBytes, runUntilKilled } from '../support/released.ts'
import { type Simulator, type SimulatorOptions, simulator } from '../support/simulators.ts'

type Entries = { [name: string]: object }

/** A model that the simulator answers as; each is a route of its own. */
const model = (name: string, more: object = {}) => ({ model: `simulate/${name}`, patience: 1, ...more })
const pool = (weights: { [name: string]: number }, more: object = {}) => ({ 'any-of': weights, ...more })

const questions = (n: number) => ({
  'q.jsonl': Array.from({ length: n }, (_, i) => {
    return JSON.stringify({ prompt: `Why does the relief valve of boiler ${i} open at ${i + 3} bar?` })
  }).join('\n'),
})
const asked = { q: { files: 'q.jsonl', license: 'cc0-1.0', kind: 'prompt' } }
const read = { docs: { files: 'docs/*.md', license: 'cc0-1.0' } }
const answered = [{ answer: { from: 'q', teacher: 'writer' } }]
const judged = [...answered, { judge: { teacher: 'critic', drop: '30%' } }]
function recipe(teachers: Entries, steps: object[], more: object = {}) {
  return {
    name: 'pooled',
    seed: 3,
    teachers,
    sources: JSON.stringify(steps).includes('"docs"') ? read : asked,
    steps,
    release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-01-01' },
    gates: { decontaminated: { override: 'a test has no evaluation set' } },
    ...more,
  }
}

const lines = (rows: Iterable<Rec>) => [...rows].map(canonical).join('\n')
const times = <T>(values: T[]) => {
  const counts = new Map<T, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

/** Opens the folder's recipe; what is asked meanwhile goes to no simulator unless the environment names one. */
async function opened<T>(
  dir: string,
  work: (project: Awaited<ReturnType<typeof openProject>>, session: ReturnType<typeof openSession>) => Promise<T>,
): Promise<T> {
  const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  const session = openSession(project.workspace, { command: 'test' })
  try {
    return await work(project, session)
  } finally {
    session.close()
  }
}
const shown = (dir: string, calls: string[]): Promise<CallRow[][]> =>
  opened(dir, async (_, { journal }) => calls.map(call => journal.show(call)))
const rejected = (dir: string, id: string) =>
  opened(dir, async (_, { store, paths }) => [...rejectsOf(store, readRun(paths, id))])

/** Runs on a clock on which minutes are moments. */
async function runOn(server: Simulator, dir: string, what: object, more: Partial<RunOptions> = {}) {
  return runIn(dir, what, { env: { STILLROOM_SIMULATOR: server.url }, clock: fastClock(200), ...more })
}

/** What every row says of who answered is what the journal says of its calls. */
async function expectAgreement(dir: string, rows: Rec[]): Promise<void> {
  for (const { lineage, scores } of rows) {
    const { teachers, calls } = lineage.made!
    const entries = await shown(dir, calls)
    const replied = entries.map(rows => rows.find(({ state }) => state === 'reply'))
    expect(teachers).toHaveLength(1)
    const last = replied.at(-1)!
    expect(`${last.provider}/${last.model}`).toBe(teachers[0])
    for (const score of Object.values(scores)) {
      if (!score.call) continue
      const [[{ provider, model } = {} as CallRow] = []] = await shown(dir, [score.call])
      expect(`${provider}/${model}`).toBe(score.judge)
    }
  }
}

describe('any-of', () => {
  const members = { a: model('a'), b: model('b'), j: model('judge-j'), k: model('judge-k') }
  const weighted = { ...members, writer: pool({ a: 1, b: 3 }), critic: pool({ j: 1, k: 1 }) }
  const by = (rows: Rec[]) => times(rows.map(row => row.lineage.made!.teachers.join()))

  test('gives each member its share of the records, and rows and journal say who answered', async () => {
    const server = await simulator()
    const dir = folder(questions(320))
    const { all, error, calls } = await runOn(server, dir, recipe(weighted, judged))
    expect(error).toBeUndefined()
    const sent = (name: string) => calls[name]!.sent
    expect(sent('a') + sent('b')).toBe(320)
    // Within four standard deviations of a binomial share.
    expect(Math.abs(sent('a') - 80)).toBeLessThan(4 * Math.sqrt(320 * 0.25 * 0.75))
    expect(Math.abs(sent('j') - 160)).toBeLessThan(4 * Math.sqrt(320 * 0.25))
    const shares = by(all)
    expect([...shares.keys()].sort()).toEqual(['simulate/a', 'simulate/b'])
    await expectAgreement(dir, all.slice(0, 60))
    const judges = times(all.flatMap(row => Object.values(row.scores).map(score => score.judge)))
    expect(judges.get('simulate/judge-j')! + judges.get('simulate/judge-k')!).toBeGreaterThanOrEqual(all.length)
  })

  test('comes out alike at any pace, in any order of its entries, and after a part of it', async () => {
    const server = await simulator({ latencyMs: [0, 8] })
    const what = (teachers: Entries) => stringify(recipe(teachers, judged))
    const first = folder({ ...questions(60), 'recipe.yaml': what(weighted) })
    expect((await finish(first, server.url)).error).toBeUndefined()
    const bytes = releaseBytes(first)
    const { calls } = server.stats

    const turned = Object.fromEntries(Object.entries(weighted).toReversed())
    const slow = { a: model('a', { concurrency: 1 }), b: model('b', { concurrency: 2 }) }
    const reordered = { ...turned, ...slow, writer: pool({ b: 3, a: 1 }), critic: pool({ k: 2, j: 2 }) }
    const again = folder({ ...questions(60), 'recipe.yaml': what(reordered) })
    expect((await finish(again, server.url)).error).toBeUndefined()
    const manifest = (found: typeof bytes) => Object.entries(found).filter(([path]) => path.startsWith('data/'))
    expect(manifest(releaseBytes(again))).toEqual(manifest(bytes))
    expect(server.stats.calls).toBe(2 * calls)

    const later = folder(questions(60))
    const plan = recipe(weighted, judged)
    await runOn(server, later, plan, {})
    write(later, { 'recipe.yaml': what(weighted) })
    expect((await finish(later, server.url)).error).toBeUndefined()
    expect(releaseBytes(later)).toEqual(bytes)
    expect(server.stats.calls).toBe(3 * calls)
  })

  test('a member that comes takes its share only, and repays nothing', async () => {
    const server = await simulator()
    const dir = folder(questions(160))
    const two = { ...members, writer: pool({ a: 1, b: 1 }) }
    const three = { ...two, c: model('c'), writer: pool({ b: 2, c: 2, a: 2 }) }
    const first = await runOn(server, dir, recipe(two, answered))
    const before = server.stats.calls
    const second = await runOn(server, dir, recipe(three, answered))
    const fresh = server.log.slice(before)
    expect(new Set(fresh.map(entry => entry.model))).toEqual(new Set(['c']))
    const old = new Map(first.all.map(row => [row.lineage.parents[0]!.id, row]))
    let moved = 0
    for (const row of second.all) {
      const was = old.get(row.lineage.parents[0]!.id)!
      if (row.lineage.made!.teachers[0] === 'simulate/c') moved++
      else expect(canonical(row)).toBe(canonical(was))
    }
    expect(moved).toBe(fresh.length)
    expect(Math.abs(moved - 160 / 3)).toBeLessThan(4 * Math.sqrt(160 * (1 / 3) * (2 / 3)))
    const back = await runOn(server, dir, recipe(two, answered))
    expect(lines(back.all)).toBe(lines(first.all))
    expect(server.stats.calls).toBe(before + fresh.length)
  })

  test('replays, and releases in part, what was paid for', async () => {
    const server = await simulator()
    const dir = folder(questions(50))
    const stopped = await runOn(server, dir, recipe(weighted, judged, { budget: { calls: 70 } }))
    expect(stopped.exit).toBe(4)
    const before = server.stats.calls
    const { partial, text, left } = await opened(dir, async (project, session) => {
      const { result, unpaid } = await replay(project, session)
      expect(result.error).toBeUndefined()
      const out = join(dir, 'partial')
      return {
        partial: await releaseRun(project, session, undefined, { partial: true, out }),
        text: lines(result.rows()),
        left: unpaid,
      }
    })
    expect(left.length).toBeGreaterThan(0)
    expect(partial.dir).toContain('partial')
    // Alone in a folder of its own, what was finished comes out alike.
    const real = await opened(dir, async (project, session) => {
      const plan = await project.plan({ restrict: { drop: left } })
      const env = { STILLROOM_SIMULATOR: server.url }
      return lines((await run({ plan, session, env })).rows())
    })
    expect(text).toBe(real)
    expect(server.stats.calls).toBe(before)
  })
})

describe('then.refusal', () => {
  const asks = [{ ask: { from: 'docs', teacher: 'writer', questions: 2 } }]
  const teachers = { writer: model('a', { then: { refusal: 'second' } }), second: model('b') }

  test('has the second asked what the first refuses; what both refuse is dropped with evidence', async () => {
    const server = await simulator({ refusalRate: 0.5 })
    const dir = folder(documents(40))
    const ran = await runOn(server, dir, recipe(teachers, asks, { floor: 0 }))
    expect(ran.error).toBeUndefined()
    const { refused } = ran.funnel.ask!.dropped
    expect(refused).toBeGreaterThan(3)
    expect(refused).toBeLessThan(18)
    const ways = new Map<string, number>()
    for (const { lineage } of ran.all) {
      const { teachers, calls } = lineage.made!
      const entries = (await shown(dir, calls)).map(([entry]) => `${entry!.model} ${entry!.finish}`)
      const way = `${teachers.join()}: ${entries.join(', ')}`
      ways.set(way, (ways.get(way) ?? 0) + 1)
    }
    expect([...ways.keys()].sort()).toEqual(['simulate/a: a stop', 'simulate/b: a refusal, b stop'])
    const rejects = await rejected(dir, ran.run)
    expect(rejects).toHaveLength(refused!)
    for (const { reason, evidence } of rejects) {
      expect(reason).toBe('refused')
      const [[entry]] = (await shown(dir, [(evidence as { call: string }).call])) as [CallRow[]]
      expect([entry!.model, entry!.finish]).toEqual(['b', 'refusal'])
    }
    const { calls } = server.stats
    expect(calls).toBe(40 + ran.calls.second!.sent)
    const again = await runOn(server, folder(documents(40)), recipe(teachers, asks, { floor: 0 }))
    expect(lines(again.all)).toBe(lines(ran.all))
    const replayed = await opened(dir, (project, session) => replay(project, session))
    expect(lines(replayed.result.rows())).toBe(lines(ran.all))
    expect(replayed.unpaid).toEqual([])
    expect(server.stats.calls).toBe(2 * calls)
  })

  test('among several draws only those name the second that it answered', async () => {
    const server = await simulator({ refusalRate: 0.4 })
    const dir = folder(questions(12))
    const drawn = [{ answer: { from: 'q', teacher: 'writer', samples: 4, agreement: 0 } }]
    const ran = await runOn(server, dir, recipe(teachers, drawn, { floor: 0 }))
    await expectAgreement(dir, ran.all)
    expect(new Set(ran.all.map(row => row.lineage.made!.teachers.join()))).toEqual(
      new Set(['simulate/a', 'simulate/b']),
    )
    for (const { lineage } of ran.all) {
      const entries = await shown(dir, lineage.made!.calls)
      expect(entries.map(([entry]) => entry!.model)).toEqual(
        lineage.made!.teachers[0] === 'simulate/a' ? ['a'] : ['a', 'b'],
      )
    }
  })
})

describe('then.outage', () => {
  const steps = [{ answer: { from: 'q', teacher: 'writer' } }, { judge: { teacher: 'critic', drop: '30%' } }]
  const chain = {
    writer: model('a', { then: { outage: 'second' }, concurrency: 4 }),
    second: model('b', { concurrency: 4 }),
    critic: model('judge', { concurrency: 4 }),
  }
  const gone = (from: number, name = 'a') => ({ kind: { status: 503 }, model: name, from }) as const
  const ready = (teachers: Entries, n = 40) =>
    folder({ ...questions(n), 'recipe.yaml': stringify(recipe(teachers, steps)) })
  const ends = (dir: string, server: Simulator, more: Parameters<typeof finish>[2] = {}) =>
    finish(dir, server.url, { clock: fastClock(200), ...more })
  const writers = (rows: Iterable<Rec>) => times([...rows].flatMap(row => row.lineage.made!.teachers))
  /** No question was answered twice on these servers, but for what a kill had left in the air. */
  function expectOnce(servers: Simulator[], air = 0): void {
    const bought = servers.flatMap(server => [...server.bought()].flatMap(([id, n]) => Array<string>(n).fill(id)))
    expect(bought.length - new Set(bought).size).toBeLessThanOrEqual(air)
  }

  test('the second answers while the first is down, and stays in its place when that is back', async () => {
    const down = await simulator({ faults: [gone(13)] })
    const dir = ready(chain)
    const events: Event[] = []
    const first = await ends(dir, down, { renderers: [event => events.push(event)] })
    expect(first.error).toBeUndefined()
    expect(first.calls).toMatchObject({ writer: { sent: 12 }, second: { sent: 28 } })
    expect(events.filter(e => e.event === 'route' && e.type === 'down')).toHaveLength(1)
    await expectAgreement(dir, [...first.rows()])
    const bytes = releaseBytes(dir)

    const healthy = await simulator()
    const recipes = { judge: { ...steps[1]!.judge, drop: '20%' } }
    // Another option on the judge, and a workspace without finished tasks: every reply is looked up again.
    const text = lines(first.rows())
    write(dir, { 'recipe.yaml': stringify(recipe(chain, [steps[0]!, recipes], { seed: 4 })) })
    const other = await runOn(healthy, dir, recipe(chain, [steps[0]!, recipes], { seed: 4 }))
    expect(other.error).toBeUndefined()
    expect(healthy.stats.calls).toBe(0)
    write(dir, { 'recipe.yaml': stringify(recipe(chain, steps)) })
    const replayed = await opened(dir, (project, session) => replay(project, session))
    expect(replayed.unpaid).toEqual([])
    expect(lines(replayed.result.rows())).toBe(text)
    await ends(dir, healthy)
    expect(releaseBytes(dir)).toEqual(bytes)
    expect(healthy.stats.calls).toBe(0)
  })

  test('killed after it, the run ends with the first healthy again as it would have ended', async () => {
    const server = await simulator({ faults: [gone(13)] })
    const dir = ready(chain)
    // The source is written first; then the answers are, when all of them are in.
    expect(await runUntilKilled(dir, server.url, 'sync.before', 2, 200)).toBe('SIGKILL')
    expect(server.stats.models).toMatchObject({ a: { replies: 12 }, b: { replies: 28 } })
    const healthy = await simulator()
    const result = await ends(dir, healthy)
    expect(result.error).toBeUndefined()
    expect(Object.keys(healthy.stats.models)).toEqual(['judge'])
    expectOnce([server, healthy])
    await expectAgreement(dir, [...result.rows()])
  })

  test('killed in the middle of it, what the second had been asked stays with it', async () => {
    const server = await simulator({ faults: [gone(13)] })
    const single = { ...chain, writer: { ...chain.writer, concurrency: 1 }, second: model('b', { concurrency: 1 }) }
    const dir = ready(single)
    // One in the air has a commit to itself: the first twelve are the first teacher's.
    expect(await runUntilKilled(dir, server.url, 'reply.after', 13, 200)).toBe('SIGKILL')
    const { a, b } = server.stats.models
    expect(a!.replies).toBe(12)
    const healthy = await simulator()
    const result = await ends(dir, healthy)
    expect(result.error).toBeUndefined()
    expectOnce([server, healthy], 2)
    const replies = (name: string) => healthy.stats.models[name]?.replies ?? 0
    expect([40, 41, 42]).toContain(12 + (b?.replies ?? 0) + replies('a') + replies('b'))
    expect((b?.replies ?? 0) + replies('b')).toBeGreaterThan(0)
    expect(replies('a')).toBeGreaterThan(0)
    await expectAgreement(dir, [...result.rows()])
    const replayed = await opened(dir, (project, session) => replay(project, session))
    expect(lines(replayed.result.rows())).toBe(lines(result.rows()))
  })

  test('without a second the run pauses, says what to do, and ends later as if nothing had been', async () => {
    const { second: _, ...rest } = chain
    const alone = { ...rest, writer: model('a', { concurrency: 4 }) }
    const healthy = await simulator()
    const whole = ready(alone)
    expect((await ends(whole, healthy)).error).toBeUndefined()
    const down = await simulator({ faults: [gone(13)] })
    const dir = ready(alone)
    const paused = await ends(dir, down)
    expect(paused).toMatchObject({ status: 'paused', exit: 1, error: { code: 'SR_TEACHER_DOWN' } })
    expect(paused.error!.hint).toMatch(/run again/i)
    const back = await simulator()
    expect((await ends(dir, back)).error).toBeUndefined()
    expect(releaseBytes(dir)).toEqual(releaseBytes(whole))
    expectOnce([down, back])
  })

  test('goes on from the second to the third, and each may have what it refuses asked elsewhere', async () => {
    const server = await simulator({ faults: [gone(16), gone(6, 'b')], refusalRate: 0.2 })
    const teachers = {
      writer: model('a', { then: { outage: 'second', refusal: 'other' }, concurrency: 4 }),
      second: model('b', { then: { outage: 'third' }, concurrency: 4 }),
      third: model('c', { concurrency: 4 }),
      other: model('d', { concurrency: 4 }),
      critic: model('judge'),
    }
    const dir = ready(teachers)
    const result = await ends(dir, server)
    expect(result.error).toBeUndefined()
    const by = writers(result.rows())
    expect([...by.keys()].sort()).toEqual(['simulate/a', 'simulate/b', 'simulate/c', 'simulate/d'])
    await expectAgreement(dir, [...result.rows()])
    const replayed = await opened(dir, (project, session) => replay(project, session))
    expect(lines(replayed.result.rows())).toBe(lines(result.rows()))
    expectOnce([server])
  })

  test('stands in for one member of a pool and leaves the others alone', async () => {
    const teachers = {
      a: model('a', { then: { outage: 'second' } }),
      c: model('c'),
      second: model('b'),
      writer: pool({ a: 1, c: 1 }),
      critic: model('judge'),
    }
    const well = await simulator()
    const whole = await ends(ready(teachers), well)
    const server = await simulator({ faults: [gone(6)] })
    const dir = ready(teachers)
    const result = await ends(dir, server)
    expect(result.error).toBeUndefined()
    const before = new Map([...whole.rows()].map(row => [row.lineage.parents[0]!.id, row.lineage.made!.teachers[0]]))
    expect(result.calls.a!.sent).toBe(5)
    expect(result.calls.c!.sent).toBe(whole.calls.c!.sent)
    expect(result.calls.second!.sent).toBe(whole.calls.a!.sent - 5)
    for (const { lineage } of result.rows()) {
      const was = before.get(lineage.parents[0]!.id)
      if (was === 'simulate/c') expect(lineage.made!.teachers).toEqual(['simulate/c'])
    }
  })

  test.each(['/files', '/batches'])('stands in for a teacher whose batches do not come through %s', async path => {
    const batched = { patience: 1, mode: 'batch', batch: { poll: 1, rows: 12 } }
    const alone = { ...chain, writer: model('a', batched) }
    const teachers = { ...chain, writer: model('a', { ...batched, then: { outage: 'second' } }) }
    const down: SimulatorOptions = { faults: [{ kind: { status: 503 }, path: `POST ${path}`, from: 2 }] }
    const server = await simulator(down)
    const dir = ready(teachers)
    const first = await ends(dir, server)
    expect(first.error).toBeUndefined()
    expect(first.calls).toMatchObject({ writer: { sent: 12 }, second: { sent: 28 } })
    await expectAgreement(dir, [...first.rows()])
    const bytes = releaseBytes(dir)
    const healthy = await simulator()
    await ends(dir, healthy)
    expect(releaseBytes(dir)).toEqual(bytes)
    expect([healthy.stats.calls, healthy.stats.batches]).toEqual([0, 0])
    const replayed = await opened(dir, (project, session) => replay(project, session))
    expect(lines(replayed.result.rows())).toBe(lines(first.rows()))

    const other = ready(alone)
    const again = await simulator(down)
    const paused = await ends(other, again)
    expect(paused).toMatchObject({ status: 'paused', exit: 1, error: { code: 'SR_TEACHER_DOWN' } })
    expect((await ends(other, healthy)).error).toBeUndefined()
    expectOnce([again, healthy])
  })

  test('a reply that could not be read is no part of the row when its teacher is gone before it is asked again', async () => {
    const asks = [{ ask: { from: 'docs', teacher: 'writer', questions: 2 } }]
    const teachers = { writer: model('a', { then: { outage: 'second' }, concurrency: 2 }), second: model('b') }
    const what = recipe(teachers, asks)
    const server = await simulator({ malformedRate: 0.5, faults: [gone(9)] })
    const dir = folder(documents(16))
    const first = await runOn(server, dir, what)
    expect(first.error).toBeUndefined()
    const replayed = await opened(dir, (project, session) =>
      replay(project, session, { set: { 'ask.audience': 'a graduate student' } }),
    )
    expect(lines(replayed.result.rows())).toBe(lines(first.all))
    const { calls } = server.stats
    // Other documents stand in its shard now, so that the task runs again.
    write(dir, documents(17))
    const again = await runOn(await simulator({ malformedRate: 0.5 }), dir, what)
    const before = new Map(first.all.map(row => [row.id, canonical(row)]))
    for (const row of again.all) if (before.has(row.id)) expect(canonical(row)).toBe(before.get(row.id))
    expect(calls).toBeGreaterThan(16)
  })
})

test('every teacher that may answer is asked for its terms', async () => {
  const paid = (name: string, more: object = {}) => ({
    model: name,
    at: 'http://127.0.0.1:9/v1',
    price: { input: 1, output: 2 },
    ...more,
  })
  const teachers = {
    a: paid('alpha', { then: { refusal: 'c' } }),
    b: paid('beta'),
    c: paid('gamma', { then: { outage: 'd' } }),
    d: paid('delta'),
    unused: paid('epsilon'),
    writer: pool({ a: 1, b: 1 }),
  }
  const ran = await runIn(folder(questions(3)), recipe(teachers, answered))
  expect(ran).toMatchObject({ exit: 3, error: { code: 'SR_TERMS' } })
  for (const name of ['alpha', 'beta', 'gamma', 'delta']) expect(ran.error!.hint).toContain(`accept self/${name}`)
  expect(ran.error!.hint).not.toContain('epsilon')
})
