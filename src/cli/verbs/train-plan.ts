import { type Prepared, prepareTraining } from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { here } from '../open.ts'
import { reporterOf } from '../reporter.ts'
import { trainFlags, trainingSource, trainWords } from '../training.ts'
import { trainingLines } from '../training-plan.ts'

export const run: Run = async call => {
  const { io, given } = call
  const reporter = reporterOf(call)
  const from = await trainingSource(call)
  const prepared = await prepareTraining(from, trainFlags(given))
  const next = nextOf(prepared, ['stillroom train write', ...call.args, ...trainWords(given)].join(' '))
  reporter.say(trainingLines(prepared, next, reporter))
  const { name, version, base, license, phases, proposals, leftOut, claims, estimates, warnings, total } = prepared
  reporter.result({
    ...{ name, version, base, license, phases, proposals, leftOut, claims, estimates, warnings, total },
    folder: here(io, prepared.folder),
    releases: prepared.releases.map(({ dir, traits, spent }) => ({ dir: here(io, dir), traits, spent })),
    next,
  })
  return 0
}

/** What to do now: what stands in the way first. */
function nextOf({ license, warnings, phases }: Prepared, write: string): string {
  if (license.is === 'block' && license.override === undefined) return license.wayOut ?? 'Train another base model.'
  const stop = warnings.find(warning => warning.stop)
  if (stop) return stop.hint ?? stop.text
  return phases.length === 0 ? 'Make rows that a phase can be trained on.' : write
}
