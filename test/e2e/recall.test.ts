import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { builtinSteps } from '../../src/builtin-steps.ts'
import { canonical } from '../../src/records/index.ts'
import { listRuns, openProject, openSession, readRun, rejectsOf, retry, type Session } from '../../src/run/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { workspacePaths } from '../../src/workspace/index.ts'
import { documents } from '../support/documents.ts'
import { folder, runIn, write } from '../support/project.ts'

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  simulator = await startSimulator({ seed: 5, refusalRate: 0.4 })
})
afterAll(() => simulator.stop())

const recipe = () => ({
  name: 'recalled',
  teachers: { writer: { model: 'm', at: `${simulator.url}/v1`, price: 'free' } },
  sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
  steps: [
    { ask: { from: 'docs', teacher: 'writer', questions: 2 } },
    { answer: { teacher: 'writer' } },
    { length: { min: 1, max: 100_000 } },
  ],
})

const pathsOf = (dir: string) => workspacePaths(join(dir, '.stillroom'))
const past = (dir: string) => readRun(pathsOf(dir), listRuns(pathsOf(dir)).at(-1)!)

test('whatever task lost its folder is made again, without a call, although all was recalled before', async () => {
  const dir = folder(documents(6))
  const first = await runIn(dir, recipe())
  const calls = simulator.stats.calls
  const tasks = past(dir).tasks.map(({ task }) => pathsOf(dir).task(task))
  expect(tasks.length).toBeGreaterThan(4)
  for (const lost of tasks) {
    rmSync(lost, { recursive: true })
    const again = await runIn(dir, recipe())
    expect(again.error).toBeUndefined()
    expect(again.all.map(canonical)).toEqual(first.all.map(canonical))
    expect(again.funnel).toEqual(first.funnel)
    expect(existsSync(lost)).toBe(true)
  }
  expect(simulator.stats.calls).toBe(calls)
})

test('a lost file is named with a hint that helps', async () => {
  const dir = folder(documents(6))
  const first = await runIn(dir, recipe())
  const task = pathsOf(dir).task([...first.shards.values()].at(-1)![0]!.pieces[0]!.task)
  rmSync(join(task, 'part.jsonl.zst'))
  await expect(runIn(dir, recipe())).rejects.toMatchObject({
    code: 'SR_WORKSPACE',
    hint: expect.stringContaining(`remove ${task}`),
  })
  rmSync(task, { recursive: true })
  const again = await runIn(dir, recipe())
  expect(again.all.map(canonical)).toEqual(first.all.map(canonical))
})

test('a task that left rejects alone is made again too when its folder is gone', async () => {
  const dir = folder(documents(4))
  const steps = [...recipe().steps.slice(0, 1), { length: { min: 90_000, max: 100_000 } }]
  const none = { ...recipe(), steps, floor: 0 }
  const first = await runIn(dir, none)
  expect(first.all).toEqual([])
  const lost = past(dir).tasks.find(({ stage }) => stage.startsWith('length'))!
  rmSync(pathsOf(dir).task(lost.task), { recursive: true })
  const again = await runIn(dir, none)
  expect(again.funnel).toEqual(first.funnel)
  await opened(dir, session => expect([...rejectsOf(session.store, past(dir))].length).toBeGreaterThan(0))
})

async function opened<T>(dir: string, work: (session: Session) => T): Promise<T> {
  write(dir, { 'recipe.yaml': stringify(recipe()) })
  const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  const session = openSession(project.workspace, { command: 'test' })
  try {
    return work(session)
  } finally {
    session.close()
  }
}

test('a retry that is killed at any task, and given again, asks for what it would have asked for', async () => {
  const dir = folder(documents(10))
  await runIn(dir, recipe())
  // A run that recalls everything tells its tasks by the summaries alone.
  await runIn(dir, recipe())
  const asks = async (at: string) => {
    const before = simulator.stats.calls
    await runIn(at, recipe())
    return simulator.stats.calls - before
  }
  const whole = folder()
  cpSync(dir, whole, { recursive: true })
  const { tasks } = await opened(whole, session => retry(session, past(whole), { reason: 'refused' }))
  expect(tasks.length).toBeGreaterThan(1)
  const expected = await asks(whole)
  expect(expected).toBeGreaterThan(0)
  for (let survived = 0; survived < tasks.length; survived++) {
    const killed = folder()
    cpSync(dir, killed, { recursive: true })
    await opened(killed, session => {
      let left = survived
      const forget = (task: string) => {
        if (left-- === 0) throw new Error('killed')
        session.store.forget(task)
      }
      const dying = { ...session, store: { ...session.store, forget } }
      expect(() => retry(dying, past(killed), { reason: 'refused' })).toThrow('killed')
    })
    const again = await opened(killed, session => retry(session, past(killed), { reason: 'refused' }))
    expect(again.rejects).toBeGreaterThan(0)
    expect(await asks(killed)).toBe(expected)
  }
})

test('the second run already recalls every stage behind the sources as a whole, and tells the same', async () => {
  const dir = folder(documents(300))
  const free = {
    ...recipe(),
    steps: [{ extract: { from: 'docs', keep: '50%' } }, { length: { min: 1, max: 100_000, of: 'document' } }],
  }
  const first = await runIn(dir, free)
  const events: { event: string; stage?: string }[] = []
  const second = await runIn(dir, free, { renderers: [event => void events.push(event as { event: string })] })
  const tasks = events.filter(e => e.event === 'task-done')
  expect(tasks.map(e => e.stage)).toEqual(['docs'])
  expect(events.filter(e => e.event === 'stage-recalled')).toHaveLength(4)
  expect(second.funnel).toEqual(first.funnel)
  expect(second.notes).toEqual(first.notes)
})
