import { type Compared, differenceText, type Verdict, valueText } from '../evaluate/index.ts'
import { thousands } from './figures.ts'
import { table } from './layout.ts'
import type { Reporter, Style } from './reporter.ts'

export const verdictStyles: { [verdict in Verdict]: Style } = {
  better: 'green',
  worse: 'red',
  'no difference shown': 'cyan',
  'too few items': 'dim',
  partial: 'yellow',
}

/** Each metric of two evaluations on a line: both values, the change with its interval, and the verdict. */
export function comparisonTable(
  lines: readonly Omit<Compared, 'flips'>[],
  { width, paint }: Pick<Reporter, 'width' | 'paint'>,
): string[] {
  const right = (head: string) => ({ head, right: true })
  return table(
    [
      ...[{ head: 'task', flex: true }, { head: 'metric' }, right('items'), right('base'), right('tuned')],
      ...[right('change'), { head: '95 %' }, { head: 'verdict' }],
    ],
    lines.map(line => [
      ...[line.task, line.metric, thousands(line.items), valueText(line.base, line), valueText(line.tuned, line)],
      differenceText(line.difference, line),
      line.interval ? `${differenceText(line.interval.low, line)} to ${differenceText(line.interval.high, line)}` : '',
      paint(verdictStyles[line.verdict], line.verdict),
    ]),
    width,
    text => paint('bold', text),
  )
}
