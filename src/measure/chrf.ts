/** Longest character n-gram. */
const order = 6

/**
 * chrF (Popović 2015, aclanthology.org/W15-3049) of one text against a reference, 0 to 1: the F-score, recall `beta` times as
 * important, of the mean precision and recall of character n-grams of one to six characters, white space left out. Orders
 * that either text is too short for do not count, as in sacreBLEU's default (its score is a hundred times this one).
 */
export function chrf(text: string, reference: string, beta = 2): number {
  const [a, b] = [text, reference].map(one => [...one.replace(/\s+/gu, '')]) as [string[], string[]]
  let [precision, recall, orders] = [0, 0, 0]
  for (let n = 1; n <= order && a.length >= n && b.length >= n; n++) {
    const [x, y] = [grams(a, n), grams(b, n)]
    let shared = 0
    for (const [gram, count] of x) shared += Math.min(count, y.get(gram) ?? 0)
    precision += shared / (a.length - n + 1)
    recall += shared / (b.length - n + 1)
    orders++
  }
  if (precision + recall === 0) return 0
  return ((1 + beta ** 2) * precision * recall) / (beta ** 2 * precision + recall) / orders
}

function grams(characters: string[], n: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (let i = 0; i + n <= characters.length; i++) {
    const gram = characters.slice(i, i + n).join('')
    counts.set(gram, (counts.get(gram) ?? 0) + 1)
  }
  return counts
}
