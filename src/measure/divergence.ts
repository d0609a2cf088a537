/** Counts of the same events in two samples, place by place. */
export type Histogram = ArrayLike<number>

const total = (counts: Histogram): number => {
  let sum = 0
  for (let i = 0; i < counts.length; i++) sum += counts[i]!
  return sum
}

/**
 * Jensen-Shannon divergence in bits: 0 for equal distributions, 1 for disjoint ones. Undefined where a side is empty.
 * It grows with events per row, so that it says something only beside the divergence of two real halves. Lin 1991, IEEE
 * Transactions on Information Theory 37.
 */
export function jensenShannon(p: Histogram, q: Histogram): number | undefined {
  const [ofP, ofQ] = [total(p), total(q)]
  if (ofP === 0 || ofQ === 0) return undefined
  let sum = 0
  for (let i = 0; i < p.length; i++) {
    const [a, b] = [p[i]! / ofP, q[i]! / ofQ]
    const middle = (a + b) / 2
    if (a > 0) sum += (a / 2) * Math.log2(a / middle)
    if (b > 0) sum += (b / 2) * Math.log2(b / middle)
  }
  return Math.max(0, Math.min(1, sum))
}

/**
 * Frontier integral: the divergence of both sides from all their mixtures, 0 for equal and 1 for disjoint distributions.
 * An event of shares p and q adds (p + q) / 2 - pq (ln p - ln q) / (p - q). Liu et al. 2021, arXiv 2106.07898.
 */
export function frontierIntegral(p: Histogram, q: Histogram): number | undefined {
  const [ofP, ofQ] = [total(p), total(q)]
  if (ofP === 0 || ofQ === 0) return undefined
  let sum = 0
  for (let i = 0; i < p.length; i++) {
    const [a, b] = [p[i]! / ofP, q[i]! / ofQ]
    if (a === b) continue
    sum += (a + b) / 2 - (a > 0 && b > 0 ? (a * b * (Math.log(a) - Math.log(b))) / (a - b) : 0)
  }
  return Math.max(0, Math.min(1, sum))
}

const mixtures = 25
const scaling = 5

/**
 * MAUVE: the area under the curve of both exponentiated divergences from mixtures, 1 for equal distributions; disjoint
 * ones reach 1 / C(2c, c), not 0. `c` scales the divergences. Pillutla et al. 2021, arXiv 2102.01454, equations 1 to 4.
 */
export function mauve(p: Histogram, q: Histogram, c: number = scaling): number | undefined {
  const [ofP, ofQ] = [total(p), total(q)]
  if (ofP === 0 || ofQ === 0) return undefined
  const points: [x: number, y: number][] = [
    [0, 1],
    [1, 0],
  ]
  for (let step = 0; step < mixtures; step++) {
    const weight = 1e-6 + ((1 - 2e-6) * step) / (mixtures - 1)
    let [fromP, fromQ] = [0, 0]
    for (let i = 0; i < p.length; i++) {
      const [a, b] = [p[i]! / ofP, q[i]! / ofQ]
      const mixed = weight * a + (1 - weight) * b
      if (a > 0) fromP += a * Math.log(a / mixed)
      if (b > 0) fromQ += b * Math.log(b / mixed)
    }
    points.push([Math.exp(-c * fromQ), Math.exp(-c * fromP)])
  }
  // Points of one x come from the top down, or the curve of equal distributions would miss its corner.
  points.sort((a, b) => a[0] - b[0] || b[1] - a[1])
  let area = 0
  for (let i = 1; i < points.length; i++) {
    area += ((points[i]![0] - points[i - 1]![0]) * (points[i]![1] + points[i - 1]![1])) / 2
  }
  return Math.max(0, Math.min(1, area))
}
