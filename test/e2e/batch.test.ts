import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import { random } from '../../src/records/index.ts'
import { defineMap } from '../../src/steps/index.ts'
import { countPoints, startSimulator } from '../../src/testing.ts'
import type { Event } from '../../src/workspace/index.ts'
import { fastClock } from '../support/clock.ts'
import { commandLine } from '../support/command-line.ts'
import { documents } from '../support/documents.ts'
import { folder, runIn, write } from '../support/project.ts'
import { finish, releaseBytes, runUntilKilled } from '../support/released.ts'
import { type SimulatorOptions, simulator } from '../support/simulators.ts'
import { taughtRecipe } from '../support/taught-recipe.ts'

const long = process.env.STILLROOM_LONG !== undefined

/** Two teachers in batches and a judge online, so that the graph holds both. */
function files(teacher: object, protocol?: 'anthropic'): { [path: string]: string } {
  const route = protocol ? { protocol } : {}
  const teachers = {
    writer: { model: 'simulate/writer', ...route, ...teacher },
    solver: { model: 'simulate/solver', ...route, ...teacher },
    judge: { model: 'simulate/judge', ...route },
  }
  const recipe = taughtRecipe('batched', teachers, { samples: 3 })
  return { ...documents(6), 'recipe.yaml': stringify(recipe) }
}
const batched = (more: object = {}) => ({ mode: 'batch', batch: { poll: 0.02, ...more } })

const tooMuch = [{ fails: 'token_limit_exceeded' }, undefined, { fails: 'token_limit_exceeded' }]
const protocols = [undefined, 'anthropic'] as const
const reference = new Map<string | undefined, { bytes: { [path: string]: string }; calls: number }>()
beforeAll(async () => {
  for (const protocol of protocols) {
    const server = await startSimulator({ seed: 5 })
    const dir = folder(files({}, protocol))
    expect((await finish(dir, server.url)).error).toBeUndefined()
    reference.set(protocol, { bytes: releaseBytes(dir), calls: server.stats.distinct })
    await server.stop()
  }
}, 60_000)

async function ends(dir: string, server: { url: string }, more: Parameters<typeof finish>[2] = {}) {
  const events: Event[] = []
  const result = await finish(dir, server.url, { clock: fastClock(50), renderers: [e => events.push(e)], ...more })
  return { result, events }
}

