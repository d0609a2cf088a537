/** Rows that are made out of what is true of all real ones together. */
export { gaussianCopula } from './copula.ts'
export { marginals } from './marginals.ts'
export { mst } from './mst.ts'
