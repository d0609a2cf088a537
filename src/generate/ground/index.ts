/** Answers whose every claim stands on words of the document. */
export { type GroundOptions, ground } from './ground.ts'
export { stands } from './stands.ts'
export { groundWrite } from './write.ts'
