import type { GateReport } from '../govern/index.ts'
import type { Plan } from '../recipe/index.ts'
import type { ReleaseOutcome, RunResult, VerdictChange } from '../run/index.ts'
import { isPool } from '../teachers/index.ts'
import { counted, duration } from './figures.ts'
import { callTable, funnelTable } from './funnel.ts'
import { gateLines } from './gates.ts'
import { indent, wrap } from './layout.ts'
import { costOfCalls, moneyLines } from './money.ts'
import type { Reporter } from './reporter.ts'

/** What a run left behind, for people and for `--json`. */
export type Summary = {
  plan: Plan
  result: RunResult
  rows: number
  ms: number
  /** Dollars of all replies behind it, whichever run paid them; null where that is not known. */
  worth: number | null
  changes?: { since: string; verdicts: VerdictChange[] }
  gates?: GateReport[]
  release?: ReleaseOutcome
}

const outcome: { [status in RunResult['status']]: string } = {
  done: 'is done',
  failed: 'failed',
  budget: 'paused at the budget',
  interrupted: 'was interrupted',
  yield: 'left too little',
  paused: 'paused',
}

/** Names of teachers with the models behind them. A pool has none of its own: its members are asked. */
export function modelsOf(plan: Plan): { [teacher: string]: string } {
  return Object.fromEntries(
    Object.entries(plan.recipe.teachers).flatMap(([name, entry]) =>
      isPool(entry) ? [] : [[name, entry.at ? `self/${entry.model}` : entry.model]],
    ),
  )
}

/** Verdicts that another run decided otherwise, one step a line. */
export function changeLines({ since, verdicts }: NonNullable<Summary['changes']>, width: number): string[] {
  if (verdicts.length === 0) return [`Verdicts as in run ${since}.`]
  return [
    `Verdicts that changed since run ${since}:`,
    ...indent(
      verdicts.flatMap(({ step, dropped, kept }) => {
        const parts = [
          ...(dropped > 0 ? [`drops ${counted(dropped, 'more record')}`] : []),
          ...(kept > 0 ? [`no longer drops ${counted(kept, 'record')}`] : []),
        ]
        return wrap(`${step} ${parts.join(', ')}`, width - 2)
      }),
    ),
  ]
}

/** Whose signature a release carries. */
export const signedBy = ({ keyid }: Pick<ReleaseOutcome, 'keyid'>): string =>
  keyid ? `Signed by the key ${keyid.slice(0, 16)}.` : 'Not signed: there is no key. stillroom keys makes one.'

/** The summary of a run: funnel, teachers, verdicts, gates. Where the release lies comes last. */
export function summaryLines(
  summary: Summary,
  reporter: Pick<Reporter, 'width' | 'paint'>,
  here: (path: string) => string,
): string[] {
  const { plan, result, rows, ms, worth, changes, gates, release } = summary
  const { width, paint } = reporter
  const calls = callTable(result.calls, modelsOf(plan), reporter)
  const notes = result.notes.flatMap(({ step, message }) => wrap(`${step}: ${message}`, width))
  return [
    paint('bold', `Run ${result.run} ${outcome[result.status]}: ${counted(rows, 'row')} in ${duration(ms)}.`),
    '',
    ...funnelTable(plan.stages, result.funnel, reporter),
    ...(notes.length > 0 ? ['', ...notes] : []),
    ...(calls.length > 0 ? ['', ...calls, ...moneyLines(result.calls, rows, width, worth)] : []),
    ...(changes ? ['', ...changeLines(changes, width)] : []),
    ...(gates ? ['', ...gateLines(gates, reporter)] : []),
    ...(release
      ? [
          '',
          paint(
            'bold',
            `${counted(release.rows, 'row')} released to ${here(release.dir)}${release.existed ? ' (was there, unchanged)' : ''}.`,
          ),
          signedBy(release),
        ]
      : []),
  ]
}

/** The same as data. */
export function summaryData({ result, rows, ms, worth, changes, gates, release }: Summary): {
  [field: string]: unknown
} {
  const { run, status, exit, funnel, notes, calls, unpaid } = result
  const usd = costOfCalls(calls)
  const money = { usd, worth, usdPerRow: worth !== null && rows > 0 ? worth / rows : null }
  return { run, status, exit, rows, ms, funnel, notes, calls, ...money, unpaid: unpaid.length, changes, gates, release }
}
