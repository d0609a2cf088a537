import type { Json, Rec } from '../../records/index.ts'
import { type PastRun, readRun, recordsOf, rejectsOf, run as runPlan, type Session } from '../../run/index.ts'
import type { Call, Run } from '../commands.ts'
import { divided } from '../divided.ts'
import { counted, reasonList } from '../figures.ts'
import { follow } from '../follow.ts'
import { callTable } from '../funnel.ts'
import { clip, wrap } from '../layout.ts'
import { moneyLines } from '../money.ts'
import { openRecipe, takeWorkspace } from '../open.ts'
import { sectionsOf } from '../record-text.ts'
import { type Reporter, reporterOf, undrawn } from '../reporter.ts'
import { pick, rowLines } from '../rows.ts'
import { modelsOf, summaryData } from '../summary.ts'
import { summaryOf } from './run.ts'

/** Rejects that are named one by one, and how many of them for one reason of a step; the rest are counted. */
const [named, namedAlike] = [20, 4]

/** What a reject was about, in a line: how it ends, all columns of a row, or why where nothing of it is kept. */
function gist(record: Rec | undefined, evidence: Json | undefined): string {
  const why = evidence === undefined ? '' : JSON.stringify(evidence)
  if (!record) return why
  const sections = sectionsOf(record)
  if (record.kind === 'row') return sections.map(({ label, text }) => `${label} ${text}`).join(', ')
  if (record.kind === 'document' && record.text === undefined) return `${record.title ?? record.id.slice(0, 12)} ${why}`
  return sections.at(-1)?.text ?? ''
}

/** Where a step left nothing of so few records: what the last step that gave any gave. */
function furthest(run: PastRun, { store }: Session, reporter: Reporter): string[] {
  for (const { key } of run.stages.toReversed()) {
    const records = [...recordsOf(store, run, key)]
    if (records.length === 0) continue
    const head = `No row came to the end. What ${key} gave, the last to give anything:`
    return [
      ...wrap(head, reporter.width).map(line => reporter.paint('bold', line)),
      '',
      ...rowLines(store, run, records, reporter),
    ]
  }
  return []
}

export const run: Run = async call => {
  const { exit, data, error } = await preview(call, call.args[0], { limit: call.given.n ?? 5 })
  reporterOf(call).result(data)
  if (error) throw error
  return exit
}

type Previewed = { exit: number; data: object; error?: unknown }
/**
 * `limit` records go in; of the rows that come out at most `rows` are printed, all by default where a teacher was asked.
 * `quiet` draws nothing of the run.
 */
type Few = { limit: number; rows?: number; quiet?: boolean }

/** Lets a few records through a recipe and prints what came of them. */
export async function preview(
  call: Call,
  recipe: string | undefined,
  { limit, rows: most, quiet }: Few,
): Promise<Previewed> {
  const { io } = call
  const project = await openRecipe(call, recipe)
  const plan = await project.plan({ restrict: { limit } })
  const reporter = reporterOf(call)
  const { width, paint } = reporter
  const session = takeWorkspace(call, project, 'preview')
  try {
    const began = io.now().getTime()
    const result = await follow(io, quiet ? undrawn(reporter) : reporter, plan, view =>
      runPlan({ plan, session, env: io.env, online: true, ...view }),
    )
    const summary = summaryOf(plan, result, session, io.now().getTime() - began)
    const past = readRun(session.paths, result.run)
    const rows = [...result.rows()]
    // What fell away before the restriction, or by it, says nothing about the records that were let through.
    const steps = plan.stages.flatMap(stage => stage.nodes)
    const after = steps.slice(steps.findIndex(node => node.step.verb === 'limit') + 1)
    const behind = new Set(after.filter(node => node.step.verb !== 'limit').map(node => node.key))
    const rejects = [...rejectsOf(session.store, past)].filter(
      ({ step, reason }) => behind.has(step) && !divided.has(reason),
    )
    // Without a paid step nothing is restricted: all rows are there, and a few are shown.
    const restricted = steps.some(node => node.step.verb === 'limit')
    const shown = pick(rows, most ?? (restricted ? rows.length : limit), 1)
    reporter.say('', rowLines(session.store, past, shown, reporter))
    if (shown.length > 0 && shown.length < rows.length)
      reporter.say('', paint('dim', `${shown.length} of ${counted(rows.length, 'row')}.`))
    if (rows.length === 0) reporter.say(furthest(past, session, reporter))
    if (rejects.length > 0) {
      const counts: { [reason: string]: number } = {}
      for (const { reason } of rejects) counts[reason] = (counts[reason] ?? 0) + 1
      reporter.say('', paint('bold', `Left out: ${reasonList(counts)}`))
      const alike = new Map<string, number>()
      const few = rejects.filter(({ step, reason }) => {
        const n = (alike.get(`${step} ${reason}`) ?? 0) + 1
        alike.set(`${step} ${reason}`, n)
        return n <= namedAlike
      })
      for (const { step, reason, record, evidence } of restricted ? few.slice(0, named) : []) {
        reporter.say(clip(`  ${step}  ${reason}  ${gist(record, evidence)}`, width))
      }
    }
    const calls = callTable(result.calls, modelsOf(plan), reporter)
    reporter.say('', calls, moneyLines(result.calls, rows.length, width))
    const data = { ...summaryData(summary), records: restricted ? rows : shown, rejects }
    return { exit: result.exit, data, ...(result.error ? { error: result.error } : {}) }
  } finally {
    session.close()
  }
}
