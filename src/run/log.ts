import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plan } from '../recipe/index.ts'
import type { Json, Sha } from '../records/index.ts'
import { type CallTotals, type Emit, type Event, type Paths, putWhole, runId, type Status } from '../workspace/index.ts'
import { addFunnel, type Funnel } from './counts.ts'
import { type Shape, shapeOf } from './diff/index.ts'
import { readSummary } from './stage.ts'

/** What steps said of their decisions, and what globals found out in figures, by step. */
export type Told = {
  notes: { step: string; message: string }[]
  found: { [step: string]: { [name: string]: Json } }
}
/** What is written of one run into its folder: `plan.json`, `events.ndjson`, `funnel.json`, `told.json`. */
export type RunLog = { id: string; emit: Emit; funnel(funnel: Funnel): void; told(told: Told): void }

/** Milliseconds that finished tasks wait for others to be written down with them; who follows a run waits no longer. */
const flushMs = 1000

/** Beside the log of a run that asked nobody: what it had otherwise. */
export const replayNote = (paths: Paths, id: string): string => join(paths.run(id), 'replay.json')

/**
 * Opens the log of a new run. What cannot be written later goes to `failed`: the run must still be able to end. A `replay`
 * is marked as one before there is a plan, so that one that is killed is never taken for a run of the recipe.
 */
export function openRunLog(
  paths: Paths,
  plan: Plan,
  clock: () => Date,
  renderers: Emit[],
  failed: (error: unknown) => void,
  replay?: object,
): RunLog {
  const now = clock()
  const stages = plan.stages.map(({ key, id, shape, from, nodes }) => ({
    key,
    id,
    shape,
    from,
    nodes: nodes.map(n => ({
      key: n.key,
      owner: n.owner,
      verb: n.step.verb,
      about: n.step.about,
      identity: n.identity,
      teachers: n.teachers,
    })),
  }))
  const text = JSON.stringify({ recipe: plan.recipe.name, output: plan.output, stages, shape: shapeOf(plan) }, null, 1)
  let id = runId(now, text)
  for (let n = 2; ; n++) {
    try {
      mkdirSync(paths.run(id))
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      id = `${runId(now, text)}-${n}`
    }
  }
  const dir = paths.run(id)
  if (replay) writeFileSync(replayNote(paths, id), JSON.stringify(replay))
  const draft = join(dir, 'plan.json.tmp')
  writeFileSync(draft, text)
  renameSync(draft, join(dir, 'plan.json'))
  const file = join(dir, 'events.ndjson')
  let lines: string[] = []
  let flushed = now.getTime()
  function attempt(write: () => void): void {
    try {
      write()
    } catch (error) {
      failed(error)
    }
  }
  return {
    id,
    emit(event) {
      for (const render of renderers) render(event)
      const at = clock()
      const late = at.getTime() - flushed >= flushMs
      // One for every call: for screens only.
      const live = event.event === 'call' || event.event === 'air'
      if (!live) lines.push(JSON.stringify({ at: at.toISOString(), ...event }))
      if (lines.length === 0 || (!late && (live || (lines.length < 64 && event.event === 'task-done')))) return
      const text = `${lines.join('\n')}\n`
      flushed = at.getTime()
      // After a failure the first of them ends a line that may be half-written.
      lines = ['']
      attempt(() => {
        appendFileSync(file, text)
        lines = []
      })
    },
    funnel(funnel) {
      attempt(() => writeFileSync(join(dir, 'funnel.json'), JSON.stringify(funnel, null, 1)))
    },
    told(told) {
      attempt(() => writeFileSync(join(dir, 'told.json'), JSON.stringify(told, null, 1)))
    },
  }
}

/** What a process that was started in the background says while it runs. */
export const backgroundLog = (paths: Paths, id: string): string => join(paths.run(id), 'background.log')

/** How the command around a run ended: its release may be refused after the run is done. */
export type CommandEnd = { exit: number; message?: string; release?: string; rows?: number }
const endFile = (paths: Paths, id: string): string => join(paths.run(id), 'command.json')

/** Keeps how the command around a run ended. A run is none the worse without it. */
export function noteEnd(paths: Paths, id: string, end: CommandEnd): void {
  try {
    putWhole(endFile(paths, id), JSON.stringify(end))
  } catch {
    // The disk is full, and the log has said so.
  }
}

export function readEnd(paths: Paths, id: string): CommandEnd | undefined {
  try {
    return JSON.parse(readFileSync(endFile(paths, id), 'utf8')) as CommandEnd
  } catch {
    return undefined
  }
}

/** A run as its log tells it. */
export type PastRun = {
  id: string
  recipe: string
  stages: {
    key: string
    id: string
    from: string[]
    shape: string
    nodes: { key: string; owner: string; verb: string; about: string; identity?: Sha; teachers: string[] }[]
  }[]
  output: string
  /** The recipe as it stood then; runs of earlier versions have none. */
  shape?: Shape
  tasks: { stage: string; task: string }[]
  funnel: Funnel
  told?: Told
  status: Status | 'killed'
  exit?: number
  message?: string
  calls: CallTotals
  /** Digest of the output of a run that came to its end. */
  rows?: Sha
  started?: string
  ended?: string
}

/** What a run was going to do, as it wrote it down when it began. */
export const readRunPlan = (paths: Paths, id: string): Pick<PastRun, 'recipe' | 'stages' | 'output' | 'shape'> =>
  JSON.parse(readFileSync(join(paths.run(id), 'plan.json'), 'utf8'))

/** Reads the log of a run; a run without an end was killed. */
export function readRun(paths: Paths, id: string): PastRun {
  const run: PastRun = { id, ...readRunPlan(paths, id), tasks: [], funnel: {}, status: 'killed', calls: {} }
  let text = ''
  let summed = false
  try {
    text = readFileSync(join(paths.run(id), 'events.ndjson'), 'utf8')
    run.funnel = JSON.parse(readFileSync(join(paths.run(id), 'funnel.json'), 'utf8')) as Funnel
    summed = true
    run.told = JSON.parse(readFileSync(join(paths.run(id), 'told.json'), 'utf8')) as Told
  } catch {
    // Killed before it wrote them.
  }
  for (const line of text.split('\n')) {
    if (!line) continue
    let event: Event & { at: string }
    try {
      event = JSON.parse(line) as Event & { at: string }
    } catch {
      continue
    }
    if (event.event === 'run-started') run.started = event.at
    // A run that was killed left no funnel file: its events say the same.
    if (!summed && 'funnel' in event) addFunnel(run.funnel, event.funnel)
    if (event.event === 'task-done') run.tasks.push({ stage: event.stage, task: event.task })
    if (event.event === 'stage-recalled') {
      const summary = readSummary(join(paths.stages, `${event.summary}.json`))
      for (const task of summary?.tasks ?? []) run.tasks.push({ stage: event.stage, task })
    }
    if (event.event === 'run-ended') {
      run.status = event.status
      run.exit = event.exit
      run.calls = event.calls
      if (event.rows) run.rows = event.rows
      run.ended = event.at
      if (event.message) run.message = event.message
    }
  }
  return run
}

/** Ids of the runs of a workspace, oldest first. One that ended before its plan was written never began. */
export function listRuns(paths: Paths): string[] {
  try {
    return readdirSync(paths.runs)
      .filter(id => existsSync(join(paths.run(id), 'plan.json')))
      .sort()
  } catch {
    return []
  }
}
