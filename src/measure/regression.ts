/** A line through points: `y = slope x + intercept`. Undefined where x never varies. */
export function line(x: ArrayLike<number>, y: ArrayLike<number>): { slope: number; intercept: number } | undefined {
  const n = x.length
  let [sumX, sumY] = [0, 0]
  for (let i = 0; i < n; i++) {
    sumX += x[i]!
    sumY += y[i]!
  }
  let [both, ofX] = [0, 0]
  for (let i = 0; i < n; i++) {
    both += (x[i]! - sumX / n) * (y[i]! - sumY / n)
    ofX += (x[i]! - sumX / n) ** 2
  }
  if (!(ofX > 1e-20 * sumX * sumX)) return undefined
  const slope = both / ofX
  return { slope, intercept: (sumY - slope * sumX) / n }
}

/** A place where a rising function is known; it is straight between two of them and level beyond the ends. */
export type Knot = { x: number; y: number }

/**
 * The rising function nearest to points by least squares (pool adjacent violators; Ayer et al. 1955, Annals of
 * Mathematical Statistics 26), as its knots by x. Points with one x count together.
 */
export function isotonic(x: ArrayLike<number>, y: ArrayLike<number>): Knot[] {
  const at = new Map<number, { sum: number; n: number }>()
  for (let i = 0; i < x.length; i++) {
    const { sum, n } = at.get(x[i]!) ?? { sum: 0, n: 0 }
    at.set(x[i]!, { sum: sum + y[i]!, n: n + 1 })
  }
  const blocks: { xs: number[]; sum: number; n: number }[] = []
  for (const [value, { sum, n }] of [...at].sort(([a], [b]) => a - b)) {
    let block = { xs: [value], sum, n }
    for (let last = blocks.at(-1); last && last.sum / last.n >= block.sum / block.n; last = blocks.at(-1)) {
      blocks.pop()
      block = { xs: [...last.xs, ...block.xs], sum: last.sum + block.sum, n: last.n + block.n }
    }
    blocks.push(block)
  }
  return blocks.flatMap(({ xs, sum, n }) => [...new Set([xs[0]!, xs.at(-1)!])].map(x => ({ x, y: sum / n })))
}

/** The value of such a function. */
export function along(knots: readonly Knot[], x: number): number | undefined {
  const after = knots.findIndex(knot => knot.x >= x)
  if (knots.length === 0) return undefined
  if (after <= 0) return (after < 0 ? knots.at(-1)! : knots[0]!).y
  const [a, b] = [knots[after - 1]!, knots[after]!]
  return a.y + ((b.y - a.y) * (x - a.x)) / (b.x - a.x)
}
