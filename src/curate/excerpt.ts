/** Marks where an excerpt leaves something out. */
const gap = '\n\n[…]\n\n'

/**
 * At most so many characters of a text: all of it, or its beginning (half of them), middle and end (a quarter each), cut
 * at white space where there is some near by. What a teacher is shown and what is learnt from are the same characters,
 * and a book costs no more than a page.
 */
export function excerpt(text: string, most: number): string {
  if (text.length <= most) return text
  const quarter = most >> 2
  const middle = (text.length >> 1) - (quarter >> 1)
  const pieces = [
    text.slice(0, ending(text, 2 * quarter)),
    text.slice(beginning(text, middle), ending(text, middle + quarter)),
    text.slice(beginning(text, text.length - quarter)),
  ]
  return pieces.join(gap)
}

/** The last white space at most 40 characters before a place, else the place, but never inside of a character. */
function ending(text: string, at: number): number {
  for (let i = at; i > at - 40; i--) if (/\s/.test(text[i]!)) return i
  return isLow(text, at) ? at - 1 : at
}
function beginning(text: string, at: number): number {
  for (let i = at; i < at + 40; i++) if (/\s/.test(text[i]!)) return i + 1
  return isLow(text, at) ? at + 1 : at
}
const isLow = (text: string, at: number) => (text.charCodeAt(at) & 0xfc00) === 0xdc00
