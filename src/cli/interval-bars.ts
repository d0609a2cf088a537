import { cells, cut, pad } from './layout.ts'
import type { Paint, Style } from './reporter.ts'

/** A value with its interval, on a scale that all of one picture share; `note` stands behind the bar. */
export type IntervalBar = { label: string; value: number; low: number; high: number; style: Style; note: string }

/**
 * Intervals under each other on one scale, with zero in sight: `━` is the interval, `●` the value, `│` zero. `ends` says what
 * lies to the left and to the right.
 */
export function intervalBars(
  bars: readonly IntervalBar[],
  { width, paint, ends }: { width: number; paint: Paint; ends: [left: string, right: string] },
): string[] {
  if (bars.length === 0) return []
  const notes = Math.max(...bars.map(({ note }) => cells(note)))
  const labels = Math.min(Math.max(...bars.map(({ label }) => cells(label))), Math.max(12, width - notes - 34))
  const room = Math.max(16, Math.min(60, width - labels - notes - 4))
  const low = Math.min(0, ...bars.map(bar => bar.low))
  const high = Math.max(0, ...bars.map(bar => bar.high))
  const at = (value: number) => Math.round(((value - low) / (high - low || 1)) * (room - 1))
  const zero = at(0)
  const line = ({ label, value, low, high, style, note }: IntervalBar): string => {
    const row = Array.from({ length: room }, (_, i) => {
      if (i === at(value)) return paint(style, '●')
      if (i >= at(low) && i <= at(high)) return i === zero ? paint(style, '┿') : paint(style, '━')
      return i === zero ? paint('dim', '│') : ' '
    })
    return `${pad(cut(label, labels), labels)}  ${row.join('')}  ${note}`.trimEnd()
  }
  const head = `${`${ends[0]} `.padStart(zero)}│ ${ends[1]}`
  return [paint('dim', `${' '.repeat(labels + 2)}${head}`), ...bars.map(line)]
}
