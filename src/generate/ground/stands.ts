import { normaliseForMatch } from '../../text/index.ts'

const spaced = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}]/u
const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u

/** Fewest letters that say enough to support something: a few words, or some characters of a script without spaces. */
const enough = (form: string): boolean => form.replace(/ /g, '').length >= (wide.test(form) ? 5 : 10)

/** Where a form stands in another from a place on, not inside a word; -1 where it does not. */
function placeOf(part: string, whole: string, from: number): number {
  for (let at = whole.indexOf(part, from); at >= 0; at = whole.indexOf(part, at + 1)) {
    const [before, after] = [whole[at - 1] ?? ' ', whole[at + part.length] ?? ' ']
    const cut = (spaced.test(before) && spaced.test(part[0]!)) || (spaced.test(after) && spaced.test(part.at(-1)!))
    if (!cut) return at
  }
  return -1
}

/**
 * True when a quotation stands in a text: word for word but for case, width, punctuation and white space. What an ellipsis
 * leaves out may be anything, as long as the parts follow one another. `whole` is the matching form of the text.
 */
export function stands(quote: string, whole: string): boolean {
  const parts = quote
    .split(/\s*(?:\.{3,}|…+)\s*/)
    .map(normaliseForMatch)
    .filter(part => part !== '')
  if (!enough(parts.join(' '))) return false
  let from = 0
  for (const part of parts) {
    const at = placeOf(part, whole, from)
    if (at < 0) return false
    from = at + part.length
  }
  return true
}
