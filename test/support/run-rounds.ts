/** Runs the rounds of a recipe in a process of its own, which dies at a named point. Arguments: recipe, simulator URL, point, count. */
import { builtinSteps } from '../../src/builtin-steps.ts'
import { openProject, openSession, runRounds } from '../../src/run/index.ts'
import { killAt } from '../../src/testing.ts'

const [recipe, simulator, point, n] = process.argv.slice(2)
const project = await openProject(recipe!, builtinSteps)
const reached = killAt(point!, Number(n))
const { error } = await runRounds(project, {
  open: () => openSession(project.workspace, { command: 'kill test', reached }),
  env: { ...process.env, STILLROOM_SIMULATOR: simulator },
})
process.exitCode = error?.exit ?? 0
