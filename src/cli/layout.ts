/** Text in columns: what fits a line, in terminal cells. */

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
// Colour sequences take no cells, and neither do combining marks.
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape is what is looked for
const weightless = /\u001b\[[0-9;]*m|\p{Mn}|\u200b|\u200d|\ufe0f/gu

/** Terminal cells that a text takes: two for East Asian characters. */
export function cells(text: string): number {
  let n = 0
  for (const char of text.replace(weightless, '')) n += wide.test(char) ? 2 : 1
  return n
}

/** One line of at most `width` cells: white space and control characters become single spaces, then `cut`. */
export function clip(text: string, width: number): string {
  return cut(text.replace(/[\s\p{Cc}]+/gu, ' ').trim(), width)
}

/** The text as far as it fits into `width` cells; what is cut off shows as `…`. */
export function cut(line: string, width: number): string {
  if (cells(line) <= width) return line
  let out = ''
  let used = 0
  for (const char of line) {
    const more = cells(char)
    if (used + more > width - 1) break
    out += char
    used += more
  }
  return `${out.trimEnd()}…`
}

export const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - cells(text)))
const padLeft = (text: string, width: number): string => ' '.repeat(Math.max(0, width - cells(text))) + text

/** Lines of at most `width` cells. Breaks at spaces; between characters where a script has none, or a word is too long. */
export function wrap(text: string, width: number): string[] {
  return text.split(/\r?\n/).flatMap(line =>
    wrapLine(
      line
        .replace(/\t/g, '  ')
        .replace(/\p{Cc}/gu, ' ')
        .trimEnd(),
      width,
    ),
  )
}

// White space; words; and characters of scripts without spaces, each with the marks that may not begin a line behind it and
// those that may not end one before it.
const opening = '[「『（【〈《［｛(]'
const closing =
  '[\\p{Mn}\\u200d\\ufe0f、。，．・：；？！」』）】〉》］｝ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々)\\]}.,!?:;%]'
const pieces = new RegExp(`\\s+|${opening}*(?:${wide.source}|(?:(?!${wide.source})\\S)+)${closing}*`, 'gu')

function wrapLine(line: string, width: number): string[] {
  if (cells(line) <= width) return [line]
  const indent = /^\s*/.exec(line)![0].slice(0, width >> 1)
  const lines: string[] = []
  let current = indent
  let used = cells(indent)
  const flush = (): void => {
    lines.push(current.trimEnd())
    current = indent
    used = cells(indent)
  }
  for (const word of line.trim().match(pieces) ?? []) {
    const size = cells(word)
    const fresh = current === indent
    if (used + size <= width) {
      if (!fresh || word.trim()) {
        current += word
        used += size
      }
      continue
    }
    if (!word.trim()) {
      flush()
      continue
    }
    if (size <= width - cells(indent)) {
      flush()
      current += word
      used += size
      continue
    }
    for (const char of word) {
      const more = cells(char)
      if (used + more > width) flush()
      current += char
      used += more
    }
  }
  if (current.trim()) flush()
  return lines
}

/** Indented by two, or by what is asked. */
export const indent = (lines: string[], by = '  '): string[] => lines.map(line => (line ? by + line : line))

export type Column = {
  head: string
  right?: boolean /** Takes what is left of the line and wraps inside it. */
  flex?: boolean
}

/** A table in `width` cells: columns as wide as their content, two spaces between; one column may wrap. */
export function table(
  columns: Column[],
  rows: string[][],
  width: number,
  bold: (text: string) => string = text => text,
): string[] {
  const widths = columns.map((column, i) => Math.max(cells(column.head), ...rows.map(row => cells(row[i] ?? ''))))
  const flex = columns.findIndex(column => column.flex)
  if (flex >= 0) {
    const others = widths.reduce((sum, w, i) => sum + (i === flex ? 0 : w + 2), 0)
    widths[flex] = Math.min(widths[flex]!, Math.max(12, width - others))
  }
  const line = (row: string[]): string =>
    row
      .map((cell, i) => (columns[i]!.right ? padLeft(cell, widths[i]!) : pad(cell, widths[i]!)))
      .join('  ')
      .trimEnd()
  const body = rows.flatMap(row => {
    if (flex < 0) return [line(row)]
    const parts = wrap(row[flex] ?? '', widths[flex]!)
    return parts.map((part, n) => line(row.map((cell, i) => (i === flex ? part : n === 0 ? cell : ''))))
  })
  return columns.some(column => column.head) ? [bold(line(columns.map(column => column.head))), ...body] : body
}
