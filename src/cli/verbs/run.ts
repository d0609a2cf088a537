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
  worthOf,
} from '../../run/index.ts'
import { startInBackground } from '../background.ts'
import type { Run } from '../commands.ts'
import { counted, thousands } from '../figures.ts'
import { follow } from '../follow.ts'
import { wrap } from '../layout.ts'
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
  if (given.background) return startInBackground(call, 'run', { ...project, plan })
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
    if (limited && !error) reporter.say('', wrap(limitText(plan, result), reporter.width))
    if (given.show) {
      const rows = pick(result.rows(), given.show, 1)
      reporter.say('', rowLines(session.store, readRun(session.paths, result.run), rows, reporter))
    }
    reporter.say('', nextSteps(summary, Boolean(error), limited, here(io, session.paths.root), named, reporter.width))
    reporter.result({
      ...summaryData(summary),
      ...(limited ? { roots: rootsOf(plan, result) } : {}),
      exit,
      ...(error ? { error: errorJson(error) } : {}),
    })
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
  return { plan, result, rows, ms, worth: worthOf(session.paths, now), ...(changes ? { changes } : {}) }
}

/** The records that a limit let through to the first steps with a teacher, out of those that arrived there. */
export function rootsOf(plan: Plan, { funnel }: Pick<RunResult, 'funnel'>): { n: number; of: number } {
  const limits = plan.stages.flatMap(stage => stage.nodes.filter(node => node.step.verb === 'limit'))
  const counts = limits.flatMap(({ key }) => funnel[key] ?? [])
  return { n: counts.reduce((n, one) => n + one.passed, 0), of: counts.reduce((n, one) => n + one.in, 0) }
}

function limitText(plan: Plan, result: RunResult): string {
  const { n, of } = rootsOf(plan, result)
  const calls = Object.values(result.calls).reduce((sum, { sent, journal }) => sum + sent + journal, 0)
  const again =
    calls > 0 ? ` The ${counted(calls, 'reply', 'replies')} of this one are used again, and paid for no more.` : ''
  return of > n
    ? `This was a limited run: ${thousands(n)} of ${counted(of, 'root')} went on to the first step with a teacher. A run without --limit asks about the other ${thousands(of - n)} alone.${again}`
    : `The limit held nothing back: ${of === 1 ? 'the one root there is' : `all ${counted(of, 'root')}`} went on to the first step with a teacher.${again}`
}

/** What one would do now, as commands that work from this folder: `named` is the recipe as it was given. */
function nextSteps(
  { plan, release }: Summary,
  failed: boolean,
  limited: boolean,
  workspace: string,
  named: string | undefined,
  width: number,
): string[] {
  const lines = [`Calls, tasks and the log of this run lie in ${workspace}.`]
  if (failed) return lines
  const of = named === undefined ? '' : ` --recipe ${named}`
  const next = named === undefined ? '' : ` ${named}`
  const toRelease = limited
    ? [`stillroom plan${next} (tells from this run what everything comes to)`, `stillroom run${next}`]
    : plan.recipe.release && !release
      ? [`stillroom release${next}`]
      : []
  const all = [`stillroom show rows${of}`, `stillroom show rejects${of}`, ...toRelease]
  return [...lines, ...wrap(`Next: ${all.join(', ')}.`, width)]
}
