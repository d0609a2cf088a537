import type { Kind } from '../records/index.ts'
import type { Method } from './phase.ts'

/** Kinds of rows that each method learns from, in the order in which they are looked for. */
const learnt: { readonly [M in Method]: readonly Kind[] } = {
  sft: ['conversation'],
  ...{ dpo: ['preference'], ipo: ['preference'], simpo: ['preference'], orpo: ['preference'] },
  kto: ['feedback', 'preference'],
  ...{ grpo: ['prompt', 'conversation'], distillation: ['prompt', 'conversation'] },
}

/** What a release has of a kind: training rows, and those of them whose answer a program can check. */
export type Had = { rows: number; verifiable: number }

/** The kind that a method learns from: the first that has training rows; of GRPO the first with rows that can be checked. */
export function learntFrom<T extends Had>(method: Method, kinds: { [K in Kind]?: T }): T | undefined {
  const found = learnt[method].find(kind => (method === 'grpo' ? kinds[kind]?.verifiable : kinds[kind]?.rows))
  return found && kinds[found]
}

/** Whether a program can check an answer: there is a verifier, and beside it or in its settings what it checks against. */
export const canBeChecked = (row: { reference?: string; verifier?: { kind: string } }): boolean =>
  row.verifier !== undefined && (row.reference !== undefined || Object.keys(row.verifier).length > 1)
