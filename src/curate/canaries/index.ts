export { canaries } from './canaries.ts'
export { canaryCheck } from './check.ts'
