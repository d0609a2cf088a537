/** Teachers: the contract, clients, limits and the structured-reply ladder. */

export { type AiSdkEmbedder, type AiSdkModel, type AiSdkOptions, aiSdkEmbedder, aiSdkTeacher } from './ai-sdk.ts'
export {
  isPool,
  operationalTeacherFields,
  type PoolConfig,
  type Price,
  poolConfig,
  priceConfig,
  samplingOf,
  type TeacherConfig,
  type TeacherEntry,
  teacherConfig,
  teacherEntry,
  teachersBehind,
} from './config.ts'
export * from './contract.ts'
export { familiesOf } from './family.ts'
export { openRoute, type Route, type RouteEvent, type RouteOptions, type Way } from './limits/route.ts'
export { modelsAt, servedModels } from './models.ts'
export { type OpenOptions, openTeacher } from './open.ts'
export { chooseMember, type PoolMember, poolMembers } from './pool.ts'
export { isLoopback, isPreset, type Preset, type Protocol, presets, type Resolved, resolveTeacher } from './presets.ts'
export { type Cost, costOf, type LongPrice, mostInput, type Tariff, worstCase } from './price.ts'
export {
  ageOf,
  builtinPrices,
  type KnownPrice,
  type PriceEntry,
  type PriceFrom,
  type PriceTable,
  priceEntries,
  priceEntry,
  priceOf,
  staleAfter,
} from './price-table.ts'
export { inOrder, readRequest } from './property-order.ts'
export { type StoredCompletion, type StoredQuery, storedCompletions } from './stored.ts'
export { instruct, readStructured, reask, splitThinking, thinksOnly } from './structured.ts'
