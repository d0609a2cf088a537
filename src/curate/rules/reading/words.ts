import { type How, kind, type Units } from '../../../kernels/index.ts'
import type { StopWords } from './stop-words.ts'

/** What the units of one tokenizer say. Lengths are in UTF-16 units; `symbols` are units without letter or digit. */
export type Words = {
  how: How
  /** All units. */
  units: number
  /** Units that are more than symbols, and their characters. */
  words: number
  characters: number
  median: number
  longest: number
  /** Units that hold a letter. */
  alphabetic: number
  /** Units with # or … in them. */
  marked: number
  /** Different stop words, and all of them; undefined where the language has no list. */
  stopWords: number | undefined
  stopWordsInAll: number | undefined
}

const lengths = new Uint32Array(1024)

/** Reads the units of a split. `marked` and `median` cost a look at the text and are read where they are asked for. */
export function readWords(
  { how, count, starts, ends, kinds, low, high, text }: Units,
  stop: StopWords | undefined,
  more: { marked: boolean; median: boolean },
): Words {
  let [words, characters, longest, alphabetic] = [0, 0, 0, 0]
  let [all, seen, marked] = [0, 0, 0]
  if (more.median) lengths.fill(0)
  for (let i = 0; i < count; i++) {
    const bits = kinds[i]!
    const length = ends[i]! - starts[i]!
    if (bits & kind.letter) {
      alphabetic++
      if (stop && length <= stop.longest) {
        const word = stop.find(low[i]!, high[i]!)
        if (word >= 0) {
          all++
          seen |= 1 << word
        }
      }
    }
    if (length > longest) longest = length
    if (more.median) lengths[Math.min(length, 1023)]!++
    if (more.marked && holdsMark(text, starts[i]!, ends[i]!)) marked++
    if ((bits & kind.symbols) !== 0) continue
    words++
    characters += length
  }
  return {
    how,
    units: count,
    words,
    characters,
    median: more.median ? medianOf(count) : 0,
    longest,
    alphabetic,
    marked,
    stopWords: stop && bitCount(seen),
    stopWordsInAll: stop && all,
  }
}

function holdsMark(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x23 || code === 0x2026) return true
  }
  return false
}

/** The middle length, or the mean of the two in the middle. */
function medianOf(count: number): number {
  if (count === 0) return 0
  const at = (place: number) => {
    let sum = 0
    for (let length = 0; length < lengths.length; length++) {
      sum += lengths[length]!
      if (sum > place) return length
    }
    return lengths.length
  }
  return (at((count - 1) >> 1) + at(count >> 1)) / 2
}

function bitCount(bits: number): number {
  let n = 0
  for (; bits !== 0; bits &= bits - 1) n++
  return n
}
