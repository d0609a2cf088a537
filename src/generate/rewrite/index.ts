/** M32: texts that stand in for real ones about people. */
export { rewrite } from './rewrite.ts'
