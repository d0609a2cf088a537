import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { builtinSteps } from '../../src/builtin-steps.ts'
import { type Id, random } from '../../src/records/index.ts'
import { openProject, openSession, releaseRun, replay, run } from '../../src/run/index.ts'
import { countPoints } from '../../src/testing.ts'
import { billed } from '../support/billed.ts'
import { fastClock } from '../support/clock.ts'
import { commandLine } from '../support/command-line.ts'
import { documents } from '../support/documents.ts'
import { folder, write } from '../support/project.ts'
import { finish, releaseBytes, runUntilKilled } from '../support/released.ts'
import { scattered } from '../support/scattered.ts'
import { type Simulator, type SimulatorOptions, simulator } from '../support/simulators.ts'
import { taughtRecipe } from '../support/taught-recipe.ts'

type Unit = 'usd' | 'tokens' | 'calls'
type Mode = 'online' | 'batch'
type Protocol = 'openai' | 'anthropic'

const long = process.env.STILLROOM_LONG !== undefined
const concurrency = 4
const price = { input: 3, output: 15, cachedInput: 0.3, cacheWrite: 3.75, batch: 0.5 }

function files(mode: Mode, protocol: Protocol, budget?: { [unit in Unit]?: number }): { [path: string]: string } {
  const teacher = (model: string, more: object = {}) => ({
    ...{ model: `simulate/${model}`, protocol, price, concurrency, start: concurrency, max_tokens: 600 },
    ...more,
  })
  const batched = mode === 'batch' ? { mode, batch: { poll: 0.02, finish: 1 } } : {}
  const teachers = {
    writer: teacher('writer', batched),
    // Slower than the judge, so that what is answered is judged before everything is answered.
    solver: teacher('solver', { ...batched, concurrency: 2, start: 2 }),
    judge: teacher('judge'),
  }
  const recipe = taughtRecipe('capped', teachers, { samples: 2, ...(budget ? { budget } : {}) })
  return { ...scattered('docs', documents(16)), 'recipe.yaml': stringify(recipe) }
}

const serve = (options: SimulatorOptions = {}): Promise<Simulator> =>
  simulator({ prices: price, cache: { minTokens: 128 }, ...options })

/** As the server bills it, replies that never arrived included. */
function spent({ stats }: Simulator): { [unit in Unit]: number } {
  const { usd, tokens, models } = stats
  const calls = Object.values(models).reduce((sum, { replies }) => sum + replies, 0)
  return { usd, tokens: tokens.input + tokens.output, calls }
}
/** Calls of a process that is gone are worked on all the same. */
async function quiet(server: Simulator): Promise<void> {
  while (server.stats.inFlight > 0) await new Promise(resolve => setImmediate(resolve))
}

const go = (dir: string, server: Simulator) => finish(dir, server.url, { clock: fastClock(50) })

/** The most that was ever reserved for one call. */
function dearest(dir: string): { usd: number; tokens: number } {
  const journal = new DatabaseSync(join(dir, '.stillroom', 'journal.sqlite'), { readOnly: true })
  try {
    const sums = journal.prepare('select max(reserved_usd) usd, max(reserved_tokens) tokens from intents').get()
    return { usd: Number(sums!.usd), tokens: Number(sums!.tokens) }
  } finally {
    journal.close()
  }
}

type Whole = {
  bytes: { [path: string]: string }
  spent: { [unit in Unit]: number }
  dearest: { usd: number; tokens: number }
  commits: number
  distinct: number
}
const wholes = new Map<string, Promise<Whole>>()
/** The run without a cap. */
function whole(mode: Mode, protocol: Protocol): Promise<Whole> {
  const name = `${mode} ${protocol}`
  const known = wholes.get(name)
  if (known) return known
  const made = (async () => {
    const server = await serve()
    const dir = folder(files(mode, protocol))
    const { reached, counts } = countPoints()
    expect((await finish(dir, server.url, { reached })).error).toBeUndefined()
    const { distinct, twice } = billed(server)
    expect(twice).toBe(0)
    return {
      bytes: releaseBytes(dir),
      spent: spent(server),
      dearest: dearest(dir),
      commits: counts.get('commit')!,
      distinct,
    }
  })()
  wholes.set(name, made)
  return made
}

/** The roots that a partial release leaves out. */
async function unpaidIn(dir: string): Promise<Id[]> {
  const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  const session = openSession(project.workspace, { command: 'test' })
  try {
    const { result, unpaid } = await replay(project, session)
    expect(result.status).toMatch(/^(done|yield)$/)
    return unpaid
  } finally {
    session.close()
  }
}

/** A run that was restricted to the other roots from the start, and paid for all of them. */
async function restricted(drop: Id[], mode: Mode, protocol: Protocol): Promise<{ [path: string]: string }> {
  const server = await serve()
  const dir = folder(files(mode, protocol))
  const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  const session = openSession(project.workspace, { command: 'test' })
  try {
    const plan = await project.plan({ restrict: { drop } })
    const result = await run({ plan, session, env: { STILLROOM_SIMULATOR: server.url } })
    expect(result.error).toBeUndefined()
    await releaseRun(project, session, result, { plan })
  } finally {
    session.close()
  }
  return releaseBytes(dir)
}

