import { outputRows, type PastRun } from '../run/index.ts'
import type { CallTotals, Event } from '../workspace/index.ts'
import { counted, dollars, duration, reasonList, thousands } from './figures.ts'
import { pulledText } from './progress.ts'
import type { Paint } from './reporter.ts'

/** What tells the events of one run: its stages, and how far each has come. */
export type LogTeller = (event: Event & { at: string }) => string[]

type Tally = { [teacher: string]: { sent: number; journal: number; usd: number | null } }

function tallyText(calls: Tally): string {
  const all = Object.entries(calls)
  const each = all.map(([name, { sent, journal, usd }]) => {
    const parts = [
      ...(sent > 0 || journal === 0 ? [counted(sent, 'call')] : []),
      ...(journal > 0 ? [`${thousands(journal)} replayed`] : []),
      ...(sent > 0 ? [dollars(usd)] : []),
    ]
    return `${name} ${parts.join(', ')}`
  })
  const usd = all.reduce<number | null>((sum, [, one]) => (sum === null || one.usd === null ? null : sum + one.usd), 0)
  const sent = all.reduce((n, [, one]) => n + one.sent, 0)
  return [...each, ...(all.length > 1 && sent > 0 ? [`in all ${dollars(usd)}`] : [])].join('; ')
}

/** Tells events of a run in words, a line each with the time of day (UTC); a new day has a line of its own. */
export function logTeller({ stages, output }: Pick<PastRun, 'stages' | 'output'>, paint: Paint): LogTeller {
  const lastOf = new Map(stages.map(({ key, nodes }) => [key, nodes.at(-1)?.key ?? key]))
  const sized = new Map<string, number>()
  const done = new Map<string, number>()
  /** Records that each stage put out. */
  const rows = new Map<string, number>()
  const keptRows = () => outputRows(output, stage => rows.get(stage) ?? 0)
  let day = ''
  let began: number | undefined

  function words(event: Event, at: number): { text: string; style?: 'green' | 'yellow' | 'red' | 'dim' } | undefined {
    switch (event.event) {
      case 'run-started':
        began = at
        return { text: `run ${event.run} of ${event.recipe} begins: ${counted(event.stages.length, 'stage')}` }
      case 'stage-sized':
        sized.set(event.stage, event.tasks)
        return {
          text: `${event.stage}: ${event.tasks === 0 ? 'nothing arrived' : counted(event.tasks, 'task')}`,
          style: 'dim',
        }
      case 'pulled':
        return { text: `${event.stage}: ${pulledText(event)} are there`, style: 'dim' }
      case 'task-done':
      case 'stage-recalled':
        return tasks(event)
      case 'route': {
        const { teacher, type, message, wait = 0 } = event
        const calm = type === 'recovered' || type === 'unparked'
        const text = `${teacher}: ${message ?? type}${wait >= 1000 ? `, waits ${duration(wait)}` : ''}`
        return { text, style: calm ? 'green' : 'yellow' }
      }
      case 'batch': {
        const { teacher, batch, state, rows: of, done: there, message } = event
        const far = there === undefined ? counted(of, 'call') : `${thousands(there)} of ${thousands(of)} done`
        return { text: `${teacher}: batch ${batch.slice(0, 8)} ${state}, ${far}${message ? `; ${message}` : ''}` }
      }
      case 'note':
        return { text: `${event.step ? `${event.step}: ` : ''}${event.message}`, style: 'yellow' }
      case 'unpaid':
        return {
          text: `${event.step}: root ${event.root.slice(0, 12)} is left out, its reply was never paid for`,
          style: 'dim',
        }
      case 'tally':
        return { text: tallyText(event.calls) }
      case 'run-ended': {
        const { run, status, exit, message, calls } = event
        const kept = keptRows()
        const cost = Object.keys(calls).length > 0 ? `; ${tallyText(calls)}${perRow(calls, kept)}` : ''
        const took = began === undefined ? '' : ` after ${duration(at - began)}`
        const why = message ? `: ${message}` : ''
        return {
          text: `run ${run} ends ${status}${exit ? `, exit code ${exit}` : ''}${took}, ${counted(kept, 'row')}${cost}${why}`,
          style: exit === 0 ? 'green' : 'red',
        }
      }
      default:
        return undefined
    }
  }
  function perRow(calls: CallTotals, kept: number): string {
    const all = Object.values(calls)
    if (kept === 0 || all.every(({ sent }) => sent === 0) || all.some(({ usd }) => usd === null)) return ''
    const usd = all.reduce((sum, one) => sum + one.usd!, 0)
    return usd > 0 ? `, ${dollars(usd / kept)} a kept row` : ''
  }
  function tasks(event: Event & { event: 'task-done' | 'stage-recalled' }) {
    const { stage, funnel } = event
    const last = funnel[lastOf.get(stage) ?? stage]
    const left = last ? last.passed + last.fixed + last.made : 0
    rows.set(stage, (rows.get(stage) ?? 0) + left)
    const reasons: { [reason: string]: number } = {}
    for (const { dropped, lost } of Object.values(funnel))
      for (const [reason, n] of [...Object.entries(dropped), ...Object.entries(lost)])
        reasons[reason] = (reasons[reason] ?? 0) + n
    const out = Object.values(reasons).reduce((a, b) => a + b, 0)
    const dropped = out > 0 ? `, ${thousands(out)} dropped (${reasonList(reasons, 3)})` : ''
    const first = Object.values(funnel)[0]?.in ?? 0
    const counts = `${first > 0 ? `${thousands(first)} in, ` : ''}${thousands(left)} out${dropped}`
    if (event.event === 'stage-recalled') return { text: `${stage}: as before, ${counts}`, style: 'dim' as const }
    const n = (done.get(stage) ?? 0) + 1
    done.set(stage, n)
    const of = sized.get(stage)
    return {
      text: `${stage}: task ${thousands(n)}${of ? ` of ${thousands(of)}` : ''}${event.cached ? ' was there' : ''}, ${counts}`,
      ...(event.cached ? { style: 'dim' as const } : {}),
    }
  }

  return event => {
    const said = words(event, Date.parse(event.at))
    if (!said) return []
    const today = event.at.slice(0, 10)
    const head = today === day ? [] : [paint('bold', `${today}, times in UTC`)]
    day = today
    const text = said.text.replace(/\s*\n\s*/g, ' ')
    return [...head, `${paint('dim', event.at.slice(11, 19))}  ${said.style ? paint(said.style, text) : text}`]
  }
}
