import { parse } from 'yaml'
import { type CheckedStep, checkSteps } from './check.ts'
import { buildGraph } from './graph.ts'
import { commonIdentity } from './identity.ts'
import type { Plan } from './plan.ts'
import type { Positions } from './positions.ts'
import { priceProblems, readPrices } from './prices.ts'
import { type Problem, recipeError, shown } from './problems.ts'
import { restrictGraph } from './restrict.ts'
import type { Recipe, Restriction, StepUse, Words } from './schema.ts'
import { stagesOf } from './stages.ts'
import { didYouMean } from './suggest.ts'

export type PlanContext = {
  /** Where the recipe's values stand, for diagnostics. */
  positions?: Positions
  /** Inserted in front of the first paid steps. */
  restrict?: Restriction
  /** Raw options over those of the recipe, by `<step>.<option>`; deeper options by more dots. Text is read as YAML. */
  set?: { [option: string]: unknown }
  /** ICU version of steps that segment text; default that of this process. */
  icu?: string
}

/**
 * Checks everything that can be known before anything is spent, and lays out the graph of stages. Reads the user's own
 * step modules, the files that options name, and what the kinds of sources need. Throws one error with all findings.
 */
export async function planRecipe(recipe: Recipe, base: string, words: Words, context: PlanContext = {}): Promise<Plan> {
  const changed = await override(recipe, base, words, context)
  const scene = {
    recipe: changed.recipe,
    base,
    words,
    common: commonIdentity(changed.recipe, base),
    icu: context.icu ?? process.versions.icu ?? 'none',
  }
  const { graph, problems } = await buildGraph(changed.steps, scene)
  if (problems.length > 0) throw recipeError(problems, context.positions)
  const restricted = context.restrict ? restrictGraph(graph, context.restrict, scene) : graph
  const complete = { ...changed.recipe, sources: { ...changed.recipe.sources, ...graph.files } }
  const stages = stagesOf(restricted, complete)
  return { recipe: complete, base, stages, output: graph.output, prices: changed.prices }
}

/** The recipe with `--set` applied, and its steps checked. */
async function override(recipe: Recipe, base: string, words: Words, { set = {}, positions }: PlanContext) {
  const around = { sources: Object.keys(recipe.sources), teachers: recipe.teachers, base, words }
  const check = (uses: StepUse[]) => checkSteps(uses, around)
  const { prices, problems: unread } = await readPrices(recipe.prices, base)
  const plain = await check(recipe.steps)
  const findings = [...plain.problems, ...unread, ...priceProblems(recipe.budget, recipe.teachers, prices)]
  if (findings.length > 0) throw recipeError(findings, positions)
  if (Object.keys(set).length === 0) return { recipe, steps: plain.steps, prices }
  const problems: Problem[] = []
  const uses = [...recipe.steps]
  for (const [name, value] of Object.entries(set)) {
    const index = plain.steps.findIndex(({ key }) => key === name.split('.')[0])
    const problem = unknownTarget(name, plain.steps, index)
    const read = readValue(name, value)
    if (problem) problems.push(problem)
    else if ('problem' in read) problems.push(read.problem)
    else uses[index] = withOption(uses[index]!, name.split('.').slice(1), read.value)
  }
  if (problems.length > 0) throw recipeError(problems, positions)
  const { steps, problems: found } = await check(uses)
  // The recipe itself was sound: whatever is wrong now came with `--set`.
  if (found.length > 0)
    throw recipeError(
      found.map(problem => ({ ...problem, path: ['--set', ...problem.path] })),
      positions,
    )
  return { recipe: { ...recipe, steps: uses }, steps, prices }
}

function unknownTarget(name: string, steps: CheckedStep[], index: number): Problem | undefined {
  const [key = '', option] = name.split('.')
  const path = ['--set', name]
  if (index < 0) {
    const hint = didYouMean(
      key,
      steps.map(step => step.key),
    )
    return {
      code: 'SR_RECIPE_REFERENCE',
      message: `--set ${name}: there is no step \`${key}\``,
      path,
      part: 'key',
      hint,
    }
  }
  if (option) return undefined
  const hint = `write ${name}.<option>=<value>`
  return { code: 'SR_RECIPE_KEY', message: `--set ${name} names no option`, path, part: 'key', hint }
}

function readValue(name: string, value: unknown): { value: unknown } | { problem: Problem } {
  if (typeof value !== 'string') return { value }
  try {
    return { value: parse(value, { prettyErrors: false }) }
  } catch (error) {
    const message = `--set ${name}: ${(error as Error).message}`
    return {
      problem: { code: 'SR_RECIPE_VALUE', message, path: ['--set', name], part: 'value', received: shown(value) },
    }
  }
}

function withOption(use: StepUse, path: string[], value: unknown): StepUse {
  return { ...use, options: put(use.options, path, value) }
}

function put(object: unknown, [key, ...rest]: string[], value: unknown): { [key: string]: unknown } {
  const known = typeof object === 'object' && object !== null ? (object as { [key: string]: unknown }) : {}
  return { ...known, [key!]: rest.length ? put(known[key!], rest, value) : value }
}
