/** Only what is unlike everything that came before. */
export { novelty } from './novelty.ts'
