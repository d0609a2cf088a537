import type { Kind, Sha } from '../records/index.ts'
import type { PromptNote, Step } from '../steps/index.ts'
import type { PriceTable } from '../teachers/index.ts'
import type { Recipe } from './schema.ts'

/** One primitive step in the graph. */
export type Node = {
  /** Step key: `as` or the verb, and below it the name of the primitive, such as `judge.score`. */
  key: string
  /** Key of the recipe step it comes from; scores are keyed `<owner>/<aspect>`. */
  owner: string
  step: Step
  /** Options after zod, file paths absolute. */
  options: Record<string, unknown>
  /** Node or source keys; several are a union of equal kinds. */
  from: string[]
  side: { [name: string]: string[] }
  /** Kinds that arrive and leave. */
  takes: Kind[]
  gives: Kind[]
  /** What identifies this step whatever its input: verb, version, options with files by digest, prompts, teachers, module. */
  identity: Sha
  /** Names of the teachers it calls. */
  teachers: string[]
  /** Prompt files it may use. */
  prompts: PromptNote[]
  /** Key of the node whose subjects a group step gathers by; default the step that made each record. */
  group?: string
  /** URL of the user's own module the step comes from. */
  module?: string
  /** Digest of that module and of what it imports from beside it. */
  code?: Sha
  /** The word of the recipe it comes from, by which another thread or machine finds the step: its verb, key and options. */
  word?: { verb: string; key: string; options: unknown; as: string }
  /** Inserted by a restriction of the run: a stage of its own, so that all other stages stay as they are. */
  restricts?: true
}

/**
 * A run of nodes that one task executes. `source` reads files, `map` runs maps, groups and filters in a row (at most one
 * calls teachers, and it stands alone with no other), `global` one global, `grid` one grid, `union` joins branches.
 * Sources and unions have no nodes. A source's configuration is `recipe.sources[key]`, also for a file that only serves
 * as a side input: its key is the path relative to the recipe.
 */
export type Stage = {
  /** Fingerprint; never depends on inputs. */
  id: Sha
  shape: 'source' | 'map' | 'global' | 'grid' | 'union'
  /** Key of the last node, or the source's name; what other stages refer to. */
  key: string
  nodes: Node[]
  /** Keys of the stages it reads. */
  from: string[]
  /** Side inputs: keys of stages. */
  side: { [name: string]: string[] }
}

export type Plan = {
  /** With `--set` applied, and with the sources that files of side inputs became. */
  recipe: Recipe
  /** Absolute folder of the recipe: paths are relative to it. */
  base: string
  /** In topological order. */
  stages: Stage[]
  /** Key of the stage whose output is released. */
  output: string
  /** What models cost: the recipe's own file over what this version knows. */
  prices: PriceTable
}
