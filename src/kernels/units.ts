import { StillroomError } from '../errors/index.ts'

/**
 * How a text is cut into units.
 * - `match`: the text folded (NFKC, lower case); runs of letters, marks, numbers and `_` with inner apostrophes and
 *   format characters left out; each character of a script without spaces is a unit of its own.
 * - `words`: the same boundaries on the text as written, apostrophes kept.
 * - `tokens`: `words`, and each run of other visible characters a unit of its own, as treebank-like tokenizers count.
 * - `whitespace`: runs between white space.
 * - `characters`: every code point that is not white space.
 */
export type How = 'match' | 'words' | 'tokens' | 'whitespace' | 'characters'
export const hows: readonly How[] = ['match', 'words', 'tokens', 'whitespace', 'characters']

/** Bits of `Units.kinds`. */
export const kind = { letter: 1, number: 2, symbols: 4, character: 8 } as const

/**
 * A text cut once, for everything that looks at it. The arrays may be longer than `count`; they are views on memory that
 * the next `split` reuses.
 */
export type Units = {
  how: How
  /** What offsets point into: the text itself, or for `match` its folded form (of ASCII texts: as long as the text). */
  text: string
  count: number
  /** UTF-16 offsets. */
  starts: Uint32Array
  ends: Uint32Array
  /** Two 32-bit lanes of each unit's hash. */
  low: Uint32Array
  high: Uint32Array
  /** Bits: 1 holds a letter, 2 a number, 4 neither, 8 one character of a script without spaces. */
  kinds: Uint8Array
}

/** The form `match` looks at. NFKC costs ASCII texts nothing, since they are in it. */
export const foldForMatch = (text: string): string => text.normalize('NFKC').toLowerCase()

const left = /['\u2019]|\p{Cf}|\p{Variation_Selector}/gu

/** What `match` compares a word by: its folded form without apostrophes and format characters. */
export const matched = (word: string): string => foldForMatch(word).replace(left, '')

/** One unit as a string: of `match` without what its hash leaves out. */
export function unitAt(u: Units, i: number): string {
  const unit = u.text.slice(u.starts[i], u.ends[i])
  return u.how === 'match' ? unit.replace(left, '') : unit
}

/** The units as strings: slow, for evidence. */
export const unitsOf = (u: Units): string[] => Array.from({ length: u.count }, (_, i) => unitAt(u, i))

/** A copy that the next `split` leaves alone. */
export function copyUnits(u: Units): Units {
  const { how, text, count } = u
  const [starts, ends, low, high] = [u.starts, u.ends, u.low, u.high].map(lane => lane.slice(0, count)) as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]
  return { how, text, count, starts, ends, low, high, kinds: u.kinds.slice(0, count) }
}

/** Units of an earlier `split` would be read as those of the last one, without a sign. */
export const stale = () =>
  new StillroomError('SR_INTERNAL', 'Units of an earlier split were used after the next one.', {
    hint: 'Detach units that must outlive the next split with copyUnits.',
  })
