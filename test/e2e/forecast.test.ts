import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { builtinSteps } from '../../src/builtin-steps.ts'
import { forecastPlan, openProject, openSession } from '../../src/run/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { documents } from '../support/documents.ts'
import { folder, write } from '../support/project.ts'
import { finish } from '../support/released.ts'

const open: Awaited<ReturnType<typeof startSimulator>>[] = []
afterEach(() => Promise.all(open.splice(0).map(simulator => simulator.stop())))

const recipe = (budget: object) => ({
  name: 'told',
  teachers: {
    writer: { model: 'simulate/writer', price: { input: 1, output: 4 }, max_tokens: 600, concurrency: 4 },
    solver: { model: 'simulate/solver', price: { input: 1, output: 4 }, max_tokens: 600, concurrency: 4 },
  },
  sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
  steps: [{ ask: { from: 'docs', teacher: 'writer', questions: 4 } }, { answer: { teacher: 'solver', samples: 2 } }],
  budget,
  release: { version: '0.1.0', license: 'cc-by-4.0', date: '2026-01-01' },
  gates: { decontaminated: { override: 'a test has no evaluation set' } },
})

test('a run that paused at its budget and was finished later tells of itself: nothing is estimated', async () => {
  const simulator = await startSimulator({ seed: 2 })
  open.push(simulator)
  const whole = await finish(folder({ ...documents(8), 'recipe.yaml': stringify(recipe({})) }), simulator.url)
  const cost = Object.values(whole.calls).reduce((sum, { usd }) => sum + usd!, 0)
  const dir = folder({ ...documents(8), 'recipe.yaml': stringify(recipe({ usd: 0.6 * cost })) })
  expect((await finish(dir, simulator.url)).exit).toBe(4)
  write(dir, { 'recipe.yaml': stringify(recipe({})) })
  expect((await finish(dir, simulator.url)).error).toBeUndefined()
  const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  const session = openSession(project.workspace, { command: 'test' })
  const told = forecastPlan(await project.plan(), session)
  const { usd, calls } = session.journal.spent()
  session.close()
  expect(usd).toBeCloseTo(cost, 9)
  expect(told).toMatchObject({ limited: false })
  expect(told!.total.usd!.value).toBeGreaterThan(0.97 * usd)
  expect(told!.total.usd!.value).toBeLessThan(1.03 * usd)
  expect(new Set(told!.total.usd!.band).size).toBe(1)
  expect(Math.abs(told!.total.calls.value - calls)).toBeLessThanOrEqual(0.03 * calls)
})
