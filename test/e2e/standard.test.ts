import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { builtinSteps } from '../../src/builtin-steps.ts'
import { type Rec, sha256 } from '../../src/records/index.ts'
import { readRows } from '../../src/release/index.ts'
import {
  type Funnel,
  funnelErrors,
  openProject,
  openSession,
  readRun,
  readShard,
  rejectsOf,
  releaseRun,
  run,
} from '../../src/run/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { tokenizer } from '../../src/text/index.ts'

type Recipe = {
  teachers: { [name: string]: { concurrency?: number } }
  steps: (string | { balance?: { tokens: [number, number] } })[]
}
type Body = { messages: { content: string }[] }
type Simulator = Awaited<ReturnType<typeof startSimulator>>

const root = join(import.meta.dirname, '..', '..')
const home = mkdtempSync(join(tmpdir(), 'stillroom-standard-'))

/** A copy of the recipe with what it reads, so that nothing is left beside the original. */
function copy(concurrency: number): string {
  const dir = mkdtempSync(join(home, 'copy-'))
  const filter = (path: string) => !/[\\/](?:\.stillroom|releases)$/.test(path)
  for (const part of ['recipes', 'examples/quickstart'])
    cpSync(join(root, part), join(dir, part), { recursive: true, filter })
  edit(dir, recipe => {
    for (const teacher of Object.values(recipe.teachers)) teacher.concurrency = concurrency
  })
  return dir
}

const recipeOf = (dir: string) => join(dir, 'recipes', 'standard.yaml')
const releaseOf = (dir: string) => join(dir, 'recipes', 'releases', 'standard-0.1.0')

function edit(dir: string, change: (recipe: Recipe) => void): void {
  const recipe = parse(readFileSync(recipeOf(dir), 'utf8')) as Recipe
  change(recipe)
  writeFileSync(recipeOf(dir), stringify(recipe))
}

type Finished = { funnel: Funnel; rows: Rec[]; scored: Rec[]; cut: string[]; inBounds: Rec[] }

async function finish(dir: string, url: string, release = true): Promise<Finished> {
  const project = await openProject(recipeOf(dir), builtinSteps)
  const session = openSession(project.workspace, { command: 'test' })
  try {
    const result = await run({ plan: await project.plan(), session, env: { STILLROOM_SIMULATOR: url } })
    expect(result.error).toBeUndefined()
    if (release) await releaseRun(project, session, result)
    const after = (stage: string) =>
      result.shards.get(stage)!.flatMap(shard => [...readShard(session.store, shard)].map(({ record }) => record))
    const past = readRun(session.paths, result.run)
    return {
      funnel: result.funnel,
      rows: [...result.rows()],
      scored: after('judge.score'),
      cut: [...rejectsOf(session.store, past, { step: 'judge.cut' })].map(reject => reject.record!.id),
      inBounds: after('balance.cut-tokens'),
    }
  } finally {
    session.close()
  }
}

/** Digests of the files that must be the same bytes in every run. */
function releaseBytes(dir: string): { [path: string]: string } {
  const files = readdirSync(releaseOf(dir), { recursive: true, encoding: 'utf8' })
    .filter(path => path !== 'run.json' && !path.startsWith('report') && statSync(join(releaseOf(dir), path)).isFile())
    .sort()
  return Object.fromEntries(files.map(path => [path, sha256(readFileSync(join(releaseOf(dir), path)))]))
}

/** 3:5:2 within rounding, and no larger set would have held it: some bucket is used up. */
function expectRatio(kept: Rec[], offered: Rec[]): void {
  const of = (rows: Rec[], name: string) => rows.filter(row => row.facets.difficulty === name).length
  const shares = Object.entries({ easy: 0.3, medium: 0.5, hard: 0.2 })
  for (const [name, share] of shares) expect(Math.abs(of(kept, name) - share * kept.length)).toBeLessThan(1)
  expect(shares.some(([name]) => of(offered, name) - of(kept, name) <= 1)).toBe(true)
}

let simulator: Simulator
let dir: string
let first: Finished
let calls: number
let asked: Simulator['log']
let most: number
beforeAll(async () => {
  // Late and early replies mixed, so that they arrive in another order than they were asked in.
  simulator = await startSimulator({ seed: 5, logSize: 5000, latencyMs: [0, 20] })
  dir = copy(200)
  first = await finish(dir, simulator.url)
  calls = simulator.stats.calls
  asked = simulator.log
  most = simulator.stats.maxInFlight
}, 60_000)
afterAll(async () => {
  await simulator.stop()
  rmSync(home, { recursive: true, force: true })
})