describe.each(protocols)('batches over the %s protocol', protocol => {
  const same = (dir: string) => expect(releaseBytes(dir)).toEqual(reference.get(protocol)!.bytes)

  test('give the bytes of a run without them, each call bought once, and nothing is asked again', async () => {
    const server = await simulator()
    const dir = folder(files(batched(), protocol))
    const { result } = await ends(dir, server)
    expect(result.error).toBeUndefined()
    same(dir)
    expect(server.stats).toMatchObject({ distinct: reference.get(protocol)!.calls, repeats: 0 })
    const { rows } = server.stats
    expect(rows).toBeGreaterThan(30)
    await ends(dir, server)
    expect(server.stats.rows).toBe(rows)
  })

  test('are split by rows, and a small rest is asked online', async () => {
    const server = await simulator()
    const dir = folder(files(batched({ rows: 7, finish: 3 }), protocol))
    const { result, events } = await ends(dir, server)
    expect(result.error).toBeUndefined()
    same(dir)
    expect(server.stats.repeats).toBe(0)
    const cut = events
      .filter(e => e.event === 'batch' && e.state === 'cut')
      .map(e => (e.event === 'batch' ? e.rows : 0))
    expect(Math.max(...cut)).toBe(7)
    expect(Math.min(...cut)).toBeGreaterThan(3)
  })

  const fates: { [fate: string]: SimulatorOptions['batch'] } = {
    'expired half-way': { fates: [{ expires: 0.5 }, { expires: 0.2 }] },
    'half failed': { fates: [{ errors: 0.5 }, { errors: 0.5 }, { errors: 0.3 }] },
    // The other vendor knows no such end: it refuses the submission.
    ...(protocol ? {} : { 'over the limit of tokens': { fates: tooMuch } }),
    'made and never acknowledged': { fates: [{ losesAnswer: true }, undefined, { losesAnswer: true }] },
    'refused for a parameter': { fates: [{ unsupported: { parameter: 'temperature' } }] },
    slow: { looks: 9 },
  }
  // The other protocol goes the same way: in the short run with every third.
  const told = Object.keys(fates).filter((_, i) => long || !protocol || i % 3 === 1)
  test.each(told)('%s end alike: only what failed is bought again', async fate => {
    const server = await simulator({ batch: fates[fate]! })
    const refused = fate === 'refused for a parameter'
    const dir = folder(files({ ...batched(), ...(refused ? { temperature: 0.5 } : {}) }, protocol))
    const { result } = await ends(dir, server)
    expect(result.error).toBeUndefined()
    if (!refused) same(dir)
    expect(server.stats.repeats).toBe(0)
  })

  test('of which every call is refused stop the run instead of dropping the rows', async () => {
    const unsupported = { parameter: 'messages' }
    const server = await simulator({ batch: { fates: [{ unsupported }] } })
    const dir = folder(files(batched(), protocol))
    const { result } = await ends(dir, server)
    expect(result.error).toMatchObject({
      code: 'SR_TEACHER_REJECTS',
      message: expect.stringMatching(/all 5 .*messages/s),
    })
    expect((await ends(dir, server)).result.error).toBeUndefined()
    same(dir)
    expect(server.stats.repeats).toBe(0)
  })

  test('that a server cannot take at the moment wait for it', async () => {
    const path = protocol ? 'POST /messages/batches' : 'POST /batches'
    const kinds = [{ status: 429, headers: { 'retry-after': '20' } }, { status: 503 }, 'reset', 'not-json'] as const
    const faults = kinds.map((kind, i) => ({ kind, path, from: i + 1, to: i + 1 }))
    const looks = protocol ? 'GET /messages/batches/*' : 'GET /batches/*'
    const server = await simulator({
      faults: [
        ...faults,
        { kind: { status: 500 }, path: looks, from: 2, to: 3 },
        { kind: 'truncated', path: looks, from: 5, to: 5 },
      ],
    })
    const dir = folder(files(batched(), protocol))
    const { result } = await ends(dir, server)
    expect(result.error).toBeUndefined()
    same(dir)
    expect(server.stats.repeats).toBe(0)
  })

  const states = ['cut', 'uploaded', 'submitting', 'submitted', 'over'].filter(
    state => !protocol || state !== 'uploaded',
  )
  const points = [
    ...states.flatMap(state => [`batch.${state}.before`, `batch.${state}.after`]),
    'batch.submit',
    'batch.sent',
    'batch.polled',
  ]
  // How often a run reaches each of them: counted once.
  let whole: Promise<Map<string, number>> | undefined
  async function timesReached(): Promise<Map<string, number>> {
    const { counts, reached } = countPoints()
    await ends(folder(files(batched(), protocol)), await simulator(), { reached })
    return counts
  }
  // All of them in the long run; else two of each protocol, not the same.
  const some = long ? points : points.filter((_, i) => i % 7 === (protocol ? 1 : 3))
  test.each(some)('killed at %s buy nothing twice and end alike', async point => {
    whole ??= timesReached()
    const times = (await whole).get(point) ?? 0
    expect(times).toBeGreaterThan(0)
    const server = await simulator()
    const dir = folder()
    write(dir, files(batched(), protocol))
    const n = 1 + Math.floor(random(point, protocol ?? '')() * times)
    expect(await runUntilKilled(dir, server.url, point, n)).toBe('SIGKILL')
    const { result } = await ends(dir, server)
    expect(result.error).toBeUndefined()
    same(dir)
    expect(server.stats).toMatchObject({ distinct: reference.get(protocol)!.calls, repeats: 0 })
  })
})

