import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { builtinSteps } from '../../src/builtin-steps.ts'
import { findNeeded, findWaste, listRuns, openProject, readRun, rejectsOf, removeWaste } from '../../src/run/index.ts'
import { openStore, takeLock, workspacePaths } from '../../src/workspace/index.ts'
import { commandLine } from '../support/command-line.ts'
import { documents } from '../support/documents.ts'
import { folder, write } from '../support/project.ts'
import { releaseBytes } from '../support/released.ts'
import { type Simulator, simulator } from '../support/simulators.ts'

const recipe = (drop: string, version = '0.1.0') => ({
  name: 'kept',
  teachers: { writer: { model: 'simulate/writer' }, judge: { model: 'simulate/judge' } },
  sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
  steps: [
    { ask: { from: 'docs', teacher: 'writer', questions: 2 } },
    { answer: { teacher: 'writer' } },
    { judge: { teacher: 'judge', drop } },
    { dedupe: { near: 0.9 } },
  ],
  release: { version, license: 'cc-by-4.0', date: '2026-01-01' },
  gates: { decontaminated: { override: 'a test has no evaluation set' } },
})

/** Commands in a folder, each a second after the one before: runs are told apart by when they began. */
function shell(server: Simulator) {
  let seconds = 0
  return async (dir: string, line: string) => {
    const now = new Date(Date.parse('2026-11-20T10:00:00Z') + 1000 * ++seconds)
    return commandLine(dir, line, { env: { STILLROOM_SIMULATOR: server.url }, now: () => now })
  }
}

