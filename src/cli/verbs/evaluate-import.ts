import { join, resolve } from 'node:path'
import { intervalText, readResults, valueText, writeEvaluation } from '../../evaluate/index.ts'
import type { Run } from '../commands.ts'
import { counted, thousands } from '../figures.ts'
import { table, wrap } from '../layout.ts'
import { here } from '../open.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io, given } = call
  const { notes, ...read } = readResults(resolve(io.cwd, call.args[0]!), given.name)
  const { evaluation } = read
  const dir = resolve(io.cwd, given.out ?? join('evaluations', evaluation.name.replaceAll(/[^\w.-]+/g, '-')))
  writeEvaluation(dir, read)
  const reporter = reporterOf(call)
  const tasks = Object.values(evaluation.tasks)
  const right = (head: string) => ({ head, right: true })
  reporter.say(
    `${evaluation.name}: ${evaluation.model.id}, measured ${evaluation.date}, ${counted(tasks.length, 'task')}, ${counted(
      tasks.reduce((sum, { items }) => sum + items, 0),
      'item',
    )}.`,
    '',
    table(
      [
        { head: 'task', flex: true },
        { head: 'metric' },
        right('value'),
        { head: '95 %' },
        right('items'),
        right('ungraded'),
      ],
      evaluation.scores.map(line => [
        ...[line.task, line.metric, valueText(line.value, line)],
        ...[intervalText(line), thousands(line.n), thousands(line.ungraded)],
      ]),
      reporter.width,
      text => reporter.paint('bold', text),
    ),
    '',
    ...(evaluation.partial
      ? [reporter.paint('yellow', 'Only a part of an exam was taken (`--limit`): this is no result.')]
      : []),
    ...notes.flatMap(note => wrap(note, reporter.width).map(line => reporter.paint('yellow', line))),
    `Written to ${here(io, dir)}. Compare it with another one:`,
    '',
    `  stillroom evaluate compare <base> ${here(io, dir)}`,
  )
  reporter.result({ evaluation: here(io, dir), ...evaluation, notes })
  return 0
}
