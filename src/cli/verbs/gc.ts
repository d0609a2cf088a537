import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { builtinSteps } from '../../builtin-steps.ts'
import { StillroomError } from '../../errors/index.ts'
import type { Plan } from '../../recipe/index.ts'
import {
  findNeeded,
  findWaste,
  listRuns,
  type Needed,
  openProject,
  readRunPlan,
  removeWaste,
  runNamed,
  sumOf,
  type Waste,
  type WasteKind,
  wasteKinds,
} from '../../run/index.ts'
import { lockHolder, type Paths } from '../../workspace/index.ts'
import type { Call, Run } from '../commands.ts'
import { bytes, counted, thousands } from '../figures.ts'
import { indent, table, wrap } from '../layout.ts'
import { here, openArchive, recipeIn, takeWorkspace, workspaceFolder } from '../open.ts'
import { type Reporter, reporterOf } from '../reporter.ts'

const kinds: { [kind in WasteKind]: string } = {
  stages: 'summaries of stages',
  tasks: 'tasks of earlier runs and replays',
  looks: 'looks of steps at all rows',
  unfinished: 'half-written tasks',
  temporary: 'temporary files of processes that are gone',
  pages: 'copies of pages',
  hub: 'copies of files of the Hub',
}
const copies = ['pages', 'hub'] as const
const askable = [...copies, 'releases']

export const run: Run = async call => {
  const { io, given } = call
  const reporter = reporterOf(call)
  const also = given.also ?? []
  const strange = also.find(one => !askable.includes(one))
  if (strange !== undefined) {
    throw new StillroomError('SR_USAGE', `--also ${strange} is nothing that could be freed.`, {
      expected: askable.join(', '),
    })
  }
  const root = workspaceFolder(call, call.args[0])
  const folder = recipeFolder(call, root)
  // Nothing is taken and nothing made where there is nothing, or where one only looks.
  const archive = openArchive(io, root)
  const replies = archive.journal.spent().calls
  const { paths } = archive
  archive.close()
  const { plans, unplanned } = await plansIn(call, folder, root)
  const notes = unplanned.map(({ said }) => `${said}: of it, only what its last runs by name made is kept.`)
  const keep = (given.keep ?? []).map(text => runNamed(listRuns(paths), text))
  const look = (paths: Paths, busy: boolean, freed: readonly string[] = also) => {
    const needed = findNeeded(paths, {
      plans,
      keep,
      ...(freed.includes('releases') ? {} : { releases: join(folder, 'releases') }),
    })
    return { needed, waste: findWaste(paths, needed, { busy, also: copies.filter(one => freed.includes(one)) }) }
  }
  if (given.yes) {
    refuseUnkept(paths, unplanned, keep)
    const session = takeWorkspace(call, { workspace: root }, 'gc')
    try {
      const { needed, waste } = look(paths, false)
      removeWaste(waste, session.reached)
      tell(call, reporter, { root, waste, needed, notes, replies, removed: true, asked: [] })
    } finally {
      session.close()
    }
    return 0
  }
  const busy = lockHolder(paths.lock)
  const { needed, waste: all } = look(paths, busy !== undefined, [...also, ...copies])
  const open = askable.filter(one => !also.includes(one))
  const waste = all.filter(({ kind }) => !open.includes(kind))
  // Copies are no part of what is needed; releases are, so that it is looked again without them.
  const without = (what: string): number =>
    sumOf(look(paths, busy !== undefined, [...also, what]).waste).bytes - sumOf(waste).bytes
  const asked = open
    .map(what => ({ what, bytes: what === 'releases' ? without(what) : sumOf(all, what as WasteKind).bytes }))
    .filter(one => one.bytes > 0)
  if (busy)
    notes.push(
      `Process ${busy.pid} is at work here (${busy.command}): what it is writing is not looked at, and nothing can be removed before it ends.`,
    )
  tell(call, reporter, { root, waste, needed, notes, replies, removed: false, asked })
  return 0
}

/** Where recipes lie that use this workspace. */
function recipeFolder({ io, args }: Call, root: string): string {
  if (args[0] === undefined) return basename(root) === '.stillroom' ? dirname(root) : io.cwd
  const path = resolve(io.cwd, args[0])
  return /\.(ya?ml|ts|js)$/.test(path) ? dirname(path) : path
}

/** A recipe that cannot be planned, and its name where its file says it plainly. */
type Unplanned = { file: string; name?: string; said: string }

/**
 * What a recipe needs is not known without its plan: nothing is removed unless runs of it are kept by name, or none ever
 * ran here. Throws SR_USAGE.
 */
