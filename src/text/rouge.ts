import { words } from './segment.ts'

/** What ROUGE-L compares in order. */
export const rougeUnits = ['mixed', 'words'] as const
export type RougeUnits = (typeof rougeUnits)[number]

const unspaced =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}ー\\p{Script=Thai}\\p{Script=Khmer}\\p{Script=Lao}\\p{Script=Myanmar}'
/** Letters of a script without spaces, each with its marks; all else that is letter or number goes together. */
const runs = new RegExp(`([${unspaced}]\\p{M}*)+|(?:(?![${unspaced}])[\\p{L}\\p{N}]\\p{M}*)+`, 'gu')
const letter = /\P{M}\p{M}*/gu
const ascii = /^[\0-\x7f]*$/

/**
 * Tokens as ROUGE counts them: lower-case runs of letters and numbers. On ASCII text these are the tokens of the
 * `rouge-score` package without stemming (Lin 2004, https://aclanthology.org/W04-1013). A script without spaces gives
 * its characters (`mixed`), or the words that `Intl.Segmenter` finds (`words`, which depends on the ICU version).
 */
export function rougeTokens(text: string, units: RougeUnits = 'mixed'): string[] {
  if (ascii.test(text)) return text.toLowerCase().match(/[a-z0-9]+/g) ?? []
  const found: string[] = []
  for (const [run, alone] of text.normalize('NFKC').toLowerCase().matchAll(runs)) {
    if (alone === undefined) found.push(run)
    else for (const part of units === 'words' ? words(run, 'ja') : run.match(letter)!) found.push(part)
  }
  return found
}

/** Length of the longest common subsequence, 32 columns at a time (Crochemore et al. 2001; Hyyrö 2004). */
export function lcs(a: readonly string[], b: readonly string[]): number {
  const number = new Map<string, number>()
  const numbered = (tokens: readonly string[]) =>
    Int32Array.from(tokens, token => {
      const known = number.get(token) ?? number.size
      number.set(token, known)
      return known
    })
  const [x, y] = [numbered(a), numbered(b)]
  const columns = openColumns()
  columns.set(x, number.size)
  return columns.lcs(y, 0, y.length)
}

/**
 * F1 of the longest common subsequence, 2 LCS / (m + n), in [0, 1]: the mean of ROUGE-L's precision and recall, rounded
 * once. A text without tokens is like nothing: 0.
 */
export function rougeL(a: readonly string[], b: readonly string[]): number {
  return a.length === 0 || b.length === 0 ? 0 : (2 * lcs(a, b)) / (a.length + b.length)
}

/** One text set against many: its columns as bits, one row of words for each of its tokens. */
export type Columns = {
  /** The text that is compared from now on, as numbers of tokens under `tokens`. */
  set(text: Int32Array, tokens: number): void
  /** Its longest common subsequence with `other[start..end]`. */
  lcs(other: Int32Array, start: number, end: number): number
}

export function openColumns(): Columns {
  /** Where the bits of a token begin, 0 for one that the text does not hold. */
  let row = new Int32Array(0)
  let bits = new Int32Array(0)
  let state = new Int32Array(0)
  let held: Int32Array = new Int32Array(0)
  let width = 0

  function set(text: Int32Array, tokens: number): void {
    for (const token of held) row[token] = 0
    if (row.length < tokens) row = new Int32Array(2 * tokens)
    width = (text.length + 31) >>> 5
    if (state.length < width) state = new Int32Array(width)
    const needed = (text.length + 1) * width
    if (bits.length < needed) bits = new Int32Array(2 * needed)
    else bits.fill(0, 0, needed)
    held = text
    let next = width
    for (let i = 0; i < text.length; i++) {
      const token = text[i]!
      if (row[token] === 0) {
        row[token] = next
        next += width
      }
      bits[row[token]! + (i >>> 5)]! |= 1 << (i & 31)
    }
  }

  /** A bit of the state that became 0 is a step of the subsequence: V' = (V + (V & M)) | (V & ~M). */
  function lcs(other: Int32Array, start: number, end: number): number {
    if (width === 1) {
      let v = -1
      for (let i = start; i < end; i++) {
        const from = row[other[i]!]!
        if (from === 0) continue
        const m = bits[from]!
        v = (v + (v & m)) | (v & ~m)
      }
      return ones(~v)
    }
    state.fill(-1, 0, width)
    for (let i = start; i < end; i++) {
      const from = row[other[i]!]!
      if (from === 0) continue
      let carry = 0
      for (let w = 0; w < width; w++) {
        const v = state[w]!
        const m = bits[from + w]!
        const sum = (v >>> 0) + ((v & m) >>> 0) + carry
        carry = sum > 0xffffffff ? 1 : 0
        state[w] = sum | 0 | (v & ~m)
      }
    }
    let length = 0
    for (let w = 0; w < width; w++) length += ones(~state[w]!)
    return length
  }
  return { set, lcs }
}

/** Bits of a 32-bit word that are set. */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
