import { isSpace, type Spans } from './spans.ts'

/** How comments are written: to the end of the line, and between two marks. */
type Comments = { line?: readonly string[]; block?: readonly (readonly [string, string])[]; docstrings?: true }

const slash: Comments = { line: ['//'], block: [['/*', '*/']] }
const hash: Comments = { line: ['#'] }
const styles: { [language: string]: Comments } = {
  c: slash,
  'c++': slash,
  'c#': slash,
  css: { block: [['/*', '*/']] },
  dart: slash,
  elixir: hash,
  erlang: { line: ['%'] },
  go: slash,
  haskell: { line: ['--'], block: [['{-', '-}']] },
  html: { block: [['<!--', '-->']] },
  java: slash,
  javascript: slash,
  julia: { line: ['#'], block: [['#=', '=#']] },
  kotlin: slash,
  lua: { line: ['--'], block: [['--[[', ']]']] },
  makefile: hash,
  perl: hash,
  php: { line: ['//', '#'], block: [['/*', '*/']] },
  powershell: { line: ['#'], block: [['<#', '#>']] },
  python: { line: ['#'], docstrings: true },
  r: hash,
  ruby: hash,
  rust: slash,
  scala: slash,
  shell: hash,
  sql: { line: ['--'], block: [['/*', '*/']] },
  swift: slash,
  tex: { line: ['%'] },
  typescript: slash,
  zig: { line: ['//'] },
}
const endings: { [ending: string]: string } = {
  bash: 'shell',
  c: 'c',
  cc: 'c++',
  cjs: 'javascript',
  cpp: 'c++',
  cs: 'c#',
  css: 'css',
  cxx: 'c++',
  dart: 'dart',
  erl: 'erlang',
  ex: 'elixir',
  exs: 'elixir',
  go: 'go',
  h: 'c',
  hpp: 'c++',
  hs: 'haskell',
  htm: 'html',
  html: 'html',
  java: 'java',
  jl: 'julia',
  js: 'javascript',
  json: 'json',
  jsx: 'javascript',
  kt: 'kotlin',
  lua: 'lua',
  mjs: 'javascript',
  mk: 'makefile',
  mts: 'typescript',
  php: 'php',
  pl: 'perl',
  pm: 'perl',
  ps1: 'powershell',
  py: 'python',
  r: 'r',
  rb: 'ruby',
  rs: 'rust',
  scala: 'scala',
  sh: 'shell',
  sql: 'sql',
  swift: 'swift',
  tex: 'tex',
  ts: 'typescript',
  tsx: 'typescript',
  yaml: 'yaml',
  yml: 'yaml',
  zig: 'zig',
}
const data = new Set(['json', 'yaml'])

/** The programming language: the facet `code` where it is set, else by the ending of the file; undefined for others. */
export function codeLanguage(facet: unknown, uri: string): string | undefined {
  if (typeof facet === 'string') return facet.toLowerCase()
  const ending = /\.([a-z0-9]{1,5})(?:[?#].*)?$/i.exec(uri)?.[1]?.toLowerCase()
  return ending !== undefined && Object.hasOwn(endings, ending) ? endings[ending] : undefined
}

export const isData = (language: string | undefined): boolean => language !== undefined && data.has(language)

/**
 * Characters in comments, docstrings of Python among them; undefined for a language whose comments are not known. Marks
 * inside of quoted strings open nothing; a quote that is left open ends with its line.
 */
export function commentCharacters(text: string, language: string | undefined): number | undefined {
  if (language === undefined || !Object.hasOwn(styles, language)) return undefined
  const { line = [], block = [], docstrings } = styles[language]!
  const openers = new Set([...line, ...block.map(([open]) => open)].map(mark => mark[0]))
  let characters = 0
  let bare = true
  for (let i = 0; i < text.length; ) {
    const char = text[i]!
    if (char === '\n') {
      bare = true
      i++
      continue
    }
    if (docstrings && (char === '"' || char === "'") && text.startsWith(char.repeat(3), i)) {
      const close = text.indexOf(char.repeat(3), i + 3)
      const end = close < 0 ? text.length : close + 3
      // A string of several lines that is assigned is none.
      if (bare) characters += end - i
      bare = false
      i = end
      continue
    }
    if (openers.has(char)) {
      const pair = block.find(([open]) => text.startsWith(open, i))
      if (pair) {
        const close = text.indexOf(pair[1], i + pair[0].length)
        const end = close < 0 ? text.length : close + pair[1].length
        characters += end - i
        i = end
        continue
      }
      if (line.some(mark => text.startsWith(mark, i))) {
        const close = text.indexOf('\n', i)
        const end = close < 0 ? text.length : close
        characters += end - i
        i = end
        continue
      }
    }
    if (char === '"' || char === "'" || char === '`') i = afterString(text, i, char)
    else i++
    if (bare && !isSpace(char.charCodeAt(0))) bare = false
  }
  return characters
}

function afterString(text: string, start: number, quote: string): number {
  for (let i = start + 1; i < text.length; i++) {
    const char = text[i]!
    if (char === '\\') i++
    else if (char === quote) return i + 1
    // An apostrophe, a lifetime: whatever follows on the next line is code again.
    else if (char === '\n' && quote !== '`') return i
  }
  return text.length
}

/** What programs write above their work; prose about something that is generated is none. */
const generated =
  /\bauto-?\s?generated\b|@generated\b|\bautomatically generated\b|\bdo not (?:edit|modify)\b|\b(?:file|code|module|script)\b.{0,20}\bgenerated\b|^[^\p{L}]*generated (?:by|from)\b/iu

/** Does one of the first lines say that a program wrote the file? */
export function saysGenerated({ text, starts, ends, count }: Spans): boolean {
  for (let i = 0; i < Math.min(count, 10); i++) {
    if (generated.test(text.slice(starts[i]!, Math.min(ends[i]!, starts[i]! + 400)))) return true
  }
  return false
}

/** Characters of the longest run of base64 or hexadecimal digits over line ends; words of prose break it by their spaces. */
export function longestEncoded(text: string): number {
  let longest = 0
  let run = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const digit =
      (code >= 0x30 && code <= 0x39) ||
      (code >= 0x41 && code <= 0x5a) ||
      (code >= 0x61 && code <= 0x7a) ||
      code === 0x2b ||
      code === 0x2f ||
      code === 0x3d
    if (digit) run++
    else if (code !== 0x0a && code !== 0x0d) run = 0
    if (run > longest) longest = run
  }
  return longest
}
