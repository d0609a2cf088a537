/** Training: what trainers accept is written, advised on, estimated, and read back. It starts nothing. */
export type { Adapter, Method, Phase, PhaseData, Settings, Trainer, Training, Written } from './phase.ts'
