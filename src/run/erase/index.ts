/** Erasure on request: found with all that descends from it, carried out to its end, and certified. */
export type { Certificate } from './certificate.ts'
export { beginErasure, carryOut, type Pending, pendingErasure, type Request } from './erase.ts'
export { type Erasure, findErasure, type Wanted } from './find.ts'
export { openPlace, type Place } from './held.ts'
export { erasureFolder, erasureKey, suppression } from './suppression.ts'
