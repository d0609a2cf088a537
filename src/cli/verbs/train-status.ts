import { curveOf, placesIn, readState, recordedModel, type State } from '../../run/index.ts'
import type { Training } from '../../train/index.ts'
import type { Run } from '../commands.ts'
import { here } from '../open.ts'
import { reporterOf } from '../reporter.ts'
import { openTraining } from '../training-folder.ts'
import { madeLines, phaseLines } from '../training-text.ts'

export const run: Run = async call => {
  const { io } = call
  const reporter = reporterOf(call)
  const { folder, training } = await openTraining(call)
  const places = placesIn(folder)
  const state = readState(places)
  const names = training.phases.map(({ phase }) => phase.name)
  const curves = Object.fromEntries(names.map(name => [name, curveOf(name, places.events)]))
  const model = state?.ended ? recordedModel(places) : undefined
  const comparison = model?.comparison
  const next = whatNext(training, state, here(io, folder), comparison !== undefined && 'said' in comparison)
  reporter.say(
    reporter.paint('bold', `Training ${training.name} ${training.version}, ${here(io, folder)}`),
    '',
    phaseLines(training, state, curves, reporter),
    ...(state?.ended ? ['', madeLines(training, state, model, folder, io, reporter)] : []),
    '',
    `Next: ${next}`,
  )
  reporter.result({
    folder: here(io, folder),
    name: training.name,
    version: training.version,
    state: state ?? null,
    curves,
    next,
  })
  return 0
}

function whatNext(training: Training, state: State | undefined, folder: string, compared: boolean): string {
  if (!state) return `stillroom train run ${folder}`
  const [first, second] = training.phases.map(({ phase }) => phase)
  const one = first && state.phases[first.name]
  if (
    first &&
    second &&
    !state.phases[second.name] &&
    one?.is === 'handed-over' &&
    one.settled === null &&
    first.data.test !== undefined
  ) {
    return `more steps for ${first.name} and \`stillroom train write\`, or stillroom train run ${folder} --unsettled: the held-out loss has not settled`
  }
  if (!state.ended) return `stillroom train run ${folder} goes on where it stopped`
  const { baseline, trained } = state.evaluations
  return training.evaluate && !compared && baseline && trained
    ? 'stillroom evaluate compare says whether the trained model is better than the base'
    : 'nothing is open'
}