const eventsOf = (dir: string, run: string) =>
  readFileSync(join(dir, '.stillroom', 'runs', run, 'events.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { event: string; cached?: boolean })

/** A folder in which two thresholds were tried and one replayed; the recipe stands at the first again. */
async function used(say: ReturnType<typeof shell>): Promise<{ dir: string; runs: string[] }> {
  const dir = folder({ ...documents(12), 'recipe.yaml': stringify(recipe('25%')) })
  expect((await say(dir, 'run')).err).toBe('')
  write(dir, { 'docs/new.md': '# Late\n\nA valve of steel opens at nine bar, and one of brass at seven.\n' })
  write(dir, { 'recipe.yaml': stringify(recipe('60%', '0.2.0')) })
  expect((await say(dir, 'run --no-release')).code).toBe(0)
  expect((await say(dir, 'replay --set judge.drop=40%')).code).toBe(0)
  write(dir, { 'recipe.yaml': stringify(recipe('25%', '0.2.0')) })
  expect((await say(dir, 'run')).err).toBe('')
  return { dir, runs: listRuns(workspacePaths(join(dir, '.stillroom'))) }
}

test('gc frees what no recipe needs, and everything goes on as if nothing were gone', async () => {
  const server = await simulator()
  const say = shell(server)
  const { dir, runs } = await used(say)
  const paths = workspacePaths(join(dir, '.stillroom'))
  const [first, second, replayed] = runs as [string, string, string]
  const rejects = (run: string) =>
    [
      ...rejectsOf(
        openStore(paths, () => {}),
        readRun(paths, run),
      ),
    ].length
  const before = releaseBytes(dir)
  const drafts = [
    'files.json.tmp-999999999',
    'stages/x.json.tmp-1',
    `tasks/${'a'.repeat(2)}/${'a'.repeat(64)}/part.tmp-1-2`,
  ]
  write(paths.root, Object.fromEntries(drafts.map(path => [path, 'half'])))

  const dry = JSON.parse((await say(dir, 'gc --json')).out)
  expect(dry.kinds).toMatchObject({
    tasks: { files: expect.any(Number) },
    looks: { files: expect.any(Number) },
    stages: { files: expect.any(Number) },
    unfinished: { files: 1, bytes: 4 },
    temporary: { files: 2, bytes: 8 },
  })
  expect(rejects(second)).toBeGreaterThan(0)
  expect(existsSync(join(paths.root, drafts[2]!))).toBe(true)

  // A process at work: what it is writing is not looked at, and nothing is removed.
  const release = takeLock(paths.lock, new Date(0), 'stillroom run')
  expect(JSON.parse((await say(dir, 'gc --json')).out).kinds).not.toHaveProperty('unfinished')
  expect(await say(dir, 'gc --yes')).toMatchObject({ code: 1, err: expect.stringContaining('SR_LOCKED') })
  release()

  // Asked for, a run keeps its rejects; without it they go, and with the replay nothing but its own goes.
  const keeping = JSON.parse((await say(dir, `gc --json --keep ${second}`)).out)
  expect(keeping.bytes).toBeLessThan(dry.bytes)
  const gone = JSON.parse((await say(dir, 'gc --yes --json')).out)
  expect(gone).toMatchObject({ removed: true, files: dry.files, bytes: dry.bytes })
  expect(rejects(second)).toBeLessThan(readRun(paths, second).funnel['judge.cut']!.dropped['bottom-share']!)
  expect(rejects(first)).toBeGreaterThan(0)
  expect(readRun(paths, replayed).status).toBe('done')
  expect(JSON.parse((await say(dir, 'gc --json')).out)).toMatchObject({ files: 0, kinds: {} })

  const calls = server.stats.calls
  const again = JSON.parse((await say(dir, 'run --json')).out.trim().split('\n').at(-1)!)
  expect(again).toMatchObject({ status: 'done', release: { existed: true }, changes: { verdicts: [] } })
  expect(eventsOf(dir, again.run).some(({ event, cached }) => event === 'task-done' && !cached)).toBe(false)
  // Without the shortcut each task is looked up, and what looks of globals found is there as well.
  rmSync(paths.stages, { recursive: true })
  const looks = () =>
    readdirSync(paths.tasks, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.v8'))
      .sort()
  const found = looks()
  expect(found.length).toBeGreaterThan(0)
  const slow = JSON.parse((await say(dir, 'run --json')).out.trim().split('\n').at(-1)!)
  expect(eventsOf(dir, slow.run).filter(({ event, cached }) => event === 'task-done' && !cached)).toEqual([])
  expect(looks()).toEqual(found)
  for (const line of ['show rows -n 2', 'show rejects -n 2', 'replay --set judge.drop=50%', 'release', 'check']) {
    expect(await say(dir, line), line).toMatchObject({ code: 0, err: '' })
  }
  for (const name of readdirSync(join(dir, 'releases')))
    expect(await say(dir, `verify releases/${name}`)).toMatchObject({ code: 0 })
  expect(releaseBytes(dir)).toEqual(before)
  expect(server.stats.calls).toBe(calls)
})

test('killed at any instant, gc leaves a workspace that goes on', async () => {
  const server = await simulator()
  const say = shell(server)
  const { dir } = await used(say)
  const calls = server.stats.calls
  async function wasteOf(where: string) {
    const paths = workspacePaths(join(where, '.stillroom'))
    const project = await openProject(join(where, 'recipe.yaml'), builtinSteps)
    const needed = findNeeded(paths, { plans: [await project.plan()], keep: [] })
    return findWaste(paths, needed, { busy: false, also: [] })
  }
  let points = 0
  const whole = folder()
  cpSync(dir, whole, { recursive: true })
  removeWaste(await wasteOf(whole), () => points++)
  expect(points).toBeGreaterThan(20)
  for (const at of [1, Math.floor(points / 2), points - 1]) {
    const where = folder()
    cpSync(dir, where, { recursive: true, preserveTimestamps: true })
    let n = 0
    const waste = await wasteOf(where)
    expect(() =>
      removeWaste(waste, () => {
        if (++n === at) throw new Error('killed')
      }),
    ).toThrow('killed')
    const ran = JSON.parse((await say(where, 'run --json --no-release')).out.trim().split('\n').at(-1)!)
    expect(ran).toMatchObject({ status: 'done', changes: { verdicts: [] } })
    expect(await say(where, 'gc --yes')).toMatchObject({ code: 0, err: '' })
  }
  expect(server.stats.calls).toBe(calls)
})

test('what was stopped on the way keeps its tasks, and a recipe that cannot be read costs it nothing', async () => {
  const server = await simulator({ faults: [{ kind: { status: 401 }, from: 20 }] })
  const say = shell(server)
  const dir = folder({ ...documents(12), 'recipe.yaml': stringify(recipe('25%')) })
  expect((await say(dir, 'run')).code).toBe(1)
  const before = readdirSync(join(dir, '.stillroom', 'tasks'), { recursive: true }).length
  writeFileSync(join(dir, 'recipe.yaml'), 'name: kept\nsteps: nothing\n')
  const refused = await say(dir, 'gc --yes')
  expect(refused).toMatchObject({
    code: 2,
    err: expect.stringMatching(/recipe\.yaml cannot be planned[\s\S]*--keep <run>/),
  })
  const [run] = listRuns(workspacePaths(join(dir, '.stillroom')))
  const out = await say(dir, `gc --yes --keep ${run}`)
  expect(out).toMatchObject({ code: 0, out: expect.stringMatching(/recipe\.yaml cannot be planned/) })
  expect(await say(dir, 'gc nowhere')).toMatchObject({ code: 1, err: expect.stringContaining('SR_NOT_FOUND') })
  expect(readdirSync(join(dir, '.stillroom', 'tasks'), { recursive: true }).length).toBe(before)
})
