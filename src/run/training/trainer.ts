import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import {
  bestOf,
  failureOf,
  joinPoints,
  type Phase,
  type Point,
  readFactoryLog,
  readOutput,
  readTold,
  type Settled,
  settled,
  shellWord,
  trainingWarnings,
  type Written,
} from '../../train/index.ts'
import type { Reached } from '../../workspace/index.ts'
import { type Command, type Ending, startCommand } from '../command.ts'
import type { Clock } from '../session.ts'
import { type Checkpoint, checkpointsIn, keepBest, lastCheckpoint } from './checkpoints.ts'
import { again, below, interrupted, sizeOf, textOf } from './ended.ts'
import type { TellTraining } from './events.ts'
import { endChildren, mark } from './processes.ts'
import type { Places } from './state.ts'

/** What a trainer, a merge or a server runs in, and who wants it to end. */
export type Around = {
  places: Places
  env: Record<string, string | undefined>
  clock: Clock
  fetch: typeof fetch
  reached: Reached
  tell: TellTraining
  /** Wants a clean end. */
  stop: AbortSignal | undefined
  /** Wants an end at once. */
  kill: AbortSignal | undefined
  launch: string | undefined
  /** Told of what runs, so that it is found again after this process was killed. */
  child(now: { pid: number; what: string } | undefined): void
}

/** Milliseconds between two looks at what a trainer writes. */
const look = 200
/** Seconds that a trainer has to save and end, when it was asked to. */
const toSave = 120

/** Environment of whatever a training starts. */
export const environmentOf = ({ places, env }: Around): Record<string, string | undefined> => ({
  ...env,
  [mark]: places.folder,
  // Python holds back what it says when it goes to a file.
  PYTHONUNBUFFERED: '1',
})

/** Folder whose `sitecustomize.py` Python imports by itself: what a trainer is asked and told through. */
const bridge = join(import.meta.dirname, 'bridge')

export type TrainedPhase = {
  points: Point[]
  step: number
  of: number
  /** Undefined without held-out rows. */
  settled: Settled | undefined
  versions: { [library: string]: string }
}

/** Where a time of training begins: bytes of output, times told of before, and the step of its checkpoint. */
type Since = { output: number; began: number; step: number }

/**
 * What the files of a training say now, joined: a checkpoint counts more than the bridge, and that more than the output. What
 * an earlier time told of steps beyond the checkpoint is of no training any more. Checkpoints are only looked at where the
 * bridge tells nothing, or at the end.
 */
function readAll(around: Around, { phase, written }: { phase: Phase; written: Written }, since: Since, atEnd = false) {
  const { places } = around
  const told = readTold(textOf(places.told(phase.name)))
  const begun = told.began > since.began
  if (!begun) told.points = told.points.filter(({ step }) => step <= since.step)
  const output = join(places.folder, written.output)
  const whole = begun && !atEnd ? [] : checkpointsIn(output).whole
  const state = whole.at(-1)?.state
  const factory = begun ? undefined : readFactoryLog(textOf(join(output, 'trainer_log.jsonl')))
  const said = begun ? '' : textOf(places.output(phase.name), since.output)
  const printed = readOutput(said, { logSteps: phase.settings.logSteps, from: since.step })
  const points = joinPoints(printed, factory?.points ?? [], told.points, state?.points ?? [])
  const step = Math.max(begun ? told.step : since.step, state?.step ?? 0, points.at(-1)?.step ?? 0)
  return { told, begun, whole, points, step, of: told.of || factory?.of || state?.of || phase.settings.maxSteps || 0 }
}

/** When the files of a trainer were last written: nothing is read while that stays the same. */
const touched = (files: readonly string[]): string =>
  files.map(file => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0).join()

type Settle = { patience: number; 'min-delta': number }
export type Work = {
  phase: Phase
  written: Written
  attempt: number
  settle: Settle
  /** It ends as soon as the held-out loss has settled. */
  early: boolean
  /** Its settings have changed since it ended, so that it goes on where it was over. */
  more: boolean
}

/**
 * Trains one phase to its end, from its last whole checkpoint where there is one, and tells what the trainer reports. An
 * `early` one is stopped once the held-out loss has settled: through the bridge, so that it saves and ends as at its own
 * end; a trainer that the bridge does not reach is ended behind its next checkpoint. Nothing is left running. A phase whose
 * last checkpoint is its end is not started.
 * @throws StillroomError SR_TRAINER_MISSING, SR_TRAINER with the last lines of its log, SR_INTERRUPTED.
 */
