/** Prompts made harder, or turned to a rarer subject. */
export { evolve } from './evolve.ts'
