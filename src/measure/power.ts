import { normalQuantile } from './normal.ts'
import { atMost, differingOf, type Flips } from './paired.ts'

/** Most items of the fewer side that the test still calls different, of `n` that differ; -1 when none is few enough. */
function critical(n: number, alpha: number): number {
  let [low, high] = [-1, Math.ceil(n / 2) - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (atMost(middle, n, 0.5) + atMost(middle - 1, n, 0.5) < alpha) low = middle
    else high = middle - 1
  }
  return low
}

/**
 * Probability that `mcNemar` finds a true difference: of `n` items a share `gain` is right only of the second model, a share
 * `loss` only of the first. Exact, over how many items differ and which way.
 */
export function mcNemarPower(n: number, gain: number, loss: number, alpha = 0.05): number {
  return powerOf(n, gain, loss, differing => critical(differing, alpha))
}

function powerOf(n: number, gain: number, loss: number, limit: (differing: number) => number): number {
  const share = Math.min(1, gain + loss)
  if (share === 0) return 0
  const { from, weights } = differingOf(n, share)
  const toGain = gain / share
  return weights.reduce((power, weight, i) => {
    const [differing, k] = [from + i, limit(from + i)]
    if (k < 0) return power
    return power + weight * (atMost(k, differing, toGain) + 1 - atMost(differing - k - 1, differing, toGain))
  }, 0)
}

/**
 * The smallest true difference that `mcNemar` calls with probability `power` at this many items, when models differ on as
 * many of them as they were seen to (half an item is added to each way, so that none seen is not none possible). Undefined
 * where not even a difference on every item would be found. As Connor 1987, Biometrics 43, with the exact distribution.
 */
export function detectableShare(n: number, { gained, lost }: Flips, alpha = 0.05, power = 0.8): number | undefined {
  const differing = (gained + lost + 1) / (n + 2)
  const known = new Map<number, number>()
  const limit = (d: number): number => {
    if (!known.has(d)) known.set(d, critical(d, alpha))
    return known.get(d)!
  }
  const reaches = (difference: number): boolean => {
    const share = Math.max(differing, difference)
    return powerOf(n, (share + difference) / 2, (share - difference) / 2, limit) >= power
  }
  if (!reaches(1)) return undefined
  let [low, high] = [0, 1]
  // To a tenth of what one item is worth.
  while (high - low > 0.1 / n) {
    const middle = (low + high) / 2
    if (reaches(middle)) high = middle
    else low = middle
  }
  return high
}

/** The same of marks, from the spread of the differences; undefined of fewer than two items, or of none that differ. */
export function detectableMean(differences: readonly number[], alpha = 0.05, power = 0.8): number | undefined {
  const n = differences.length
  if (n < 2) return undefined
  const mean = differences.reduce((sum, d) => sum + d, 0) / n
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (n - 1)
  if (!(variance > 0)) return undefined
  return (normalQuantile(1 - alpha / 2) + normalQuantile(power)) * Math.sqrt(variance / n)
}
