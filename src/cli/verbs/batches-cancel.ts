import { cancelBatches } from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { thousands } from '../figures.ts'
import { openRecipe, takeWorkspace } from '../open.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io, given } = call
  const project = await openRecipe(call, given.recipe)
  const plan = await project.plan()
  const reporter = reporterOf(call)
  const session = takeWorkspace(call, project, 'batches cancel')
  try {
    const [id] = call.args
    const batches = await cancelBatches(plan, session, { env: io.env, ...(id ? { id } : {}), emit: () => {} })
    reporter.say(
      ...batches.map(
        ({ id, rows, note }) =>
          `${id.slice(0, 8)}: ${thousands(rows)} calls, cancelled${note && note !== 'cancelled' ? ` (${note})` : ''}.`,
      ),
      'Replies that were there are kept. The next run asks for the rest.',
    )
    reporter.result({ batches })
    return 0
  } finally {
    session.close()
  }
}
