/** What is to be known before a first run: of this machine, a recipe, a workspace, and of one teacher by asking it. */
export type { Check } from './check.ts'
export { checkMachine } from './machine.ts'
export { checkRecipe, checkWorkspace } from './place.ts'
export { type Ability, type Probe, type Probed, probeTeacher } from './probe.ts'
