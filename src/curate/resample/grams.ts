import { split } from '../../kernels/index.ts'

/**
 * Calls with the bucket of each word and each pair of neighbouring words of a text (characters in scripts without
 * spaces), and gives the number of words. Collisions are part of the features.
 */
export function eachGram(text: string, buckets: number, visit: (bucket: number) => void): number {
  const { count, low, high } = split(text, 'match')
  for (let i = 0; i < count; i++) {
    visit(low[i]! % buckets)
    if (i > 0) visit(((Math.imul(low[i - 1]!, 0x9e3779b1) ^ high[i]!) >>> 0) % buckets)
  }
  return count
}

/** Counts of buckets as shares, each counted once more, so that nothing is impossible (Laplace). */
export function shares(counts: Float64Array): Float64Array {
  let sum = counts.length
  for (const count of counts) sum += count
  return counts.map(count => (count + 1) / sum)
}

/** Kullback-Leibler divergence of counts `to` from counts `from`, in bits: 0 where their shares are the same. */
export function divergence(from: Float64Array, to: Float64Array): number {
  const [p, q] = [shares(from), shares(to)]
  let sum = 0
  for (let i = 0; i < p.length; i++) sum += p[i]! * Math.log2(p[i]! / q[i]!)
  return Math.max(0, sum)
}
