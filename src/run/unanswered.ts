import { StillroomError } from '../errors/index.ts'
import { digestOf, type Id, type Rec, type Sha } from '../records/index.ts'
import type { Store } from '../workspace/index.ts'
import { type Carried, decode } from './carried.ts'
import type { PastRun } from './log.ts'
import { rejectsOf } from './rejects.ts'

function* carried(store: Store, run: PastRun, stage: string): Generator<Carried> {
  for (const { task } of run.tasks.filter(one => one.stage === stage)) {
    for (const piece of store.done(task)?.output ?? []) {
      for (const lines of store.lines(task, piece)) for (const line of lines) yield decode(line)
    }
  }
}

type Stage = PastRun['stages'][number]

/** The nearest stages on the way to a stage that gave prompts, on each of its branches. */
function promptsBefore(store: Store, run: PastRun, stage: Stage): string[] {
  return stage.from.flatMap(key => {
    const before = run.stages.find(one => one.key === key)
    if (!before) return []
    const { value: first } = carried(store, run, key).next()
    return first?.record.kind === 'prompt' ? [key] : promptsBefore(store, run, before)
  })
}

/**
 * Prompts of a run of which nothing is left behind a step: all that was made of them had been dropped by then, and no source
 * answers them. The step is
 * named by its key, or by the verb it belongs to. Throws SR_NOT_FOUND where there is no such step, or no prompt before it.
 */
export function unansweredBy(store: Store, run: PastRun, step: string): Rec<'prompt'>[] {
  const ofStep = (node: Stage['nodes'][number]) => node.key === step || node.owner === step
  const stage = run.stages.findLast(({ key, nodes }) => key === step || nodes.some(ofStep))
  const prompts = stage ? promptsBefore(store, run, stage) : []
  if (!stage || prompts.length === 0) {
    throw new StillroomError('SR_NOT_FOUND', `Run ${run.id} has no step ${step} that answers to prompts come to.`, {
      expected: `one of ${run.stages.flatMap(({ nodes }) => nodes.map(({ key }) => key)).join(', ')}`,
      hint: 'name a step behind the one that answers, such as verify',
    })
  }
  const left = new Set<Id>()
  const answered = new Set<Sha>()
  const leave = ({ record, trail }: Carried): void => {
    left.add(record.id)
    for (const [, subject] of trail) left.add(subject)
    // What a person answered comes in by a source, and so descends from no prompt.
    if (record.kind === 'conversation' && trail.length === 0) answered.add(digestOf(record.messages.slice(0, -1)))
  }
  for (const item of carried(store, run, stage.key)) leave(item)
  // What runs in one stage with the step, behind it, may have dropped what the step had let through.
  const last = stage.nodes.findLastIndex(ofStep)
  const behind = new Set(last < 0 ? [] : stage.nodes.slice(last + 1).map(({ key }) => key))
  const later = new Set<Id>()
  for (const { stage: at, step: by, index, record } of behind.size > 0 ? rejectsOf(store, run) : []) {
    if (at === stage.key && behind.has(by) && index === undefined && record) later.add(record.id)
  }
  for (const key of later.size > 0 ? stage.from : []) {
    for (const item of carried(store, run, key)) if (later.has(item.record.id)) leave(item)
  }
  const found = new Map<Id, Rec<'prompt'>>()
  for (const key of new Set(prompts)) {
    for (const { record } of carried(store, run, key)) {
      if (record.kind !== 'prompt' || left.has(record.id) || answered.has(digestOf(record.messages))) continue
      found.set(record.id, record)
    }
  }
  return [...found.values()]
}
