/** Training: what trainers accept is written, advised on, estimated, and read back. It starts nothing. */

export * from './logs/index.ts'
export type { Adapter, Merge, Method, Phase, PhaseData, Settings, Trainer, Training, Written } from './phase.ts'
