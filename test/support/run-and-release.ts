/**
 * Runs a recipe to its release in a process of its own, which may be told to die at a named point.
 * Arguments: recipe, simulator URL, and optionally point and count, and how many times faster its clock goes. With
 * `THREADS` that many do what asks nobody, from the first byte on.
 */
import { builtinSteps } from '../../src/builtin-steps.ts'
import { openProject, openSession, releaseRun, run } from '../../src/run/index.ts'
import { killAt } from '../../src/testing.ts'
import { fastClock } from './clock.ts'

const [recipe, simulator, point, n, times = 1] = process.argv.slice(2)
const project = await openProject(recipe!, builtinSteps)
const session = openSession(project.workspace, {
  command: 'kill test',
  ...(point ? { reached: killAt(point, Number(n)) } : {}),
  ...(Number(times) > 1 ? { clock: fastClock(Number(times)) } : {}),
})
const many = Number(process.env.THREADS ?? 0)
const result = await run({
  plan: await project.plan(),
  session,
  env: { STILLROOM_SIMULATOR: simulator },
  ...(many > 0 ? { threads: { threads: many, from: 0 } } : {}),
})
if (!result.error) await releaseRun(project, session, result)
session.close()
process.exitCode = result.exit
