import { random } from '../records/index.ts'
import { incompleteBeta } from './beta.ts'
import { bootstrap } from './bootstrap.ts'
import { normalCdf } from './normal.ts'
import type { Interval } from './share.ts'

/**
 * Differences of the same items under two models, and what they allow to say. The item is the unit: several samples of one
 * are averaged before they come here, so that answers to one question do not count as if they were many questions.
 */

/** Items of which both sides are right or wrong: right only of the second (`gained`), only of the first (`lost`). */
export type Flips = { gained: number; lost: number }

/** Probability of at most `k` successes in `n` independent trials, each with probability `share`. */
export function atMost(k: number, n: number, share: number): number {
  if (k < 0) return 0
  if (k >= n) return 1
  return incompleteBeta(1 - share, n - k, k + 1)
}

/**
 * McNemar's test of right and wrong answers, two-sided mid-p: of the items on which the models differ, half would go each way
 * if they were equally good. Exact but for half the probability of what was seen: the exact test calls differences too
 * rarely, most of all when few items differ, the asymptotic one too often; the mid-p keeps near its level and finds more.
 * McNemar 1947, Psychometrika 12; Fagerland, Lydersen & Laake 2013, BMC Medical Research Methodology 13:91.
 */
export function mcNemar({ gained, lost }: Flips): number {
  const n = gained + lost
  if (gained === lost) return 1
  const k = Math.min(gained, lost)
  return Math.min(1, atMost(k, n, 0.5) + atMost(k - 1, n, 0.5))
}

/** Differing items beyond which the distribution over signs is normal to any digit that is shown. */
const many = 2000
const turns = 10_000

/**
 * Two-sided test of a mean difference by turning signs at random: if the models were equally good, each item could as well
 * have come out the other way round. Items that do not differ say nothing, and no distribution of marks is assumed. For right
 * and wrong it is McNemar's exact test. Fisher 1935, The Design of Experiments; for language models Dror et al. 2018, ACL.
 */
export function signFlip(differences: readonly number[], seed: string): number {
  const some = differences.filter(d => d !== 0)
  const seen = Math.abs(some.reduce((sum, d) => sum + d, 0))
  if (some.length === 0 || seen === 0) return 1
  if (some.length > many) return 2 * normalCdf(-seen / Math.sqrt(some.reduce((sum, d) => sum + d * d, 0)))
  const next = random('sign-flip', seed)
  // What rounding leaves between equal sums is no difference.
  const least = seen * (1 - 1e-9)
  let reached = 1
  for (let turn = 0; turn < turns; turn++) {
    let sum = 0
    for (let i = 0; i < some.length; ) {
      let bits = Math.floor(next() * 2 ** 24)
      for (const end = Math.min(some.length, i + 24); i < end; i++, bits >>= 1) sum += bits & 1 ? some[i]! : -some[i]!
    }
    if (Math.abs(sum) >= least) reached++
  }
  return reached / (turns + 1)
}

/**
 * 95 % interval of the mean difference by bootstrap over items, 2,000 draws by the seed (Efron & Tibshirani 1993). Undefined
 * of fewer than two items.
 */
export function meanDifference(differences: readonly number[], seed: string): Interval | undefined {
  const n = differences.length
  if (n < 2) return undefined
  const drawn = (rows: Uint32Array) => {
    let sum = 0
    for (const row of rows) sum += differences[row]!
    return sum / n
  }
  return bootstrap(n, drawn, seed, 2000)
}

/**
 * The same interval of right and wrong answers, without drawing: what bootstrap draws come to in the limit follows from the
 * counts alone. Of `n` items.
 */
export function flipInterval(n: number, { gained, lost }: Flips): Interval | undefined {
  if (n < 2) return undefined
  const [share, toGain] = [(gained + lost) / n, gained / (gained + lost || 1)]
  const { from, weights } = differingOf(n, share)
  const below = (difference: number): number =>
    weights.reduce(
      (sum, weight, i) => sum + weight * atMost(Math.floor((difference + from + i) / 2), from + i, toGain),
      0,
    )
  const quantile = (at: number): number => {
    let [low, high] = [-n, n]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (below(middle) >= at) high = middle
      else low = middle + 1
    }
    return low / n
  }
  return { low: quantile(0.025), high: quantile(0.975) }
}

/** How probable each number of differing items is, from `from` on; what is left out at both ends is below 1e-9. */
export function differingOf(n: number, share: number): { from: number; weights: number[] } {
  const [middle, reach] = [n * share, 6.5 * Math.sqrt(n * share * (1 - share)) + 12]
  const [from, to] = [Math.max(0, Math.floor(middle - reach)), Math.min(n, Math.ceil(middle + reach))]
  let below = atMost(from - 1, n, share)
  const weights = Array.from({ length: to - from + 1 }, (_, i) => {
    const upTo = atMost(from + i, n, share)
    const weight = upTo - below
    below = upTo
    return weight
  })
  return { from, weights }
}

/**
 * Adjusted p-values of several tests: calling those under alpha gives a false call among all of them with probability alpha
 * at most, however the tests hang together. Holm 1979, Scandinavian Journal of Statistics 6.
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((a, b) => ps[a]! - ps[b]!)
  const adjusted: number[] = []
  let highest = 0
  for (const [place, i] of order.entries()) {
    highest = Math.max(highest, Math.min(1, ps[i]! * (ps.length - place)))
    adjusted[i] = highest
  }
  return adjusted
}
