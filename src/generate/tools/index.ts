/** Conversations that use tools, past three gates. */
export { callProblem, type DeclaredTool, loadTools, resultOf } from './declared.ts'
export { execute } from './execute.ts'
export { toolFormat } from './format.ts'
export { type ToolsOptions, tools } from './tools.ts'
export { apportioned, toolStyles } from './write.ts'