type Case = { i: number; unit: Unit; mode: Mode; protocol: Protocol; kills: number }
const units: Unit[] = ['usd', 'usd', 'usd', 'tokens', 'usd', 'calls', 'usd', 'usd', 'tokens', 'calls']
const all = units.flatMap((unit, i) =>
  (['online', 'batch'] as const).map(
    (mode, j): Case => ({ i, unit, mode, protocol: (i + j) % 2 === 0 ? 'openai' : 'anthropic', kills: 3 }),
  ),
)
const daily: Case[] = [
  { i: 7, unit: 'usd', mode: 'online', protocol: 'openai', kills: 1 },
  { i: 3, unit: 'usd', mode: 'batch', protocol: 'anthropic', kills: 1 },
  { i: 5, unit: 'tokens', mode: 'online', protocol: 'anthropic', kills: 0 },
]
/** Between 5 % and 95 % of what the whole run costs. */
const shareOf = (i: number): number => 0.05 + 0.9 * random('caps', i)()
const cases = (long ? all : daily).map(one => ({
  ...one,
  share: shareOf(one.i),
  name: `${(100 * shareOf(one.i)).toFixed(0)} % of the ${one.unit}, ${one.mode}, ${one.protocol}, killed ${one.kills} times`,
}))

test.each(cases)(
  'a cap at $name, is never passed, and raising it buys the rest only',
  async ({ i, unit, mode, protocol, kills, share }) => {
    const like = await whole(mode, protocol)
    const cap = unit === 'usd' ? share * like.spent.usd : Math.floor(share * like.spent[unit])
    const capped = files(mode, protocol, { [unit]: cap })
    async function raised(dir: string, server: Simulator) {
      write(dir, files(mode, protocol, { [unit]: 20 * like.spent[unit] }))
      expect((await go(dir, server)).error).toBeUndefined()
      expect(releaseBytes(dir)).toEqual(like.bytes)
      return billed(server)
    }

    const server = await serve()
    const dir = folder(capped)
    expect(await go(dir, server)).toMatchObject({ exit: 4, status: 'budget' })
    expect(spent(server)[unit]).toBeLessThanOrEqual(cap)
    // It did not stop while there was money for another call.
    if (unit === 'calls') expect(spent(server).calls).toBe(cap)
    else expect(spent(server)[unit]).toBeGreaterThan(cap - like.dearest[unit])
    const rows = await partial(dir, mode, protocol)
    if (share > 0.5) expect(rows).toBeGreaterThan(0)
    expect(await raised(dir, server)).toMatchObject({ distinct: like.distinct, twice: 0 })

    if (kills === 0) return
    const shaky = await serve()
    const other = folder()
    write(other, capped)
    const pick = random('kills under a cap', i, mode)
    let killed = 0
    for (let k = 0; k < kills; k++) {
      const n = 1 + Math.floor((pick() * share * like.commits) / kills / 3)
      if ((await runUntilKilled(other, shaky.url, 'commit', n)) === 'SIGKILL') killed++
      await quiet(shaky)
      expect(spent(shaky)[unit]).toBeLessThanOrEqual(cap)
    }
    if (share > 0.15) expect(killed).toBeGreaterThan(0)
    expect(await go(other, shaky)).toMatchObject({ exit: 4, status: 'budget' })
    expect(spent(shaky)[unit]).toBeLessThanOrEqual(cap)
    const { distinct, twice } = await raised(other, shaky)
    expect(distinct).toBe(like.distinct)
    // What was in the air of each teacher when the process died. A batch is collected instead.
    expect(twice).toBeLessThanOrEqual(killed * concurrency * (mode === 'batch' ? 1 : 3))
  },
  120_000,
)

/** Releases what was paid for and compares it with a run of just that. Returns its rows, and 0 where there is nothing. */
async function partial(dir: string, mode: Mode, protocol: Protocol): Promise<number> {
  const drop = await unpaidIn(dir)
  const { code, out, err } = await commandLine(dir, 'release --partial --out paid/releases --json')
  if (code !== 0) {
    expect(err + out).toMatch(/SR_YIELD|nothing/)
    return 0
  }
  expect(await commandLine(dir, 'verify paid/releases/capped-0.1.0')).toMatchObject({ code: 0 })
  expect(releaseBytes(join(dir, 'paid'))).toEqual(await restricted(drop, mode, protocol))
  return JSON.parse(out).rows
}

test('replies that are lost on their way are paid for too, and count', async () => {
  const like = await whole('online', 'openai')
  const server = await serve({ faults: [{ kind: 'truncated', share: 0.4 }] })
  const usd = 0.8 * like.spent.usd
  const dir = folder(files('online', 'openai', { usd }))
  expect(await go(dir, server)).toMatchObject({ exit: 4 })
  expect(server.stats.undelivered).toBeGreaterThan(5)
  expect(server.stats.usd).toBeLessThanOrEqual(usd)
  // What they cost is remembered.
  expect(await go(dir, server)).toMatchObject({ exit: 4 })
  expect(server.stats.usd).toBeLessThanOrEqual(usd)
  write(dir, files('online', 'openai'))
  expect((await go(dir, server)).error).toBeUndefined()
  expect(releaseBytes(dir)).toEqual(like.bytes)
  expect(billed(server)).toMatchObject({ distinct: like.distinct, twice: server.stats.undelivered })
})
