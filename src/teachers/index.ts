/** Teachers: the contract, clients, limits and the structured-reply ladder. */

export {
  operationalTeacherFields,
  type Price,
  priceConfig,
  samplingOf,
  type TeacherConfig,
  teacherConfig,
} from './config.ts'
export * from './contract.ts'
export { type OpenOptions, openTeacher } from './open.ts'
export { type Preset, type Protocol, presets, type Resolved, resolveTeacher } from './presets.ts'
export { costOf, mostInput, worstCase } from './price.ts'
export { openRoute, type Route, type RouteEvent, type RouteOptions } from './route.ts'
export { instruct, readStructured, reask, splitThinking } from './structured.ts'
