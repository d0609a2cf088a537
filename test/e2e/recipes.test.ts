import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { builtinSteps } from '../../src/builtin-steps.ts'
import { describeVerb, loadStep, type Node, type Plan, type PlanContext } from '../../src/recipe/index.ts'
import { type Rec, sha256 } from '../../src/records/index.ts'
import { verifyRelease } from '../../src/release/index.ts'
import {
  funnelErrors,
  isExamRecipe,
  openProject,
  openSession,
  type Project,
  type RunResult,
  releaseRun,
  run,
  runEvaluation,
  type Session,
} from '../../src/run/index.ts'
import { readAnswers, startSimulator } from '../../src/testing.ts'
import { copyRecipes } from '../support/ready-recipes.ts'

const root = join(import.meta.dirname, '..', '..')
const recipes = globSync(['recipes/*.yaml', 'examples/*/*.yaml'], { cwd: root })
  .map(path => path.replaceAll('\\', '/'))
  .sort()
const home = mkdtempSync(join(tmpdir(), 'stillroom-recipes-'))
const copy = join(home, 'copy')
/**
 * Records that reach the first paid step: enough to come out at the end, few enough for every recipe there is. Code that is
 * run takes a hundred times as long as a reply that is read.
 */
const limits = { asks: 8, executes: 2 }

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  copyRecipes(copy)
  const answers = globSync('recipes/data/*.answers.jsonl', { cwd: root }).flatMap(path =>
    readAnswers(readFileSync(join(root, path), 'utf8'), path),
  )
  simulator = await startSimulator({ logSize: 0, answers })
})
afterAll(async () => {
  await simulator.stop()
  rmSync(home, { recursive: true, force: true })
})

type Ran = { plan: Plan; result: RunResult; asked: Set<string> }

/** Runs a recipe; `asked` are the steps whose calls went out to a teacher. */
async function ran(project: Project, session: Session, context: PlanContext): Promise<Ran> {
  const plan = await project.plan(context)
  const asked = new Set<string>()
  const result = await run({
    plan,
    session,
    env: { STILLROOM_SIMULATOR: simulator.url },
    renderers: [event => void (event.event === 'call' && event.from === 'teacher' && asked.add(event.step))],
  })
  return { plan, result, asked }
}

const nodesOf = (plan: Plan): Node[] => plan.stages.flatMap(({ nodes }) => nodes)

/** Every record behind the release that a step made: named step, teachers and calls, digests of prompts of the recipe. */
function lineageProblems(plan: Plan, provenance: string): string[] {
  const nodes = new Map(nodesOf(plan).map(node => [node.key, node]))
  const all = new Set(nodesOf(plan).flatMap(({ prompts }) => prompts.map(({ digest }) => digest)))
  const lines = provenance.trimEnd().split('\n')
  const records = lines.map(line => JSON.parse(line) as Pick<Rec, 'id' | 'lineage'>)
  const made = Map.groupBy(records, ({ lineage }) => lineage.made?.step ?? '')
  const silent = [...made].flatMap(([key, of]) => {
    const writes = nodes.get(key)?.step.gives !== 'same' && (nodes.get(key)?.teachers.length ?? 0) > 0
    return writes && of.every(({ lineage }) => lineage.made!.teachers.length === 0) ? [`${key} names no teacher`] : []
  })
  const wrong = records.flatMap(({ id, lineage: { origin, made, source } }) => {
    if (!made) return origin === 'synthetic' && !source ? [`${id} is synthetic, and nothing made it`] : []
    const node = nodes.get(made.step)
    if (!node) return [`${id} names the step ${made.step}, which the recipe has not`]
    const { teachers, calls, prompts } = made
    const own = node.prompts.map(({ digest }) => digest)
    const unknown = prompts.filter(prompt => !all.has(prompt))
    return [
      ...unknown.map(prompt => `${id} of ${node.key} names the prompt ${prompt} of no step`),
      ...(teachers.length === 0 ? [] : origin === 'real' ? [`${id} was written by a model and calls itself real`] : []),
      ...(teachers.length > 0 && calls.length === 0 ? [`${id} of ${node.key} names teachers and no call`] : []),
      ...(teachers.length > 0 && own.length > 0 && !own.some(digest => prompts.includes(digest))
        ? [`${id} of ${node.key} names no prompt of that step`]
        : []),
    ]
  })
  return [...silent, ...wrong]
}

