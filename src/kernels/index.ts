/**
 * Kernels: what is done to every unit of every text, in WebAssembly with SIMD (`assembly/`, compiled to `kernels.wasm`).
 * Each has a twin in plain TypeScript (`twins/`) that gives the same bits and stands in where there is no such machine.
 * All are synchronous; each thread has its own instances.
 */
export { editDistance } from './distance.ts'
export { type Grams, openGrams, probe } from './grams.ts'
export { hash32, xxhash64 } from './hash.ts'
export { type Apart, type Mixed, type NearestTwo, nearestTwo } from './mixed.ts'
export { bandKeys, jaccard, runHashes, shingles, signature } from './runs.ts'
export { split } from './split.ts'
export { copyUnits, foldForMatch, type How, hows, kind, matched, type Units, unitAt, unitsOf } from './units.ts'
export { dot, dots, type Pairs, pairsAbove } from './vectors.ts'
