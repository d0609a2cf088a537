import { gzipSync } from 'node:zlib'

/** The words of a text as 32-bit hashes, in order. */
export type Words = Uint32Array

/** Runs of n words as 53-bit hashes, added to what is handed in. */
export function gramsInto(words: Words, n: number, out: number[]): void {
  for (let i = 0; i + n <= words.length; i++) {
    let [low, high] = [0x9e3779b9, 0x85ebca6b]
    for (let k = i; k < i + n; k++) {
      low = Math.imul(low ^ words[k]!, 0x01000193) ^ (low >>> 15)
      high = Math.imul(high + words[k]!, 0xc2b2ae35) ^ (high >>> 13)
    }
    out.push((low >>> 0) * 2 ** 21 + (high >>> 11))
  }
}

const grams = (texts: readonly Words[], n: number): Float64Array => {
  const all: number[] = []
  for (const words of texts) gramsInto(words, n, all)
  return Float64Array.from(all).sort()
}

/** How often each distinct value of a sorted list occurs. */
function counts(sorted: Float64Array): number[] {
  const found: number[] = []
  for (let from = 0, i = 1; i <= sorted.length; i++) {
    if (i < sorted.length && sorted[i] === sorted[from]) continue
    found.push(i - from)
    from = i
  }
  return found
}

/**
 * Distinct runs of n words over all of them, in windows of `window` words of the joined texts, on average: without windows
 * the figure would fall with the length alone. A last window that is not full counts only when it is the only one.
 * Li et al. 2016, arXiv 1510.03055; windows after Covington & McFall 2010, J. Quantitative Linguistics 17.
 */
export function distinct(texts: readonly Words[], n: number, window: number): number | undefined {
  let [sum, windows] = [0, 0]
  let held: Words[] = []
  let words = 0
  const close = () => {
    const all = grams(held, n)
    if (all.length > 0) {
      sum += counts(all).length / all.length
      windows++
    }
    held = []
    words = 0
  }
  for (const text of texts) {
    for (let from = 0; from < text.length; ) {
      const part = text.subarray(from, from + window - words)
      held.push(part)
      words += part.length
      from += part.length
      if (words === window) close()
    }
  }
  if (windows === 0) close()
  return windows > 0 ? sum / windows : undefined
}

/**
 * Expectation-adjusted distinct: distinct words over those that as many even draws from the vocabulary would show.
 * Liu et al. 2022, arXiv 2202.13587.
 */
export function adjustedDistinct(texts: readonly Words[], vocabulary: number): number | undefined {
  const all = grams(texts, 1)
  if (all.length === 0 || vocabulary < 2) return undefined
  return counts(all).length / (vocabulary * (1 - ((vocabulary - 1) / vocabulary) ** all.length))
}

/** Entropy of runs of n words, in bits. */
export function entropy(texts: readonly Words[], n: number): number | undefined {
  const all = grams(texts, n)
  if (all.length === 0) return undefined
  let sum = 0
  for (const count of counts(all)) sum -= (count / all.length) * Math.log2(count / all.length)
  return sum
}

/** Bits that a word tells after the n - 1 before it. */
export function conditionalEntropy(texts: readonly Words[], n: number): number | undefined {
  const [whole, before] = [entropy(texts, n), entropy(texts, n - 1)]
  return whole === undefined || before === undefined ? undefined : Math.max(0, whole - before)
}

/**
 * Bytes before over bytes after gzip -9, of so many bytes from the start of the joined texts: more for what repeats
 * itself. Shaib et al. 2024, arXiv 2403.00553.
 */
export function compression(texts: readonly string[], bytes: number): number | undefined {
  const parts: Buffer[] = []
  let length = 0
  for (const text of texts) {
    if (length >= bytes) break
    const part = Buffer.from(`${text}\n`)
    parts.push(part)
    length += part.length
  }
  const all = Buffer.concat(parts).subarray(0, bytes)
  return all.length > 0 ? all.length / gzipSync(all, { level: 9 }).length : undefined
}

/** The share of texts of which a run of n words stands in another one too. Salkar et al. 2022, arXiv 2210.07983. */
export function selfRepetition(texts: readonly Words[], n: number): number | undefined {
  if (texts.length === 0) return undefined
  const holders = new Map<number, number>()
  const each = texts.map(words => {
    const own: number[] = []
    gramsInto(words, n, own)
    return new Set(own)
  })
  for (const own of each) for (const gram of own) holders.set(gram, (holders.get(gram) ?? 0) + 1)
  const repeating = each.filter(own => own.values().some(gram => holders.get(gram)! > 1))
  return repeating.length / texts.length
}

/** The share of runs of n words that stand nowhere in the other texts: near 0 at long runs is copying. */
export function novelty(texts: readonly Words[], among: readonly Words[], n: number): number | undefined {
  const known: number[] = []
  for (const words of among) gramsInto(words, n, known)
  const set = new Set(known)
  const own: number[] = []
  for (const words of texts) gramsInto(words, n, own)
  return own.length > 0 ? own.filter(gram => !set.has(gram)).length / own.length : undefined
}

const most = 4
/**
 * Self-BLEU: BLEU of each text against all others, up to runs of four words, on average; more is less diverse. A precision
 * without a hit counts as half a hit. Zhu et al. 2018, arXiv 1802.01886; Papineni et al. 2002.
 */
export function selfBleu(texts: readonly Words[]): number | undefined {
  const all = texts.filter(words => words.length > 0)
  if (all.length < 2) return undefined
  /** For each run the two highest counts in a text, so that a text is clipped by the others alone. */
  const highest = Array.from({ length: most }, () => new Map<number, [first: number, second: number]>())
  const own = all.map(words =>
    highest.map((known, i) => {
      const found = new Map<number, number>()
      const list: number[] = []
      gramsInto(words, i + 1, list)
      for (const gram of list) found.set(gram, (found.get(gram) ?? 0) + 1)
      for (const [gram, count] of found) {
        const top = known.get(gram)
        if (!top) known.set(gram, [count, 0])
        else if (count > top[0]) known.set(gram, [count, top[0]])
        else if (count > top[1]) known.set(gram, [top[0], count])
      }
      return found
    }),
  )
  const lengths = all.map(words => words.length)
  const sorted = [...lengths].sort((a, b) => a - b)
  let sum = 0
  for (const [i, counted] of own.entries()) {
    let logs = 0
    for (const [n, found] of counted.entries()) {
      let [hits, runs] = [0, 0]
      for (const [gram, count] of found) {
        const [first, second] = highest[n]!.get(gram)!
        hits += Math.min(count, count === first ? second : first)
        runs += count
      }
      logs += Math.log(Math.max(hits, 0.5) / Math.max(runs, 1)) / most
    }
    const near = nearestOther(sorted, lengths[i]!)
    sum += Math.exp(Math.min(0, 1 - near / lengths[i]!) + Math.min(0, logs))
  }
  return sum / all.length
}

/** The length nearest to one, among the others; the shorter of two. */
function nearestOther(sorted: readonly number[], length: number): number {
  const at = sorted.indexOf(length)
  const [before, after] = [sorted[at - 1], sorted[at + 1]]
  if (before === undefined || after === undefined) return (before ?? after)!
  return length - before <= after - length ? before : after
}
