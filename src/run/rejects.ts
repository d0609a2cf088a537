import type { Id, Json, Rec, Sha, Slug } from '../records/index.ts'
import type { Reply, Request } from '../teachers/index.ts'
import type { CallRow, Journal, Store } from '../workspace/index.ts'
import type { PastRun } from './log.ts'

/** A line of a rejects file. `index` marks an item of a reply that was lost; sources reject what is no record yet. */
export type Rejected = {
  step: string
  reason: Slug
  evidence?: Json
  index?: number
  record?: Rec
  /** The content is withheld: it holds what must not be kept. */
  conceal?: true
  stage: string
  task: Sha
}

/** Which rejects: a step key also stands for the primitives below it. */
export type RejectFilter = { step?: string; reason?: string }

const below = (step: string, wanted: string): boolean => step === wanted || step.startsWith(`${wanted}.`)

/** What a run dropped or lost, stage by stage. Tasks that are gone or rejected nothing of the kind are not read. */
export function* rejectsOf(store: Store, run: PastRun, { step, reason }: RejectFilter = {}): Generator<Rejected> {
  const order = new Map(run.stages.map((stage, i) => [stage.key, i]))
  const tasks = [...run.tasks].sort((a, b) => (order.get(a.stage) ?? 0) - (order.get(b.stage) ?? 0))
  for (const { stage, task } of tasks) {
    const done = store.done(task)
    if (!done || done.rejects.length === 0) continue
    const counted = Object.entries(done.funnel).some(
      ([key, counts]) =>
        (!step || below(key, step)) && (!reason || (counts.dropped[reason] ?? 0) + (counts.lost[reason] ?? 0) > 0),
    )
    if (!counted) continue
    for (const piece of done.rejects) {
      for (const lines of store.lines(task, piece, true)) {
        for (const line of lines) {
          const reject = JSON.parse(line) as Rejected
          if ((!step || below(reject.step, step)) && (!reason || reject.reason === reason))
            yield { ...reject, stage, task }
        }
      }
    }
  }
}

/** The calls that a reject came from: named by its evidence, or by the score that is missing a value. */
export function callsBehind({ reason, evidence, record }: Rejected): Sha[] {
  const calls = new Set<Sha>()
  const visit = (value: Json | undefined): void => {
    if (Array.isArray(value)) value.forEach(visit)
    else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        if (key === 'call' && typeof inner === 'string') calls.add(inner)
        else visit(inner)
      }
    }
  }
  visit(evidence)
  if (reason === 'unscored' && record) {
    const by = (evidence as { by?: string } | undefined)?.by
    for (const [name, score] of Object.entries(record.scores)) {
      if ('unscored' in score && score.call && (by === undefined || by === name)) calls.add(score.call)
    }
  }
  return [...calls]
}

/** One exchange with a teacher, as the journal keeps it. */
export type Exchange = { row: CallRow; request?: Request; reply?: Reply }

/** What was sent and what came back, for each call; the reply with the lowest cap where there are several. */
export function exchanges(journal: Journal, calls: readonly Sha[]): Exchange[] {
  return calls.flatMap(call => {
    const rows = journal.show(call)
    const row = rows.find(one => one.state === 'reply') ?? rows[0]
    return row ? [{ row, request: row.requestBody as Request, reply: row.replyBody as Reply }] : []
  })
}

/** Ids by step of the records that a run's tasks dropped; items lost in replies are no records. */
export function droppedIds(
  store: Store,
  run: PastRun,
  tasks: readonly PastRun['tasks'][number][],
): Map<string, Set<Id>> {
  const dropped = new Map<string, Set<Id>>()
  for (const { step, index, record, evidence } of rejectsOf(store, { ...run, tasks: [...tasks] })) {
    if (index !== undefined) continue
    const id = record?.id ?? JSON.stringify(evidence)
    const ids = dropped.get(step)
    if (ids) ids.add(id)
    else dropped.set(step, new Set([id]))
  }
  return dropped
}
