/** Configs of trainers held against the keys that each version takes, and against what is commonly got wrong. */
export type { Finding, Severity } from './finding.ts'
export { choicesOf, commandsOf, versionOf } from './keys.ts'
export { type LintAsk, type Linted, lint, lintConfig } from './lint.ts'
export { posted, titleOf } from './posted.ts'
