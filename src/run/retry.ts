import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, type Sha } from '../records/index.ts'
import type { Request } from '../teachers/index.ts'
import { type CallRow, callBase, callSha, type Journal } from '../workspace/index.ts'
import type { PastRun } from './log.ts'
import { callsBehind, type RejectFilter, rejectsOf } from './rejects.ts'
import type { Session } from './session.ts'
import { readSummary, writeSummary } from './stage.ts'

export type Retried = {
  /** Drops and lost items of that reason. */
  rejects: number
  /** Calls whose next lookup is a new attempt, with what the last one cost and what the next can cost at most. */
  calls: { call: Sha; teacher: string; usd: number | null; atMost: number | null }[]
  /** Tasks that used them and will run again. */
  tasks: { stage: string; task: Sha }[]
}

/** A call that asked once more for a structured reply follows another: that one is asked again as well. */
function callBefore(journal: Journal, row: CallRow): CallRow | undefined {
  const { messages, ...rest } = (row.requestBody ?? {}) as Request
  if (messages === undefined || messages.length < 3 || messages.at(-2)?.role !== 'assistant') return undefined
  const request = digestOf({ ...rest, messages: messages.slice(0, -2) })
  const key = { ...row, request }
  return journal.show(callSha({ ...key, attempt: journal.attempt(callBase(key)) }))[0]
}

const digests = /"([0-9a-f]{64})"/g

/** Tasks of stages with teachers whose lines mention one of the calls. */
function tasksUsing({ store }: Session, run: PastRun, calls: Set<Sha>): Retried['tasks'] {
  const paid = new Set(run.stages.filter(s => s.nodes.some(n => n.teachers.length > 0)).map(s => s.key))
  return run.tasks.filter(({ stage, task }) => {
    const done = paid.has(stage) ? store.done(task) : undefined
    if (!done) return false
    const pieces = [
      ...done.rejects.map(piece => [piece, true] as const),
      ...done.output.map(piece => [piece, false] as const),
    ]
    return pieces.some(([piece, rejects]) =>
      store
        .lines(task, piece, rejects)
        .some(lines => lines.some(line => [...line.matchAll(digests)].some(m => calls.has(m[1]!)))),
    )
  })
}

/** A stage is recalled as a whole where all its tasks were there: not when one of them is about to run again. */
function markStages({ paths }: Session, tasks: Set<Sha>): void {
  for (const name of readdirSync(paths.stages)) {
    const file = join(paths.stages, name)
    const summary = readSummary(file)
    if (summary?.tasks.some(task => tasks.has(task))) writeSummary(file, { ...summary, retried: true })
  }
}

/**
 * Raises the attempt of every call behind rejects of a reason and removes the done records of the tasks that used it, so
 * that the next run asks anew. What was paid for stays in the journal. Doing it twice before that run changes nothing;
 * where it was cut short, doing it again does the rest.
 */
export function retry(session: Session, run: PastRun, wanted: RejectFilter & { reason: string }): Retried {
  const { journal, store } = session
  let rejects = 0
  const named = new Set<Sha>()
  const rejecting = new Set<Sha>()
  for (const reject of rejectsOf(store, run, wanted)) {
    rejects++
    rejecting.add(reject.task)
    for (const call of callsBehind(reject)) named.add(call)
  }
  const rows = new Map<Sha, CallRow>()
  for (const call of named) {
    const row = journal.show(call)[0]
    const earlier = row && callBefore(journal, row)
    for (const one of [earlier, row]) if (one) rows.set(one.call, one)
  }
  const tasks = tasksUsing(session, run, named)
  for (const row of rows.values()) {
    const base = callBase(row)
    if (journal.attempt(base) === row.attempt) journal.raise(base, wanted.reason)
  }
  markStages(session, new Set(tasks.map(({ task }) => task)))
  // What names the calls goes last: as long as any of it is there, a retry that was cut short can be given again.
  const [naming, using] = [tasks.filter(t => rejecting.has(t.task)), tasks.filter(t => !rejecting.has(t.task))]
  for (const { task } of [...using, ...naming]) store.forget(task)
  const calls = [...rows.values()].map(row => ({
    call: row.call,
    teacher: `${row.provider}/${row.model}`,
    usd: row.settled?.usd ?? null,
    atMost: row.reserved.usd,
  }))
  return { rejects, calls, tasks }
}
