import { builtinSteps } from '../../builtin-steps.ts'
import type { Run } from '../commands.ts'
import { table } from '../layout.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const reporter = reporterOf(call)
  const { width, paint } = reporter
  const rows = builtinSteps.map(({ verb, takes, about }) => [
    verb,
    takes.length > 4 ? 'any kind' : takes.join(', ') || 'nothing',
    about,
  ])
  reporter.say(
    table([{ head: 'step' }, { head: 'takes' }, { head: 'about', flex: true }], rows, width, text =>
      paint('bold', text),
    ),
  )
  reporter.result(builtinSteps.map(({ verb, takes, about }) => ({ verb, takes, about })))
  return 0
}