export async function trainPhase(
  work: Work,
  around: Around,
  heard: (points: readonly Point[], of: number) => void,
): Promise<TrainedPhase> {
  const { phase, written, attempt, more } = work
  const settle = work.early ? work.settle : undefined
  const { places, clock, tell, stop, kill, reached } = around
  const { name } = phase
  const output = join(places.folder, written.output)
  const log = places.output(name)
  const { last, removed } = lastCheckpoint(output)
  if (removed > 0)
    tell({ event: 'note', message: `${removed} unfinished checkpoint${removed > 1 ? 's' : ''} removed.` })
  mkdirSync(places.bridge(name), { recursive: true })
  rmSync(places.stop(name), { force: true })
  const told = readTold(textOf(places.told(name)))
  const since: Since = { output: sizeOf(log), began: told.began, step: last?.step ?? 0 }
  const files = [log, places.told(name), output, join(output, 'trainer_log.jsonl')]
  let now = readAll(around, work, since, true)
  let found: Settled | undefined
  const done = (): TrainedPhase => ({
    points: now.points,
    step: now.step,
    of: now.of,
    settled: now.points.some(({ figures }) => 'eval_loss' in figures) ? settled(now.points, work.settle) : undefined,
    versions: now.told.versions,
  })
  if (last && !more && (isOver(last) || settledBy(last, now.points, settle))) return done()

  const emitted = new Set(now.points.flatMap(keysOf))
  const warned = new Set<string>()
  tell({ event: 'phase-started', phase: name, method: phase.method, attempt, from: since.step, log })
  const words = last && written.resume ? written.resume : written.command
  const command = around.launch?.replace('{command}', () => words.map(shellWord).join(' ')) ?? words
  const env = { ...environmentOf(around), ...bridged(around, name, last) }
  const running = startCommand(command, { cwd: places.folder, env, log })
  if (running.pid !== undefined) around.child({ pid: running.pid, what: `the trainer of ${name}` })
  reached('train.started')

  let asked: 'settled' | 'interrupted' | undefined
  let deadline = Number.POSITIVE_INFINITY
  let seen = ''
  const ask = (why: 'settled' | 'interrupted', seconds: number): void => {
    asked = why
    deadline = Math.min(deadline, clock.elapsed() + seconds * 1000)
    tell({ event: 'stopping', phase: name, why })
  }
  const askBridge = (): void => writeFileSync(places.stop(name), `${asked}\n`)

  function read(atEnd = false): void {
    const at = touched(files)
    if (at === seen && !atEnd) return
    seen = at
    now = readAll(around, work, since, atEnd)
    const fresh = now.points.flatMap(point => {
      const figures = Object.fromEntries(
        Object.entries(point.figures).filter(([key]) => !emitted.has(`${point.step} ${key}`)),
      )
      return Object.keys(figures).length > 0 ? [{ step: point.step, figures }] : []
    })
    for (const point of fresh) {
      for (const key of keysOf(point)) emitted.add(key)
      tell({ event: 'point', phase: name, step: point.step, of: now.of, figures: point.figures })
      reached('train.point')
    }
    if (fresh.length === 0) return
    heard(fresh, now.of)
    for (const warning of trainingWarnings(now.points, now.of)) {
      if (warned.has(warning.id)) continue
      warned.add(warning.id)
      tell({ event: 'warning', phase: name, step: now.step, ...warning })
    }
    if (!settle || found?.at !== undefined) return
    found = settled(now.points, settle)
    if (found.at !== undefined && found.best) {
      tell({ event: 'settled', phase: name, step: found.at, best: found.best })
      reached('train.settled')
    }
  }

  let ended: Ending | undefined
  while (!ended) {
    ended = await Promise.race([running.ended, pauseOf(clock, kill)])
    read(ended !== undefined)
    const best = settle && bestOf(now.points)
    if (best) keepBest(output, places.bridge(name), best.step)
    if (ended) break
    if (kill?.aborted) running.signal('SIGKILL')
    else if (stop?.aborted && asked !== 'interrupted') {
      // What has not begun to train has nothing to save.
      ask('interrupted', now.begun ? toSave : 10)
      if (now.begun) askBridge()
      else running.signal('SIGTERM')
    } else if (found?.at !== undefined && asked === undefined) {
      if (now.begun) {
        ask('settled', 10 * toSave)
        askBridge()
      } else if (now.whole.some(({ step }) => step >= found!.at!)) {
        ask('settled', 30)
        running.signal('SIGTERM')
      }
    } else if (clock.elapsed() > deadline) {
      await endChildren(places.folder, { clock, now: kill })
      running.signal('SIGKILL')
    }
  }
  const well = ended.code === 0 && asked !== 'interrupted'
  if (!well) await endChildren(places.folder, { clock, now: kill })
  around.child(undefined)
  const kept = checkpointsIn(output).whole.at(-1)
  if (asked === 'interrupted' || kill?.aborted)
    throw interrupted(
      kept ? `goes on from step ${kept.step}` : 'begins the phase anew, since no checkpoint was saved yet',
    )
  if (!well && asked !== 'settled') throw brokenOff(work, ended, { file: log, from: since.output }, kept)
  if (now.begun && now.told.from < since.step) {
    tell({ event: 'note', message: `The trainer began at step ${now.told.from} instead of its checkpoint.` })
  }
  return done()
}

