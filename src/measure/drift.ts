import { words } from '../text/index.ts'

/** A text that a model wrote, in a language that tells how its words are found. */
export type Written = { text: string; language?: string | undefined }

/**
 * Figures of a set of texts that fall, or rise, when a model feeds on its own rows. Those of windows do not depend on how
 * many texts there are.
 */
export type Signals = {
  texts: number
  /** Words of a text, on average. */
  length: number
  /**
   * Different pairs of neighbouring words among all pairs of a window, on average: distinct-2 (Li et al. 2016, arXiv
   * 1510.03055) in windows (Covington & McFall 2010).
   */
  distinct: number
  /** Entropy of the words of a window in bits, on average. */
  entropy: number
  /** Share of texts whose first words another text begins with too. */
  openings: number
  /** Share of the words of the reference that occur (Guo et al. 2023, arXiv 2311.09807); absent without a reference. */
  vocabulary?: number
}

/** Words in a window. */
const wide = 500
/** Words that make an opening. */
const opening = 6

const wordsOf = ({ text, language }: Written): string[] => words(text.normalize('NFKC').toLowerCase(), language)

/** The different words of some texts. */
export function vocabularyOf(texts: Iterable<Written>): Set<string> {
  const found = new Set<string>()
  for (const text of texts) for (const word of wordsOf(text)) found.add(word)
  return found
}

/** Distinct pairs and entropy of one window. */
function ofWindow(window: readonly string[]): [distinct: number, entropy: number] {
  const counts = new Map<string, number>()
  const pairs = new Set<string>()
  for (const [i, word] of window.entries()) {
    counts.set(word, (counts.get(word) ?? 0) + 1)
    if (i > 0) pairs.add(`${window[i - 1]} ${word}`)
  }
  let bits = 0
  for (const n of counts.values()) bits -= (n / window.length) * Math.log2(n / window.length)
  return [window.length < 2 ? 0 : pairs.size / (window.length - 1), bits]
}

/**
 * The signals of some texts, in one pass; windows run over the ends of texts, and a last one that is not full counts only
 * where it is the only one. Of no words all figures are 0.
 */
export function signalsOf(texts: Iterable<Written>, reference?: ReadonlySet<string>): Signals {
  const starts = new Map<string, number>()
  const met = new Set<string>()
  const windows: [number, number][] = []
  let window: string[] = []
  let [count, total] = [0, 0]
  for (const text of texts) {
    const found = wordsOf(text)
    count++
    total += found.length
    const start = found.slice(0, opening).join(' ')
    if (found.length > 0) starts.set(start, (starts.get(start) ?? 0) + 1)
    for (const word of found) {
      if (reference?.has(word)) met.add(word)
      window.push(word)
      if (window.length < wide) continue
      windows.push(ofWindow(window))
      window = []
    }
  }
  if (windows.length === 0 && window.length > 0) windows.push(ofWindow(window))
  const mean = (at: 0 | 1) => windows.reduce((sum, figures) => sum + figures[at], 0) / Math.max(windows.length, 1)
  const shared = [...starts.values()].reduce((sum, n) => sum + (n > 1 ? n : 0), 0)
  return {
    texts: count,
    length: total / Math.max(count, 1),
    distinct: mean(0),
    entropy: mean(1),
    openings: shared / Math.max(count, 1),
    ...(reference && reference.size > 0 ? { vocabulary: met.size / reference.size } : {}),
  }
}

/** How far figures may lie from those of the first time: least shares, the most times of the length, the most rise of openings. */
export type Bounds = { distinct: number; entropy: number; vocabulary: number; length: number; openings: number }
/** A signal that passed its bound: what it was at first, what it is, and what it may be. */
export type Trip = { signal: keyof Bounds; first: number; now: number; bound: number }

/** The signals that passed their bounds, in a fixed order. A figure that either side lacks trips nothing. */
export function drifted(first: Signals, now: Signals, bounds: Bounds): Trip[] {
  const trips: Trip[] = []
  for (const signal of ['distinct', 'entropy', 'vocabulary'] as const) {
    const [was, is] = [first[signal], now[signal]]
    if (was === undefined || is === undefined) continue
    const bound = was * bounds[signal]
    if (is < bound) trips.push({ signal, first: was, now: is, bound })
  }
  const [shortest, longest] = [first.length / bounds.length, first.length * bounds.length]
  if (now.length < shortest || now.length > longest) {
    const bound = now.length < shortest ? shortest : longest
    trips.push({ signal: 'length', first: first.length, now: now.length, bound })
  }
  const most = first.openings + bounds.openings
  if (now.openings > most) trips.push({ signal: 'openings', first: first.openings, now: now.openings, bound: most })
  return trips
}
