import { unspaced } from './lines.ts'

/** How often a document writes each word, in lower case; words with hyphens as a whole and by their parts. */
export type Vocabulary = ReadonlyMap<string, number>

const words = /[\p{L}\p{M}]+(?:[-‐][\p{L}\p{M}]+)*/gu

/** Counts the words that stand whole within lines: neither what a hyphen at the end of a line cuts off nor what it leaves. */
export function vocabularyOf(lines: Iterable<string>): Vocabulary {
  const found = new Map<string, number>()
  const count = (word: string): void => void found.set(word, (found.get(word) ?? 0) + 1)
  let cut = false
  for (const line of lines) {
    const all = [...line.matchAll(words)]
    const ends = hyphenated.test(line)
    all.forEach((match, at) => {
      if ((at === 0 && cut) || (at === all.length - 1 && ends)) return
      const word = match[0].toLowerCase().replaceAll('‐', '-')
      count(word)
      if (!word.includes('-')) return
      const parts = word.split('-')
      for (const part of parts) count(part)
      count(`${parts[0]}-`)
      count(`-${parts.at(-1)}`)
    })
    cut = ends
  }
  return found
}

const hyphenated = /[\p{L}\p{M}\d][-‐\u00ad]$/u

/**
 * Two lines of a paragraph as one. A hyphen at the end goes where the next line goes on in small letters, unless the word
 * is a compound: the document writes it with the hyphen elsewhere and not without, or has it nowhere and: a hyphen is in it
 * already, its parts begin and end other compounds, it begins with `self` or `non`, or both parts are words of four
 * letters and more. Scripts without spaces are joined without one, so are
 * dashes and addresses of the web.
 */
export function joined(text: string, next: string, known: Vocabulary = new Map()): string {
  if (text === '' || next === '') return text + next
  if (/\u00ad$/.test(text)) return text.slice(0, -1) + next
  const before = /([\p{L}\p{M}\d]+(?:[-‐][\p{L}\p{M}\d]+)*)[-‐]$/u.exec(text)
  const after = /^[\p{L}\p{M}\d]+(?:[-‐][\p{L}\p{M}]+)*/u.exec(next)
  if (before && after) {
    if (/^(and|or|und|oder|et|ou|y|o|e)\b/i.test(next)) return `${text} ${next}`
    return isCompound(before[1]!, after[0], known) ? text + next : text.slice(0, -1) + next
  }
  const [last, first] = [text.at(-1)!, next[0]!]
  if (/[—―]/.test(last) || /[—―]/.test(first)) return text + next
  if (/[–/]/.test(last) && !/\s.$/u.test(text)) return text + next
  const address = /(?:https?:\/\/|www\.)\S*$/.exec(text)?.[0]
  if (address && /^[^\s]*[/_=.?&#%]\S/.test(next) && !/[.,;)]$/.test(address)) return text + next
  if (address && /[/_=.?&#%-]$/.test(address) && /^[a-z0-9/_]/.test(next)) return text + next
  const lastPoint = [...text.slice(-2)].at(-1)!
  const firstPoint = String.fromCodePoint(next.codePointAt(0)!)
  if (unspaced.test(lastPoint) || unspaced.test(firstPoint)) return text + next
  return `${text} ${next}`
}

function isCompound(left: string, right: string, known: Vocabulary): boolean {
  const [a, b] = [left.toLowerCase().replaceAll('‐', '-'), right.toLowerCase().replaceAll('‐', '-')]
  const times = (word: string): number => known.get(word) ?? 0
  const head = a.split('-').at(-1)!
  const tail = b.split('-')[0]!
  const [whole, apart] = [times(a + b) + times(head + tail), times(`${a}-${b}`) + times(`${head}-${tail}`)]
  if (whole > 0 || apart > 0) return apart > whole
  // `COVID-19`, `Anglo-American`: nothing that a line break adds.
  if (!/^\p{Ll}/u.test(right) || /\d$/.test(left)) return true
  if (a.includes('-') || b.includes('-') || head === 'self' || head === 'non') return true
  if (times(`${head}-`) > 0 && times(`-${tail}`) > 0) return true
  return head.length >= 4 && tail.length >= 4 && times(head) > 0 && times(tail) > 0
}
