import { kind, split } from '../../../kernels/index.ts'

/** Classes of characters, each counted apart; a code point is in one of them. */
export const is = {
  mark: 0,
  space: 1,
  newline: 2,
  letter: 3,
  digit: 4,
  hiragana: 5,
  katakana: 6,
  kanji: 7,
  /** ー: of a katakana word, and no letter of its own in Swallow's count. */
  prolonged: 8,
  kuten: 9,
  /** Japanese marks that Swallow counts as Japanese letters: 、，．！？ */
  touten: 10,
  bracket: 11,
  /** ? ! , . */
  stop: 12,
  hash: 13,
  ellipsis: 14,
  /** ・, between items and names. */
  dot: 15,
  /** Letters of other scripts without spaces: Thai, Khmer, Lao, Myanmar. */
  unspaced: 16,
} as const
const classCount = 17

/** How many code points of a text are of each class. */
export type Characters = { total: number; of: Uint32Array }

let table: Uint8Array | undefined

/**
 * One class for each UTF-16 code unit. Letters and digits are read off the splitter, so that words and characters agree
 * and no ICU version has a say; kana and kanji are the ranges of the Swallow corpus.
 */
function classes(): Uint8Array {
  const classOf = new Uint8Array(0x10000)
  const points: number[] = []
  for (let code = 0; code < 0x10000; code++) if (code < 0xd800 || code > 0xdfff) points.push(code)
  const visible = split(joined(points), 'characters')
  classOf.fill(is.space)
  classOf.fill(is.mark, 0xd800, 0xe000)
  for (let i = 0; i < visible.count; i++) {
    const code = visible.text.charCodeAt(visible.starts[i]!)
    const bits = visible.kinds[i]!
    classOf[code] =
      bits & kind.number ? is.digit : bits & kind.character ? is.unspaced : bits & kind.letter ? is.letter : is.mark
  }
  // A mark such as a vowel sign continues the word before it: part of a letter, as a reader sees it.
  const pairs = split(joined(points, 'a', ' '), 'words')
  for (let i = 0; i < pairs.count; i++) {
    if (pairs.ends[i]! - pairs.starts[i]! !== 2) continue
    const code = pairs.text.charCodeAt(pairs.starts[i]! + 1)
    if (classOf[code] === is.mark && code !== 0x5f) classOf[code] = is.letter
  }
  const set = (chars: string, to: number) => {
    for (const char of chars) classOf[char.charCodeAt(0)] = to
  }
  classOf.fill(is.hiragana, 0x3041, 0x3097)
  classOf.fill(is.katakana, 0x30a1, 0x30fb)
  classOf.fill(is.kanji, 0x3400, 0xa000)
  classOf.fill(is.kanji, 0xf900, 0xfb00)
  set('々〇〻', is.kanji)
  set('\n', is.newline)
  set('ー', is.prolonged)
  set('。', is.kuten)
  set('、，．！？', is.touten)
  set('(){}[]⟨⟩', is.bracket)
  set('?!,.', is.stop)
  set('#', is.hash)
  set('…', is.ellipsis)
  set('・', is.dot)
  return classOf
}

function joined(points: readonly number[], before = '', after = ''): string {
  const parts: string[] = []
  for (const point of points) parts.push(before, String.fromCharCode(point), after)
  return parts.join('')
}

/** A code point beyond the first plane: its surrogates make one character. */
function classOfAstral(point: number): number {
  if (point >= 0x20000 && point < 0x40000) return is.kanji
  if (point >= 0x1d400 && point < 0x1d800) return is.letter
  return point < 0x1d000 ? is.letter : is.mark
}

/** Counts the classes of a text, code point by code point. Stale afterwards: units of an earlier split. */
export function countCharacters(text: string): Characters {
  const of = new Uint32Array(classCount)
  const classOf = tableOfClasses()
  let total = text.length
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0xd800 && code < 0xdc00) {
      const next = text.charCodeAt(i + 1)
      if (next >= 0xdc00 && next < 0xe000) {
        of[classOfAstral((code - 0xd800) * 0x400 + (next - 0xdc00) + 0x10000)]!++
        total--
        i++
        continue
      }
    }
    of[classOf[code]!]!++
  }
  return { total, of }
}

/** The class of each code unit; made when it is first asked for, with a split of its own. */
export const tableOfClasses = (): Uint8Array => (table ??= classes())

/** The class of one code unit. */
export const classOf = (code: number): number => tableOfClasses()[code]!

/** How often the most repeated single character follows itself at most. */
export function longestRepeat(text: string): number {
  let longest = 0
  let run = 0
  let before = -1
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i)!
    if (code > 0xffff) i++
    run = code === before ? run + 1 : 1
    before = code
    if (run > longest) longest = run
  }
  return longest
}

/** How often a text occurs in another, without overlap. */
export function occurrences(text: string, part: string): number {
  let count = 0
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++
  return count
}
