import { join } from 'node:path'
import { gateIds } from '../govern/index.ts'
import {
  filePositions,
  type Plan,
  type PlanContext,
  parseRecipe,
  planRecipe,
  type ReadRecipe,
  readRecipe,
  type Words,
} from '../recipe/index.ts'
import { findPack, listFiles, type SourceConfig, sourceConfig, sourceKind } from '../sources/index.ts'
import type { Step, Verb } from '../steps/index.ts'
import { restrictSteps } from './restrict.ts'

/** The vocabulary of recipes: the steps handed in, and what this version knows of sources and gates. */
export function wordsOf(verbs: readonly (Step | Verb)[]): Words {
  return {
    verbs,
    source: sourceConfig,
    gates: gateIds,
    sourceKind: async (_, config, base) =>
      sourceKind(config as SourceConfig, await listFiles(config as SourceConfig, base)),
    benchmark: findPack,
    restrict: restrictSteps,
  }
}

/** A recipe, read and checked, with the workspace beside it. */
export type Project = ReadRecipe & {
  file: string
  words: Words
  workspace: string
  plan(context?: PlanContext): Promise<Plan>
}

/** Opens a recipe file. Throws one error with every finding. The workspace is `.stillroom` beside it unless named. */
export async function openProject(file: string, verbs: readonly (Step | Verb)[], workspace?: string): Promise<Project> {
  const words = wordsOf(verbs)
  return projectOf(await readRecipe(file, words), file, words, workspace)
}

/** A recipe that stands in no file, as if it lay in the folder `base`. Throws one error with every finding. */
export async function madeProject(
  recipe: object,
  base: string,
  verbs: readonly (Step | Verb)[],
  workspace?: string,
): Promise<Project> {
  const words = wordsOf(verbs)
  const positions = filePositions('the recipe out of the options')
  const read = await parseRecipe(recipe, base, words, positions)
  return projectOf({ recipe: read, base, positions }, base, words, workspace)
}

function projectOf(read: ReadRecipe, file: string, words: Words, workspace: string | undefined): Project {
  return {
    ...read,
    file,
    words,
    workspace: workspace ?? join(read.base, '.stillroom'),
    plan: (context = {}) => planRecipe(read.recipe, read.base, words, { positions: read.positions, ...context }),
  }
}