test('both identities of the funnel hold at every primitive step', () => {
  expect(funnelErrors(first.funnel)).toEqual([])
  expect(Object.keys(first.funnel)).toEqual(
    expect.arrayContaining([
      ...['extract.score', 'extract.cut', 'ask', 'answer.draw', 'answer.agree', 'answer.floor', 'clean'],
      ...['judge.score', 'judge.cut', 'dedupe.exact', 'dedupe.near', 'decontaminate'],
      ...['balance.tokens', 'balance.cut-tokens', 'balance.share', 'split.root', 'split.assign'],
    ]),
  )
})

test('ten questions a document are asked for, in the manner of real queries, and five answers a question', () => {
  const kept = 0.8 * 38
  expect(first.funnel['extract.cut']!.passed).toBe(Math.ceil(kept))
  const queries = readFileSync(join(dir, 'recipes/data/banking77.csv'), 'utf8').replaceAll('""', '"')
  const requests = asked.filter(entry => entry.model === 'writer').map(entry => entry.body as Body)
  expect(requests).toHaveLength(Math.ceil(kept))
  for (const { messages } of requests) {
    const prompt = messages.map(message => message.content).join('\n')
    expect(prompt).toContain('Write exactly 10 questions')
    const shown = [...prompt.matchAll(/<example>\n([\s\S]*?)\n<\/example>/g)].map(found => found[1]!)
    expect(shown).toHaveLength(3)
    for (const query of shown) expect(queries).toContain(query)
  }
  expect(first.funnel.ask!.items).toBe(10 * requests.length)
  const solved = asked.filter(entry => entry.model === 'solver')
  expect(solved).toHaveLength(5 * first.funnel.ask!.made)
})

test('the judge takes the lowest 30 %, rounded down, and of equal marks the larger id', () => {
  const mark = (row: Rec) => (row.scores['judge/overall'] as { value: number }).value
  const order = [...first.scored].sort((a, b) => mark(a) - mark(b) || (a.id > b.id ? -1 : 1))
  const lowest = order.slice(0, Math.floor(0.3 * order.length)).map(row => row.id)
  expect(lowest.length).toBeGreaterThan(50)
  expect([...first.cut].sort()).toEqual(lowest.sort())
})

test('every released row is inside the token bounds, counted again from the file', async () => {
  const { count } = tokenizer()
  let rows = 0
  for await (const { row } of readRows(releaseOf(dir))) {
    const answer = (row.messages as { role: string; content: string }[]).at(-1)!
    expect(row.tokens).toBe(count(answer.content))
    expect(row.tokens).toBeGreaterThanOrEqual(200)
    expect(row.tokens).toBeLessThanOrEqual(4000)
    rows++
  }
  expect(rows).toBe(first.rows.length)
  expectRatio(first.rows, first.inBounds)
})

test('a second run asks nothing and leaves the same bytes; other bounds ask nothing and hold the ratio as well', async () => {
  const before = releaseBytes(dir)
  await finish(dir, simulator.url)
  expect(releaseBytes(dir)).toEqual(before)
  // Wider bounds let other rows in: the ratio must hold for them as well.
  edit(dir, recipe => {
    for (const step of recipe.steps) if (typeof step === 'object' && step.balance) step.balance.tokens = [60, 4000]
  })
  const wider = await finish(dir, simulator.url, false)
  expect(wider.rows.length).toBeGreaterThan(100)
  expectRatio(wider.rows, wider.inBounds)
  expect(simulator.stats.calls).toBe(calls)
})

test('the release is the same bytes with 1, 7 and 200 calls in the air', async () => {
  const released = []
  for (const concurrency of [1, 7]) {
    const other = copy(concurrency)
    const server = await startSimulator({ seed: 5, logSize: 0, latencyMs: concurrency === 1 ? 0 : [0, 4] })
    try {
      await finish(other, server.url)
      expect(server.stats.maxInFlight).toBeLessThanOrEqual(3 * concurrency)
      expect(server.stats.calls).toBe(calls)
    } finally {
      await server.stop()
    }
    released.push(releaseBytes(other))
  }
  expect(most).toBeGreaterThan(21)
  expect(Object.keys(released[0]!)).toContain('manifest.json')
  expect(released[0]).toEqual(released[1])
  expect(released[0]).toEqual(releaseBytes(dir))
}, 60_000)
