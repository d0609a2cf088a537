export { attackRisk, attacks } from './attacks.ts'
export {
  type Canary,
  canaries,
  canariesFound,
  canaryBound,
  canaryFigure,
  canaryText,
  exposure,
  plantedIn,
  secretsIn,
} from './canary.ts'
export { baselineProtection, closer, copying, dcrShare, overfittingProtection, zOfShare } from './copying.ts'
export { encoderOf, type Metric, nearest as nearestRows } from './distance.ts'
export {
  categoryCoverage,
  contingencySimilarity,
  correlationSimilarity,
  fidelity,
  ksComplement,
  rangeCoverage,
  tvComplement,
} from './fidelity.ts'
export type { PrivacyFigure, Sets } from './figure.ts'
export {
  type PrivacyReport,
  type PrivacyRows,
  type PrivacySettings,
  type PrivacyVerdict,
  privacyReport,
  privacyVerdict,
} from './report.ts'
export {
  type Cells,
  type Column,
  type ColumnType,
  columnTypes,
  inferTypes,
  type Table,
  type Types,
  tablesOf,
} from './table.ts'
export {
  carriedOver,
  containment,
  longestShared,
  type TextSets,
  textPrivacy,
} from './text.ts'
export { utility } from './utility.ts'