/** Nothing is left to train behind this checkpoint. */
const isOver = ({ step, state }: Checkpoint): boolean => state.of > 0 && step >= state.of

/** The held-out loss had settled when this checkpoint was saved: a process that died behind it has nothing to repeat. */
function settledBy({ step }: Checkpoint, points: readonly Point[], settle: Settle | undefined): boolean {
  if (!settle) return false
  const { at } = settled(
    points.filter(point => point.step <= step),
    settle,
  )
  return at !== undefined
}

const keysOf = ({ step, figures }: Point): string[] => Object.keys(figures).map(key => `${step} ${key}`)

/** A moment, shorter when everything is to end. */
async function pauseOf(clock: Clock, kill: AbortSignal | undefined): Promise<undefined> {
  await clock.sleep(look, kill).catch(() => {})
}

function bridged({ places, env }: Around, name: Phase['name'], last: Checkpoint | undefined): Record<string, string> {
  return {
    PYTHONPATH: [bridge, env.PYTHONPATH].filter(Boolean).join(delimiter),
    STILLROOM_BRIDGE: places.bridge(name),
    ...(last ? { STILLROOM_RESUME: last.dir } : {}),
  }
}

function brokenOff(
  { phase, written }: { phase: Phase; written: Written },
  ended: Ending,
  log: { file: string; from: number },
  last: Checkpoint | undefined,
): StillroomError {
  // Earlier attempts stand in the same file, and failed for reasons of their own.
  const output = textOf(log.file, log.from)
  if ((ended.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    const { message, hint } = failureOf(phase, { code: 127, signal: null }, '')
    return new StillroomError('SR_TRAINER_MISSING', message, { received: written.command.join(' '), hint })
  }
  const failure = failureOf(phase, ended, output)
  const missing = failure.is === 'missing'
  const said = missing ? '' : below(output)
  const from = last ? `goes on from step ${last.step}` : 'begins the phase anew'
  return new StillroomError(missing ? 'SR_TRAINER_MISSING' : 'SR_TRAINER', `${failure.message}${said}`, {
    received: `${written.command.join(' ')}; all it said is in ${log.file}`,
    hint: `${failure.hint}; then ${again}: it ${from}`,
  })
}

/** Starts a command of the training and waits for its end. Nothing of it is left. Throws what `failed` makes of it. */
export async function runHelper(
  command: readonly string[],
  what: string,
  log: string,
  around: Around,
  failed: (ended: Ending, said: string) => StillroomError,
): Promise<void> {
  const { places, clock, kill, stop } = around
  const from = sizeOf(log)
  const running: Command = startCommand(command, { cwd: places.folder, env: environmentOf(around), log })
  if (running.pid !== undefined) around.child({ pid: running.pid, what })
  const end = (): void => running.signal('SIGTERM')
  if (stop?.aborted) end()
  stop?.addEventListener('abort', end, { once: true })
  const now = (): void => running.signal('SIGKILL')
  if (kill?.aborted) now()
  kill?.addEventListener('abort', now, { once: true })
  const ended = await running.ended
  stop?.removeEventListener('abort', end)
  kill?.removeEventListener('abort', now)
  if (ended.code !== 0) await endChildren(places.folder, { clock, now: kill })
  around.child(undefined)
  if (stop?.aborted) throw interrupted()
  if (ended.code !== 0) throw failed(ended, textOf(log, from))
}
