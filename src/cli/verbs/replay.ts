import { errorJson } from '../../errors/index.ts'
import { compareRuns, lastFinished, type RunDiff, readRun, replay, shapeOf, worthOf } from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { exampleLines, firstOf, textsOfRuns } from '../diff-rows.ts'
import { changeTable, funnelDiff, markTable, rowLines, type Sides } from '../diff-text.ts'
import { counted, dollars, duration, thousands } from '../figures.ts'
import { follow } from '../follow.ts'
import { funnelTable } from '../funnel.ts'
import { table, wrap } from '../layout.ts'
import { openRecipe, takeWorkspace } from '../open.ts'
import { type Reporter, reporterOf, undrawn } from '../reporter.ts'
import { settings } from '../settings.ts'

export const run: Run = async call => {
  const { io, given } = call
  const project = await openRecipe(call, call.args[0])
  const set = settings(given.set ?? [])
  const plan = await project.plan({ set })
  const reporter = reporterOf(call)
  const { width, paint } = reporter
  const session = takeWorkspace(call, project, 'replay')
  try {
    const recipe = plan.recipe.name
    // A preview beside a whole run says nothing: like is compared with like, where there is one.
    const before =
      lastFinished(session.paths, { recipe, restricted: given.limit !== undefined }) ??
      lastFinished(session.paths, { recipe })
    const began = io.now().getTime()
    // Several rounds may be needed: one line at the end says more than bars that begin anew.
    const {
      result,
      plan: played,
      unpaid,
    } = await follow(io, undrawn(reporter), plan, ({ signal }) =>
      replay(project, session, { set, ...(given.limit === undefined ? {} : { limit: given.limit }), signal }),
    )
    const rows = (result.shards.get(played.output) ?? []).reduce((n, shard) => n + shard.lines, 0)
    const took = io.now().getTime() - began
    const options = Object.entries(set).map(([name, value]) => `${name}=${value}`)
    const head = `Replay with ${options.join(', ') || 'the recipe as it is'}: ${counted(rows, 'row')}, 0 calls, ${duration(took)}.`
    reporter.say(
      wrap(head, width).map(line => paint('bold', line)),
      ...(before ? [`Before: run ${before.id}.`] : []),
      ...(unpaid.length > 0
        ? [`${counted(unpaid.length, 'root')} left out, because replies to them were never paid for.`]
        : []),
      '',
    )
    const after = readRun(session.paths, result.run)
    const diff = before && compareRuns(session.store, before, after, shapeOf(await project.plan()))
    const spent = session.journal.spent().usd
    const worth = before ? worthOf(session.paths, before) : null
    if (before && diff) {
      reporter.say(comparison(diff, { spent, worth }, reporter))
      const n = given.n ?? 0
      if (n > 0 && diff.rows) {
        const chosen = firstOf(diff.rows, n)
        reporter.say(exampleLines(chosen, textsOfRuns(session.store, [before, after], chosen), sides, reporter))
      }
    } else reporter.say(funnelTable(played.stages, result.funnel, reporter))
    reporter.say(
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
      took,
      spent,
      worth,
      before: before ? { run: before.id, funnel: before.funnel } : null,
      funnel,
      ...(diff ? { diff } : {}),
      ...(error ? { error: errorJson(error) } : {}),
    })
    if (error && reporter.kind !== 'json') throw error
    return result.exit
  } finally {
    session.close()
  }
}

const sides: Sides = ['before', 'after']

/**
 * Before and after: options, funnel, rows and what they cost. `worth` is what all replies behind the run before cost: a
 * stricter threshold saves none of it, so that each row it keeps is dearer. Where it is not known, all that was ever
 * `spent` in the workspace is told, which other recipes have a part in.
 */
function comparison(
  diff: RunDiff,
  { spent, worth }: { spent: number; worth: number | null },
  reporter: Reporter,
): string[] {
  const { width, paint } = reporter
  const changes = changeTable(diff.recipe?.changes.filter(one => !one.idle) ?? [], sides, reporter)
  const lines = [...changes, ...(changes.length > 0 ? [''] : []), ...funnelDiff(diff.funnel, sides, reporter), '']
  if (diff.rows) {
    lines.push(...rowLines(diff.rows, sides, reporter), '')
    const { a, b } = diff.rows.rows
    const each = (rows: number): string => (rows === 0 || worth === null ? '' : dollars(worth / rows))
    const paid = dollars(worth ?? spent)
    lines.push(
      ...table(
        [{ head: 'kept' }, { head: 'before', right: true }, { head: 'after', right: true }],
        [
          ['rows', thousands(a), thousands(b)],
          [worth === null ? 'spent in the workspace, by all recipes' : 'dollars its replies cost', paid, paid],
          ...(worth === null ? [] : [['for each row kept', each(a), each(b)]]),
        ],
        width,
        text => paint('bold', text),
      ),
    )
  } else lines.push(...wrap(`Rows cannot be compared: ${diff.missing}.`, width))
  const marks = markTable(diff.marks, sides, reporter)
  return marks.length > 0 ? [...lines, '', ...marks] : lines
}
