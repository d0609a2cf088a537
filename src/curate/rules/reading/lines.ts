import { isSpace, openSpans, type Spans } from './spans.ts'

/** The lines of a text that hold something, and its paragraphs: runs of lines without a blank one between. */
export type Lines = { lines: Spans; paragraphs: Spans }

const lines = openSpans()
const paragraphs = openSpans()

/** Reads lines and paragraphs; what it gives is used again for the next text. A text without `\n` may end lines by `\r`. */
export function linesOf(text: string): Lines {
  lines.begin(text)
  paragraphs.begin(text)
  const end = text.includes('\n') ? '\n' : '\r'
  let open = -1
  let last = 0
  for (let from = 0; from <= text.length; ) {
    let to = text.indexOf(end, from)
    if (to < 0) to = text.length
    let [start, stop] = [from, to]
    while (start < stop && isSpace(text.charCodeAt(start))) start++
    while (stop > start && isSpace(text.charCodeAt(stop - 1))) stop--
    if (start < stop) {
      lines.add(start, stop)
      if (open < 0) open = start
      last = stop
    } else if (open >= 0) {
      paragraphs.add(open, last)
      open = -1
    }
    from = to + 1
  }
  if (open >= 0) paragraphs.add(open, last)
  return { lines, paragraphs }
}

const ellipsisDots = (text: string, end: number) =>
  text.charCodeAt(end - 1) === 0x2e && text.charCodeAt(end - 2) === 0x2e && text.charCodeAt(end - 3) === 0x2e
const ellipsisSign = (text: string, end: number) => text.charCodeAt(end - 1) === 0x2026

/** Marks that end a line of prose: . ? ! " ' of C4, and what stands for them in other scripts. */
const terminal = new Set([...'.?!"\'。．！？”’»」』）؟۔।॥።'].map(mark => mark.charCodeAt(0)))
export const endsLine = (code: number): boolean => terminal.has(code)

/** Tests of one line, given as its bounds. */
export const lineTests = {
  bullet: (text: string, start: number) => text[start] === '•' || text[start] === '-',
  starBullet: (text: string, start: number) => text[start] === '*' || text[start] === '-',
  ellipsis: (text: string, start: number, end: number) =>
    ellipsisSign(text, end) || (end - start >= 3 && ellipsisDots(text, end)),
  ellipsisSign: (text: string, _: number, end: number) => ellipsisSign(text, end),
  /** A line that stops at ... goes on somewhere else. */
  terminal: (text: string, start: number, end: number) =>
    terminal.has(text.charCodeAt(end - 1)) && !(end - start >= 3 && ellipsisDots(text, end)),
} as const

/** How many of the lines pass a test. */
export function countLines(spans: Spans, test: (text: string, start: number, end: number) => boolean): number {
  let count = 0
  for (let i = 0; i < spans.count; i++) if (test(spans.text, spans.starts[i]!, spans.ends[i]!)) count++
  return count
}
