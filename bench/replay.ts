import { fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { builtinSteps } from '../src/builtin-steps.ts'
import { digestOf } from '../src/records/index.ts'
import {
  compareRuns,
  type Funnel,
  lastFinished,
  openProject,
  openSession,
  type RunResult,
  readRun,
  replay,
  run,
} from '../src/run/index.ts'
import { documents } from '../test/support/documents.ts'
import type { Figure } from './benches.ts'

function write(dir: string, files: { [path: string]: string }): void {
  mkdirSync(join(dir, 'docs'))
  for (const [path, text] of Object.entries(files)) writeFileSync(join(dir, path), text)
}

const rows = 20_000
const questions = 10

/** Asked about, answered, judged and cut: the recipe of a first set. */
function recipe(url: string, { drop = '30%', keep = '100%' } = {}): object {
  const teacher = (model: string) => ({ model, at: `${url}/v1`, price: 'free', concurrency: 128, start: 128 })
  return {
    name: 'replayed',
    seed: 3,
    teachers: { writer: teacher('writer'), solver: teacher('solver'), judge: teacher('judge') },
    sources: { docs: { files: 'docs/*.md', license: 'cc0-1.0' } },
    steps: [
      { extract: { from: 'docs', keep } },
      { ask: { teacher: 'writer', questions } },
      { answer: { teacher: 'solver' } },
      { judge: { teacher: 'judge', drop } },
      { dedupe: { near: 0.8 } },
    ],
  }
}

type Told = { funnel: Funnel; digest: string; rows: number; seconds: number; sent: number }

/** What came out, row by row and byte by byte, in one digest. */
function told(result: RunResult, seconds: number): Told {
  if (result.error) throw result.error
  const rows = [...result.rows()].map(digestOf)
  const sent = Object.values(result.calls).reduce((n, { sent }) => n + sent, 0)
  return { funnel: result.funnel, digest: digestOf(rows), rows: rows.length, seconds, sent }
}

type Place = { project: Awaited<ReturnType<typeof openProject>>; session: ReturnType<typeof openSession> }

async function inProject<T>(dir: string, what: object, work: (at: Place) => Promise<T>): Promise<T> {
  writeFileSync(join(dir, 'recipe.yaml'), stringify(what))
  const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  const session = openSession(project.workspace, { command: 'bench' })
  try {
    return await work({ project, session })
  } finally {
    session.close()
  }
}

const since = (began: number): number => (performance.now() - began) / 1000

const ran = (dir: string, what: object): Promise<Told> =>
  inProject(dir, what, async ({ project, session }) => {
    const began = performance.now()
    const result = await run({ plan: await project.plan(), session, env: {} })
    return told(result, since(began))
  })

/** A replay, and the comparison with the run before it that the command shows. */
const replayed = (
  dir: string,
  what: object,
  set: { [option: string]: string },
): Promise<Told & { compared: number; moved: number; cpu: number }> =>
  inProject(dir, what, async ({ project, session }) => {
    const before = lastFinished(session.paths)!
    const began = performance.now()
    const used = process.cpuUsage()
    const { result } = await replay(project, session, { set })
    const seconds = since(began)
    const { user, system } = process.cpuUsage(used)
    const looked = performance.now()
    const { rows } = compareRuns(session.store, before, readRun(session.paths, result.run)).rows!
    const compared = since(looked)
    return {
      ...told(result, seconds),
      cpu: (user + system) / 1e6,
      compared,
      moved: rows.changed + rows.onlyA + rows.onlyB,
    }
  })

const most = 5

/**
 * A run of 20,000 judged rows against the simulator, replayed with another threshold, and then really run with that
 * threshold in its recipe, in a folder where nothing was made before: funnel and rows must be the same, byte for byte.
 * A share of documents is replayed as well, where every task is done anew out of the journal.
 */
export async function* replays(): AsyncGenerator<Figure> {
  const child = fork(join(import.meta.dirname, '../test/support/simulator-process.ts'), [JSON.stringify({ seed: 5 })])
  const url = await new Promise<string>(resolve => child.once('message', message => resolve(String(message))))
  const dir = mkdtempSync(join(tmpdir(), 'stillroom-replay-'))
  try {
    const docs = documents(rows / questions)
    write(dir, docs)
    const before = recipe(url)
    const first = await ran(dir, before)
    yield {
      metric: `the run before: ${first.funnel['judge.cut']!.in} rows judged, ${first.rows} kept`,
      value: first.seconds,
      unit: 's',
    }
    for (const { set, changed, target } of [
      { set: { 'judge.drop': '50%' }, changed: { drop: '50%' }, target: true },
      { set: { 'extract.keep': '90%' }, changed: { keep: '90%' }, target: false },
    ]) {
      const [name] = Object.entries(set).map(([option, value]) => `${option}=${value}`)
      const again = await replayed(dir, before, set as { [option: string]: string })
      const alone = mkdtempSync(join(tmpdir(), 'stillroom-replay-'))
      write(alone, docs)
      const real = await ran(alone, recipe(url, changed)).finally(() => rmSync(alone, { recursive: true }))
      yield {
        metric: `${name}: replay, beside a real run`,
        value: again.seconds,
        unit: 's',
        ceiling: real.seconds,
        ratio: again.seconds / real.seconds,
        ...(target ? { target: `<= ${most}`, holds: again.seconds <= most } : {}),
      }
      yield { metric: `${name}: CPU of the replay, all threads`, value: again.cpu, unit: 's' }
      yield { metric: `${name}: ${again.moved} rows that came or went found in`, value: again.compared, unit: 's' }
      yield { metric: `${name}: calls`, value: again.sent, unit: 'calls', target: '= 0', holds: again.sent === 0 }
      const equal = again.digest === real.digest && digestOf(again.funnel as never) === digestOf(real.funnel as never)
      yield {
        metric: `${name}: ${again.rows} rows and the funnel are those of the real run`,
        value: equal ? 1 : 0,
        unit: '',
        target: '= 1',
        holds: equal,
      }
    }
  } finally {
    child.disconnect()
    rmSync(dir, { recursive: true, force: true })
  }
}
