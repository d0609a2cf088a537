import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { listFiles, type SourceConfig, sourceKind } from '../../sources/index.ts'
import type { Exam } from './draft.ts'

/** What a model is judged by, found from where one is or beside the recipe. Throws SR_USAGE. */
export async function examAt(folder: string, cwd: string, named: string): Promise<Exam> {
  const path = [resolve(cwd, named), resolve(folder, named)].find(one => existsSync(one))
  const missing = (message: string, received?: string) =>
    new StillroomError('SR_USAGE', message, {
      expected: 'the folder of a release for eval-set, or a file with questions and right answers',
      ...(received ? { received } : {}),
      hint: 'without an exam init writes a recipe for one: --exam none',
    })
  if (!path) throw missing(`There is no exam at ${named}.`)
  const short = relative(folder, path)
  if (statSync(path).isDirectory() && existsSync(join(path, 'manifest.json'))) {
    const date = dateIn(join(path, 'manifest.json'))
    return { path: short, is: 'release', ...(date ? { date } : {}) }
  }
  const config = { files: short, license: 'unknown', origin: 'real', kind: 'exam', exam: { layout: 'auto', shots: 0 } }
  const files = await listFiles({ files: short }, folder)
  await sourceKind(config as SourceConfig, files).catch((error: StillroomError) => {
    throw missing(`${named} cannot be read as an exam.`, error.received)
  })
  return { path: short, is: 'file' }
}

/** The date that a manifest or an evaluation names; undefined where it names none. */
function dateIn(file: string): string | undefined {
  try {
    const { date } = JSON.parse(readFileSync(file, 'utf8')) as { date?: unknown }
    return typeof date === 'string' ? date.slice(0, 10) : undefined
  } catch {
    return undefined
  }
}

/** The day of the first release: today, and later than exam and baseline, which a gate asks for. */
export function dayOf(today: string, folder: string, exam: Exam | undefined, baseline: string | undefined): string {
  const at = baseline === undefined ? undefined : resolve(folder, baseline)
  const measured = at && dateIn(existsSync(at) && statSync(at).isDirectory() ? join(at, 'evaluation.json') : at)
  const latest = [exam?.date, measured]
    .flatMap(date => date ?? [])
    .sort()
    .at(-1)
  if (latest === undefined || latest < today) return today
  return new Date(Date.parse(latest) + 86_400_000).toISOString().slice(0, 10)
}
