import { parse } from 'yaml'
import { canonical, sha256 } from '../records/index.ts'

/** Parts of a card by name: the fields of its front matter, and its sections by their titles. */
function partsOf(card: string): { [part: string]: unknown } {
  const [, front = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(card) ?? []
  const sections = body.split(/^(?=## )/m)
  return {
    ...(parse(front) as object),
    ...Object.fromEntries(sections.map((text, i) => [i === 0 ? '# ' : text.slice(0, text.indexOf('\n')), text])),
  }
}

/** The beginning of the digest of each part: enough to say which one was edited, and no proof of anything. */
export function cardMarks(card: string): { [part: string]: string } {
  return Object.fromEntries(
    Object.entries(partsOf(card)).map(([part, value]) => [part, sha256(canonical(value)).slice(0, 12)]),
  )
}

/** Parts of a card that are not as they were, or are gone, or new. */
export function editedParts(card: string, marks: { [part: string]: string }): string[] {
  const found = cardMarks(card)
  const all = new Set([...Object.keys(marks), ...Object.keys(found)])
  return [...all].filter(part => found[part] !== marks[part])
}
