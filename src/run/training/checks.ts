import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { sha256 } from '../../records/index.ts'
import { tombstoneFile } from '../../release/index.ts'
import { failureOf, type Phase, type Training } from '../../train/index.ts'
import { checkpointsIn } from './checkpoints.ts'
import { digestsOfFiles } from './digests.ts'
import type { TellTraining } from './events.ts'
import { digestsOf, type PhaseState, type Places } from './state.ts'
import type { Around } from './trainer.ts'

/** What was begun under another definition is not gone on with. Throws SR_TRAINING. */
export function compare(
  one: Training['phases'][number],
  next: PhaseState | undefined,
  at: PhaseState | undefined,
  { folder }: Pick<Places, 'folder'>,
): void {
  // Without a checkpoint nothing rests on how it was begun: what was wrong may be mended.
  if (!at || (at.is === 'training' && checkpointsIn(join(folder, one.written.output)).whole.length === 0)) return
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
  { name, data, settings }: Phase,
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
    hint: `raise \`train.${name}.${settings.maxSteps === undefined ? 'epochs' : 'max-steps'}\` and write the training again, it goes on where it is; or go on with: stillroom train run --unsettled`,
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

/**
 * The rows must be those of the release that they are said to come from, as far as it is still there: what differs is told.
 * Throws SR_TRAINING where an `open` phase would train on a release that was withdrawn, or its rows are not there.
 */
export function releaseAsWritten(
  { name: phase, data }: Pick<Phase, 'name' | 'data'>,
  open: boolean,
  { folder }: Places,
  tell: TellTraining,
): void {
  const { dir, name, version, manifest } = data.release
  const release = resolve(folder, dir)
  const file = join(release, 'manifest.json')
  if (existsSync(join(release, tombstoneFile))) {
    const message = `Release ${name} ${version} was withdrawn: records of it were erased.`
    if (open) {
      throw new StillroomError('SR_TRAINING', `${message} Phase ${phase} is not trained on it.`, {
        position: { file: join(release, tombstoneFile) },
        hint: 'write the training anew from the release that replaced it: its tombstone.json names that',
      })
    }
    tell({ event: 'note', message: `${message} Phase ${phase} was trained on it before.` })
    return
  }
  const lost = [data.train, ...(data.test === undefined ? [] : [data.test])].find(
    path => !existsSync(join(folder, path)),
  )
  if (open && lost !== undefined) {
    throw new StillroomError('SR_TRAINING', `Rows of phase ${phase} are not there.`, {
      position: { file: join(folder, lost) },
      hint: 'write them again with: stillroom train write',
    })
  }
  const said = existsSync(file)
    ? sha256(readFileSync(file)) === manifest
      ? undefined
      : `Release ${name} ${version} is no longer what these rows were written from.`
    : `Release ${name} ${version} is not where it was, in ${dir}: whether it has changed since cannot be told.`
  if (said) tell({ event: 'note', message: said })
}

/** Throws SR_TRAINING where rows that a phase is about to learn from are not those that were written. */
export async function rowsAsWritten({ name, data }: Phase, { folder }: Pick<Places, 'folder'>): Promise<void> {
  const { digests = {} } = data
  const now = await digestsOfFiles(folder, Object.keys(digests))
  const changed = Object.keys(digests).find(path => now[path] !== digests[path])
  if (changed === undefined) return
  throw new StillroomError('SR_TRAINING', `Rows of phase ${name} were changed since they were written.`, {
    position: { file: join(folder, changed) },
    expected: `sha256 ${digests[changed]}`,
    received: now[changed] ?? 'no file',
    hint: 'write the training again: stillroom train write; what is to be learnt otherwise is changed in the recipe or its release',
  })
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
