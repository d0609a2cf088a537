import { logGamma } from '../beta.ts'

/**
 * What theory says of data made from data made from data: figures without any run, for whoever wants to know before.
 * `n` is the size of a generation, `t` the number of generations after the real one.
 */

/** 1 - sum p^2: the chance that two tokens are of different types. */
export function heterozygosity(counts: Iterable<number>): number {
  let [sum, squares] = [0, 0]
  for (const count of counts) {
    sum += count
    squares += count * count
  }
  return sum === 0 ? 0 : 1 - squares / (sum * sum)
}

/** The part of it that is expected to be left when each generation replaces the one before: (1 - 1/n)^t. Wright 1931. */
export const driftReplaced = (n: number, t: number): number => (1 - 1 / n) ** t

/** The same when each generation is added: prod over i = 2..t+1 of 1 - 1/(n i^2), which stays above 1 - 0.645/n. */
export function driftAccumulated(n: number, t: number): number {
  let left = 1
  for (let i = 2; i <= t + 1; i++) left *= 1 - 1 / (n * i * i)
  return left
}

/**
 * The chance that a type seen `seen` times in the real data is still there after t generations of replacing: each token has
 * as many descendants as Poisson says, so that the line of one dies out with q(0) = 0, q(t + 1) = exp(q(t) - 1).
 */
export function survival(seen: number, t: number): number {
  let extinct = 0
  for (let i = 0; i < t; i++) extinct = Math.exp(extinct - 1)
  return 1 - extinct ** seen
}

/** The share of types that replacing is expected to keep, of all and of those seen `rare` times at most. */
export function keptTypes(counts: Iterable<number>, t: number, rare: number = 5): { all: number; rare: number } {
  let [all, few, keptAll, keptFew] = [0, 0, 0, 0]
  for (const count of counts) {
    if (count < 1) continue
    const kept = survival(count, t)
    all++
    keptAll += kept
    if (count > rare) continue
    few++
    keptFew += kept
  }
  return { all: all > 0 ? keptAll / all : 1, rare: few > 0 ? keptFew / few : 1 }
}

/** Derivative of the logarithm of the gamma function, for x > 0: recurrence, then its asymptotic series (DLMF 5.11.2). */
export function digamma(x: number): number {
  let sum = 0
  for (; x < 8; x++) sum -= 1 / x
  const square = 1 / (x * x)
  return sum + Math.log(x) - 1 / (2 * x) - square * (1 / 12 - square * (1 / 120 - square / 252))
}

/**
 * A normal distribution fitted again and again to n draws of itself. `mean`: expected squared error of the mean over the
 * variance; `logVariance`: expected logarithm of the fitted variance over the real one (of its mean one sees nothing: it
 * stays 1 while nearly every run collapses). Shumailov et al. 2024, Nature 631.
 */
export function normalReplaced(n: number, t: number): { mean: number; logVariance: number } {
  return { mean: t / n, logVariance: -t * (Math.log((n - 1) / 2) - digamma((n - 1) / 2)) }
}
/** Squared error of the mean, over the variance, where the draws are added: at most pi^2/6 of one generation's. */
export const normalAccumulated = (n: number, t: number): number => inverseSquares(t) / n

export function inverseSquares(t: number): number {
  let sum = 0
  for (let i = 1; i <= t; i++) sum += 1 / (i * i)
  return sum
}

/**
 * Excess error of least squares with `rows` rows of `columns` normal columns and unit noise after t generations:
 * d / (T - d - 1), times t where labels are replaced, and times sum 1/i^2 <= pi^2/6 where they are added (the same rows
 * labelled again). Gerstgrasser et al. 2024, arXiv 2404.01413.
 */
export function leastSquares(columns: number, rows: number, t: number): { replaced: number; accumulated: number } {
  const once = columns / (rows - columns - 1)
  return { replaced: once * t, accumulated: once * inverseSquares(t) }
}

/** Chance of at least `wins` of `n` fair coins. */
export function signTest(wins: number, n: number): number {
  let sum = 0
  for (let k = wins; k <= n; k++) {
    sum += Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) - n * Math.LN2)
  }
  return Math.min(1, sum)
}
