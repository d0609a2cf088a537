/** M7: prompts made harder, or turned to a rarer subject. */
export { evolve } from './evolve.ts'
