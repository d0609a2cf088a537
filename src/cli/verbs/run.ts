import { errorJson, StillroomError } from '../../errors/index.ts'
import type { Plan } from '../../recipe/index.ts'
import {
  gatesOf,
  lastFinished,
  lookAt,
  noteEnd,
  type RunResult,
  readRun,
  releaseFolder,
  releaseRun,
  run as runPlan,
  type Session,
  verdictChanges,
} from '../../run/index.ts'
import { startInBackground } from '../background.ts'
import type { Run } from '../commands.ts'
import { follow } from '../follow.ts'
import { here, openRecipe, takeWorkspace } from '../open.ts'
import { reporterOf } from '../reporter.ts'
import { pick, rowLines } from '../rows.ts'
import { type Summary, summaryData, summaryLines } from '../summary.ts'

export const run: Run = async call => {
  const { io, given } = call
  const project = await openRecipe(call, call.args[0])
  const named = call.args[0]
  const limited = given.limit !== undefined
  if (project.recipe.rounds && !limited && given.release !== false) {
    throw new StillroomError('SR_USAGE', 'The recipe has rounds, and each is a release of its own.', {
      hint: `run them with: stillroom rounds${named === undefined ? '' : ` ${named}`}; --no-release or --limit tries one of them`,
    })
  }
  const plan = await project.plan(limited ? { restrict: { limit: given.limit } } : {})
  if (given.background) return startInBackground(call, 'run', project)
  const reporter = reporterOf(call)
  const session = takeWorkspace(call, project, 'run')
  try {
    const began = io.now().getTime()
    const result = await follow(io, reporter, plan, view =>
      runPlan({ plan, session, env: io.env, verify: given.verify ?? false, ...view }),
    )
    const summary = summaryOf(plan, result, session, io.now().getTime() - began)
    let error: unknown = result.error
    if (!error && !limited && given.release !== false && plan.recipe.release) {
      try {
        const { paths, store } = session
        const looked = await lookAt(plan, result.shards, { store, root: paths.root, folder: releaseFolder(plan) })
        summary.gates = gatesOf(plan, result, paths.root, looked.facts)
        summary.release = await releaseRun(project, session, result, { plan, looked })
      } catch (thrown) {
        error = thrown
      }
    }
    // The run may be done and its release refused: the exit code is that of the command.
    const exit = StillroomError.is(error) ? error.exit : error ? 1 : result.exit
    noteEnd(session.paths, result.run, {
      exit,
      rows: summary.rows,
      ...(error ? { message: (error as Error).message } : {}),
      ...(summary.release ? { release: summary.release.dir } : {}),
    })
    // A run that ended before its first record has nothing to sum up.
    if (error && Object.keys(result.funnel).length === 0 && reporter.kind !== 'json') throw error
    reporter.say(summaryLines(summary, reporter, path => here(io, path)))
    if (given.show) {
      const rows = pick(result.rows(), given.show, 1)
      reporter.say('', rowLines(session.store, readRun(session.paths, result.run), rows, reporter))
    }
    reporter.say('', nextSteps(summary, Boolean(error), limited, here(io, session.paths.root), named))
    reporter.result({ ...summaryData(summary), exit, ...(error ? { error: errorJson(error) } : {}) })
    if (error && reporter.kind !== 'json') throw error
    return exit
  } finally {
    session.close()
  }
}

/** What a run left, compared with the finished run before it. */
export function summaryOf(plan: Plan, result: RunResult, session: Session, ms: number): Summary {
  const rows = (result.shards.get(plan.output) ?? []).reduce((n, shard) => n + shard.lines, 0)
  const now = readRun(session.paths, result.run)
  const restricted = plan.stages.some(stage => stage.nodes.some(node => node.step.verb === 'limit'))
  const earlier = result.error
    ? undefined
    : lastFinished(session.paths, { recipe: plan.recipe.name, restricted, before: result.run })
  const changes = earlier && { since: earlier.id, verdicts: verdictChanges(session, earlier, now) }
  return { plan, result, rows, ms, ...(changes ? { changes } : {}) }
}

/** What one would do now, as commands that work from this folder: `named` is the recipe as it was given. */
function nextSteps(
  { plan, release }: Summary,
  failed: boolean,
  limited: boolean,
  workspace: string,
  named: string | undefined,
): string[] {
  const lines = [`Calls, tasks and the log of this run lie in ${workspace}.`]
  if (failed) return lines
  const of = named === undefined ? '' : ` --recipe ${named}`
  const next = named === undefined ? '' : ` ${named}`
  const toRelease = limited
    ? [`stillroom run${next}`]
    : plan.recipe.release && !release
      ? [`stillroom release${next}`]
      : []
  return [...lines, `Next: ${[`stillroom show rows${of}`, `stillroom show rejects${of}`, ...toRelease].join(', ')}.`]
}
