import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Overrides, Purpose } from '../../govern/index.ts'
import { sha256 } from '../../records/index.ts'
import { type Figures, lastFigures, type Point, type Training } from '../../train/index.ts'
import { putWhole, type Reached, takeLock } from '../../workspace/index.ts'
import { type Clock, systemClock } from '../session.ts'
import { asStop } from '../stop.ts'
import { asWritten, compare, mustSettle, present, releaseAsWritten, rowsAsWritten } from './checks.ts'
import { curveOf, type PhaseName, type TellTraining, trainingLog } from './events.ts'
import { type BaseStanding, standingOf } from './license.ts'
import { type EvaluateServed, measure } from './measure.ts'
import { lineageOf, type ModelLineage, recordedModel } from './model.ts'
import { childrenOf, endChildren, refuseBeside } from './processes.ts'
import { runPhase } from './run-phase.ts'
import { placesIn, putState, readState, readTraining, type State } from './state.ts'
import type { Around } from './trainer.ts'
import { whatCame } from './what-came.ts'

export type TrainingOptions = {
  folder: string
  env: Record<string, string | undefined>
  purpose?: Purpose
  gates?: Overrides
  clock?: Clock
  reached?: Reached
  told?: TellTraining
  /** Wants a clean end; `kill` one at once. */
  stop?: AbortSignal
  kill?: AbortSignal
  /** Goes on to phase two although the held-out loss of phase one has not settled. */
  unsettled?: boolean
  evaluate?: EvaluateServed
  fetch?: typeof fetch
}

export type TrainingResult = {
  training: Training
  state: State
  model: ModelLineage
  curves: { [phase in PhaseName]?: Point[] }
}

/**
 * Runs a training from its folder: the base model is evaluated where that is asked for, phase one is trained until its
 * held-out loss has settled, handed over, phase two is trained, and what came out is merged, served, evaluated and recorded.
 * Each transition is written down before anything rests on it, so that the same call goes on where it was stopped, also by
 * `kill -9`: a phase that is finished is never trained again, one that is not goes on from its last whole checkpoint.
 * @throws StillroomError SR_TRAINING, SR_GATE (the license of the base), SR_LOCKED, SR_TRAINER_MISSING, SR_TRAINER, SR_SERVE,
 * SR_UNSETTLED, SR_INTERRUPTED.
 */
export async function runTraining(options: TrainingOptions): Promise<TrainingResult> {
  const { env, clock = systemClock, fetch = globalThis.fetch, reached = () => {}, stop, kill } = options
  const folder = resolve(options.folder)
  // By one name, so that processes of it are found again.
  const places = placesIn(existsSync(folder) ? realpathSync(folder) : folder)
  const training = readTraining(places)
  const standing = standingOf(training.base, options.purpose ?? {}, options.gates)
  mkdirSync(places.run, { recursive: true })
  const unlock = takeLock(places.lock, clock.now(), 'stillroom train run')
  try {
    const tell = trainingLog(places.events, clock.now, options.told)
    const state: State = readState(places) ?? {
      format: 1,
      began: clock.now().toISOString(),
      phases: {},
      evaluations: {},
    }
    const save = (): void => putState(places, state)
    const around: Around = {
      ...{ places, env, clock, fetch, reached, tell, stop, kill, launch: training.launch },
      child(now) {
        if (now) state.child = now
        else delete state.child
        save()
      },
    }
    try {
      await endLeftovers(training, state, around)
      const names = training.phases.map(({ phase }) => phase.name)
      tell({ event: 'training-started', name: training.name, version: training.version, phases: names })
      const result = await stages(training, state, standing, around, options)
      tell({ event: 'training-ended', exit: 0 })
      return result
    } catch (error) {
      const why = asStop(error)
      tell({ event: 'training-ended', exit: why.exit, message: why.message })
      throw why
    }
  } finally {
    unlock()
  }
}

