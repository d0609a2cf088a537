import { StillroomError } from '../errors/index.ts'
import type { Id, Parent, Rec, Sha, Slug } from '../records/index.ts'
import type { Store } from '../workspace/index.ts'
import { decode } from './carried.ts'
import { concealed } from './conceal.ts'
import type { PastRun } from './log.ts'
import { rejectsOf } from './rejects.ts'

/** A record that a record came from, and where that came from. `again` stands higher up in the same tree. */
export type Ancestor = { role: Parent['role']; id: Id; record?: Rec; again?: boolean; parents: Ancestor[] }

export type Story = {
  record: Rec
  parents: Ancestor[]
  /** Steps that it passed after it was made or read, in order. */
  passed: string[]
  /** Part of the output of the run. */
  kept: boolean
  dropped?: { step: string; reason: Slug; evidence?: unknown }
  /** Records made from it, by the step that made them. */
  made: { [step: string]: number }
}

/** Lines of everything a stage of a run put out. */
function* outputs(store: Store, run: PastRun, stage: string): Generator<string> {
  for (const { task } of run.tasks.filter(one => one.stage === stage)) {
    const done = store.done(task)
    for (const piece of done?.output ?? []) for (const lines of store.lines(task, piece)) yield* lines
  }
}

/**
 * Records by id, as the first stage that knows them wrote them, before later notes; or as the last one did, which is what
 * became of a text that was redacted on the way.
 */
export function recordsById(
  store: Store,
  run: PastRun,
  ids: Iterable<Id>,
  form: 'first' | 'last' = 'first',
): Map<Id, Rec> {
  const missing = new Set(ids)
  const found = new Map<Id, Rec>()
  for (const { key } of form === 'first' ? run.stages : run.stages.toReversed()) {
    if (missing.size === 0) break
    for (const line of outputs(store, run, key)) {
      for (const id of missing) {
        if (!line.includes(`"id":"${id}"`)) continue
        const { record } = decode(line)
        if (record.id !== id) continue
        found.set(id, record)
        missing.delete(id)
        break
      }
      if (missing.size === 0) break
    }
  }
  return found
}

/** Every ancestor of some records that the run still holds, by id. */
export function ancestorsOf(store: Store, run: PastRun, records: readonly Rec[]): Map<Id, Rec> {
  const known = new Map<Id, Rec>()
  let level = [...records]
  while (level.length > 0) {
    const wanted = new Set<Id>()
    for (const { lineage } of level) {
      for (const { id, role } of lineage.parents) if (role !== 'corpus' && !known.has(id)) wanted.add(id)
    }
    const found = wanted.size > 0 ? recordsById(store, run, wanted) : new Map<Id, Rec>()
    for (const [id, record] of found) known.set(id, record)
    level = [...found.values()]
  }
  return known
}

/** The records read from outside that a record descends from through subjects: what its source line names. */
export function rootsOf(record: Rec, ancestors: Map<Id, Rec>): Rec[] {
  const roots = new Map<Id, Rec>()
  const visit = (one: Rec): void => {
    const subjects = one.lineage.parents.filter(parent => parent.role === 'subject')
    if (subjects.length === 0) roots.set(one.id, one)
    for (const { id } of subjects) {
      const parent = ancestors.get(id)
      if (parent) visit(parent)
    }
  }
  visit(record)
  return [...roots.values()]
}

/** Keys of the stages whose records are the output: a union stands for its branches where it wrote nothing itself. */
function outputStages(run: PastRun): Set<string> {
  return new Set([run.output, ...run.output.split('+')])
}

/**
 * The stage in which a step of a run ends, by the key of the step or of the verb it belongs to. Records lie on disk only
 * where a stage ends. Throws SR_NOT_FOUND with the steps that there are.
 */
export function stageOf(run: PastRun, step: string): string {
  const stage = run.stages.findLast(
    ({ key, nodes }) => key === step || nodes.some(n => n.key === step || n.owner === step),
  )
  const last = stage?.nodes.at(-1)
  if (stage && (stage.key === step || last?.key === step || last?.owner === step)) return stage.key
  throw new StillroomError('SR_NOT_FOUND', `Run ${run.id} keeps no records of a step ${step}.`, {
    expected: `one of ${run.stages.map(({ key }) => key).join(', ')}`,
    hint: stage ? `${step} runs together with what follows it: take ${stage.key}` : 'name a step of the recipe',
  })
}

/** The records that a run put out, in order: its rows, or what a stage of it gave. */
export function* recordsOf(store: Store, run: PastRun, stage: string = run.output): Generator<Rec> {
  const seen = new Set<Id>()
  const own = run.tasks.some(one => one.stage === stage)
  for (const key of own ? [stage] : outputStages(run)) {
    for (const line of outputs(store, run, key)) {
      const { record } = decode(line)
      if (seen.has(record.id)) continue
      seen.add(record.id)
      yield record
    }
  }
}

