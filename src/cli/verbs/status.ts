import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  backgroundLog,
  isReplay,
  isRestricted,
  listRuns,
  outputRows,
  type PastRun,
  type Project,
  readEnd,
  readRun,
  releasedBy,
  worthOf,
} from '../../run/index.ts'
import { type CallTotals, lockHolder, type Paths } from '../../workspace/index.ts'
import type { Call, Run } from '../commands.ts'
import { counted, dollars, instant, thousands } from '../figures.ts'
import { callTable, funnelTable } from '../funnel.ts'
import type { Io } from '../io.ts'
import { indent, table, wrap } from '../layout.ts'
import { costOfCalls, moneyLines } from '../money.ts'
import { here, noRun, openArchive, recipeIfAny, workspaceFolder } from '../open.ts'
import { left } from '../progress.ts'
import { reporterOf } from '../reporter.ts'
import { modelsOf } from '../summary.ts'

export const run: Run = async call => {
  const { io, given } = call
  const project = await recipeIfAny(call, call.args[0])
  const root = project?.workspace ?? workspaceFolder(call, call.args[0])
  const archive = openArchive(io, root)
  try {
    const { paths } = archive
    const ids = listRuns(paths)
    if (ids.length === 0) throw noRun(io, root, 'run')
    const past = ids.slice(-(given.n ?? 5)).map(id => readRun(paths, id))
    const last = past.findLast(one => !isReplay(paths, one.id)) ?? past.at(-1)!
    const busy = holder(paths.lock)
    const spent = archive.journal.spent()
    const reporter = reporterOf(call)
    const { width, paint } = reporter
    const next = whatNext(call, last, busy !== undefined, project)
    reporter.say(paint('bold', `${last.recipe}, workspace ${here(io, root)}`))
    if (busy) reporter.say(paint('yellow', `At work now: ${busy}`))
    reporter.say(
      '',
      table(
        [
          { head: 'run' },
          { head: 'started' },
          { head: 'ended' },
          { head: 'rows', right: true },
          { head: 'calls', right: true },
          { head: 'cost', right: true },
          { head: 'what', flex: true },
        ],
        past.map(one => [
          one.id,
          instant(one.started),
          ended(one, busy !== undefined && one === past.at(-1)),
          thousands(rowsOf(one)),
          thousands(sent(one.calls)),
          dollars(costOfCalls(one.calls)),
          sortOf(one, paths),
        ]),
        width,
        text => paint('bold', text),
      ),
    )
    const funnel = funnelTable(last.stages, last.funnel, reporter)
    if (funnel.length > 1) reporter.say('', paint('bold', `Run ${last.id}`), funnel)
    const calls = callTable(last.calls, project ? modelsOf(await project.plan()) : {}, reporter)
    if (calls.length > 0) reporter.say('', calls, moneyLines(last.calls, rowsOf(last), width, worthOf(paths, last)))
    const told = [...(last.message ? [last.message] : []), ...endLines(last, paths, io)]
    if (told.length > 0) reporter.say('', indent(told.flatMap(text => wrap(text, width - 2))))
    reporter.say(
      '',
      wrap(
        `Everything in this workspace: ${counted(spent.calls, 'call')}, ${dollars(spent.usd)}${inTheAir(spent)}.`,
        width,
      ),
      `Next: ${next}`,
    )
    reporter.result({
      recipe: last.recipe,
      workspace: root,
      busy: busy ?? null,
      runs: past.map(({ tasks, stages: _, shape: __, ...one }) => ({
        ...one,
        tasks: tasks.length,
        background: existsSync(backgroundLog(paths, one.id)) ? backgroundLog(paths, one.id) : null,
        command: readEnd(paths, one.id) ?? null,
      })),
      spent,
      next,
    })
    return 0
  } finally {
    archive.close()
  }
}

/** Calls sent that no reply is known of: they count as what they may have cost at most. */
function inTheAir({ usd, orphans }: { usd: number; orphans: number }): string {
  if (orphans === 0) return ''
  const most = usd > 0 ? ', of it at most' : ', and'
  return `${most} what ${counted(orphans, 'call')} without a reply may have cost`
}

/** Who works in a workspace, and since when. */
function holder(file: string): string | undefined {
  const one = lockHolder(file)
  return one && `process ${one.pid} on ${one.host}: ${one.command}, since ${one.since}`
}

const sent = (calls: CallTotals): number => Object.values(calls).reduce((n, c) => n + c.sent, 0)

function rowsOf(past: PastRun): number {
  const lastOf = (key: string): string => past.stages.find(one => one.key === key)?.nodes.at(-1)?.key ?? key
  return outputRows(past.output, key => left(past.funnel[lastOf(key)]))
}

const ended = (past: PastRun, working: boolean): string =>
  past.status === 'killed' && working ? 'at work' : past.status
function sortOf(past: PastRun, paths: Paths): string {
  const sort = isReplay(paths, past.id) ? 'replay' : isRestricted(past) ? 'restricted' : ''
  return [sort, existsSync(backgroundLog(paths, past.id)) ? 'background' : ''].filter(Boolean).join(', ')
}

/** What the table does not say of the last run: a command that failed after it, and where a background run said more. */
function endLines(last: PastRun, paths: Paths, io: Io): string[] {
  const end = readEnd(paths, last.id)
  const refused = end && end.exit !== (last.exit ?? end.exit)
  const said = backgroundLog(paths, last.id)
  return [
    ...(refused ? [`Its command ended with exit code ${end.exit}: ${end.message ?? 'no reason was kept'}`] : []),
    ...(existsSync(said) ? [`It ran in the background; what it said is in ${here(io, said)}.`] : []),
  ]
}

function whatNext({ io, given }: Call, last: PastRun, busy: boolean, project: Project | undefined): string {
  const name = project === undefined || project.file === 'recipe.yaml' ? '' : ` ${project.file}`
  const at = given.workspace ? ` --workspace ${given.workspace}` : ''
  const release = `stillroom release${name}${at}`
  if (busy)
    return `stillroom logs -f${name && ` --recipe${name}`}${at} follows the process at work, stillroom stop${name}${at} stops it`
  const rounds = project?.recipe.rounds !== undefined
  const again = `stillroom ${rounds ? 'rounds' : 'run'}${name}${at}`
  if (last.status === 'yield') return 'stillroom show rejects says what was dropped and why'
  if (last.status === 'budget') return `raise \`budget\` in the recipe, then ${again} goes on where it stopped`
  if (last.status !== 'done') return `${again} goes on where it stopped`
  if (isRestricted(last)) return `${again} runs it over everything`
  // Each round has a release of its own, and the command knows which are there.
  if (rounds) return `${again} goes on with the rounds that are left`
  const settings = project?.recipe.release
  if (!project || !settings) return 'stillroom show rows'
  const dir = join(project.base, 'releases', `${project.recipe.name}-${settings.version}`)
  if (!existsSync(dir)) return release
  const by = releasedBy(dir)
  if (by === last.id) return `nothing is open; the release is ${here(io, dir)}`
  return `${here(io, dir)} is of ${by ? `run ${by}` : 'another run'}; ${release} says whether this run makes the same`
}
