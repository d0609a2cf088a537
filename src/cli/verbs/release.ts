import { resolve } from 'node:path'
import { releaseRun } from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { counted } from '../figures.ts'
import { gateLines } from '../gates.ts'
import { keyGiven } from '../key-file.ts'
import { here, openRecipe, takeWorkspace } from '../open.ts'
import { reporterOf } from '../reporter.ts'
import { signedBy } from '../summary.ts'

export const run: Run = async call => {
  const { io, given } = call
  const key = keyGiven(call)
  const project = await openRecipe(call, call.args[0])
  const reporter = reporterOf(call)
  const session = takeWorkspace(call, project, 'release')
  try {
    const released = await releaseRun(project, session, undefined, {
      partial: given.partial ?? false,
      ...(given.out ? { out: resolve(io.cwd, given.out) } : {}),
      ...(key === undefined ? {} : { key }),
    })
    reporter.say(
      gateLines(released.gates, reporter),
      '',
      `${counted(released.rows, 'row')} released to ${here(io, released.dir)}${released.existed ? ' (was there, unchanged)' : ''}.`,
      signedBy(released),
      given.partial
        ? 'Roots whose replies were not all there are left out: with them it needs another `release.version`.'
        : [],
    )
    reporter.result(released)
    return 0
  } finally {
    session.close()
  }
}
