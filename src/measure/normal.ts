/**
 * Standard normal distribution function; relative error below 1e-15 in the middle and near 1e-13 in the tails. By the series
 * and the continued fraction of the incomplete gamma function (DLMF 7.6.1 and 7.9.1).
 */
export function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2
  let tail: number
  if (z < 2) {
    let [term, sum] = [z, z]
    for (let k = 1; k < 200 && Math.abs(term) > 1e-17 * sum; k++) {
      term *= (2 * z * z) / (2 * k + 1)
      sum += term
    }
    tail = (1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum) / 2
  } else {
    let fraction = 0
    for (let k = 120; k > 0; k--) fraction = k / 2 / (z + fraction)
    tail = Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction) / 2
  }
  return x > 0 ? 1 - tail : tail
}

/** The value below which a share of a standard normal variable lies; infinite at 0 and 1. By halving, which cannot miss. */
export function normalQuantile(share: number): number {
  if (!(share > 0)) return Number.NEGATIVE_INFINITY
  if (!(share < 1)) return Number.POSITIVE_INFINITY
  if (share > 0.5) return -normalQuantile(1 - share)
  let [low, high] = [-40, 0]
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (normalCdf(middle) < share) low = middle
    else high = middle
  }
  return (low + high) / 2
}
