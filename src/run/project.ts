import { dirname, join, resolve } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import { gateIds } from '../govern/index.ts'
import { type Hub, openHub } from '../hub/index.ts'
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
import {
  findPack,
  hubFiles,
  licenseCounts,
  listFiles,
  pullAttached,
  pullHub,
  type SourceConfig,
  type SourceFile,
  settleHub,
  sourceConfig,
  sourceKind,
} from '../sources/index.ts'
import type { Step, Verb } from '../steps/index.ts'
import { restrictSteps } from './restrict.ts'

/** The world outside of a folder, as far as a plan needs it: the Hub that sources name. */
export type Outside = {
  /** Where HF_TOKEN and HF_ENDPOINT come from. */
  env: Record<string, string | undefined>
  fetch?: typeof fetch
  /** A sentence for people, when something comes from far away. */
  say?(text: string): void
}

/** The Hub of an environment, opened when it is first needed: a recipe without it needs no token. */
export function hubOf({ env, fetch }: Outside): () => Hub {
  let hub: Hub | undefined
  return () => {
    hub ??= openHub(env, fetch ? { fetch } : {})
    return hub
  }
}

/** The files of a source as far as they are known: on disk, or in the listing of the Hub. */
export const filesOf = async (config: SourceConfig, base: string, workspace: string): Promise<SourceFile[]> =>
  config.hub === undefined ? listFiles(config, base) : hubFiles(config, workspace)

/** The vocabulary of recipes: the steps handed in, and what this version knows of sources and gates. Sources of the Hub need a workspace to come to. */
export function wordsOf(verbs: readonly (Step | Verb)[], workspace?: string, outside: Outside = { env: {} }): Words {
  const hub = hubOf(outside)
  return {
    verbs,
    source: sourceConfig,
    gates: gateIds,
    async settle(_, entry, base) {
      const config = entry as SourceConfig
      if (config.license === 'detect')
        return { ...config, detected: await licenseCounts(await listFiles(config, base)) }
      if (config.hub === undefined) return entry
      if (workspace !== undefined) return settleHub(config, workspace, hub)
      throw new StillroomError('SR_RECIPE_CONFLICT', 'A source of the Hub is read within a recipe only.')
    },
    async sourceKind(_, entry, base) {
      const config = entry as SourceConfig
      if (config.attach) {
        if (config.kind !== undefined) return config.kind
        if (workspace === undefined)
          throw new StillroomError('SR_RECIPE_CONFLICT', 'A database is asked within a recipe only.')
        return sourceKind(config, await pullAttached(config, workspace, outside.env))
      }
      if (config.hub === undefined) return sourceKind(config, await listFiles(config, base))
      // A kind that is stated needs no look: nothing is fetched for a plan.
      if (config.kind !== undefined) return config.kind
      const [first] = hubFiles(config, workspace!)
      if (first!.mtimeMs === 0) outside.say?.(`Reading ${first!.path} of ${config.uri} to see what it holds.`)
      return sourceKind(config, await pullHub(config, workspace!, hub, { most: 1 }))
    },
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
export async function openProject(
  file: string,
  verbs: readonly (Step | Verb)[],
  named?: string,
  outside: Outside = { env: process.env },
): Promise<Project> {
  const workspace = named ?? join(dirname(resolve(file)), '.stillroom')
  const words = wordsOf(verbs, workspace, outside)
  return projectOf(await readRecipe(file, words), file, words, workspace)
}

/** A recipe that stands in no file, as if it lay in the folder `base`. Throws one error with every finding. */
export async function madeProject(
  recipe: object,
  base: string,
  verbs: readonly (Step | Verb)[],
  named?: string,
  outside: Outside = { env: process.env },
): Promise<Project> {
  const workspace = named ?? join(base, '.stillroom')
  const words = wordsOf(verbs, workspace, outside)
  const positions = filePositions('the recipe out of the options')
  const read = await parseRecipe(recipe, base, words, positions)
  return projectOf({ recipe: read, base, positions }, base, words, workspace)
}

function projectOf(read: ReadRecipe, file: string, words: Words, workspace: string): Project {
  return {
    ...read,
    file,
    words,
    workspace,
    plan: (context = {}) => planRecipe(read.recipe, read.base, words, { positions: read.positions, ...context }),
  }
}
