/** Recipes: from YAML or an object to diagnostics with positions, and to a checked plan of stages with fingerprints. */
export { describeVerb, type OptionNote, recipeJsonSchema, type VerbNote } from './describe.ts'
export { exclusions, fingerprintVersion } from './exclusions.ts'
export { type LicenseClass, licenseClasses } from './license-classes.ts'
export { loadStep, loadTeacherModule, type TeacherUse } from './module.ts'
export type { Node, Plan, Stage } from './plan.ts'
export { type PlanContext, planRecipe } from './planner.ts'
export { filePositions, type Path, type Positions, yamlPositions } from './positions.ts'
export { parseRecipe, type ReadRecipe, readRecipe } from './read.ts'
export { paidPart } from './restrict.ts'
export {
  earlierRounds,
  listedStudent,
  type RoundGround,
  recipeOfRound,
  roundVersion,
} from './rounds.ts'
export { type DriftBounds, type Rounds, type ServedStudent, servedStudent } from './rounds-config.ts'
export {
  defineRecipe,
  type Recipe,
  type RecipeInput,
  type Restriction,
  recipeSchema,
  type SourceEntry,
  type StepUse,
  type Words,
} from './schema.ts'
export { didYouMean, editDistance, nearest } from './suggest.ts'
export { preferenceMethods, type TrainConfig, trainConfig, trainers } from './train-config.ts'
