import { register } from '../../govern/index.ts'
import type { Run } from '../commands.ts'
import { table } from '../layout.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const reporter = reporterOf(call)
  const { width, paint } = reporter
  reporter.say(
    paint(
      'bold',
      `Register of terms, reviewed ${register.reviewed}. It is no legal advice: read the documents themselves.`,
    ),
    '',
    table(
      [
        { head: 'provider' },
        { head: 'training on outputs' },
        { head: 'version' },
        { head: 'how sure' },
        { head: 'rule', flex: true },
      ],
      register.entries.map(({ id, verdict, version, sure, rule }) => [id, verdict, version, sure, rule]),
      width,
      text => paint('bold', text),
    ),
  )
  reporter.result(register)
  return 0
}
