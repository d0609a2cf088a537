import { errorJson } from '../../errors/index.ts'
import { lastFinished, replay } from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { counted } from '../figures.ts'
import { follow } from '../follow.ts'
import { funnelComparison, funnelTable } from '../funnel.ts'
import { openRecipe, takeWorkspace } from '../open.ts'
import { reporterOf } from '../reporter.ts'
import { settings } from '../settings.ts'

export const run: Run = async call => {
  const { io, given } = call
  const project = await openRecipe(call, call.args[0])
  const set = settings(given.set ?? [])
  const plan = await project.plan({ set })
  const reporter = reporterOf(call)
  const session = takeWorkspace(call, project, 'replay')
  try {
    const before = lastFinished(session.paths, { recipe: plan.recipe.name })
    // Several rounds may be needed: one line at the end says more than bars that begin anew.
    const {
      result,
      plan: played,
      unpaid,
    } = await follow(io, { ...reporter, follow: () => silent }, plan, ({ signal }) =>
      replay(project, session, { set, ...(given.limit === undefined ? {} : { limit: given.limit }), signal }),
    )
    const rows = (result.shards.get(played.output) ?? []).reduce((n, shard) => n + shard.lines, 0)
    const lines = before
      ? funnelComparison(played.stages, before.funnel, result.funnel, reporter)
      : funnelTable(played.stages, result.funnel, reporter)
    reporter.say(
      reporter.paint(
        'bold',
        `Replay with ${
          Object.entries(set)
            .map(([name, value]) => `${name}=${value}`)
            .join(', ') || 'the recipe as it is'
        }: ${counted(rows, 'row')}, 0 calls.`,
      ),
      ...(before ? [`Before: run ${before.id}.`] : []),
      ...(unpaid.length > 0
        ? [`${counted(unpaid.length, 'root')} left out, because replies to them were never paid for.`]
        : []),
      '',
      lines,
      '',
      result.error
        ? 'Nothing was released.'
        : 'Nothing was released. To keep it, write the options into the recipe and run it.',
    )
    const { run, status, funnel, error } = result
    reporter.result({
      run,
      status,
      set,
      rows,
      calls: 0,
      unpaid,
      before: before ? { run: before.id, funnel: before.funnel } : null,
      funnel,
      ...(error ? { error: errorJson(error) } : {}),
    })
    if (error && reporter.kind !== 'json') throw error
    return result.exit
  } finally {
    session.close()
  }
}

const silent = { emit: () => {}, notice: () => {}, end: () => {} }
