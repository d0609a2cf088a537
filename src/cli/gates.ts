import { blocking, type GateReport } from '../govern/index.ts'
import { indent, wrap } from './layout.ts'
import type { Reporter, Style } from './reporter.ts'

const styles: { [is in GateReport['is']]: Style } = { pass: 'green', warn: 'yellow', unknown: 'yellow', block: 'red' }

/** Gates with what they found, and the way out of those that do not pass. */
export function gateLines(gates: readonly GateReport[], { width, paint }: Pick<Reporter, 'width' | 'paint'>): string[] {
  const stops = new Set(blocking(gates))
  return gates.flatMap(gate => {
    const is = gate.is === 'block' && !stops.has(gate) ? 'overridden' : gate.is
    const head = `${paint(styles[gate.is], is.padEnd(10))}  ${paint('bold', gate.id)}`
    const text = [
      gate.why,
      ...(gate.override ? [`Overridden: ${gate.override}`] : []),
      ...(gate.is !== 'pass' && gate.wayOut ? [`Way out: ${gate.wayOut}`] : []),
    ]
    return [
      head,
      ...indent(
        text.flatMap(line => wrap(line, width - 12)),
        ' '.repeat(12),
      ),
    ]
  })
}
