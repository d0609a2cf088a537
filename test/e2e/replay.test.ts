import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { builtinSteps } from '../../src/builtin-steps.ts'
import { canonical, type Rec } from '../../src/records/index.ts'
import { isReplay, listRuns, openProject, openSession, releaseRun, replay, run } from '../../src/run/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { documents } from '../support/documents.ts'
import { journalCalls } from '../support/journal.ts'
import { folder, runIn, write } from '../support/project.ts'

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  simulator = await startSimulator({ seed: 5 })
})
afterAll(() => simulator.stop())

const asked = [{ extract: { from: 'docs', keep: '90%' } }, { ask: { teacher: 'writer', questions: 3 } }]
const answered = [
  ...asked,
  { answer: { teacher: 'solver', samples: 2 } },
  { balance: { difficulty: { easy: 1, medium: 1 } } },
]
// A paid step behind a global: who is judged depends on who else was answered.
const judged = [...answered, { judge: { teacher: 'judge', drop: '30%' } }]
function recipe(more: object = {}) {
  const teacher = (model: string) => ({ model, at: `${simulator.url}/v1`, price: 'free' })
  return {
    name: 'replayed',
    seed: 3,
    teachers: { writer: teacher('writer'), solver: teacher('solver'), judge: teacher('judge') },
    sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
    steps: judged,
    release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-01-01' },
    gates: { decontaminated: { override: 'a test has no evaluation set' } },
    ...more,
  }
}
const lines = (rows: Iterable<Rec>) => [...rows].map(canonical).join('\n')

/** Opens the recipe as it stands in the folder; counts what reaches the simulator meanwhile. */
async function opened<T>(
  dir: string,
  what: object,
  work: (project: Awaited<ReturnType<typeof openProject>>, session: ReturnType<typeof openSession>) => Promise<T>,
) {
  write(dir, { 'recipe.yaml': stringify(what) })
  const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  const session = openSession(project.workspace, { command: 'test' })
  const before = simulator.stats.calls
  try {
    return { ...(await work(project, session)), paid: simulator.stats.calls - before }
  } finally {
    session.close()
  }
}

/** Replays, then really runs without the roots that were left out: both must be the same, and nobody is asked. */
async function replayed(dir: string, what: object, set: { [option: string]: unknown } = {}) {
  return opened(dir, what, async (project, session) => {
    const { result, unpaid } = await replay(project, session, { set })
    expect(result.error).toBeUndefined()
    const plan = await project.plan({ set, restrict: { drop: unpaid } })
    const real = await run({ plan, session, env: {} })
    expect(real.error).toBeUndefined()
    expect(lines(result.rows())).toBe(lines(real.rows()))
    expect(result.funnel).toEqual(real.funnel)
    return { unpaid, funnel: result.funnel, text: lines(result.rows()), rows: [...result.rows()] }
  })
}

test('a replay that is killed is none of the runs of the recipe', async () => {
  const dir = folder(documents(2))
  const first = await runIn(dir, recipe({ steps: asked }))
  await opened(dir, recipe({ steps: asked }), async (project, session) => {
    const killed = (): never => {
      throw new Error('killed')
    }
    await expect(replay(project, session, { renderers: [killed] })).rejects.toThrow('killed')
    const runs = listRuns(session.paths)
    expect(runs.map(id => isReplay(session.paths, id))).toEqual(runs.map(id => id !== first.run))
    expect(runs).toHaveLength(2)
  })
})

test('with everything paid for, a replay with other options is the run that has them in its recipe', async () => {
  const dir = folder(documents(10))
  const judge = (drop: string) => ({ judge: { teacher: 'judge', drop } })
  const [extract, ask, answer] = answered
  const before = recipe({ steps: [extract, ask, answer, judge('30%')] })
  const first = await runIn(dir, before)
  const again = await replayed(dir, before, { 'judge.drop': '50%', 'extract.keep': 0.7 })
  expect([again.paid, again.unpaid]).toEqual([0, []])
  expect(again.rows.length).toBeLessThan(first.all.length)
  const steps = [{ extract: { from: 'docs', keep: '70%' } }, ask, answer, judge('50%')]
  // Where nothing was made before, so that no task is shared with the replay.
  const real = await runIn(folder(documents(10)), recipe({ steps }))
  expect(lines(real.all)).toBe(again.text)
  expect(real.funnel).toEqual(again.funnel)
})

/** Six documents are paid for to the end, all others up to their answers. */
async function payInPart(dir: string): Promise<void> {
  await runIn(dir, recipe(), { context: { restrict: { limit: 6 } } })
  await runIn(dir, recipe({ steps: answered }))
}

