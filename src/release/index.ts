/** Releases: layout, card, Croissant, provenance and manifest on disk; reading and verifying them. It makes no rows. */
export { type CardFacts, renderCard } from './card.ts'
export type { ReleaseInput, SourceFacts } from './input.ts'
export { descentOf, provenanceOf, type ReleasedRow, readRows } from './read.ts'
export { configNames } from './rows.ts'
export { type Problem, verifyRelease } from './verify.ts'
export { type Manifest, type Released, writeRelease } from './write.ts'
