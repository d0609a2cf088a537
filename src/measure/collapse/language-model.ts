/** A corpus as numbers: texts of word numbers below `vocabulary`. Two numbers above it mark where a text begins and ends. */
export type Texts = readonly Int32Array[]

const discount = 0.75

/** Distinct values of a sorted list and how often each occurs. */
function runs(sorted: Float64Array): { keys: Float64Array; counts: Float64Array } {
  const keys = new Float64Array(sorted.length)
  const counts = new Float64Array(sorted.length)
  let n = 0
  for (const key of sorted) {
    if (n === 0 || keys[n - 1] !== key) keys[n++] = key
    counts[n - 1]!++
  }
  return { keys: keys.slice(0, n), counts: counts.slice(0, n) }
}

function find(keys: Float64Array, key: number): number {
  let [low, high] = [0, keys.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (keys[middle]! < key) low = middle + 1
    else high = middle
  }
  return keys[low] === key ? low : -1
}

/** What each context holds: how often it was seen, and how much the discount takes from what follows it. */
function contexts({ keys, counts }: { keys: Float64Array; counts: Float64Array }, width: number, taken: number) {
  const own: number[] = []
  const total: number[] = []
  const left: number[] = []
  for (const [i, key] of keys.entries()) {
    const context = Math.floor(key / width)
    if (own.at(-1) !== context) {
      own.push(context)
      total.push(0)
      left.push(0)
    }
    total[total.length - 1]! += counts[i]!
    left[left.length - 1]! += Math.min(counts[i]!, taken)
  }
  return { keys: Float64Array.from(own), total: Float64Array.from(total), left: Float64Array.from(left) }
}

/** Natural logarithms of the chance of each word, and of the end, of each text. */
export type Scorer = (text: Int32Array) => Float64Array

/**
 * A trigram model with interpolated Kneser-Ney smoothing over a closed vocabulary: words that the texts have lost are still
 * held to be possible, down to an even share. `scale`: how many times the first generation the texts are; counts that grew
 * with the pool alone would make the model surer than it is, so the discount of trigrams grows with them.
 * Kneser & Ney 1995; Chen & Goodman 1999, Computer Speech and Language 13, section 2.8.
 */
export function kneserNey(texts: Texts, vocabulary: number, scale: number = 1): Scorer {
  const [begin, end, width] = [vocabulary, vocabulary + 1, vocabulary + 2]
  let tokens = 0
  for (const text of texts) tokens += text.length + 1
  const seen = new Float64Array(tokens)
  let to = 0
  for (const text of texts) {
    let [a, b] = [begin, begin]
    for (let i = 0; i <= text.length; i++) {
      const c = i < text.length ? text[i]! : end
      seen[to++] = (a * width + b) * width + c
      a = b
      b = c
    }
  }
  const three = runs(seen.sort())
  // A pair counts as often as there are words in front of it, a word as often as there are words before it.
  const two = runs(three.keys.map(key => key % (width * width)).sort())
  const one = new Float64Array(width)
  for (const key of two.keys) one[key % width]!++
  const pairs = two.keys.length
  const words = one.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0)
  const taken = discount * scale
  const afterTwo = contexts(three, width, taken)
  const afterOne = contexts(two, width, discount)

  function chance(a: number, b: number, c: number): number {
    let known = pairs > 0 ? Math.max(0, one[c]! - discount) / pairs : 0
    // Every word, and the end, may come.
    known += (pairs > 0 ? (discount * words) / pairs : 1) / (vocabulary + 1)
    const context = find(afterOne.keys, b)
    if (context >= 0) {
      const at = find(two.keys, b * width + c)
      const total = afterOne.total[context]!
      known = (at < 0 ? 0 : Math.max(0, two.counts[at]! - discount)) / total + (afterOne.left[context]! / total) * known
    }
    const pair = find(afterTwo.keys, a * width + b)
    if (pair < 0) return known
    const at = find(three.keys, (a * width + b) * width + c)
    const total = afterTwo.total[pair]!
    return (at < 0 ? 0 : Math.max(0, three.counts[at]! - taken)) / total + (afterTwo.left[pair]! / total) * known
  }
  return text => {
    const logs = new Float64Array(text.length + 1)
    let [a, b] = [begin, begin]
    for (let i = 0; i <= text.length; i++) {
      const c = i < text.length ? text[i]! : end
      logs[i] = Math.log(chance(a, b, c))
      a = b
      b = c
    }
    return logs
  }
}

export function perplexity(scorer: Scorer, texts: Texts): number {
  let [sum, tokens] = [0, 0]
  for (const text of texts) {
    const logs = scorer(text)
    for (const log of logs) sum += log
    tokens += logs.length
  }
  return Math.exp(-sum / tokens)
}

/**
 * New texts out of the raw trigram counts of old ones, without smoothing: an unbiased estimate. What a smoothed model adds
 * would add up over the generations and pass for collapse where there is none.
 */
export function sampler(texts: Texts, vocabulary: number, longest: number = 400): (next: () => number) => Int32Array {
  const [begin, end, width] = [vocabulary, vocabulary + 1, vocabulary + 2]
  let tokens = 0
  for (const text of texts) tokens += text.length + 1
  // Every word by the two before it: what follows a pair stands together, as often as it followed.
  const keys = new Float64Array(tokens)
  let to = 0
  for (const text of texts) {
    let [a, b] = [begin, begin]
    for (let i = 0; i <= text.length; i++) {
      const c = i < text.length ? text[i]! : end
      keys[to++] = (a * width + b) * width + c
      a = b
      b = c
    }
  }
  keys.sort()
  const starts = new Map<number, number>()
  const ends = new Map<number, number>()
  for (let from = 0, i = 1; i <= tokens; i++) {
    const context = Math.floor(keys[from]! / width)
    if (i < tokens && Math.floor(keys[i]! / width) === context) continue
    starts.set(context, from)
    ends.set(context, i)
    from = i
  }
  return next => {
    const out: number[] = []
    let [a, b] = [begin, begin]
    while (out.length < longest) {
      const from = starts.get(a * width + b)!
      const c = keys[from + Math.floor(next() * (ends.get(a * width + b)! - from))]! % width
      if (c === end) break
      out.push(c)
      a = b
      b = c
    }
    return Int32Array.from(out)
  }
}