/** Ends what an earlier run left behind when it was killed: a trainer is asked to save first. */
async function endLeftovers(training: Training, state: State, around: Around): Promise<void> {
  const { places, clock, tell, stop, kill } = around
  const found = childrenOf(places.folder)
  if (found === undefined) refuseBeside(state.child, places.state)
  if (found && found.length > 0) {
    tell({
      event: 'note',
      message: `An earlier run was killed and left ${found.length} of its processes; they are ended first.`,
    })
    const open = training.phases.find(({ phase }) => state.phases[phase.name]?.is === 'training')
    if (open) {
      putWhole(places.stop(open.phase.name), 'interrupted\n')
      const began = clock.elapsed()
      const toSave = existsSync(places.told(open.phase.name)) ? 120_000 : 0
      while (clock.elapsed() - began < toSave && childrenOf(places.folder)!.length > 0 && !stop?.aborted)
        await clock.sleep(100, stop).catch(() => {})
    }
    await endChildren(places.folder, { clock, now: kill })
  }
  around.child(undefined)
}

async function stages(
  training: Training,
  state: State,
  standing: BaseStanding,
  around: Around,
  options: TrainingOptions,
): Promise<TrainingResult> {
  const { places, tell, reached } = around
  const save = (): void => putState(places, state)
  if (standing.gate.is === 'unknown' || standing.gate.is === 'warn')
    tell({ event: 'note', message: `License of the base model: ${standing.gate.why}` })
  for (const { phase } of training.phases) {
    const at = state.phases[phase.name]?.is
    releaseAsWritten(phase, at === undefined || at === 'training', places, tell)
  }
  for (const [i, one] of training.phases.entries()) {
    const next = training.phases[i + 1]?.phase.name
    compare(one, next && state.phases[next], state.phases[one.phase.name], places)
    const at = state.phases[one.phase.name]?.is
    if (at !== 'handed-over') asWritten(one, places, tell)
    if (at === undefined || at === 'training') await rowsAsWritten(one.phase, places)
  }
  for (const { phase, written } of training.phases)
    if (!training.launch && !state.phases[phase.name]) present(phase, written.command[0]!, around)
  // A folder is named as it is seen from that of the training.
  await measure('baseline', training.phases[0]!.phase.model, training, state, around, options.evaluate)
  const curves: TrainingResult['curves'] = {}
  const figures: { [phase in PhaseName]?: Figures } = {}
  for (const [i, one] of training.phases.entries()) {
    const { name } = one.phase
    const next = training.phases[i + 1]?.phase.name
    const before = state.phases[name]
    if (before?.is !== 'handed-over') {
      // What was told of earlier weights is not true of those that are to come.
      delete state.ended
      delete state.evaluations.trained
      await runPhase(one, training, state, around)
      reached('train.handed-over')
    }
    curves[name] = curveOf(name, places.events)
    figures[name] = lastFigures(curves[name])
    const { settle } = training
    if (next && !state.phases[next])
      mustSettle(one.phase, state.phases[name]!, settle, options.unsettled === true, tell)
  }
  // Relative, as the server is started here: what answers under an absolute path would carry it into its evaluation.
  const made = state.phases[training.phases.at(-1)!.phase.name]!.model!
  const before = recordedModel(places)
  const model = await lineageOf(training, state, standing, figures, places)
  const put = (): void => putWhole(places.model, `${JSON.stringify(model, null, 1)}\n`)
  put()
  reached('train.recorded')
  await measure(
    'trained',
    made,
    training,
    state,
    around,
    options.evaluate,
    sha256(JSON.stringify(model.phases)).slice(0, 12),
  )
  const came = whatCame(places.folder, state.evaluations)
  // What was told of these weights stays told, also where an evaluation was moved since.
  const told = JSON.stringify(before?.phases) === JSON.stringify(model.phases) ? before?.comparison : undefined
  const comparison = came && 'why' in came && told && 'said' in told ? told : came
  if (comparison) model.comparison = comparison
  put()
  state.ended ??= around.clock.now().toISOString()
  save()
  return { training, state, model, curves }
}
