import { rmSync } from 'node:fs'
import { isAbsolute, join, normalize, relative, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { type Best, failureOf, type Phase, type Point, series, type Training } from '../../train/index.ts'
import { checkpointsIn, keptBest, takeModel, weightsIn } from './checkpoints.ts'
import { again, below } from './ended.ts'
import { type Tracked, trackMlflow } from './mlflow.ts'
import { digestsOf, type PhaseState, putState, type State } from './state.ts'
import { type Around, runHelper, trainPhase } from './trainer.ts'

/** Trains one phase and makes of it what the next one begins with. */
export async function runPhase(
  one: Training['phases'][number],
  training: Training,
  state: State,
  around: Around,
): Promise<void> {
  const { places, tell, reached, clock, env, fetch } = around
  const { phase, written, merge } = one
  const { name } = phase
  const last = training.phases.at(-1) === one
  const early = name === 'sft'
  const output = join(places.folder, written.output)
  const before = state.phases[name]
  const digests = digestsOf(one)
  const more = before !== undefined && before.settings !== digests.settings
  const at: PhaseState = {
    ...{ is: 'training' as const, attempts: 0, step: 0, of: 0, settled: null, versions: {} },
    ...before,
    ...digests,
  }
  state.phases[name] = at
  const save = (): void => putState(places, state)
  if (at.is === 'training') {
    at.attempts++
    save()
    const mlflow = phase.track?.mlflow && {
      ...{
        ...phase.track.mlflow,
        name: `${training.name}-${training.version} ${name}`,
        id: at.mlflow,
        env,
        fetch,
      },
      params: paramsOf(phase),
      now: clock.now,
      warn: (message: string) => tell({ event: 'note', message }),
    }
    const tracked: Tracked | undefined = mlflow && trackMlflow(mlflow)
    let sending = Promise.resolve()
    const track = (work: (to: Tracked) => Promise<void>): void => {
      if (!tracked) return
      sending = sending.then(async () => {
        await work(tracked)
        const id = tracked.id()
        if (id === undefined || id === at.mlflow) return
        at.mlflow = id
        save()
      })
      // What fails here is told at the end of the phase, where it is waited for.
      sending.catch(() => {})
    }
    const ended = (well: boolean): Promise<void> => {
      track(to => to.end(well))
      return sending
    }
    // Phase two is not cut short: nothing waits for its loss to settle.
    const work = { phase, written, attempt: at.attempts, settle: training.settle, early, more }
    try {
      const trained = await trainPhase(work, around, points => track(to => to.log(points)))
      Object.assign(at, { step: trained.step, of: trained.of, settled: (early && trained.settled?.at) || null })
      if (Object.keys(trained.versions).length > 0) at.versions = trained.versions
      const best = trained.settled?.best
      reached('train.ended')
      if (best) at.best = early ? takeBest(output, places.bridge(name), best, trained.points) : best
      if (weightsIn(output).length === 0) {
        throw new StillroomError('SR_TRAINER', `The trainer of ${name} ended well, but left no model.`, {
          expected: `weights in ${written.output}`,
          hint: `look at ${places.output(name)}, and at the output folder of its config`,
        })
      }
      await ended(true)
    } catch (error) {
      await ended(false)
      save()
      throw error
    }
    at.is = 'trained'
    save()
    reached('train.trained')
    const settled = early && phase.data.test !== undefined ? at.settled !== null : null
    tell({ event: 'phase-ended', phase: name, step: at.step, settled, output: written.output })
  }
  if (merge && (last || training.handOver === 'merged')) {
    const merged = inside(places.folder, merge.output)
    tell({ event: 'merging', phase: name, log: places.merge(name) })
    // What was broken off is no model.
    rmSync(merged, { recursive: true, force: true })
    await runHelper(merge.command, `the merge of ${name}`, places.merge(name), around, (ended, said) => {
      const failure = failureOf(phase, ended.cause ? { code: 127, signal: null } : ended, said)
      const lines = failure.is === 'missing' ? '' : below(said)
      const code = failure.is === 'missing' ? 'SR_TRAINER_MISSING' : 'SR_TRAINER'
      return new StillroomError(code, `The weights of ${name} could not be merged. ${failure.message}${lines}`, {
        received: merge.command.join(' '),
        hint: `${failure.hint}; then ${again}: the phase itself is not repeated`,
      })
    })
    reached('train.merged')
    at.model = merge.output
  } else at.model = written.output
  at.is = 'handed-over'
  save()
  tell({ event: 'handed-over', phase: name, model: at.model })
}

/** Puts the model with the lowest held-out loss, of those that are kept, where the last one lies. */
function takeBest(output: string, kept: string, best: Best, points: readonly Point[]): Best {
  const exact = keptBest(kept, best.step)
  if (exact) {
    takeModel(exact, output)
    return best
  }
  const looks = new Map(series(points, 'eval_loss').map(({ step, value }) => [step, value]))
  const found = checkpointsIn(output).whole.filter(({ step }) => looks.has(step))
  const [chosen] = found.sort((a, b) => looks.get(a.step)! - looks.get(b.step)!)
  if (!chosen) return best
  takeModel(chosen.dir, output)
  return { step: chosen.step, loss: looks.get(chosen.step)! }
}

/** A folder that may be removed: below that of the training. */
function inside(folder: string, path: string): string {
  const below = relative(folder, resolve(folder, path))
  if (below !== '' && !below.startsWith('..') && !isAbsolute(below)) return join(folder, normalize(below))
  throw new StillroomError('SR_TRAINING', 'The output of a merge lies outside of the folder of the training.', {
    received: path,
    hint: 'write the training anew with: stillroom train write',
  })
}

/** What a tracking server is told of a phase. */
function paramsOf({ method, trainer, adapter, model, data, settings }: Phase): {
  [name: string]: string
} {
  const { release, rows, tokens } = data
  const all = {
    method,
    trainer,
    adapter,
    model,
    rows,
    tokens,
    release: `${release.name} ${release.version}`,
    ...settings,
  }
  return {
    ...Object.fromEntries(
      Object.entries(all).map(([name, value]) => [
        name,
        typeof value === 'object' ? JSON.stringify(value) : String(value),
      ]),
    ),
    manifest: release.manifest,
  }
}
