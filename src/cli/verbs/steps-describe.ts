import { builtinSteps } from '../../builtin-steps.ts'
import { StillroomError } from '../../errors/index.ts'
import { describeVerb, didYouMean } from '../../recipe/index.ts'
import type { Run } from '../commands.ts'
import { table, wrap } from '../layout.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const name = call.args[0]!
  const word = builtinSteps.find(({ verb }) => verb === name)
  if (!word) {
    const verbs = builtinSteps.map(({ verb }) => verb)
    throw new StillroomError('SR_USAGE', `There is no step ${name}.`, {
      hint: didYouMean(name, verbs) ?? `known: ${verbs.join(', ')}`,
    })
  }
  const note = describeVerb(word)
  const reporter = reporterOf(call)
  const { width, paint } = reporter
  const gives =
    note.gives === undefined ? [] : [`Gives: ${note.gives === 'same' ? 'the same kind' : note.gives.join(', ')}`]
  reporter.say(
    paint('bold', note.verb),
    wrap(note.about, width),
    '',
    `Takes: ${note.takes.join(', ') || 'nothing'}`,
    ...gives,
    ...(note.reasons?.length ? wrap(`Reasons: ${note.reasons.join(', ')}`, width) : []),
    ...(note.source ? wrap(`Source: ${note.source}`, width) : []),
  )
  if (note.options.length > 0) {
    const rows = note.options.map(o => [
      o.name,
      o.required ? 'required' : 'default' in o ? JSON.stringify(o.default) : '',
      [o.about, `(${o.type})`].filter(Boolean).join(' '),
    ])
    reporter.say(
      '',
      table(
        [{ head: 'option' }, { head: 'default' }, { head: 'about', flex: true }],
        rows.map(([a, b, c]) => [a!, b!.length > 24 ? '(see about)' : b!, c!]),
        width,
        text => paint('bold', text),
      ),
    )
  }
  reporter.result(note)
  return 0
}
