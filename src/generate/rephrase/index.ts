/** Documents in other forms. */
export { rephrase, styleNames } from './rephrase.ts'