function refuseUnkept(paths: Paths, unplanned: readonly Unplanned[], keep: readonly string[]): void {
  if (unplanned.length === 0) return
  const recipes = new Map(listRuns(paths).map(id => [id, readRunPlan(paths, id).recipe]))
  const open = unplanned.find(({ name }) => {
    const own = [...recipes].flatMap(([id, recipe]) => (name === undefined || recipe === name ? [id] : []))
    return own.length > 0 && !own.some(id => keep.includes(id))
  })
  if (!open) return
  throw new StillroomError('SR_USAGE', `${open.said}: what it needs is not known, and nothing was removed.`, {
    hint: 'mend it, or name the runs of it that stay: --keep <run>; stillroom status lists them',
  })
}

/** Plans of the recipes of a folder, and those that have none. Asks nobody. Throws SR_NOT_FOUND where there is no folder. */
async function plansIn(
  { io, args }: Call,
  folder: string,
  root: string,
): Promise<{ plans: Plan[]; unplanned: Unplanned[] }> {
  if (!existsSync(folder)) {
    throw new StillroomError('SR_NOT_FOUND', `There is no folder ${here(io, folder)}.`, {
      hint: 'name a recipe that uses this workspace, or its folder',
    })
  }
  const named = args[0] === undefined ? recipeIn(folder) : resolve(io.cwd, args[0])
  const files = new Set([
    ...(named !== undefined && /\.(ya?ml|ts|js)$/.test(named) && existsSync(named) ? [named] : []),
    ...readdirSync(folder)
      .filter(name => /\.ya?ml$/.test(name))
      .map(name => join(folder, name))
      .filter(file => /^steps:/m.test(readFileSync(file, 'utf8'))),
  ])
  const plans: Plan[] = []
  const unplanned: Unplanned[] = []
  for (const file of [...files].sort()) {
    let asks = false
    const nobody = () => {
      asks = true
      return Promise.reject(new Error('nobody is asked'))
    }
    try {
      const project = await openProject(file, builtinSteps, root, { env: io.env, fetch: nobody })
      plans.push(await project.plan())
    } catch (error) {
      const name = /^name:\s*["']?([A-Za-z0-9][\w.-]*)/m.exec(readFileSync(file, 'utf8'))?.[1]
      const why = asks ? 'needs the network to be planned' : 'cannot be planned'
      const said = `${here(io, file)} ${why} (${(error as Error).message.replace(/\.$/, '')})`
      unplanned.push({ file, said, ...(name === undefined ? {} : { name }) })
    }
  }
  return { plans, unplanned }
}

function tell(
  { io, args }: Call,
  reporter: Reporter,
  what: {
    root: string
    waste: Waste[]
    needed: Needed
    notes: string[]
    replies: number
    removed: boolean
    asked: { what: string; bytes: number }[]
  },
): void {
  const { root, waste, needed, notes, replies, removed, asked } = what
  const { width, paint } = reporter
  const all = sumOf(waste)
  const rows = wasteKinds.map(kind => ({ kind, ...sumOf(waste, kind) })).filter(({ files }) => files > 0)
  reporter.say(
    paint('bold', removed ? `Removed from ${here(io, root)}:` : `What no recipe needs in ${here(io, root)}:`),
    ...(rows.length === 0
      ? ['', 'Nothing: everything there is needed.']
      : [
          '',
          ...table(
            [{ head: 'kind' }, { head: 'files', right: true }, { head: 'size', right: true }],
            [
              ...rows.map(({ kind, files, bytes: size }) => [kinds[kind], thousands(files), bytes(size)]),
              ['in all', thousands(all.files), bytes(all.bytes)],
            ],
            width,
            text => paint('bold', text),
          ),
        ]),
    '',
    `Kept: the journal with ${counted(replies, 'paid reply', 'paid replies')}, logs of all runs, and all that these runs made:`,
    ...indent(needed.kept.flatMap(({ run, why }) => wrap(`${run}  ${why}`, width - 2))),
    ...notes.flatMap(text => ['', ...wrap(text, width).map(line => paint('yellow', line))]),
    ...(asked.length > 0
      ? [
          '',
          ...wrap(
            `Only when asked for: ${asked.map(({ what, bytes: size }) => `${bytes(size)} more with --also ${what}`).join(', ')}.`,
            width,
          ),
        ]
      : []),
    ...(!removed && rows.length > 0
      ? ['', `Nothing was removed. To remove it: stillroom gc${args[0] === undefined ? '' : ` ${args[0]}`} --yes`]
      : []),
  )
  reporter.result({
    workspace: root,
    removed,
    kinds: Object.fromEntries(rows.map(({ kind, ...sum }) => [kind, sum])),
    ...all,
    kept: needed.kept,
    asked,
    notes,
  })
}
