/** Training: what trainers accept is written, advised on, estimated, and read back. It starts nothing. */

export type { Counter } from './export/length.ts'
export type { Placed } from './export/plan.ts'
export { exportReasons, type Reason as LeftOutReason } from './export/reasons.ts'
export { type Content, type Origin, type Reasoning, reasonings, type Target, type Type } from './export/target.ts'
export { targetNamed, targetNames, targets } from './export/targets.ts'
export { type Asked, type Exported, type TooLong, tooLongPolicies, writeExport } from './export/write.ts'
export type { Adapter, Method, Phase, PhaseData, Settings, Trainer, Training, Written } from './phase.ts'
