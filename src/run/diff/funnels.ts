import type { Counts } from '../../workspace/index.ts'
import { emptyCounts, type Funnel } from '../counts.ts'

/** One step of two funnels; `undefined` is a step that is not there. */
export type StepDiff = {
  step: string
  was?: { in: number; out: number }
  is?: { in: number; out: number }
  /** Records that went on, later less earlier. */
  change: number
  /** Drops, losses and repairs by reason, whichever side has them. */
  reasons: { reason: string; of: 'dropped' | 'lost' | 'repaired'; was: number; is: number }[]
}

/** Records that went on: what passed and what was made, without what that was made of. */
const out = (counts: Counts): number => counts.passed + counts.fixed + counts.made

/** The keys of both lists, each where it stands in its own; those of the first that the second lacks before what followed them. */
export function inOrder(was: readonly string[], is: readonly string[]): string[] {
  const keys = [...is]
  for (const [i, key] of was.entries()) {
    if (keys.includes(key)) continue
    const next = was.slice(i + 1).find(one => keys.includes(one))
    keys.splice(next === undefined ? keys.length : keys.indexOf(next), 0, key)
  }
  return keys
}

/** Two funnels side by side, step by step and reason by reason; `keys` are the steps of each in order. */
export function compareFunnels(
  was: Funnel,
  is: Funnel,
  keys: { was: readonly string[]; is: readonly string[] },
): StepDiff[] {
  return inOrder(keys.was, keys.is).flatMap(step => {
    const [a, b] = [was[step], is[step]]
    if (!a && !b) return []
    const [x, y] = [a ?? emptyCounts(), b ?? emptyCounts()]
    const reasons = (['dropped', 'lost', 'repairs'] as const).flatMap(of =>
      [...new Set([...Object.keys(x[of]), ...Object.keys(y[of])])].map(reason => ({
        reason,
        of: of === 'repairs' ? ('repaired' as const) : of,
        was: x[of][reason] ?? 0,
        is: y[of][reason] ?? 0,
      })),
    )
    return [
      {
        step,
        ...(a ? { was: { in: a.in, out: out(a) } } : {}),
        ...(b ? { is: { in: b.in, out: out(b) } } : {}),
        change: out(y) - out(x),
        reasons: reasons.sort((p, q) => q.was + q.is - p.was - p.is || (p.reason < q.reason ? -1 : 1)),
      },
    ]
  })
}

/** True where both funnels count the same. */
export const sameStep = ({ was, is, reasons }: StepDiff): boolean =>
  was?.in === is?.in && was?.out === is?.out && reasons.every(one => one.was === one.is)
