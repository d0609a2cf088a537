/** Rare regions of real prompts, filled and checked. */
export { edgeCases } from './edge-cases.ts'
