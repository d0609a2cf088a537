export type Counts<B extends string = string> = { [bucket in B]: number }

/** Largest-remainder apportionment (Hamilton): integers that sum to `total` in the ratio of the weights; ties by order. */
export function apportion<B extends string>(total: number, weights: Counts<B>): Counts<B> {
  const buckets = Object.keys(weights) as B[]
  const sum = buckets.reduce((a, b) => a + weights[b], 0)
  const quota = buckets.map(bucket => (total * weights[bucket]) / sum)
  const seats = quota.map(q => Math.floor(q + 1e-9))
  const left = total - seats.reduce((a, b) => a + b, 0)
  const byRemainder = quota.map((q, i) => [q - seats[i]!, i] as const).sort((a, b) => b[0] - a[0] || a[1] - b[1])
  for (const [, i] of byRemainder.slice(0, left)) seats[i]!++
  return Object.fromEntries(buckets.map((bucket, i) => [bucket, seats[i]!])) as Counts<B>
}

/** The largest apportionment that the counts can fill: the most rows that hold the ratio within rounding. */
export function largest<B extends string>(
  counts: Counts<B>,
  weights: Counts<B>,
  size = Number.POSITIVE_INFINITY,
): Counts<B> {
  const buckets = (Object.keys(weights) as B[]).filter(bucket => weights[bucket] > 0)
  const sum = buckets.reduce((a, b) => a + weights[b], 0)
  // No total above this can hold: a quota's floor would already exceed some count.
  const upper = Math.floor(Math.min(size, ...buckets.map(b => ((counts[b] + 1) * sum) / weights[b])) + 1e-9)
  for (let total = upper; total > 0; total--) {
    const seats = apportion(total, weights)
    if (buckets.every(bucket => seats[bucket] <= counts[bucket])) return seats
  }
  return apportion(0, weights)
}

/**
 * What is missing: for each bucket that holds fewer rows than its share of `target` (default: as many rows as there
 * are), by how many.
 */
export function shortfall<B extends string>(
  counts: Counts<B>,
  weights: Counts<B>,
  target?: number,
): Partial<Counts<B>> {
  const buckets = Object.keys(weights) as B[]
  const wanted = apportion(target ?? buckets.reduce((a, b) => a + counts[b], 0), weights)
  const short: Partial<Counts<B>> = {}
  for (const bucket of buckets) if (counts[bucket] < wanted[bucket]) short[bucket] = wanted[bucket] - counts[bucket]
  return short
}
