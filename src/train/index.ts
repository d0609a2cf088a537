/** Training: what trainers accept is written, advised on, estimated, and read back. It starts nothing. */

export {
  commandsOf,
  type Finding,
  type LintAsk,
  type Linted,
  lint,
  lintConfig,
  posted,
  type Severity,
  titleOf,
  versionOf,
} from './lint/index.ts'
export type { Adapter, Merge, Method, Phase, PhaseData, Settings, Trainer, Training, Written } from './phase.ts'
export { linked } from './write/hand-over.ts'
export { mergeOf } from './write/merge.ts'
export { readMe } from './write/read-me.ts'
export { checked, draftPhase, writePhase } from './write/write.ts'
