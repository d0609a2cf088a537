import type { Phase } from '../phase.ts'
import { mergedOf } from './merge.ts'
import { outputOf } from './settings.ts'

/**
 * Phases as they follow each other: what comes after supervised training begins from what that made. Merged, it begins from
 * the merged weights, where the trainer leaves them; else it begins from the same base and goes on with the adapter. What
 * trains all weights hands over the model itself.
 */
export function linked(phases: readonly Phase[], handOver: 'merged' | 'adapter'): Phase[] {
  return phases.map((phase, i) => {
    const before = phases[i - 1]
    if (!before) return phase
    const merged = mergedOf(before)
    if (merged === undefined) return { ...phase, model: outputOf(before) }
    if (handOver === 'adapter' && phase.adapter !== 'full')
      return { ...phase, model: before.model, from: outputOf(before) }
    const { from: _, ...rest } = phase
    return { ...rest, model: merged }
  })
}
