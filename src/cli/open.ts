import { existsSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { builtinSteps } from '../builtin-steps.ts'
import { StillroomError } from '../errors/index.ts'
import {
  type Clock,
  openProject,
  openSession,
  type PastRun,
  type Project,
  type Session,
  systemClock,
} from '../run/index.ts'
import { openJournal, openStore, workspacePaths } from '../workspace/index.ts'
import type { Call } from './commands.ts'
import type { Io } from './io.ts'

/** What the recipe of a folder may be called; the first that is there counts. */
const names = ['recipe.yaml', 'recipe.yml', 'recipe.ts']

/** The recipe file of a folder; undefined where it has none. */
export const recipeIn = (folder: string): string | undefined =>
  names.map(name => join(folder, name)).find(file => existsSync(file))

/** A path as a person in this folder would write it. */
export const here = (io: Io, path: string): string => {
  const short = relative(io.cwd, path)
  return short === '' ? '.' : short.length < path.length ? short : path
}

/** The recipe file that a command is about: named, or the one of the folder. Throws SR_RECIPE_MISSING. */
export function recipeFile({ io }: Call, named: string | undefined): string {
  const path = resolve(io.cwd, named ?? '.')
  const folder = existsSync(path) && statSync(path).isDirectory()
  const found = folder ? recipeIn(path) : path
  if (found) return relative(process.cwd(), found) || found
  throw new StillroomError(
    'SR_RECIPE_MISSING',
    path === io.cwd ? 'There is no recipe in this folder.' : `There is no recipe in ${here(io, path)}.`,
    {
      expected: names.join(', '),
      hint: 'name a recipe file, or write one with: stillroom init',
    },
  )
}

/** The recipe of a command, read and checked, with its workspace. */
export function openRecipe(call: Call, named: string | undefined): Promise<Project> {
  const { io, given } = call
  return openProject(
    recipeFile(call, named),
    builtinSteps,
    given.workspace ? resolve(io.cwd, given.workspace) : undefined,
    { env: io.env, say: text => io.err(`${text}\n`) },
  )
}

/** The recipe where there is one: what a look at a workspace can do without. */
export async function recipeIfAny(
  call: Call,
  named: string | undefined = call.given.recipe,
): Promise<Project | undefined> {
  try {
    return await openRecipe(call, named)
  } catch (error) {
    if (StillroomError.is(error) && error.code === 'SR_RECIPE_MISSING' && named === undefined) return undefined
    throw error
  }
}

const clockOf = (io: Io): Clock => ({ ...systemClock, now: io.now })

/** The workspace of a project, taken for this process. */
export function takeWorkspace({ io }: Call, project: Pick<Project, 'workspace'>, command: string): Session {
  return openSession(project.workspace, { clock: clockOf(io), command: `stillroom ${command}` })
}

/** A workspace to look at, also while another process works in it. */
export type Archive = Pick<Session, 'paths' | 'store' | 'journal'> & { close(): void }

/** The folder of the workspace: named, or beside the recipe, which need not be readable. */
export function workspaceFolder({ io, given }: Call, named: string | undefined = given.recipe): string {
  if (given.workspace) return resolve(io.cwd, given.workspace)
  const path = resolve(io.cwd, named ?? '.')
  const isFile = existsSync(path) && statSync(path).isFile()
  return join(isFile ? dirname(path) : path, '.stillroom')
}

/** Opens a workspace for reading. Throws SR_NOT_FOUND where nothing ran yet. */
export function openArchive(io: Io, root: string): Archive {
  const paths = workspacePaths(root)
  if (!existsSync(paths.journal)) {
    throw new StillroomError('SR_NOT_FOUND', `There is no workspace at ${here(io, root)}.`, {
      hint: 'stillroom run makes one beside the recipe; --workspace names another folder',
    })
  }
  const journal = openJournal(paths.journal, io.now, () => {})
  return { paths, journal, store: openStore(paths, () => {}), close: () => journal.close() }
}

/** What to say when a workspace has no run of the needed sort. */
export function noRun(io: Io, root: string, what: string): StillroomError {
  return new StillroomError('SR_NOT_FOUND', `The workspace at ${here(io, root)} has no ${what}.`, {
    hint: 'stillroom run makes one',
  })
}

/** The last of these runs that came to its end, also to one at which nothing was left if `empty`. Throws SR_NOT_FOUND. */
export function finishedRun(runs: Iterable<PastRun>, io: Io, root: string, empty = false): PastRun {
  for (const past of runs) if (past.status === 'done' || (empty && past.status === 'yield')) return past
  throw noRun(io, root, 'finished run')
}
