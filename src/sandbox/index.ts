/** Runs code that nobody has read, bounded in time and memory, without files, network and processes. */
export { codeOf, definitionOf } from './code.ts'
export type { Job, Language, Ran } from './job.ts'
export { openSandbox, type Sandbox } from './sandbox.ts'
