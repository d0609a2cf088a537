import { fork } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { builtinSteps } from '../src/builtin-steps.ts'
import { digestOf } from '../src/records/index.ts'
import { type Funnel, openProject, openSession, type RunResult, replay, run } from '../src/run/index.ts'
import { documents } from '../test/support/documents.ts'
import type { Figure } from './benches.ts'
import { inFolder } from './engine.ts'

function write(dir: string, files: { [path: string]: string }): void {
  mkdirSync(join(dir, 'docs'))
  for (const [path, text] of Object.entries(files)) writeFileSync(join(dir, path), text)
}

const wanted = 20_000
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
  const rows = [...result.rows()]
  const sent = Object.values(result.calls).reduce((n, { sent }) => n + sent, 0)
  return { funnel: result.funnel, digest: digestOf(rows.map(digestOf)), rows: rows.length, seconds, sent }
}

async function inProject<T>(
  dir: string,
  what: object,
  work: (at: {
    project: Awaited<ReturnType<typeof openProject>>
    session: ReturnType<typeof openSession>
  }) => Promise<T>,
): Promise<T> {
  writeFileSync(join(dir, 'recipe.yaml'), stringify(what))
  const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  const session = openSession(project.workspace, { command: 'bench' })
  try {
    return await work({ project, session })
  } finally {
    session.close()
  }
}

const ran = (dir: string, what: object): Promise<Told> =>
  inProject(dir, what, async ({ project, session }) => {
    const began = performance.now()
    const result = await run({ plan: await project.plan(), session, env: {} })
    return told(result, (performance.now() - began) / 1000)
  })

const replayed = (dir: string, what: object, set: { [option: string]: string }): Promise<Told> =>
  inProject(dir, what, async ({ project, session }) => {
    const began = performance.now()
    const { result } = await replay(project, session, { set })
    return told(result, (performance.now() - began) / 1000)
  })

/**
 * A run of 20,000 judged rows against the simulator, replayed with another threshold, and then really run with that
 * threshold in the recipe, in a folder where nothing was made before: the funnel and the rows must be the same.
 */
export async function* replays(): AsyncGenerator<Figure> {
  const child = fork(join(import.meta.dirname, '../test/support/simulator-process.ts'), [JSON.stringify({ seed: 5 })])
  const url = await new Promise<string>(resolve => child.once('message', message => resolve(String(message))))
  try {
    const docs = documents(Number(process.env.BENCH_DOCS ?? 1000))
    const before = recipe(url)
    yield* await inFolder({}, async dir => {
      write(dir, docs)
      const first = await ran(dir, before)
      console.error(first.rows, first.seconds, first.sent)
      const figures: Figure[] = []
      for (const [set, changed] of [
        [{ 'judge.drop': '50%' }, { drop: '50%' }],
        [{ 'extract.keep': '90%' }, { keep: '90%' }],
      ] as const) {
        const again = await replayed(dir, before, set as never)
        const real = await inFolder({}, alone => (write(alone, docs), ran(alone, recipe(url, changed))))
        console.error(
          set,
          again.seconds,
          again.sent,
          again.rows,
          real.rows,
          real.seconds,
          again.digest === real.digest,
          digestOf(again.funnel) === digestOf(real.funnel),
        )
      }
      return figures
    })
  } finally {
    child.disconnect()
  }
}
