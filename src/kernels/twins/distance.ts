/**
 * Levenshtein distance over UTF-16 code units; over the limit it is `limit + 1`. Two rows of the dynamic programme, and
 * of them only the places that a distance within the limit can reach.
 */
export function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  const most = Math.max(a.length, b.length)
  const reach = Math.min(Math.floor(limit), most)
  const over = reach + 1
  if (Math.abs(a.length - b.length) > reach) return over
  let above = Array.from({ length: b.length + 1 }, (_, j) => Math.min(j, over))
  for (let i = 1; i <= a.length; i++) {
    const row: number[] = new Array(b.length + 1).fill(over)
    if (i <= reach) row[0] = i
    for (let j = Math.max(1, i - reach); j <= Math.min(b.length, i + reach); j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1)
      row[j] = Math.min(above[j - 1]! + (same ? 0 : 1), above[j]! + 1, row[j - 1]! + 1, over)
    }
    above = row
  }
  return above[b.length]!
}