test('a batch under way is collected by a run that asks online now, and not bought again', async () => {
  const server = await simulator()
  const dir = folder(files(batched()))
  expect(await runUntilKilled(dir, server.url, 'batch.submitted.after', 1)).toBe('SIGKILL')
  write(dir, files({}))
  const { result, events } = await ends(dir, server)
  expect(result.error).toBeUndefined()
  expect(releaseBytes(dir)).toEqual(reference.get(undefined)!.bytes)
  expect(server.stats).toMatchObject({ batches: 1, repeats: 0 })
  expect(events.some(e => e.event === 'batch' && e.state === 'over')).toBe(true)
})

test('a batch that the provider refuses to begin is over, so that its calls can be asked online', async () => {
  const server = await simulator({ faults: [{ kind: { status: 400 }, path: 'POST /batches' }] })
  const dir = folder(files(batched()))
  const refused = (await ends(dir, server)).result
  expect(refused.error).toMatchObject({ code: 'SR_TEACHER_REJECTS', hint: expect.stringContaining('mode: online') })
  write(dir, files({}))
  expect((await ends(dir, server)).result.error).toBeUndefined()
  expect(releaseBytes(dir)).toEqual(reference.get(undefined)!.bytes)
})

test('a batch that was not begun yet is not begun by a run that asks online now', async () => {
  const server = await simulator()
  const dir = folder(files(batched()))
  expect(await runUntilKilled(dir, server.url, 'batch.cut.after', 1)).toBe('SIGKILL')
  write(dir, files({}))
  expect((await ends(dir, server)).result.error).toBeUndefined()
  expect(releaseBytes(dir)).toEqual(reference.get(undefined)!.bytes)
  expect(server.stats).toMatchObject({ batches: 0, repeats: 0 })
})

test('limits of a provider make batches smaller, however often, and send no call online', async () => {
  const server = await simulator({ batch: { fates: Array(7).fill({ fails: 'token_limit_exceeded' }) } })
  const dir = folder({ ...files(batched()), ...documents(36) })
  expect((await ends(dir, server, { clock: fastClock(500) })).result.error).toBeUndefined()
  expect(server.stats.models.writer!.replies).toBeGreaterThan(25)
  expect(
    server.log.filter(({ model, path, batch }) => model === 'writer' && path.endsWith('completions') && !batch),
  ).toEqual([])
})

test('a batch that another account began is kept until its key is there again', async () => {
  const server = await simulator({ faults: [{ kind: { status: 404 }, path: 'GET /batches/*', count: 1 }] })
  const dir = folder(files(batched()))
  expect(await runUntilKilled(dir, server.url, 'batch.submitted.after', 1)).toBe('SIGKILL')
  expect((await ends(dir, server)).result.error).toMatchObject({
    code: 'SR_TEACHER_REJECTS',
    hint: expect.stringContaining('stillroom batches cancel'),
  })
  expect((await ends(dir, server)).result.error).toBeUndefined()
  expect(releaseBytes(dir)).toEqual(reference.get(undefined)!.bytes)
  expect(server.stats.repeats).toBe(0)
})

test('a batch whose results are kept no more stops the run until it is given up, and counts in full', async () => {
  const price = { input: 1, output: 2, batch: 0.5 }
  const server = await simulator({ faults: [{ kind: { status: 404 }, path: 'GET /files/*/content', count: 2 }] })
  const paying = files({ ...batched(), price, max_tokens: 500 })
  const dir = folder(paying)
  const hint = expect.stringContaining('stillroom batches cancel')
  expect((await ends(dir, server)).result.error).toMatchObject({ code: 'SR_TEACHER_REJECTS', hint })
  const given = await commandLine(dir, 'batches cancel', { env: { STILLROOM_SIMULATOR: server.url } })
  expect(given).toMatchObject({ code: 0, out: expect.stringContaining('given up') })
  // What it may have cost stays spent.
  write(dir, { 'recipe.yaml': `${paying['recipe.yaml']}budget: { usd: 0.001 }\n` })
  expect((await ends(dir, server)).result.exit).toBe(4)
  write(dir, paying)
  expect((await ends(dir, server)).result.error).toBeUndefined()
})

