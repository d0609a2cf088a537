import type { Funnel } from '../run/index.ts'
import type { CallTotals } from '../workspace/index.ts'
import { dollars, reasonList, thousands } from './figures.ts'
import { table } from './layout.ts'
import type { Reporter } from './reporter.ts'

type Shown = Pick<Reporter, 'width' | 'paint'>
type Stages = readonly { key: string; shape: string; nodes: readonly { key: string }[] }[]

const sum = (reasons: { [reason: string]: number }): number => Object.values(reasons).reduce((a, b) => a + b, 0)
const orBlank = (n: number): string => (n === 0 ? '' : thousands(n))

/** Keys of the primitive steps of a run in order, sources first; unions decide nothing. */
export function stepKeys(stages: Stages): string[] {
  return stages.flatMap(({ key, shape, nodes }) => (shape === 'source' ? [key] : nodes.map(node => node.key)))
}

/** The funnel as a table: what came in, stayed, was made, was dropped or lost, and for which reasons. */
export function funnelTable(stages: Stages, funnel: Funnel, { width, paint }: Shown): string[] {
  const rows = stepKeys(stages).flatMap(key => {
    const c = funnel[key]
    if (!c) return []
    const why = [reasonList(c.dropped), reasonList(c.lost)].filter(Boolean).join('; lost ')
    const repairs = c.fixed > 0 ? `${why ? '; ' : ''}repaired ${reasonList(c.repairs)}` : ''
    const lost = sum(c.lost)
    const text = sum(c.dropped) === 0 && lost > 0 ? `lost ${why}` : why
    return [
      [
        key,
        thousands(c.in),
        orBlank(c.passed + c.fixed),
        orBlank(c.made),
        orBlank(sum(c.dropped)),
        orBlank(lost),
        text + repairs,
      ],
    ]
  })
  const columns = [
    { head: 'step' },
    { head: 'in', right: true },
    { head: 'kept', right: true },
    { head: 'made', right: true },
    { head: 'dropped', right: true },
    { head: 'lost', right: true },
    { head: 'why', flex: true },
  ]
  return table(columns, rows, width, text => paint('bold', text))
}

/** What was asked of whom, and what it cost; nothing when nobody was asked. */
export function callTable(
  calls: CallTotals,
  models: { [teacher: string]: string | undefined },
  { width, paint }: Shown,
): string[] {
  const caches = Object.values(calls).some(c => c.cached > 0)
  const rows = Object.entries(calls)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, c]) => [
      name,
      models[name] ?? '',
      thousands(c.sent),
      orBlank(c.journal),
      orBlank(c.input),
      ...(caches ? [orBlank(c.cached)] : []),
      orBlank(c.output),
      c.sent === 0 ? '$0' : dollars(c.usd),
    ])
  if (rows.length === 0) return []
  const columns = [
    { head: 'teacher' },
    { head: 'model' },
    { head: 'calls', right: true },
    { head: 'replayed', right: true },
    { head: 'tokens in', right: true },
    ...(caches ? [{ head: 'cached', right: true }] : []),
    { head: 'out', right: true },
    { head: 'cost', right: true },
  ]
  return table(columns, rows, width, text => paint('bold', text))
}
