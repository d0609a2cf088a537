/**
 * Runs every recipe under `recipes/` and `examples/` from its sources to a verified release, and to the configs of a trainer
 * where it says how a model is trained, in a copy of both folders, with the simulator in this process. One line a recipe;
 * closes with `N passed, N failed`. Arguments choose by path.
 */
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { builtinSteps } from '../src/builtin-steps.ts'
import { renderError } from '../src/errors/index.ts'
import { verifyRelease } from '../src/release/index.ts'
import {
  funnelErrors,
  isExamRecipe,
  openProject,
  openSession,
  type Project,
  releaseRun,
  run,
  runEvaluation,
  runRounds,
} from '../src/run/index.ts'
import { readAnswers, startSimulator } from '../src/testing.ts'
import { copyRecipes } from '../test/support/ready-recipes.ts'

const root = resolve(import.meta.dirname, '..')
const copy = mkdtempSync(join(tmpdir(), 'stillroom-recipes-'))
copyRecipes(copy)

/** Runs one recipe and releases it; what it says on success. Throws with what is wrong. */
async function proof(file: string, simulator: string): Promise<string> {
  const project = await openProject(file, builtinSteps)
  if (project.recipe.rounds) return await proofOfRounds(project, simulator)
  if (isExamRecipe(project.recipe)) return await proofOfEvaluation(project, simulator)
  const session = openSession(project.workspace, { command: 'npm run recipes' })
  try {
    const result = await run({
      plan: await project.plan(),
      session,
      env: { ...process.env, STILLROOM_SIMULATOR: simulator },
    })
    if (result.error) throw result.error
    const released = await releaseRun(project, session, result)
    const { problems } = await verifyRelease(released.dir)
    const wrong = [...funnelErrors(result.funnel), ...problems.map(p => `${p.file}: ${p.message}`)]
    if (wrong.length > 0) throw new Error(wrong.join('\n'))
    const calls = Object.values(result.calls).reduce((sum, teacher) => sum + teacher.sent, 0)
    const said = `${released.rows} rows, ${calls} calls, ${relative(copy, released.dir)}`
    return project.recipe.train ? `${said}; ${proofOfTraining(file)}` : said
  } finally {
    session.close()
  }
}

/** What is trained on a release is planned and written, by the command line, and nothing is started. */
function proofOfTraining(file: string): string {
  const told = (command: string) => {
    const bin = join(root, 'bin', 'stillroom.js')
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'train', command, file, '--json'], {
      cwd: copy,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`train ${command} ended with ${status}\n${stdout}${stderr}`)
    return JSON.parse(stdout.trim().split('\n').at(-1)!)
  }
  const { phases, total } = told('plan')
  if (!total?.dollars) throw new Error('the plan of the training tells no cost')
  const { files } = told('write')
  return `${phases.map((phase: { method: string }) => phase.method).join(' and ')} planned, ${files.length} files written`
}

/** The same for a recipe of rounds: each of them is a release. */
async function proofOfRounds(project: Project, simulator: string): Promise<string> {
  const { rounds, error } = await runRounds(project, {
    open: () => openSession(project.workspace, { command: 'npm run recipes' }),
    env: { ...process.env, STILLROOM_SIMULATOR: simulator },
  })
  if (error) throw error
  for (const { release } of rounds) {
    const { problems } = await verifyRelease(join(project.base, release.dir))
    if (problems.length > 0) throw new Error(problems.map(p => `${p.file}: ${p.message}`).join('\n'))
  }
  return `${rounds.length} rounds, ${rounds.map(({ rows }) => rows).join(', ')} rows`
}

/** An evaluation releases nothing: it gives figures, of every item of which some metric is told. */
async function proofOfEvaluation(project: Project, simulator: string): Promise<string> {
  const session = openSession(project.workspace, { command: 'npm run recipes' })
  try {
    const env = { ...process.env, STILLROOM_SIMULATOR: simulator }
    const { evaluation, items, dir, result } = await runEvaluation(project, { session, env })
    const wrong = [
      ...funnelErrors(result.funnel),
      ...items.flatMap(({ task, metric, score, why }) => (score === undefined ? [`${task} ${metric}: ${why}`] : [])),
    ]
    if (wrong.length > 0) throw new Error(wrong.join('\n'))
    return `${evaluation.scores.length} figures of ${new Set(items.map(({ item }) => item)).size} items, ${relative(copy, dir)}`
  } finally {
    session.close()
  }
}

const wanted = process.argv.slice(2)
const recipes = globSync(['recipes/*.yaml', 'examples/*/*.yaml'], { cwd: copy })
  .map(path => path.replaceAll('\\', '/'))
  .filter(path => wanted.length === 0 || wanted.some(part => path.includes(part)))
  .sort()
// What recipes need a model to know lies beside their data.
const answers = globSync('recipes/data/*.answers.jsonl', { cwd: copy }).flatMap(path =>
  readAnswers(readFileSync(join(copy, path), 'utf8'), path),
)
const simulator = await startSimulator({ answers })
let failed = 0
for (const path of recipes) {
  const begun = performance.now()
  try {
    const said = await proof(join(copy, path), simulator.url)
    console.log(`ok    ${path}  ${said}  ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  } catch (error) {
    failed++
    console.log(`FAIL  ${path}\n${renderError(error)}`)
  }
}
await simulator.stop()
rmSync(copy, { recursive: true, force: true })
if (recipes.length === 0) console.log('no recipe found')
console.log(`${recipes.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 || recipes.length === 0 ? 1 : 0
