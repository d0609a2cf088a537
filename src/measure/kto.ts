/** Weights of a KTO trainer, and what they make of the balance; undefined where one side is empty. */
export type KtoWeights = {
  desirable_weight: number
  undesirable_weight: number
  /** The weight that was raised may lie between these, the other one being 1. */
  range: { of: 'desirable_weight' | 'undesirable_weight'; low: number; high: number }
}

/**
 * Weights for liked and disliked rows: desirable_weight x liked to undesirable_weight x disliked should lie between 1:1 and
 * 4:3, and the rarer side is raised rather than the other one lowered. Within that range nothing is weighed; outside of it
 * the sums are made equal. Ethayarajh et al. 2024, arXiv 2402.01306, equation 8; the same advice stands in TRL's KTOTrainer.
 */
export function ktoWeights(liked: number, disliked: number): KtoWeights | undefined {
  if (liked === 0 || disliked === 0) return undefined
  const ratio = liked / disliked
  if (ratio >= 1) {
    const range = { of: 'undesirable_weight' as const, low: Math.max(1, (3 / 4) * ratio), high: ratio }
    return { desirable_weight: 1, undesirable_weight: ratio <= 4 / 3 ? 1 : ratio, range }
  }
  const range = { of: 'desirable_weight' as const, low: 1 / ratio, high: 4 / 3 / ratio }
  return { desirable_weight: 1 / ratio, undesirable_weight: 1, range }
}
