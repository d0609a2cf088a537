/** M7, M8: only what is unlike everything that came before. */
export { novelty } from './novelty.ts'
