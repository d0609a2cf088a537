import { StillroomError } from '../../errors/index.ts'
import type { Id, Json } from '../../records/index.ts'
import type { Store } from '../../workspace/index.ts'
import { decode } from '../carried.ts'
import type { PastRun } from '../log.ts'
import { type Rejected, rejectsOf } from '../rejects.ts'
import { compareShapes, type ShapeDiff } from './compare-shapes.ts'
import { compareFunnels, type StepDiff } from './funnels.ts'
import { compareRows, type RowDiff } from './rows.ts'
import type { Shape } from './shape.ts'
import { addressKey, type Drop, emptySide, knownOf, lostKey, notesOf, type Side } from './side.ts'

/** Marks of kept rows: how many have one, how many have none, their mean and their lowest. */
export type Mark = { name: string; n: number; unscored: number; mean: number; lowest: number }

export type RunDiff = {
  runs: [string, string]
  /** Absent where a run was made before recipes were kept with runs. */
  recipe?: ShapeDiff
  funnel: StepDiff[]
  /** Absent where rows of a run were removed since, and why. */
  rows?: RowDiff
  missing?: string
  marks: { was: Mark[]; is: Mark[] }
}

type Tasks = PastRun['tasks']

/** Lines that a task put out, frame by frame. */
function* linesOf(store: Store, task: string): Generator<string> {
  for (const piece of store.done(task)?.output ?? []) for (const lines of store.lines(task, piece)) yield* lines
}

/** Keys of the stages that bring new records: sources, and steps that made any. */
function bringing(run: PastRun): Set<string> {
  return new Set(
    run.stages.flatMap(({ key, shape, nodes }) =>
      shape === 'source' || shape === 'grid' || nodes.some(node => (run.funnel[node.key]?.made ?? 0) > 0) ? [key] : [],
    ),
  )
}

/** The stages whose records are the rows: the output where it `wrote` any, or the branches that it passes on as they lie. */
const outputStages = (output: string, wrote: boolean): string[] => (wrote ? [output] : output.split('+'))

/** Rows of a run, by the records that its stages put out. */
export const outputRows = (output: string, rowsOf: (stage: string) => number): number =>
  outputStages(output, rowsOf(output) > 0).reduce((n, stage) => n + rowsOf(stage), 0)

function outputTasks(run: PastRun): Tasks {
  const wrote = run.tasks.some(({ stage }) => stage === run.output)
  const stages = outputStages(run.output, wrote)
  return run.tasks.filter(({ stage }) => stages.includes(stage))
}

