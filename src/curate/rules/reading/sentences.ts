import { isSpace, openSpans, type Spans } from './spans.ts'

/** Sentences of a text, how many of them have an end mark, and how many trail off (… or ・ at their end). */
export type Sentences = { spans: Spans; ended: number; trailing: number }

const spaced = openSpans()
const unspaced = openSpans()

const codes = (chars: string) => new Set([...chars].map(char => char.charCodeAt(0)))
const wideMarks = codes('。．！？')
const closers = codes('"\'”’»)]）」』】〉》')
const [dot, bang, question, ellipsis, middleDot] = [0x2e, 0x21, 0x3f, 0x2026, 0x30fb]
const abbreviation = /(?:^|[^\p{L}])(?:\p{L}|mr|mrs|ms|dr|prof|st|vs|no|fig|eq|al|cf|ca|approx|e\.g|i\.e)$/iu

/**
 * Sentences inside lines: they end at . ! ? before white space, and at 。．！？ anywhere, with quotes and brackets that
 * close behind; the rest of a line is a sentence too. A full stop after a letter alone or a common abbreviation, or
 * before a lower-case letter, ends nothing.
 */
export function sentencesOf(lines: Spans): Sentences {
  return cut(lines, spaced, (text, i, stop, mark) => {
    if (wideMarks.has(mark)) return true
    if (mark !== dot && mark !== bang && mark !== question) return false
    if (stop < text.length && !isSpace(text.charCodeAt(stop))) return false
    if (mark !== dot) return true
    if (abbreviation.test(text.slice(Math.max(0, i - 8), i))) return false
    let next = stop
    while (next < text.length && isSpace(text.charCodeAt(next)) && text.charCodeAt(next) !== 0x0a) next++
    const code = text.charCodeAt(next)
    return !(code >= 0x61 && code <= 0x7a)
  })
}

/** Sentences as the Swallow corpus cuts them: runs up to one of 。．！？!?; a half-width full stop ends nothing. */
export function japaneseSentencesOf(lines: Spans): Sentences {
  return cut(lines, unspaced, (_, __, ___, mark) => wideMarks.has(mark) || mark === bang || mark === question)
}

function cut(
  lines: Spans,
  spans: ReturnType<typeof openSpans>,
  ends: (text: string, at: number, stop: number, mark: number) => boolean,
): Sentences {
  const { text } = lines
  spans.begin(text)
  let ended = 0
  let trailing = 0
  for (let line = 0; line < lines.count; line++) {
    const end = lines.ends[line]!
    let start = lines.starts[line]!
    for (let i = start; i < end; i++) {
      const mark = text.charCodeAt(i)
      if (!isMark(mark)) continue
      let stop = i + 1
      while (stop < end && (isMark(text.charCodeAt(stop)) || closers.has(text.charCodeAt(stop)))) stop++
      if (ends(text, i, stop, mark)) {
        spans.add(start, stop)
        ended++
        start = stop
        while (start < end && isSpace(text.charCodeAt(start))) start++
      }
      i = stop - 1
    }
    if (start < end) {
      spans.add(start, end)
      const last = text.charCodeAt(end - 1)
      if (last === ellipsis || last === middleDot) trailing++
    }
  }
  return { spans, ended, trailing }
}

function isMark(code: number): boolean {
  return code === dot || code === bang || code === question || (code > 0x3000 && wideMarks.has(code))
}
