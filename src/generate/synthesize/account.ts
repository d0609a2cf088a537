/**
 * Zero-concentrated differential privacy: a Gaussian of variance s on counts that a person moves by an L2 distance of d costs
 * rho = d^2 / (2 s), and rho adds up. Bun & Steinke 2016, arXiv 1605.02065; discrete noise alike, arXiv 2004.00010.
 */

/** The epsilon that rho guarantees together with delta (Bun & Steinke 2016, proposition 1.3). */
export const epsilonOf = (rho: number, delta: number): number => rho + 2 * Math.sqrt(rho * Math.log(1 / delta))

/** The largest rho that guarantees this epsilon together with delta. */
export function rhoOf(epsilon: number, delta: number): number {
  const log = Math.log(1 / delta)
  return (Math.sqrt(log + epsilon) - Math.sqrt(log)) ** 2
}

/** Whole variance of noise on counts of which a person moves `moved` by one each, for rho; rounded up, which costs nothing. */
export const varianceFor = (moved: number, rho: number): bigint => BigInt(Math.ceil(moved / (2 * rho)))