function notFound(prefix: string, run: PastRun): StillroomError {
  return new StillroomError('SR_NOT_FOUND', `Run ${run.id} has no record whose id begins with ${prefix}.`, {
    hint: 'stillroom show rows and stillroom show rejects print ids',
  })
}

/**
 * The story of the one record of a run whose id begins with `prefix`: its latest form, what it came from, and how it
 * ended. Throws SR_NOT_FOUND when there is none, or more than one.
 */
export function tellStory(store: Store, run: PastRun, prefix: string): Story {
  const mark = `"id":"${prefix}`
  const ids = new Set<Id>()
  const held = new Map<string, Set<Id>>()
  const forms = new Map<Id, Rec>()
  const made = new Map<string, Set<Id>>()
  for (const { key } of run.stages) {
    for (const line of outputs(store, run, key)) {
      if (!line.includes(mark)) continue
      const { record } = decode(line)
      if (record.id.startsWith(prefix)) {
        ids.add(record.id)
        forms.set(record.id, record)
        held.set(key, (held.get(key) ?? new Set()).add(record.id))
      } else if (
        record.lineage.made &&
        record.lineage.parents.some(p => p.role === 'subject' && p.id.startsWith(prefix))
      ) {
        const step = record.lineage.made.step
        made.set(step, (made.get(step) ?? new Set()).add(record.id))
      }
    }
  }
  let dropped: Story['dropped']
  let hides = false
  for (const { step, reason, evidence, index, record, conceal } of rejectsOf(store, run)) {
    if (index !== undefined || !record?.id.startsWith(prefix)) continue
    ids.add(record.id)
    hides ||= conceal === true
    if (conceal || !forms.has(record.id)) forms.set(record.id, record)
    // The last form it had, with the text that a rejected document leaves out.
    else forms.set(record.id, { ...forms.get(record.id)!, facets: record.facets, scores: record.scores })
    dropped = { step, reason, ...(evidence === undefined ? {} : { evidence }) }
  }
  const [id, ...others] = ids
  if (id === undefined) throw notFound(prefix, run)
  if (others.length > 0) {
    throw new StillroomError('SR_NOT_FOUND', `More than one record has an id that begins with ${prefix}.`, {
      received: [...ids].slice(0, 5).join(', '),
      hint: 'add a few more characters of the id',
    })
  }
  const told = (one: Rec): Rec => (hides ? untold(one) : one)
  const record = told(forms.get(id)!)
  const ancestors = ancestorsOf(store, run, [record])
  const ends = outputStages(run)
  return {
    record,
    parents: treeOf(record, new Map([...ancestors].map(([id, one]) => [id, told(one)]))),
    passed: passedSteps(run, record, held, dropped?.step),
    kept: [...ends].some(key => held.get(key)?.has(id)),
    ...(dropped ? { dropped } : {}),
    made: Object.fromEntries([...made].map(([step, children]) => [step, children.size])),
  }
}

/** Where a record came from, when what it says must not be seen: its calls and the records behind it say the same. */
function untold(record: Rec): Rec {
  const bare = concealed(record)
  const { made } = bare.lineage
  return made ? { ...bare, lineage: { ...bare.lineage, made: { ...made, calls: [] } } } : bare
}

function treeOf(record: Rec, known: Map<Id, Rec>): Ancestor[] {
  const seen = new Set<Id>()
  const grow = (one: Rec): Ancestor[] =>
    one.lineage.parents.map(({ id, role }) => {
      const parent = known.get(id)
      if (seen.has(id)) return { role, id, ...(parent ? { record: parent } : {}), again: true, parents: [] }
      seen.add(id)
      return { role, id, ...(parent ? { record: parent } : {}), parents: parent ? grow(parent) : [] }
    })
  return grow(record)
}

function passedSteps(run: PastRun, record: Rec, held: Map<string, Set<Id>>, droppedAt: string | undefined): string[] {
  return run.stages.flatMap(stage => {
    const keys = stage.nodes.map(node => node.key)
    if (held.get(stage.key)?.has(record.id)) return keys.filter(key => key !== record.lineage.made?.step)
    const stop = droppedAt === undefined ? -1 : keys.indexOf(droppedAt)
    return stop > 0 ? keys.slice(0, stop).filter(key => key !== record.lineage.made?.step) : []
  })
}

/** Every call that had a part in a record and its ancestors, with the step and aspect it served, in order of descent. */
export function callsOf(record: Rec, ancestors: readonly Ancestor[]): { call: Sha; step: string }[] {
  const calls = new Map<Sha, string>()
  const visit = (one: Rec | undefined, parents: readonly Ancestor[]): void => {
    for (const parent of parents) if (parent.role === 'subject') visit(parent.record, parent.parents)
    const made = one?.lineage.made
    for (const call of made?.calls ?? []) if (!calls.has(call)) calls.set(call, made!.step)
    for (const [name, score] of Object.entries(one?.scores ?? {})) {
      if (score.call && !calls.has(score.call)) calls.set(score.call, name.slice(0, name.lastIndexOf('/')))
    }
  }
  visit(record, ancestors)
  return [...calls].map(([call, step]) => ({ call, step }))
}
