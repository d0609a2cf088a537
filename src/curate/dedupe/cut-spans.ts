import { sentences } from '../../text/index.ts'
import type { Span } from './stretches.ts'

/** Characters of a text, the end exclusive. */
type Part = [start: number, end: number]

/** Characters of a text that spans of a field cover; they ascend by start. */
export function union(spans: readonly Span[], field: number): Part[] {
  const found: Part[] = []
  for (const [own, start, end] of spans) {
    if (own !== field) continue
    const last = found.at(-1)
    if (last && start <= last[1]) last[1] = Math.max(last[1], end)
    else found.push([start, end])
  }
  return found
}

const said = /[\p{L}\p{N}\p{M}\p{Cs}_]/u

/**
 * Of each span what can go without tearing a sentence: sentences that lie in it with all their words, parts of others
 * that are long enough to count alone, and all of it where there is neither.
 */
export function wholeSentences(
  text: string,
  spans: readonly Part[],
  { language, counts }: { language: string | undefined; counts(part: string): boolean },
): Part[] {
  const found: Part[] = []
  const all = sentences(text, language)
  let next = 0
  for (const [from, to] of spans) {
    const before = found.length
    let joins = false
    while (next < all.length && all[next]!.end <= from) next++
    for (; next < all.length && all[next]!.start < to; next++) {
      const { text: sentence, start, end } = all[next]!
      const first = start + sentence.search(said)
      const whole = first >= from && !said.test(sentence.slice(Math.max(0, to - start)))
      const [a, b] = [Math.max(from, first), Math.min(to, end)]
      const goes = first >= start && (whole || counts(text.slice(a, b)))
      if (goes && joins) found.at(-1)![1] = b
      else if (goes) found.push([a, b])
      joins = goes
      // It goes on behind this span: the next span may begin in it.
      if (end > to) break
    }
    if (found.length === before) found.push([from, to])
  }
  return found
}

/** Marks that close what was cut, and the white space behind it: what opens belongs to what comes. */
const behind = /[^\s\p{L}\p{N}\p{M}_\p{Ps}\p{Pi}]*\s*/uy
const opens = /[\p{Ps}\p{Pi}"'`*~]/u

/** Where to cut in front of a span: at the begin of its line if no word stands before it, else before its opening marks. */
function before(text: string, from: number, start: number): number {
  let at = start
  while (at > from && text[at - 1] !== '\n' && !said.test(text[at - 1]!)) at--
  if (at <= from || text[at - 1] === '\n') return at
  at = start
  while (at > from && opens.test(text[at - 1]!)) at--
  return at
}

/** The text without the spans, and without marks and white space that they leave behind. */
export function without(text: string, spans: readonly Part[]): string {
  const kept: string[] = []
  let from = 0
  for (const [start, end] of spans) {
    kept.push(text.slice(from, before(text, from, Math.max(from, start))))
    behind.lastIndex = Math.max(from, end)
    behind.test(text)
    from = behind.lastIndex
  }
  return from === text.length ? kept.join('').trimEnd() : kept.join('') + text.slice(from)
}
