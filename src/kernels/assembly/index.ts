/** Memory is laid out by the callers (`src/kernels/*.ts`): kernels get addresses and allocate nothing. */
export { editDistance } from './distance'
export { addGrams, gramsAt, probeGrams } from './grams'
export { bandKeys, xxhash32, xxhash64 } from './hash'
export { nearestTwo } from './mixed'
export { distinct, runHashes, signature } from './runs'
export { folds, place, split } from './split'
export { dot, dots, pairs } from './vectors'
