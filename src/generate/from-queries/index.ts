/** Queries after real ones, written as people write. */
export { fromQueries } from './from-queries.ts'
export { dressed, type Manner, mannerOf } from './manner.ts'
export { type Slip, slip, suspects } from './slips.ts'
