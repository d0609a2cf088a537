import { betaQuantile, logGamma } from './beta.ts'

/** Both ends of an interval that holds the true value in 95 % of samples. */
export type Interval = { low: number; high: number }

/** Upper 2.5 % point of the standard normal distribution. */
export const z95 = 1.959963984540054
const tail = 0.025

/**
 * Exact interval of a share, after `found` of `n` draws from an endless population: it covers in at least 95 %, whatever
 * the share. n = 0 knows nothing. Clopper & Pearson 1934, Biometrika 26.
 */
export function clopperPearson(found: number, n: number): Interval {
  return {
    low: found === 0 ? 0 : betaQuantile(tail, found, n - found + 1),
    high: found === n ? 1 : betaQuantile(1 - tail, found + 1, n - found),
  }
}

/** Interval of a share by the score test: shorter, and right on average only. Wilson 1927, JASA 22. */
export function wilson(found: number, n: number): Interval {
  if (n === 0) return { low: 0, high: 1 }
  const share = found / n
  const square = z95 ** 2
  const centre = (share + square / (2 * n)) / (1 + square / n)
  const half = (z95 / (1 + square / n)) * Math.sqrt((share * (1 - share)) / n + square / (4 * n * n))
  return { low: found === 0 ? 0 : Math.max(0, centre - half), high: found === n ? 1 : Math.min(1, centre + half) }
}

/**
 * Exact interval of a share in a population of `size` rows of which `n` were drawn without replacement: it covers in at
 * least 95 %, is never wider than Clopper and Pearson's by more than a row, and closes when all were drawn. Both tails of
 * the hypergeometric distribution inverted; Buonaccorsi 1987, The American Statistician 41.
 */
export function shareOf(found: number, n: number, size: number): Interval {
  if (n === 0) return { low: 0, high: 1 }
  const [least, most] = [found, size - (n - found)]
  return {
    low: first(least, most, wrong => 1 - below(found - 1, n, wrong, size) > tail) / size,
    high: (first(least, most + 1, wrong => below(found, n, wrong, size) <= tail) - 1) / size,
  }
}

/** The first whole number of a range for which a test holds that holds from there on; the end where it never does. */
function first(from: number, to: number, holds: (value: number) => boolean): number {
  let [low, high] = [from, to]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}

/** Probability of at most `found` wrong rows among `n` drawn from `size`, of which `wrong` are. */
function below(found: number, n: number, wrong: number, size: number): number {
  const [least, most] = [Math.max(0, n - (size - wrong)), Math.min(n, wrong)]
  if (found < least) return 0
  if (found >= most) return 1
  const choose = (of: number, k: number) => logGamma(of + 1) - logGamma(k + 1) - logGamma(of - k + 1)
  const at = (k: number) => Math.exp(choose(wrong, k) + choose(size - wrong, n - k) - choose(size, n))
  // Summed away from the peak, where terms shrink: nothing is lost to rounding.
  const left = found < (n * wrong) / size
  let sum = 0
  if (left) {
    for (let k = found, term = at(k); k >= least && term > 0; k--) {
      sum += term
      term *= (k * (size - wrong - n + k)) / ((wrong - k + 1) * (n - k + 1))
    }
    return Math.min(1, sum)
  }
  for (let k = found + 1, term = at(k); k <= most && term > 0; k++) {
    sum += term
    term *= ((wrong - k) * (n - k)) / ((k + 1) * (size - wrong - n + k + 1))
  }
  return Math.max(0, 1 - sum)
}
