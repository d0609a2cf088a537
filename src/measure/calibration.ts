/** A run of rows with neighbouring predictions: how many, what was predicted of them and what was seen, on average. */
export type Bin = { n: number; predicted: number; seen: number }

/** Rows in order of their prediction, cut into `bins` runs of equal size; equal predictions stay in one run. */
export function calibration(predicted: ArrayLike<number>, seen: ArrayLike<number>, bins = 10): Bin[] {
  const order = Uint32Array.from({ length: predicted.length }, (_, i) => i).sort(
    (i, j) => predicted[i]! - predicted[j]! || i - j,
  )
  const found: Bin[] = []
  for (let from = 0; from < order.length; ) {
    let to = Math.ceil(((found.length + 1) * order.length) / bins)
    to = Math.max(from + 1, Math.min(order.length, to))
    while (to < order.length && predicted[order[to]!] === predicted[order[to - 1]!]) to++
    let [sumPredicted, sumSeen] = [0, 0]
    for (let i = from; i < to; i++) {
      sumPredicted += predicted[order[i]!]!
      sumSeen += seen[order[i]!]!
    }
    const n = to - from
    found.push({ n, predicted: sumPredicted / n, seen: sumSeen / n })
    from = to
  }
  return found
}

/** Mean distance of prediction and truth over the runs, weighted by size; in the unit of the values. */
export function calibrationError(bins: readonly Bin[]): number | undefined {
  const rows = bins.reduce((sum, { n }) => sum + n, 0)
  if (rows === 0) return undefined
  return bins.reduce((sum, { n, predicted, seen }) => sum + n * Math.abs(predicted - seen), 0) / rows
}

/** A yes-or-no prediction against the truth. A rate is undefined where nothing stands under its line. */
export type Binary = { precision?: number; recall?: number; f1?: number }
export function binary(hits: number, falseAlarms: number, missed: number): Binary {
  const share = (part: number, of: number) => (of > 0 ? part / of : undefined)
  const precision = share(hits, hits + falseAlarms)
  const recall = share(hits, hits + missed)
  const f1 = hits + missed > 0 ? (2 * hits) / (2 * hits + falseAlarms + missed) : undefined
  return {
    ...(precision === undefined ? {} : { precision }),
    ...(recall === undefined ? {} : { recall }),
    ...(f1 === undefined ? {} : { f1 }),
  }
}
