import { foldForMatch } from '../../kernels/index.ts'
import type { Stretch } from './shared-runs.ts'

/** A match as a person reads it: what was found, and what stands around it. `at` are its characters in the whole text. */
export type Passage = { before: string; match: string; after: string; at: Stretch }

/** Characters that evidence keeps on each side of a match, and of the match itself: its two ends where it is longer. */
const room = { around: 100, head: 130, tail: 60 }

export function passageOf(text: string, [from, to]: Stretch): Passage {
  const inner = to - from
  const match =
    inner <= room.head + room.tail
      ? text.slice(from, to)
      : `${text.slice(from, whole(text, from + room.head))} … ${text.slice(whole(text, to - room.tail), to)}`
  return {
    before: text.slice(whole(text, Math.max(0, from - room.around)), from),
    match,
    after: text.slice(to, whole(text, Math.min(text.length, to + room.around))),
    at: [from, to],
  }
}

/** The next place that is not inside of a character. */
export const whole = (text: string, at: number): number => (text.charCodeAt(at) >> 10 === 0x37 ? at + 1 : at)

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
const ascii = /^[\u0000-\u007f]*$/
/** What NFKC may join: a character with its marks, half-width kana with theirs, and the letters of Hangul syllables. */
const cluster =
  /[\u3260-\u327e\uac00-\ud7a3]?[\u1100-\u11ff\u3131-\u318e\uffa0-\uffdc]+\p{M}*|[^\p{M}\uff9e\uff9f][\p{M}\uff9e\uff9f]*|[\p{M}\uff9e\uff9f]+/gu
export const foldedLength = (text: string) => foldForMatch(text).length

/**
 * Stretches of a text's folded form as stretches of the text itself. They must be in order and not overlap. ASCII folds
 * in place; elsewhere lines without an end of a stretch are passed by whole, and the others cluster by cluster.
 */
export function unfolded(text: string, stretches: readonly Stretch[]): Stretch[] {
  if (ascii.test(text)) return stretches.map(([from, to]) => [from, to])
  const wanted = stretches.flat()
  const found: number[] = []
  let [at, fold] = [0, 0]
  for (let line = 0; found.length < wanted.length && line <= text.length; ) {
    const end = text.indexOf('\n', line)
    const next = end < 0 ? text.length : end + 1
    const length = foldedLength(text.slice(line, next))
    if (wanted[found.length]! > fold + length && next < text.length) {
      at = next
      fold += length
    } else {
      for (const [one] of text.slice(line, next).matchAll(cluster)) {
        const after = fold + foldedLength(one)
        // A beginning inside of a cluster takes all of it, and so does an end.
        while (found.length < wanted.length) {
          const place = wanted[found.length]!
          const begins = found.length % 2 === 0
          if (begins ? place < after : place <= fold) found.push(at)
          else if (!begins && place <= after) found.push(at + one.length)
          else break
        }
        at += one.length
        fold = after
      }
      at = next
    }
    if (next === line || next >= text.length) break
    line = next
  }
  while (found.length < wanted.length) found.push(text.length)
  return stretches.map((_, i) => [found[2 * i]!, found[2 * i + 1]!])
}
