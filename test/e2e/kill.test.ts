import { beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { random } from '../../src/records/index.ts'
import { countPoints, startSimulator } from '../../src/testing.ts'
import { documents } from '../support/documents.ts'
import { folder, write } from '../support/project.ts'
import { finish, releaseBytes, runUntilKilled } from '../support/released.ts'
import { taughtRecipe } from '../support/taught-recipe.ts'

const concurrency = 8
const long = process.env.STILLROOM_LONG !== undefined

const teacher = (name: string) => ({ model: `simulate/${name}`, concurrency })
const teachers = { writer: teacher('writer'), solver: teacher('solver'), judge: teacher('judge') }
const recipe = taughtRecipe('killed', teachers, { samples: 3 })
const files = (): { [path: string]: string } => ({ ...documents(10), 'recipe.yaml': stringify(recipe) })

let reference: { bytes: { [path: string]: string }; calls: number; points: Map<string, number> }
beforeAll(async () => {
  const simulator = await startSimulator({ seed: 5, latencyMs: 3 })
  try {
    const dir = folder(files())
    const { reached, counts } = countPoints()
    expect((await finish(dir, simulator.url, { reached })).error).toBeUndefined()
    reference = { bytes: releaseBytes(dir), calls: simulator.stats.calls, points: counts }
    expect(Object.keys(reference.bytes)).toContain('manifest.json')
    // A second run asks nothing and changes nothing.
    await finish(dir, simulator.url)
    expect(simulator.stats.calls).toBe(reference.calls)
    expect(releaseBytes(dir)).toEqual(reference.bytes)
  } finally {
    await simulator.stop()
  }
}, 60_000)

async function killedRun(point: string, n: number): Promise<void> {
  const simulator = await startSimulator({ seed: 5, latencyMs: 3 })
  try {
    const dir = folder()
    write(dir, files())
    const end = await runUntilKilled(dir, simulator.url, point, n)
    // Commits are grouped by time: a run may reach a point less often than the reference did.
    if (end === 0 && n > 1) return await killedRun(point, Math.ceil(n / 2))
    expect(end).toBe('SIGKILL')
    expect((await finish(dir, simulator.url)).error).toBeUndefined()
    expect(releaseBytes(dir)).toEqual(reference.bytes)
    // Only what was in the air may be asked again, for each of three teachers.
    const { calls, distinct } = simulator.stats
    expect(distinct).toBe(reference.calls)
    expect(calls).toBeLessThanOrEqual(distinct + concurrency * 3)
  } finally {
    await simulator.stop()
  }
}

const named = [
  'sync.before',
  'sync.after',
  'rename.before',
  'rename.after',
  'done.before',
  'done.after',
  'intent.before',
  'intent.after',
  'reply.before',
  'reply.after',
]
const pick = random('kill points', 11)

test.each(named)('killed at %s, the rerun ends in the same bytes and repeats only what was in the air', async point => {
  await killedRun(point, 1 + Math.floor(pick() * reference.points.get(point)!))
})

test.each(Array.from({ length: long ? 20 : 4 }, (_, i) => i))(
  'killed at a seeded number of journal commits (%i)',
  async i => {
    const next = random('kill commits', i)
    await killedRun('commit', 1 + Math.floor(next() * reference.points.get('commit')!))
  },
)
