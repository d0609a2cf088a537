import type { Id, Rec, Sha } from '../../records/index.ts'

/** Every text inside a value, names of fields among them or not; a text that is itself JSON is looked into as well. */
export function* textsIn(value: unknown, names = true): Generator<string> {
  if (typeof value === 'string') {
    yield value
    if (/^\s*[[{]/.test(value)) {
      let inner: unknown
      try {
        inner = JSON.parse(value)
      } catch {
        return
      }
      yield* textsIn(inner, names)
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      if (names) yield key
      yield* textsIn(inner, names)
    }
  }
}

/** The content of a record without its notes. */
export function contentOf(record: Rec): object {
  const { id: _, digest: __, language: ___, facets: ____, scores: _____, lineage: ______, ...content } = record
  return content
}

/** Shorter lines say little of whom they are about, and stand in many texts. */
const shortest = 16

/** Lines of a text that are long enough to be known again. */
export function linesIn(text: string): string[] {
  return text.split('\n').flatMap(line => {
    const known = line.trim()
    return known.length >= shortest ? [known] : []
  })
}

/** Lines of all texts of a content. */
export const linesOf = (content: object): Iterable<string> =>
  textsIn(Object.values(content), false).flatMap(text => linesIn(text))

/** What is to be found nowhere any more: ids, calls, lines of texts, and the words that were searched for. */
export type Traces = { ids: Set<Id>; calls: Set<Sha>; lines: Set<string>; subject?: string | undefined }

const names = /(?<![0-9a-f])([0-9a-f]{64}|[0-9a-f]{32})(?![0-9a-f])/g

/** The matcher of a subject: `/.../flags` is a regular expression, all else the words as they stand. */
export function subjectTest(subject: string): (text: string) => boolean {
  const [, source, flags] = /^\/(.+)\/([a-z]*)$/s.exec(subject) ?? []
  if (source === undefined) return text => text.includes(subject)
  const pattern = new RegExp(source, flags!.replace(/[gy]/g, ''))
  return text => pattern.test(text)
}

/** True where a value holds a trace: the first one found. */
export function traceFinder({ ids, calls, lines, subject }: Traces): (value: unknown) => boolean {
  const test = subject === undefined ? () => false : subjectTest(subject)
  return value => {
    for (const text of textsIn(value)) {
      for (const [name] of text.matchAll(names)) if (ids.has(name) || calls.has(name)) return true
      if (test(text) || linesIn(text).some(line => lines.has(line))) return true
    }
    return false
  }
}

/**
 * A quick look at a line of JSON as it stands: false only where it holds no trace. A subject may stand across escapes, so
 * that with one every line has to be taken apart.
 */
export function traceHints({ ids, calls, lines, subject }: Traces): (json: string) => boolean {
  if (subject !== undefined) return () => true
  const parts = new Set(
    [...lines].flatMap(line => partsOf(JSON.stringify(line)).sort((a, b) => b.length - a.length)[0] ?? []),
  )
  return json => {
    if (ids.size > 0 || calls.size > 0)
      for (const [name] of json.matchAll(names)) if (ids.has(name) || calls.has(name)) return true
    return parts.size > 0 && partsOf(json).some(part => parts.has(part))
  }
}

/**
 * A text in JSON, cut at quotes, escapes and backslashes, however often it was put into JSON again: a line of a content
 * gives the same parts wherever it stands.
 */
const partsOf = (json: string): string[] => json.split(/\\+(?:u[0-9a-f]{4}|[nrtbf"])?|"/).map(part => part.trim())

const window = 8

/** Share of a text's character 8-grams that another text holds as well, from 0 to 1: half of them is a near copy. */
export function containment(of: string, within: string): number {
  const grams = (text: string): Set<string> => {
    const plain = text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ')
    return new Set(Array.from({ length: Math.max(1, plain.length - window + 1) }, (_, i) => plain.slice(i, i + window)))
  }
  const [own, other] = [grams(of), grams(within)]
  return own.intersection(other).size / own.size
}
