import { errorJson } from '../../errors/index.ts'
import { type Round, type RoundsResult, runRounds } from '../../run/index.ts'
import { startInBackground } from '../background.ts'
import type { Run } from '../commands.ts'
import { counted, thousands } from '../figures.ts'
import { follow } from '../follow.ts'
import { indent, table } from '../layout.ts'
import { here, openRecipe, takeWorkspace } from '../open.ts'
import { type Reporter, reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io } = call
  const project = await openRecipe(call, call.args[0])
  if (call.given.background) return startInBackground(call, 'rounds', { ...project, plan: await project.plan() })
  const reporter = reporterOf(call)
  const { rounds, trips, error } = await runRounds(project, {
    open: () => takeWorkspace(call, project, 'rounds'),
    env: io.env,
    follow: (plan, work) => follow(io, reporter, plan, work),
    async guard(work) {
      const stop = new AbortController()
      const forget = io.onInterrupt(() => stop.abort())
      try {
        return await work(stop.signal)
      } finally {
        forget()
      }
    },
    told(event) {
      if (event.is === 'between') {
        reporter.say(
          `Between rounds ${event.after} and ${event.after + 1}; what is said there goes to ${here(io, event.log)}.`,
        )
        return
      }
      const { round, release, rows } = event.round
      const was = event.found ? ' (was there)' : ''
      reporter.say(`Round ${round}: ${counted(rows, 'row')} released to ${release.dir}${was}.`)
    },
  })
  if (rounds.length > 0) reporter.say('', roundsTable(rounds, trips, reporter))
  reporter.result({ rounds, trips, exit: error?.exit ?? 0, ...(error ? { error: errorJson(error) } : {}) })
  if (error && reporter.kind !== 'json') throw error
  return error?.exit ?? 0
}

const heads = [
  'round',
  'student',
  'rows',
  'real',
  'written by generation',
  'words',
  'distinct',
  'entropy',
  'openings',
  'vocabulary',
]
const share = (value: number | undefined): string => (value === undefined ? '' : `${(100 * value).toFixed(0)} %`)

/** One line a round: what its release holds, and the signals of the rows that are new in it. */
export function roundsTable(
  rounds: readonly Round[],
  trips: RoundsResult['trips'],
  { width, paint }: Pick<Reporter, 'width' | 'paint'>,
): string[] {
  const lines = rounds.map(({ round, student, rows, real, generations, signals }) => [
    String(round),
    student.revision,
    thousands(rows),
    share(real / Math.max(rows, 1)),
    Object.entries(generations)
      .map(([depth, n]) => `${depth}: ${thousands(n)}`)
      .join(', '),
    signals.length.toFixed(1),
    signals.distinct.toFixed(3),
    signals.entropy.toFixed(2),
    share(signals.openings),
    share(signals.vocabulary),
  ])
  const columns = heads.map((head, i) => ({ head, right: i !== 1 && i !== 4, flex: i === 4 }))
  return [
    ...table(columns, lines, width, text => paint('bold', text)),
    ...indent(
      trips.map(({ signal, now, bound }) => paint('yellow', `${signal} ${now.toFixed(3)}, bound ${bound.toFixed(3)}`)),
    ),
  ]
}
