/** Linear correlation, from -1 to 1. Undefined where one side never varies. */
export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number | undefined {
  const n = a.length
  let [sumA, sumB] = [0, 0]
  for (let i = 0; i < n; i++) {
    sumA += a[i]!
    sumB += b[i]!
  }
  let [both, ofA, ofB] = [0, 0, 0]
  for (let i = 0; i < n; i++) {
    const x = a[i]! - sumA / n
    const y = b[i]! - sumB / n
    both += x * y
    ofA += x * x
    ofB += y * y
  }
  // What is left of equal values after rounding is no variation.
  if (!(ofA > 1e-20 * sumA * sumA) || !(ofB > 1e-20 * sumB * sumB)) return undefined
  return Math.max(-1, Math.min(1, both / Math.sqrt(ofA * ofB)))
}

/** Ranks from 1; equal values share the mean of theirs. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i).sort((i, j) => values[i]! - values[j]!)
  const ranked = new Float64Array(values.length)
  for (let from = 0; from < order.length; ) {
    let to = from + 1
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++
    for (let i = from; i < to; i++) ranked[order[i]!] = (from + to + 1) / 2
    from = to
  }
  return ranked
}

/** Correlation of the ranks, ties shared. Undefined where one side never varies. */
export const spearman = (a: ArrayLike<number>, b: ArrayLike<number>): number | undefined => pearson(ranks(a), ranks(b))
