import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtinSteps } from '../../src/builtin-steps.ts'
import { sha256 } from '../../src/records/index.ts'
import { type Clock, openProject, openSession, type RunResult, releaseRun, run } from '../../src/run/index.ts'
import type { Emit } from '../../src/workspace/index.ts'

/** Digests of the files of a project's one release that must be the same in every run. */
export function releaseBytes(dir: string): { [path: string]: string } {
  const releases = join(dir, 'releases')
  const [name = 'none'] = readdirSync(releases)
  const root = join(releases, name)
  const found: { [path: string]: string } = {}
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
    if (path === 'run.json' || path.startsWith('report')) continue
    try {
      found[path] = sha256(readFileSync(join(root, path)))
    } catch {
      // A folder.
    }
  }
  return found
}

/** Runs the recipe of a folder in this process; what ends well is released. */
export async function finish(
  dir: string,
  url: string,
  more: { reached?: (point: string) => void; clock?: Clock; renderers?: Emit[]; env?: Record<string, string> } = {},
): Promise<RunResult> {
  const { reached, clock, renderers, env } = more
  const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  const session = openSession(project.workspace, {
    command: 'test',
    ...(reached ? { reached } : {}),
    ...(clock ? { clock } : {}),
  })
  try {
    const result = await run({
      plan: await project.plan(),
      session,
      env: { STILLROOM_SIMULATOR: url, ...env },
      ...(renderers ? { renderers } : {}),
    })
    if (!result.error) await releaseRun(project, session, result)
    return result
  } finally {
    session.close()
  }
}

/** The same in a process of its own, which dies at a named point when it is reached for the n-th time; `times` faster. */
export function runUntilKilled(
  dir: string,
  url: string,
  point: string,
  n: number,
  times = 1,
): Promise<NodeJS.Signals | number | null> {
  return new Promise(resolve => {
    const script = join(import.meta.dirname, 'run-and-release.ts')
    const child = spawn(process.execPath, [script, join(dir, 'recipe.yaml'), url, point, String(n), String(times)], {
      stdio: 'ignore',
    })
    child.on('exit', (code, signal) => resolve(signal ?? code))
  })
}