test('without some replies a replay is the run restricted to the roots that have theirs', async () => {
  const dir = folder(documents(10))
  await payInPart(dir)
  const { unpaid, paid, rows } = await replayed(dir, recipe())
  expect(paid).toBe(0)
  expect(unpaid.length).toBeGreaterThan(0)
  expect(rows.length).toBeGreaterThan(3)
})

test.each([20, 45, 70])(
  'a run that its budget stopped after %i calls replays as the run of what it finished',
  async calls => {
    const dir = folder(documents(10))
    const before = simulator.stats.calls
    const stopped = await runIn(dir, recipe({ budget: { calls } }))
    expect([stopped.status, stopped.exit]).toEqual(['budget', 4])
    expect(simulator.stats.calls - before).toBeLessThanOrEqual(calls)
    const { unpaid, paid } = await replayed(dir, recipe({ floor: 0 }))
    expect(paid).toBe(0)
    expect(unpaid.length).toBeGreaterThan(0)
  },
)

function bytes(root: string): { [path: string]: string } {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(path =>
    statSync(join(root, path)).isFile(),
  )
  return Object.fromEntries(files.sort().map(path => [path, readFileSync(join(root, path), 'latin1')]))
}

test('a partial release is the release of that restricted run, and says what it leaves out', async () => {
  const dir = folder(documents(10))
  await payInPart(dir)
  const { partial, real, left } = await opened(dir, recipe(), async (project, session) => {
    const partial = await releaseRun(project, session, undefined, { partial: true, out: join(dir, 'partial') })
    const { unpaid } = await replay(project, session, {})
    const plan = await project.plan({ restrict: { drop: unpaid } })
    const real = await releaseRun(project, session, await run({ plan, session, env: {} }), {
      plan,
      out: join(dir, 'real'),
    })
    return { partial: bytes(partial.dir), real: bytes(real.dir), left: unpaid.length }
  })
  for (const files of [partial, real]) delete files['run.json']
  expect(Object.keys(partial)).toContain('data/sft/train-00000-of-00001.parquet')
  expect(partial).toEqual(real)
  expect(partial['README.md']).toContain(`${left} roots`)
  // Unfinished, it is released in part or not at all.
  await expect(opened(dir, recipe(), releaseRun as never)).rejects.toMatchObject({ code: 'SR_NOT_FOUND' })
})

test('the full run after a limited one asks for the rest alone', async () => {
  const dir = folder(documents(10))
  const before = simulator.stats.calls
  const limited = await runIn(dir, recipe(), { context: { restrict: { limit: 3 } } })
  expect(limited.funnel['ask.limit']).toMatchObject({ in: 9, passed: 3, dropped: { 'over-limit': 6 } })
  const few = simulator.stats.calls - before
  const full = await runIn(dir, recipe())
  const all = simulator.stats.calls - before
  expect(few).toBeGreaterThan(10)
  // Both journals hold the same calls; the limited run may have judged rows that the full one does not.
  const alone = folder(documents(10))
  expect(lines((await runIn(alone, recipe())).all)).toBe(lines(full.all))
  const held = journalCalls(dir)
  expect(all).toBe(held.size)
  for (const call of journalCalls(alone).keys()) expect(held.has(call)).toBe(true)
})

test('built-in teachers, whose rules are their revision, replay as well as any other', async () => {
  const documents = join(import.meta.dirname, '../../examples/quickstart/documents/cncf-glossary/en')
  const builtin = {
    teachers: { writer: { model: 'builtin/extractive' }, judge: { model: 'builtin/heuristic' } },
    steps: [
      { extract: { from: 'docs', keep: '90%' } },
      { ask: { teacher: 'writer', questions: 3 } },
      { answer: { teacher: 'writer' } },
      { judge: { teacher: 'judge', drop: '30%' } },
    ],
  }
  const dir = folder()
  cpSync(documents, join(dir, 'docs'), { recursive: true })
  expect((await runIn(dir, recipe(builtin))).error).toBeUndefined()
  // Other documents stand together now, so that every task asks the journal.
  const set = { 'extract.keep': '60%' }
  const replayed = await opened(dir, recipe(builtin), (project, session) => replay(project, session, { set }))
  expect(replayed.unpaid).toEqual([])
  const alone = folder()
  cpSync(join(dir, 'docs'), join(alone, 'docs'), { recursive: true })
  const real = await runIn(alone, recipe(builtin), { context: { set } })
  expect(real.all.length).toBeGreaterThan(5)
  const again = await runIn(dir, recipe(builtin), { context: { set } })
  expect(lines(again.all)).toBe(lines(real.all))
  expect(replayed.result.funnel).toEqual(real.funnel)
})