/** The last technique of a recipe that takes a prompt file of one's own, and the one it would use. */
async function lastPrompt(project: Project, plan: Plan): Promise<{ owner: string; file: string } | undefined> {
  for (const node of nodesOf(plan).toReversed()) {
    const use = project.recipe.steps.find(use => (use.as ?? use.verb ?? node.step.verb) === node.owner)
    if (!use || node.teachers.length === 0 || node.prompts.length === 0) continue
    const word = use.use
      ? (await loadStep(use.use, project.base)).word
      : builtinSteps.find(({ verb }) => verb === use.verb)
    if (!word || !describeVerb(word).options.some(({ name }) => name === 'prompt')) continue
    const language = project.recipe.language.startsWith('ja') ? '.ja.' : '.en.'
    const { name, digest } = node.prompts.find(({ name }) => name.includes(language)) ?? node.prompts[0]!
    const file = globSync(`{src,examples}/**/${name}`, { cwd: root }).find(
      path => sha256(readFileSync(join(root, path), 'utf8')) === digest,
    )
    if (file) return { owner: node.owner, file: join(root, file) }
  }
  return undefined
}

/** The steps of a technique, and all that stand behind one of them or read it beside their input. */
function behind(plan: Plan, owner: string): Set<string> {
  const found = new Set(nodesOf(plan).flatMap(node => (node.owner === owner ? [node.key] : [])))
  for (const node of nodesOf(plan)) {
    if ([...node.from, ...Object.values(node.side).flat()].some(key => found.has(key))) found.add(node.key)
  }
  return found
}

test('there are recipes', () => {
  expect(recipes).toEqual(expect.arrayContaining(['recipes/standard.yaml', 'examples/quickstart/recipe.yaml']))
})

test.each(recipes)('%s', async path => {
  const name = path.replaceAll('/', '-')
  const project = await openProject(join(copy, path), builtinSteps, join(home, name))
  const session = openSession(project.workspace, { command: 'test' })
  try {
    if (isExamRecipe(project.recipe)) {
      const env = { STILLROOM_SIMULATOR: simulator.url }
      const { items, result } = await runEvaluation(project, { session, env, limit: 24, out: join(home, name) })
      expect(funnelErrors(result.funnel)).toEqual([])
      expect(items.filter(({ score }) => score === undefined)).toEqual([])
      expect(new Set(items.map(({ item }) => item)).size).toBe(24)
      return
    }
    const executes = nodesOf(await project.plan()).some(({ step }) => step.needs?.executes && step.gives !== 'same')
    let context: PlanContext = { restrict: { limit: limits[executes ? 'executes' : 'asks'] } }
    let first = await ran(project, session, context)
    if (first.result.error?.code === 'SR_YIELD') {
      context = {}
      first = await ran(project, session, context)
    }
    const { plan, result } = first
    expect(result.error).toBeUndefined()
    expect(funnelErrors(result.funnel)).toEqual([])
    const { dir } = await releaseRun(project, session, result, { plan, out: join(home, `${name}-releases`) })
    expect((await verifyRelease(dir)).problems).toEqual([])
    expect(lineageProblems(plan, readFileSync(join(dir, 'provenance.jsonl'), 'utf8'))).toEqual([])

    const prompt = await lastPrompt(project, plan)
    if (!prompt) return
    const edited = join(home, `${name}.md`)
    writeFileSync(edited, readFileSync(prompt.file, 'utf8').replace(/\s*$/, '\n\nTake your time.\n'))
    const again = await ran(project, session, { ...context, set: { [`${prompt.owner}.prompt`]: edited } })
    const touched = behind(again.plan, prompt.owner)
    expect([...again.asked].filter(step => !touched.has(step))).toEqual([])
    const own = nodesOf(again.plan).flatMap(node => (node.owner === prompt.owner ? [node.key] : []))
    // Built-in teachers answer from what the step says of itself, and calls of theirs go out like any other.
    expect(own.some(step => again.asked.has(step))).toBe(true)
  } finally {
    session.close()
  }
})
