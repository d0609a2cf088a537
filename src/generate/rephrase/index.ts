/** Documents in other forms. */
export { rephrase } from './rephrase.ts'
