import { blocking, type GateReport } from '../govern/index.ts'
import { indent, wrap } from './layout.ts'
import type { Reporter, Style } from './reporter.ts'

const styles: { [is in GateReport['is']]: Style } = { pass: 'green', warn: 'yellow', unknown: 'yellow', block: 'red' }

/**
 * Gates with what they found, and the way out of those that do not pass. Those that know nothing yet are named in one line,
 * unless `full`: they stop nothing.
 */
export function gateLines(
  gates: readonly GateReport[],
  { width, paint }: Pick<Reporter, 'width' | 'paint'>,
  { full = false } = {},
): string[] {
  const stops = new Set(blocking(gates))
  const told = (is: string, style: Style, name: string, text: string[]): string[] => [
    `${paint(style, is.padEnd(10))}  ${paint('bold', name)}`,
    ...indent(
      text.flatMap(line => wrap(line, width - 12)),
      ' '.repeat(12),
    ),
  ]
  const open = full ? [] : gates.filter(gate => gate.is === 'unknown' && gate.override === undefined)
  const lines = gates
    .filter(gate => !open.includes(gate))
    .flatMap(gate => {
      const is = gate.is === 'block' && !stops.has(gate) ? 'overridden' : gate.is
      const text = [
        gate.why,
        ...(gate.override ? [`Overridden: ${gate.override}`] : []),
        ...(gate.is !== 'pass' && gate.wayOut ? [`Way out: ${gate.wayOut}`] : []),
      ]
      return told(is, styles[gate.is], gate.id, text)
    })
  if (open.length === 0) return lines
  const names = open.map(({ id }) => id).join(', ')
  return [...lines, ...told('unknown', 'yellow', names, ['What each of them lacks: `stillroom check`.'])]
}
