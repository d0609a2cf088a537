import type { Place } from '../../records/index.ts'

/** Stands where a part of a document begins, in front of its first text. No text holds it: it is no character. */
export const placeMark = '\ufdd0'

/** What Markdown puts in front of the first word of a line. */
const opening = /^[ \t]*(?:#{1,6} |> |- |\d{1,9}[.)] |\| )*$/

/**
 * A text with marks as one without, and where its parts begin: at the start of the line where a mark stands before its first
 * word. The first name is that of the first mark; of parts without text only the last is kept.
 */
export function placesOf(marked: string, names: readonly string[]): { text: string; places: Place[] } {
  const [first = '', ...pieces] = marked.split(placeMark)
  const places: Place[] = []
  const out = [first]
  let length = first.length
  let line = first.slice(first.lastIndexOf('\n') + 1)
  for (const [i, piece] of pieces.entries()) {
    const at = opening.test(line) ? length - line.length : length
    if (places.at(-1)?.[0] === at) places.pop()
    places.push([at, names[i] ?? `part ${i + 1}`])
    out.push(piece)
    length += piece.length
    const newline = piece.lastIndexOf('\n')
    line = newline < 0 ? line + piece : piece.slice(newline + 1)
  }
  return { text: out.join(''), places }
}

/** Names as they are, those that occurred before with a number behind. */
export function unique(names: readonly string[]): string[] {
  const used = new Set<string>()
  return names.map(name => {
    let own = name
    for (let n = 2; used.has(own); n++) own = `${name} (${n})`
    used.add(own)
    return own
  })
}
