import { resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import { type Compared, compareEvaluations, evaluatedAt, whatMoved } from '../../evaluate/index.ts'
import type { State } from './state.ts'

/** What a training moved, base against tuned: in words and by metric, with intervals; or why that cannot be told. */
export type WhatCame = { said: string[]; lines: Omit<Compared, 'flips'>[] } | { why: string }

/**
 * Compares the evaluations before and after a training as `evaluate compare` does; undefined where one of them was not made.
 * Throws nothing: what was trained is trained, whether it can be compared or not.
 */
export function whatCame(folder: string, { baseline, trained }: State['evaluations']): WhatCame | undefined {
  if (baseline === undefined || trained === undefined) return undefined
  try {
    const [base, tuned] = [baseline, trained].map(path => evaluatedAt(resolve(folder, path), path))
    const [comparison] = compareEvaluations(base!, [tuned!])
    return { said: whatMoved(comparison!), lines: comparison!.lines.map(({ flips: _, ...line }) => line) }
  } catch (error) {
    if (!StillroomError.is(error)) return { why: String(error) }
    const beside = error.received === undefined ? '' : ` (${error.received})`
    return { why: `${error.message}${beside}` }
  }
}
