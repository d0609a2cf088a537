export type BlockType =
  | 'front-matter'
  | 'heading'
  | 'paragraph'
  | 'code'
  | 'math'
  | 'list'
  | 'table'
  | 'quote'
  | 'html'
  | 'directive'
  | 'reference'
  | 'comment'
  | 'rule'

/**
 * A line with its offsets in the document. `text` is what the scanner looks at: inside a list item or a quote it lacks
 * the marker and indentation that the offsets still cover.
 */
export type Line = { text: string; start: number; end: number }
/** What a scanner found: lines `from` to `to` (exclusive). */
export type Found = { type: BlockType; from: number; to: number; level?: number; title?: string }

export function linesOf(text: string): Line[] {
  const lines: Line[] = []
  let start = 0
  while (start <= text.length) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    lines.push({ text: text.slice(start, text[end - 1] === '\r' && end > start ? end - 1 : end), start, end })
    start = end + 1
  }
  return lines
}

export function blank(line: Line | undefined): boolean {
  return line === undefined || line.text.trim() === ''
}

/** Columns of leading white space, tabs to the next multiple of four. */
export function indentOf(line: string): number {
  let width = 0
  for (const c of line) {
    if (c === ' ') width++
    else if (c === '\t') width += 4 - (width % 4)
    else break
  }
  return width
}

/** Bullets of both formats, numbers, `#.`, `(1)` and field names; the match is the marker with the space after it. */
export const marker = /^[ \t]*(?:[-*+•]|\d{1,9}[.)]|#\.|\(\w{1,3}\)|:[^:\s][^:]*:)(?:[ \t]+|$)/

export function untilBlank(lines: Line[], at: number): number {
  while (at < lines.length && !blank(lines[at])) at++
  return at
}

/** One past the last line of a run of lines indented by `depth`; blank lines inside belong to it. */
export function indentedEnd(lines: Line[], from: number, depth: number): number {
  let to = from
  for (let at = from; at < lines.length; at++) {
    if (blank(lines[at])) continue
    if (indentOf(lines[at]!.text) < depth) break
    to = at + 1
  }
  return Math.max(to, from)
}