/** How many rows of which marks; sums are of whole numbers, so that no order has a part in them. */
function openMarks() {
  const found = new Map<string, { n: number; unscored: number; sum: number; lowest: number }>()
  return {
    add(scores: { [name: string]: object }): void {
      for (const [name, score] of Object.entries(scores)) {
        const mark = found.get(name) ?? { n: 0, unscored: 0, sum: 0, lowest: Number.POSITIVE_INFINITY }
        found.set(name, mark)
        if (!('value' in score)) {
          mark.unscored++
          continue
        }
        const value = score.value as number
        mark.n++
        mark.sum += Math.round(value * 1e6)
        mark.lowest = Math.min(mark.lowest, value)
      }
    },
    data: (): Mark[] =>
      [...found]
        .filter(([, { n }]) => n > 0)
        .map(([name, { sum, ...mark }]) => ({ name, ...mark, mean: sum / mark.n / 1e6 }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

/** What rejects of a run tell about records that the other side wants to know of. */
export function takeRejects(side: Side, rejects: Iterable<Rejected>, wanted: (id: Id) => boolean): void {
  for (const { step, reason, evidence, index, record } of rejects) {
    const drop: Drop = { step, reason, ...(evidence === undefined ? {} : { evidence }) }
    if (record && index !== undefined) {
      if (wanted(record.id)) side.lost.set(lostKey(record.id, step), drop)
    } else if (record) {
      if (wanted(record.id)) side.dropped.set(record.id, drop)
    } else {
      const { file } = (evidence ?? {}) as { file?: Json }
      if (typeof file === 'string') side.rejected.set(addressKey({ name: step, uri: file }), drop)
    }
  }
}

/** What identifies each step of a run by its key; a run of an earlier version tells it by whole stages. */
export const stepsOf = (run: PastRun): Map<string, string> =>
  new Map(
    run.stages.flatMap(({ id, nodes }) => nodes.map(({ key, identity }): [string, string] => [key, identity ?? id])),
  )

/** Records that tasks of a run brought, and the addresses they were read of. */
function takeRecords(side: Side, store: Store, run: PastRun, tasks: Tasks): void {
  const stages = bringing(run)
  const addresses = new Set<string>()
  for (const { stage, task } of tasks) {
    if (!stages.has(stage)) continue
    for (const line of linesOf(store, task)) {
      const { record } = decode(line)
      const { source } = record.lineage
      if (source) addresses.add(addressKey(source))
      // The form in which it came to be: what is repaired later is told of the row.
      if (!side.records.has(record.id)) side.records.set(record.id, knownOf(record))
    }
  }
  side.addresses = addresses
}

/** What a run at hand tells of records that a release does not hold: that they were there, and why they went. */
export function takeEvidence(side: Side, store: Store, run: PastRun, wanted: (id: Id) => boolean): void {
  if (goneFrom(store, run)) return
  const stages = bringing(run)
  const seen = new Set<Id>()
  const addresses = new Set<string>()
  for (const { stage, task } of run.tasks) {
    if (!stages.has(stage)) continue
    const source = run.stages.find(({ key }) => key === stage)?.shape === 'source'
    for (const line of linesOf(store, task)) {
      if (!source && ![...line.matchAll(/"id":"([0-9a-f]{32})"/g)].some(([, id]) => wanted(id!))) continue
      const { record } = decode(line)
      if (wanted(record.id)) seen.add(record.id)
      if (record.lineage.source) addresses.add(addressKey(record.lineage.source))
    }
  }
  takeRejects(side, rejectsOf(store, run), wanted)
  side.seen = seen
  side.addresses = addresses
  side.steps = stepsOf(run)
  side.complete = true
}

/** What is said of a run whose tasks no longer all lie in the workspace; undefined where they do. */
export function goneFrom(store: Store, run: PastRun): string | undefined {
  return run.tasks.some(({ task }) => !store.whole(task, false))
    ? `what run ${run.id} made was removed from the workspace since`
    : undefined
}

/** What the tasks that two runs do not share put out, and the rows of both. Shared tasks are read once. */
export function sidesOfRuns(store: Store, a: PastRun, b: PastRun): { a: Side; b: Side; marks: RunDiff['marks'] } {
  const sides = [emptySide(), emptySide()] as const
  const runs = [a, b] as const
  const marks = [openMarks(), openMarks()] as const
  const outputs = runs.map(run => new Set(outputTasks(run).map(({ task }) => task)))
  for (const [i, run] of runs.entries()) {
    const side = sides[i]!
    for (const { task } of outputTasks(run)) {
      const shared = outputs[1 - i]!.has(task)
      // The other side has taken them with this one's.
      if (shared && i === 1) continue
      for (const line of linesOf(store, task)) {
        const { record } = decode(line)
        const row = { digest: record.digest, place: record.facets.split ?? '', notes: notesOf(record) }
        for (const k of shared ? [0, 1] : [i]) {
          if (sides[k]!.rows.has(record.id)) continue
          sides[k]!.rows.set(record.id, row)
          marks[k]!.add(record.scores)
        }
      }
    }
    side.complete = true
    side.steps = stepsOf(run)
    side.sources = new Set(run.stages.flatMap(({ key, shape }) => (shape === 'source' ? [key] : [])))
  }
  const own = (i: 0 | 1): Tasks => {
    const others = new Set(runs[1 - i]!.tasks.map(({ task }) => task))
    return runs[i]!.tasks.filter(({ task }) => !others.has(task))
  }
  for (const i of [0, 1] as const) takeRecords(sides[i], store, runs[i], own(i))
  // Of a source that is read alike the tasks are shared, and so are its addresses.
  for (const i of [0, 1] as const) {
    const wanted = (id: Id): boolean =>
      sides[1 - i]!.records.has(id) || sides[1 - i]!.rows.has(id) || sides[i].records.has(id)
    takeRejects(sides[i], rejectsOf(store, { ...runs[i], tasks: own(i) }), wanted)
  }
  return { a: sides[0], b: sides[1], marks: { was: marks[0].data(), is: marks[1].data() } }
}

const keysOf = (run: PastRun): string[] =>
  run.stages.flatMap(({ key, shape, nodes }) => (shape === 'source' ? [key] : nodes.map(node => node.key)))

/**
 * Compares two runs of one workspace: their recipes, funnels and rows. What both have in common on disk is read once, and
 * only tasks that they do not share are looked into for records and rejects.
 */
export function compareRuns(store: Store, a: PastRun, b: PastRun, shape?: Shape): RunDiff {
  const was = a.shape ?? shape
  const recipe = was && b.shape ? compareShapes(was, b.shape) : undefined
  const funnel = compareFunnels(a.funnel, b.funnel, { was: keysOf(a), is: keysOf(b) })
  const head = { runs: [a.id, b.id] as [string, string], ...(recipe ? { recipe } : {}), funnel }
  const missing = goneFrom(store, a) ?? goneFrom(store, b)
  if (missing) return { ...head, missing, marks: { was: [], is: [] } }
  const sides = sidesOfRuns(store, a, b)
  return { ...head, rows: compareRows(sides.a, sides.b), marks: sides.marks }
}

/** The one run whose id begins so. Throws SR_NOT_FOUND where there is none, or more than one. */
export function runNamed(ids: readonly string[], name: string): string {
  const found = ids.filter(id => id.startsWith(name))
  if (found.length === 1) return found[0]!
  throw new StillroomError(
    'SR_NOT_FOUND',
    found.length === 0 ? `There is no run ${name}.` : `More than one run begins with ${name}.`,
    {
      ...(found.length > 0 ? { received: found.slice(0, 5).join(', ') } : {}),
      hint: 'stillroom status lists the runs',
    },
  )
}
