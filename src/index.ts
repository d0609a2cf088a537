/** stillroom as a library: recipes, runs and releases. */
export { builtinSteps } from './builtin-steps.ts'
export { type Diagnostic, renderError, StillroomError } from './errors/index.ts'
export { defineRecipe, type Plan, type Recipe, type RecipeInput } from './recipe/index.ts'
export type * from './records/index.ts'
export { verifyRelease } from './release/index.ts'
export {
  openProject,
  openSession,
  type Project,
  type RunOptions,
  type RunResult,
  releaseRun,
  run,
  type Session,
} from './run/index.ts'
