/** Queries after real ones, written as people write. */
export { fromQueries } from './from-queries.ts'
