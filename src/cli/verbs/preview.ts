import { readRun, rejectsOf, run as runPlan } from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { reasonList } from '../figures.ts'
import { follow } from '../follow.ts'
import { callTable } from '../funnel.ts'
import { clip } from '../layout.ts'
import { moneyLines } from '../money.ts'
import { openRecipe, takeWorkspace } from '../open.ts'
import { sectionsOf } from '../record-text.ts'
import { reporterOf } from '../reporter.ts'
import { rowLines } from '../rows.ts'
import { modelsOf, summaryData } from '../summary.ts'
import { summaryOf } from './run.ts'

/** Rejects that are named one by one; the rest are counted. */
const named = 20

export const run: Run = async call => {
  const { io, given } = call
  const project = await openRecipe(call, call.args[0])
  const limit = given.n ?? 5
  const plan = await project.plan({ restrict: { limit } })
  const reporter = reporterOf(call)
  const { width, paint } = reporter
  const session = takeWorkspace(call, project, 'preview')
  try {
    const began = io.now().getTime()
    const result = await follow(io, reporter, plan, view =>
      runPlan({ plan, session, env: io.env, online: true, ...view }),
    )
    const summary = summaryOf(plan, result, session, io.now().getTime() - began)
    const past = readRun(session.paths, result.run)
    const rows = [...result.rows()]
    // What fell away before the restriction says nothing about the records that were let through.
    const steps = plan.stages.flatMap(stage => stage.nodes)
    const behind = new Set(steps.slice(steps.findIndex(node => node.step.verb === 'limit') + 1).map(node => node.key))
    const rejects = [...rejectsOf(session.store, past)].filter(({ step }) => behind.has(step))
    reporter.say('', rowLines(session.store, past, rows, reporter))
    if (rejects.length > 0) {
      const counts: { [reason: string]: number } = {}
      for (const { reason } of rejects) counts[reason] = (counts[reason] ?? 0) + 1
      reporter.say('', paint('bold', `Left out: ${reasonList(counts)}`))
      for (const { step, reason, record, evidence } of rejects.slice(0, named)) {
        const text = record ? (sectionsOf(record).at(-1)?.text ?? '') : JSON.stringify(evidence)
        reporter.say(clip(`  ${step}  ${reason}  ${text}`, width))
      }
    }
    const calls = callTable(result.calls, modelsOf(plan), reporter)
    reporter.say('', calls, moneyLines(result.calls, rows.length, width))
    reporter.result({ ...summaryData(summary), records: rows, rejects })
    if (result.error) throw result.error
    return result.exit
  } finally {
    session.close()
  }
}
