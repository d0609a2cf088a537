/** Personas out of texts, out of each other, and what they ask. */
export { persona, relations } from './persona.ts'