test('a question that waits for a batch is not asked online beside it', async () => {
  const server = await simulator()
  const both = defineMap({
    verb: 'both',
    about: 'Asks two teachers the same.',
    version: 1,
    options: z.strictObject({ slow: z.string(), fast: z.string() }),
    takes: ['document'],
    gives: ['row'],
    reasons: [],
    needs: { teachers: ['slow', 'fast'] },
    async run(record, ctx) {
      const text = record.kind === 'document' ? record.text : ''
      const ask = { messages: [{ role: 'user' as const, content: text }] }
      const answers = await Promise.all([ctx.options.slow, ctx.options.fast].map(name => ctx.call(name, ask)))
      const columns = { same: answers[0]!.content === answers[1]!.content }
      return { is: 'made', made: [{ payload: { kind: 'row', columns }, index: 0 }] }
    },
  })
  const recipe = {
    name: 'beside',
    teachers: { slow: { model: 'simulate/a', ...batched() }, fast: { model: 'simulate/a' } },
    sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
    steps: [{ both: { from: 'docs', slow: 'slow', fast: 'fast' } }],
  }
  const env = { STILLROOM_SIMULATOR: server.url }
  const ran = await runIn(folder(documents(4)), recipe, { steps: [both], env, clock: fastClock(50) })
  expect(ran.all.map(record => record.kind === 'row' && record.columns.same)).toEqual([true, true, true, true])
  expect(server.stats).toMatchObject({ calls: 0, rows: 4, repeats: 0 })
})

test('a batch that is cancelled keeps what was done, and the next run asks for the rest', async () => {
  const server = await simulator({ batch: { fates: [{ hangs: true, expires: 0.4 }] } })
  const dir = folder(files(batched()))
  expect(await runUntilKilled(dir, server.url, 'batch.polled', 2)).toBe('SIGKILL')
  const env = { STILLROOM_SIMULATOR: server.url }
  expect(await commandLine(dir, 'batches cancel', { env })).toMatchObject({
    code: 0,
    out: expect.stringContaining('cancelled'),
  })
  expect((await commandLine(dir, 'batches cancel', { env })).err).toMatch(/No batch is under way/)
  const { result } = await ends(dir, server)
  expect(result.error).toBeUndefined()
  expect(releaseBytes(dir)).toEqual(reference.get(undefined)!.bytes)
  expect(server.stats.repeats).toBe(0)
})

test('a budget cuts the batch to what it can pay for, and a higher one buys the rest', async () => {
  const price = { input: 1, output: 2, batch: 0.5 }
  const teacher = { ...batched(), price, max_tokens: 500 }
  const whole = await simulator({ prices: price })
  const reached = await ends(folder(files(teacher)), whole)
  const spent = Object.values(reached.result.calls).reduce((sum, { usd }) => sum + usd!, 0)
  const saved = Object.values(reached.result.calls).reduce((sum, total) => sum + total.saved.batch, 0)
  // The judge is asked online and free.
  const billed = ({ models }: typeof whole.stats) => models.writer!.usd + models.solver!.usd
  expect(spent).toBeCloseTo(billed(whole.stats), 9)
  expect(saved).toBeCloseTo(spent, 9)
  const server = await simulator({ prices: price })
  const usd = 0.6 * spent
  const dir = folder(files(teacher))
  const text = readFileSync(join(dir, 'recipe.yaml'), 'utf8')
  write(dir, { 'recipe.yaml': `${text}budget: { usd: ${usd} }\n` })
  expect((await ends(dir, server)).result.exit).toBe(4)
  expect(billed(server.stats)).toBeLessThanOrEqual(usd)
  expect(server.stats.rows).toBeGreaterThan(0)
  write(dir, files(teacher))
  expect((await ends(dir, server)).result.error).toBeUndefined()
  expect(server.stats.repeats).toBe(0)
})
