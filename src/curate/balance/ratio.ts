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
  const upper = buckets.reduce((least, b) => Math.min(least, ((counts[b] + 1) * sum) / weights[b]), size)
  for (let total = Math.floor(upper + 1e-9); total > 0; total--) {
    // Nor can one above what its quotas, rounded up, find there: many rare values are not gone through one by one.
    const there = buckets.reduce(
      (a, b) => a + Math.min(counts[b], Math.floor((total * weights[b]) / sum + 1e-9) + 1),
      0,
    )
    if (there < total) {
      total = there + 1
      continue
    }
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
