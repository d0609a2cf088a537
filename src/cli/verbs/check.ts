import { StillroomError } from '../../errors/index.ts'
import { blocking } from '../../govern/index.ts'
import { gatesOf, lastFinished, lookAt, releaseFolder, shardsOf } from '../../run/index.ts'
import type { Run } from '../commands.ts'
import { gateLines } from '../gates.ts'
import { noRun, openArchive, openRecipe } from '../open.ts'
import { reporterOf } from '../reporter.ts'

export const run: Run = async call => {
  const { io } = call
  const project = await openRecipe(call, call.args[0])
  const plan = await project.plan()
  const archive = openArchive(io, project.workspace)
  try {
    const past = lastFinished(archive.paths, { recipe: plan.recipe.name, restricted: false })
    if (!past) throw noRun(io, project.workspace, 'finished run of this recipe')
    const where = {
      store: archive.store,
      root: project.workspace,
      folder: releaseFolder(plan),
      ...(past.rows ? { digest: past.rows } : {}),
    }
    const { facts } = await lookAt(plan, shardsOf(archive.store, past), where)
    const gates = gatesOf(plan, { funnel: past.funnel, ...past.told }, project.workspace, facts)
    const reporter = reporterOf(call)
    reporter.say(
      reporter.paint('bold', `Gates for ${plan.recipe.use}, over run ${past.id}`),
      '',
      gateLines(gates, reporter, { full: true }),
    )
    reporter.result({ run: past.id, use: plan.recipe.use, gates })
    const stops = blocking(gates)
    if (stops.length === 0) return 0
    const error = new StillroomError('SR_GATE', `${stops.map(gate => gate.id).join(', ')} would block the release.`, {
      hint: stops
        .map(gate => gate.wayOut)
        .filter(Boolean)
        .join(' '),
    })
    if (reporter.kind !== 'json') throw error
    return error.exit
  } finally {
    archive.close()
  }
}
