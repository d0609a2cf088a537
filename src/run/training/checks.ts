import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { sha256 } from '../../records/index.ts'
import { failureOf, type Phase, type Training } from '../../train/index.ts'
import type { TellTraining } from './events.ts'
import { digestsOf, type PhaseState, type Places } from './state.ts'
import type { Around } from './trainer.ts'

/** What was begun under another definition is not gone on with. Throws SR_TRAINING. */
export function compare(
  one: Training['phases'][number],
  next: PhaseState | undefined,
  at: PhaseState | undefined,
): void {
  if (!at) return
  const { identity, settings } = digestsOf(one)
  const unsettled = one.phase.data.test !== undefined && at.settled === null && next === undefined
  const open = at.is === 'training' || (one.phase.name === 'sft' && unsettled)
  if (at.identity === identity && (at.settings === settings || open)) {
    // More steps after the loss had not settled: it is trained on, and handed over again.
    if (at.settings !== settings) at.is = 'training'
    return
  }
  throw new StillroomError('SR_TRAINING', `Phase ${one.phase.name} was begun with other rows or settings.`, {
    received: at.is === 'training' ? `begun, ${at.step} steps` : 'finished',
    hint: `write the training into another folder (a new \`release.version\` gives one), or remove its folder run and the outputs to begin anew`,
  })
}

/** Throws SR_UNSETTLED where phase two would begin from weights that still get better, unless that is wanted. */
export function mustSettle(
  { name, data }: Phase,
  { settled, step, of }: PhaseState,
  settle: Training['settle'],
  unsettled: boolean,
  tell: TellTraining,
): void {
  if (settled !== null) return
  const steps = of > 0 ? `its ${of} steps` : `${step} steps`
  if (data.test === undefined) {
    tell({
      event: 'note',
      message: `There are no held-out rows: phase ${name} was trained for ${steps}, and nobody can tell whether its loss has settled.`,
    })
    return
  }
  const message = `The held-out loss of phase ${name} has not settled within ${steps}.`
  if (unsettled) {
    tell({ event: 'note', message: `${message} Phase two begins all the same.` })
    return
  }
  throw new StillroomError('SR_UNSETTLED', `${message} Phase two did not begin.`, {
    expected: `${settle.patience} looks in a row without a fall of ${(100 * settle['min-delta']).toFixed(2)} %`,
    hint: `raise \`train.${name}.epochs\` and write the training again, it goes on where it is; or go on with: stillroom train run --unsettled`,
  })
}

/** Tells of configs and scripts that are no longer as they were written: what counts is what lies there. */
export function asWritten({ written }: Training['phases'][number], { folder }: Places, tell: TellTraining): void {
  for (const [path, text] of Object.entries(written.files)) {
    const file = join(folder, path)
    if (existsSync(file) && readFileSync(file, 'utf8') !== text)
      tell({ event: 'note', message: `${path} was changed since it was written.` })
  }
}

/** The rows must be those of the release that they are said to come from, as far as it is still there. */
export function releaseAsWritten(
  { dir, name, version, manifest }: { dir: string; name: string; version: string; manifest: string },
  { folder }: Places,
  tell: TellTraining,
): void {
  const file = join(resolve(folder, dir), 'manifest.json')
  if (existsSync(file) && sha256(readFileSync(file)) !== manifest) {
    const message = `Release ${name} ${version} is no longer what these rows were written from.`
    tell({ event: 'note', message })
  }
}

/** Throws SR_TRAINER_MISSING before anything is done, where the trainer is not on the path. */
export function present(phase: Phase, command: string, { env, places }: Around): void {
  const found = command.includes('/')
    ? existsSync(resolve(places.folder, command))
    : (env.PATH ?? '')
        .split(delimiter)
        .some(dir => existsSync(join(dir, command)) || existsSync(join(dir, `${command}.exe`)))
  if (found) return
  const { message, hint } = failureOf(phase, { code: 127, signal: null }, '')
  throw new StillroomError('SR_TRAINER_MISSING', message, { received: command, hint })
}
