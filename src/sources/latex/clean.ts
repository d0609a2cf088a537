/** Text that LaTeX takes as it stands: code, or an address. `kept[n]` stands in the text as a mark. */
export type Kept = { text: string; is: 'block' | 'inline' | 'url'; language?: string }

/** Characters that no text holds (noncharacters of Unicode) stand around the number of what is kept. */
export const open = '\ufdd0'
export const close = '\ufdd1'

const blocks = new Set([
  'verbatim',
  'verbatim*',
  'Verbatim',
  'lstlisting',
  'minted',
  'alltt',
  'listing',
  'code',
  'semiverbatim',
])
/** Comments of the packages, and files that a document brings along. */
const gone = new Set(['comment', 'filecontents', 'filecontents*'])

/**
 * Takes out what the rules of TeX do not hold for: comments go, verbatim text is set aside. The text ends where the document
 * does. One pass.
 */
export function clean(source: string): { text: string; kept: Kept[] } {
  const text = source.replace(/\r\n?/g, '\n').replace(/[\ufdd0-\ufdef]/g, '')
  const kept: Kept[] = []
  const out: string[] = []
  const keep = (one: Kept): number => out.push(`${open}${kept.push(one) - 1}${close}`)
  const sign = /[\\%]/g
  let at = 0
  for (;;) {
    sign.lastIndex = at
    const found = sign.exec(text)
    if (!found) break
    out.push(text.slice(at, found.index))
    at = found.index
    if (text[at] === '%') {
      const next = commentEnd(text, at)
      // It ends the command before it, which the next line does not go on with.
      if (/[A-Za-z]/.test(text[next] ?? '') && /\\[A-Za-z@]{1,60}$/.test(text.slice(Math.max(0, at - 62), at)))
        out.push(' ')
      at = next
      continue
    }
    const word = /[A-Za-z]+\*?/y
    word.lastIndex = at + 1
    const name = word.exec(text)?.[0]
    if (name === undefined) {
      out.push(text.slice(at, at + 2))
      at += 2
      continue
    }
    const after = at + 1 + name.length
    if (name === 'endinput' || text.startsWith('\\end{document}', at)) {
      at = text.length
      break
    }
    const next = name === 'begin' ? environment(text, after, keep) : inline(text, name, after, keep)
    if (next === undefined) out.push(text.slice(at, after))
    at = next ?? after
  }
  out.push(text.slice(at))
  return { text: out.join(''), kept }
}

/** A comment goes with its end of line and the indentation after it, but a blank line stays one. */
function commentEnd(text: string, at: number): number {
  const newline = text.indexOf('\n', at)
  if (newline < 0) return text.length
  let next = newline + 1
  while (text[next] === ' ' || text[next] === '\t') next++
  // A line that is nothing but a comment goes whole.
  return text[next] === '\n' ? newline : next
}

function environment(text: string, after: number, keep: (one: Kept) => number): number | undefined {
  const pattern = /\{([A-Za-z]+\*?)\}/y
  pattern.lastIndex = after
  const name = pattern.exec(text)?.[1]
  if (name === undefined || (!blocks.has(name) && !gone.has(name))) return undefined
  let from = pattern.lastIndex
  const ending = `\\end{${name}}`
  const end = text.indexOf(ending, from)
  const to = end < 0 ? text.length : end
  if (blocks.has(name)) {
    let language: string | undefined
    // Options stand on the line of the beginning.
    const options = /[ \t]*(?:\[([^\]\n]{0,500}(?:\n[^\]\n]{0,500}){0,4})\])?(?:\{([^}\n]{0,80})\})?(?:[ \t]*\n)?/y
    options.lastIndex = from
    const found = options.exec(text.slice(0, to))
    if (found) {
      language = /language=\{?(?:\[[^\]]*\])?(\w[\w+#]*)/i.exec(found[1] ?? '')?.[1] ?? found[2]
      from = options.lastIndex
    }
    keep({ text: text.slice(from, to), is: 'block', ...(language ? { language: language.toLowerCase() } : {}) })
  }
  return end < 0 ? text.length : end + ending.length
}

function inline(text: string, name: string, after: number, keep: (one: Kept) => number): number | undefined {
  if (/^(?:verb\*?|lstinline|mintinline|Verb)$/.test(name)) {
    const options = /(?:\[[^\]\n]{0,200}\])?(?:\{\w{1,20}\}(?=[^\n\s]))?/y
    options.lastIndex = after
    const from = name.startsWith('verb') || !options.test(text) ? after : options.lastIndex
    const mark = text[from]
    if (mark === undefined || /[\sA-Za-z]/.test(mark)) return undefined
    // On one line, which is never long.
    const line = text.slice(from + 1, from + 1000).split('\n', 1)[0]!
    const length = line.indexOf(mark === '{' ? '}' : mark)
    if (length < 0) return undefined
    const end = from + 1 + length
    keep({ text: text.slice(from + 1, end), is: 'inline' })
    return end + 1
  }
  if (!/^(?:url|path|nolinkurl|href)$/.test(name)) return undefined
  const address = /\s{0,4}\{((?:[^{}\n\\]|\\[^\n]|\{[^{}\n]{0,500}\}){0,2000})\}/y
  address.lastIndex = after
  const found = address.exec(text)
  if (!found) return undefined
  const plain = found[1]!.replace(/\\([#%&_~{}])/g, '$1').trim()
  // The text of a link follows; its address goes.
  if (name === 'href') return address.lastIndex
  keep({ text: plain, is: name === 'path' ? 'inline' : 'url' })
  return address.lastIndex
}
