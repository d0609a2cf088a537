import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { digestOf, type Json, type Sha } from '../../records/index.ts'
import type { Best, Phase, Training, Written } from '../../train/index.ts'
import { putWhole } from '../../workspace/index.ts'
import type { PhaseName, WhichModel } from './events.ts'

/** Where things lie in the folder of a training. */
export const placesIn = (folder: string) => {
  const run = join(folder, 'run')
  return {
    folder,
    run,
    training: join(folder, 'training.json'),
    model: join(folder, 'model.json'),
    state: join(run, 'state.json'),
    events: join(run, 'events.ndjson'),
    lock: join(run, 'lock'),
    /** What passes between the runner and the trainer of a phase. */
    bridge: (phase: PhaseName) => join(run, phase),
    told: (phase: PhaseName) => join(run, phase, 'log.ndjson'),
    stop: (phase: PhaseName) => join(run, phase, 'stop'),
    output: (phase: PhaseName) => join(run, `${phase}.log`),
    merge: (phase: PhaseName) => join(run, `merge-${phase}.log`),
    serve: (what: WhichModel) => join(run, `serve-${what}.log`),
    evaluation: (what: WhichModel) => join(run, what),
  }
}
export type Places = ReturnType<typeof placesIn>

export type PhaseState = {
  is: 'training' | 'trained' | 'handed-over'
  /** Digest of what makes it this training and no other, and of all its settings. */
  identity: Sha
  settings: Sha
  attempts: number
  /** Steps done, and those it was to take. */
  step: number
  of: number
  /** Step at which the held-out loss had settled; null where it had not, or there are no held-out rows. */
  settled: number | null
  best?: Best
  /** Versions by library, as the Python that trained has them. */
  versions: { [library: string]: string }
  /** Where the phase's model or adapter lies, relative to the folder; with a merge, the merged weights. */
  model?: string
  mlflow?: string
}

/** `run/state.json`: how far a training is. Written whole at each transition, before anything rests on it. */
export type State = {
  format: 1
  began: string
  ended?: string
  phases: { [phase in PhaseName]?: PhaseState }
  /** What runs now: found again and ended after this process was killed. */
  child?: { pid: number; what: string }
  evaluations: { [what in WhichModel]?: string }
}

export function readState({ state }: Places): State | undefined {
  if (!existsSync(state)) return undefined
  let read: State
  try {
    read = JSON.parse(readFileSync(state, 'utf8')) as State
  } catch (cause) {
    throw new StillroomError(
      'SR_TRAINING',
      'The state of this training is no JSON: something else has written there.',
      {
        cause,
        position: { file: state },
        hint: 'remove this file: phases go on from their last checkpoints, those that were finished are looked at again',
      },
    )
  }
  if (read?.format === 1) return read
  throw new StillroomError('SR_TRAINING', 'The state of this training was written by another version of stillroom.', {
    position: { file: state },
    hint: 'go on with that version, or write the training into another folder',
  })
}

export const putState = ({ state }: Places, value: State): void =>
  putWhole(state, `${JSON.stringify(value, null, 1)}\n`)

/** Reads `training.json`. Throws SR_TRAINING where there is none, or it is none. */
export function readTraining({ training: file, folder }: Places): Training {
  let read: Partial<Training> | undefined
  try {
    read = JSON.parse(readFileSync(file, 'utf8')) as Partial<Training>
  } catch (cause) {
    const there = existsSync(file)
    throw new StillroomError('SR_TRAINING', there ? `${file} is no JSON.` : `There is no training in ${folder}.`, {
      cause,
      hint: 'write one with: stillroom train write',
    })
  }
  const phases = Array.isArray(read?.phases) ? read.phases : []
  const whole = phases.length > 0 && phases.every(one => one?.phase?.name && one.written?.command?.length > 0)
  if (whole && read?.name && read.version && read.settle) return read as Training
  throw new StillroomError('SR_TRAINING', `${file} is no training.`, {
    expected: 'name, version, settle and at least one phase with its command',
    hint: 'write it anew with: stillroom train write',
  })
}

const digest = (value: unknown): Sha => digestOf(JSON.parse(JSON.stringify(value)) as Json)

/** Digests of a phase: `identity` over what a checkpoint rests on, `settings` over everything. */
export function digestsOf({ phase, written }: { phase: Phase; written: Written }): { identity: Sha; settings: Sha } {
  const { method, trainer, adapter, model, from, chatTemplate, reasoning, teacher, data, settings } = phase
  const { lora, context, packing } = settings
  const { digests: _, ...known } = data
  const rows = [data.release.manifest, data.train, data.test ?? null, data.rows]
  return {
    identity: digest([
      { method, trainer, adapter, model, from, chatTemplate, reasoning, teacher, lora, context, packing },
      rows,
      written.output,
    ]),
    // Whether rows are as they were written is looked at by itself.
    settings: digest([{ ...phase, data: known }, written]),
  }
}
