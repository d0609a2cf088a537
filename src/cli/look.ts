import { isReplay, listRuns, type PastRun, type Project, readRun } from '../run/index.ts'
import type { Call } from './commands.ts'
import { type Archive, noRun, openArchive, recipeIfAny, workspaceFolder } from './open.ts'
import { type Reporter, reporterOf } from './reporter.ts'

/** What commands that only look have at hand. */
export type Look = {
  archive: Archive
  project: Project | undefined
  reporter: Reporter
  root: string
  runs(): Generator<PastRun>
}

/** Opens a workspace for a look, beside whoever works in it. `runs` gives runs newest first, replays left out. */
export async function look(call: Call, see: (at: Look) => number | Promise<number>): Promise<number> {
  const project = await recipeIfAny(call)
  const root = project?.workspace ?? workspaceFolder(call)
  const archive = openArchive(call.io, root)
  function* runs(): Generator<PastRun> {
    let found = false
    for (const id of listRuns(archive.paths).reverse()) {
      if (isReplay(archive.paths, id)) continue
      found = true
      yield readRun(archive.paths, id)
    }
    if (!found) throw noRun(call.io, root, 'run')
  }
  try {
    return await see({ archive, project, reporter: reporterOf(call), root, runs })
  } finally {
    archive.close()
  }
}
