import { random } from '../records/index.ts'
import type { Interval } from './share.ts'

/** What a judge said of rows whose truth is known: of the wrong ones it found some, of the right ones it cleared some. */
export type Known = { wrong: number; found: number; right: number; cleared: number }

const within = (value: number) => Math.max(0, Math.min(1, value))

/**
 * The true share behind a share that a judge with errors saw: (seen + specificity - 1) / (sensitivity + specificity - 1),
 * kept between 0 and 1. Undefined where the judge does not tell wrong from right. Rogan & Gladen 1978, Am J Epidemiol 107.
 */
export function roganGladen(seen: number, sensitivity: number, specificity: number): number | undefined {
  const power = sensitivity + specificity - 1
  return power > 0 ? within((seen + specificity - 1) / power) : undefined
}

const draws = 5000

/**
 * 95 % interval of the true share, after a judge called `seen` of `n` rows wrong. It carries what is not known of the share
 * and of both error rates of the judge: each varies as its exact interval does, and the ends are quantiles of 5,000 draws
 * of all three by a fixed seed. It covers in at least 95 %, also for few rows and for rates near 0 and 1; a judge of whom
 * too little is known leaves the whole range. Melded intervals: Fay, Proschan & Brittain 2015, Biometrics 71; for a test
 * with errors Bayer, Fay & Graubard 2023, Statistics in Medicine 42.
 */
export function prevalence(seen: number, n: number, known: Known): { estimate?: number } & Interval {
  const { wrong, found, right, cleared } = known
  if (n === 0) return { low: 0, high: 1 }
  const estimate = wrong > 0 && right > 0 ? roganGladen(seen / n, found / wrong, cleared / right) : undefined
  const next = random('prevalence')
  const lows = new Float64Array(draws)
  const highs = new Float64Array(draws)
  for (let i = 0; i < draws; i++) {
    const share = confidence(seen, n, next)
    const sensitivity = confidence(found, wrong, next)
    const specificity = confidence(cleared, right, next)
    lows[i] = roganGladen(share.low, sensitivity.high, specificity.low) ?? 0
    highs[i] = roganGladen(share.high, sensitivity.low, specificity.high) ?? 1
  }
  const at = (values: Float64Array, share: number) => values.sort()[Math.floor(share * draws)]!
  return { ...(estimate === undefined ? {} : { estimate }), low: at(lows, 0.025), high: at(highs, 0.975) }
}

/**
 * A draw of what a share may be after `k` of `n`, from below and from above: of beta(k, n - k + 1) and beta(k + 1, n - k),
 * whose quantiles are the ends of the exact interval. Both at once, as neighbours among ordered waiting times.
 */
function confidence(k: number, n: number, next: () => number): Interval {
  const [before, between, after] = [gamma(k, next), -Math.log(1 - next()), gamma(n - k, next)]
  const sum = before + between + after
  return { low: before / sum, high: (before + between) / sum }
}

/** A draw of the gamma distribution of a shape of at least 1, or 0 of none. Marsaglia & Tsang 2000, ACM TOMS 26. */
function gamma(shape: number, next: () => number): number {
  if (shape === 0) return 0
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    // Box & Muller 1958: a normal number of two even ones.
    const x = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
    const v = (1 + c * x) ** 3
    if (v <= 0) continue
    const u = next()
    if (u < 1 - 0.0331 * x ** 4 || Math.log(u) < 0.5 * x * x + d * (1 - v + Math.log(v))) return d * v
  }
}
