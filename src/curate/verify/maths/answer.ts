import { normaliseFinal } from '../../../text/index.ts'
import { type Unit, unitOf } from '../units.ts'
import { holds, type Node, parse } from './expression.ts'

/** What an answer is: one value, several in order (tuple, interval, matrix row) or in none (set), an equation, or words. */
export type Answer =
  | { is: 'value'; node: Node; name?: string; percent?: true; unit?: Unit; base?: number; places?: number }
  | { is: 'list'; ordered: boolean; open: string; close: string; of: Answer[] }
  | { is: 'equation'; sides: [Node, Node] }
  | { is: 'words'; text: string }

/** Parts of a list, and lists inside lists. */
const bounds = { parts: 40, depth: 4 }

const signs: { [sign: string]: string } = {
  '²': '^2',
  '³': '^3',
  '√': '\\sqrt ',
  π: '\\pi ',
  '∞': '\\infty ',
  '×': '*',
  '·': '*',
  '⋅': '*',
  '÷': '/',
  '−': '-',
  '–': '-',
  '≤': '\\le ',
  '≥': '\\ge ',
  '≠': '\\ne ',
  '∪': '\\cup ',
  '∈': '\\in ',
  '±': '\\pm ',
  '°': '^\\circ ',
  '∅': '\\emptyset ',
  '⁄': '/',
}

/** Stand for signs that would be taken for others on the way. */
const [rowEnd, dollar] = ['\u0002', '\u0001']

/** One notation for many: signs as commands, brackets of every size alike, and no marks that only set the type. */
function plain(text: string): string {
  // A sign of money stands alone or is escaped; in pairs it encloses a formula.
  const money = (text.match(/(?<!\\)\$/g) ?? []).length === 1
  return text
    .replace(/\\\\(?:\[\w+\])?/g, ` ${rowEnd} `)
    .replace(/\\\$/g, dollar)
    .replace(/\$/g, money ? dollar : ' ')
    .replace(/[²³√π∞×·⋅÷−–≤≥≠∪∈±°∅]/g, sign => signs[sign]!)
    .normalize('NFKC')
    .replace(/[⁄]/g, '/')
    .replace(/\\(?:boxed|mathrm|mathbf|mathit|mathbb|operatorname\*?|displaystyle|rm|bf)(?![a-z])[ ]?/g, '')
    .replace(/\\(?:text|textbf|textit|mbox|hbox)[ ]?\{([^{}]*)\}/g, ' $1 ')
    .replace(/\\(?:left|right|big|Big|bigg|Bigg)[lr]?(?![a-zA-Z])[ ]?\.?/g, '')
    .replace(/\\(?:quad|qquad|displaystyle)(?![a-z])|\\[,;:! ]|~|&nbsp;|\\[()[\]]/g, ' ')
    .replace(/\\[dtc]frac(?![a-z])/g, '\\frac')
    .replace(/\\(?:leqslant|leq)(?![a-z])/g, '\\le ')
    .replace(/\\(?:geqslant|geq)(?![a-z])/g, '\\ge ')
    .replace(/\\lt(?![a-z])/g, '<')
    .replace(/\\gt(?![a-z])/g, '>')
    .replace(/\\neq(?![a-z])/g, '\\ne ')
    .replace(/\\(?:varnothing|O)(?![a-z])/g, '\\emptyset ')
    .replace(/\\lbrace(?![a-z])/g, '\\{')
    .replace(/\\rbrace(?![a-z])/g, '\\}')
    .replace(/\\(?:lvert|rvert|vert|mid)(?![a-z])/g, '|')
    .replace(/\\%/g, '%')
    .replace(/^\s*\*\*|\*\*\s*$/g, '')
    .replace(/\*\*/g, '^')
    .replaceAll(dollar, '$')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[.。、,;]+$/, '')
    .replace(/^\{([^{}]*)\}$/, '$1')
    .trim()
}

/** Parts of a text at a separator that stands in no brackets. */
function apart(text: string, separator: RegExp): string[] {
  const parts: string[] = []
  let [depth, from] = [0, 0]
  for (let i = 0; i < text.length; i++) {
    if ('([{'.includes(text[i]!)) depth++
    else if (')]}'.includes(text[i]!)) depth--
    else if (depth === 0) {
      const found = separator.exec(text.slice(i))
      if (found?.index !== 0 || found[0] === '') continue
      parts.push(text.slice(from, i))
      i += found[0].length - 1
      from = i + 1
    }
  }
  return [...parts, text.slice(from)].map(part => part.trim())
}

const commas = /^(?:[,;、]|\s(?:and|or)\s|または|と|及び)/
const thousands = /^[-+]?[$€£¥]?[ ]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])/
const small = 'zero one two three four five six seven eight nine ten eleven twelve'.split(' ')

/** Reads an answer. What is no formula is words, so that everything can be compared. */
export function readAnswer(text: string, depth = 0): Answer {
  const said = plain(text)
  if (depth > bounds.depth) return { is: 'words', text: normaliseFinal(said) }
  return (
    matrix(said, depth) ??
    union(said, depth) ??
    several(said, depth) ??
    bracketed(said, depth) ??
    inequality(said) ??
    equation(said, depth) ??
    plusMinus(said, depth) ??
    value(said) ?? { is: 'words', text: normaliseFinal(said) }
  )
}

function list(parts: string[], depth: number, ordered: boolean, open: string, close: string): Answer | undefined {
  if (parts.length > bounds.parts || parts.some(part => part === '')) return undefined
  return { is: 'list', ordered, open, close, of: parts.map(part => readAnswer(part, depth + 1)) }
}

function matrix(text: string, depth: number): Answer | undefined {
  const inside = /^\\begin ?\{(?:small)?[pbvBV]?matrix\}(.*)\\end ?\{(?:small)?[pbvBV]?matrix\}$/.exec(text)?.[1]
  if (inside === undefined) return undefined
  const rows = inside.split(rowEnd).map(row => row.split('&').map(cell => cell.trim()))
  const all = rows.filter(row => row.some(cell => cell !== ''))
  if (all.length === 0 || all.length > bounds.parts) return undefined
  const read = all.map(cells => list(cells, depth + 1, true, 'row', 'row'))
  if (read.some(row => row === undefined)) return undefined
  return { is: 'list', ordered: true, open: 'matrix', close: 'matrix', of: read as Answer[] }
}

function union(text: string, depth: number): Answer | undefined {
  const parts = apart(text, /^\\cup(?![a-z])/)
  return parts.length > 1 ? list(parts, depth, false, 'union', 'union') : undefined
}

/** `1, 2`, `x = 1 or x = 2`; a comma between three digits and three is none. */
function several(text: string, depth: number): Answer | undefined {
  const grouped = thousands.exec(text)
  const bare = grouped ? `${grouped[0].replaceAll(',', '')}${text.slice(grouped[0].length)}` : text
  const parts = apart(bare, commas)
  if (parts.length === 1) return grouped ? readAnswer(bare, depth + 1) : undefined
  const filled = parts.filter(part => part !== '')
  // Words with a comma between them are words.
  if (filled.every(part => readAnswer(part, depth + 1).is === 'words') && !/^[^ ]+$/.test(filled[0] ?? ''))
    return undefined
  return list(filled, depth, false, '{', '}')
}

function bracketed(text: string, depth: number): Answer | undefined {
  if (/^\\emptyset$|^\\\{ ?\\\}$/.test(text)) return { is: 'list', ordered: false, open: '{', close: '}', of: [] }
  const found = /^(\\\{|[([{])(.*?)(\\\}|[)\]}])$/.exec(text)
  if (!found) return undefined
  const [, opens, inside, closes] = found as unknown as [string, string, string, string]
  const [open, close] = [opens.at(-1)!, closes.at(-1)!]
  const parts = apart(inside, /^[,;、]/)
  // Brackets that close before the end belong to parts of it, such as `(x+1)(x-1)`.
  let level = 0
  for (const sign of inside) {
    if ('([{'.includes(sign)) level++
    if (')]}'.includes(sign) && --level < 0) return undefined
  }
  if (open === '{') return list(parts, depth, false, '{', '}')
  return parts.length > 1 ? list(parts, depth, true, open, close) : undefined
}

const relation = /^(?:\\le(?![a-z])|\\ge(?![a-z])|<=|>=|<|>)/
const flipped: { [sign: string]: string } = { '<': '>', '>': '<', '<=': '>=', '>=': '<=' }

/** `1 < x \le 2` as the interval `(1, 2]`, `x > 3` as `(3, \infty)`, `x \in S` as S. */
function inequality(text: string): Answer | undefined {
  const member = /^[a-zA-Z] ?\\in(?![a-z]) ?(.+)$/.exec(text)?.[1]
  if (member !== undefined) return readAnswer(member, 1)
  const pieces = apart(text, relation)
  if (pieces.length < 2 || pieces.length > 3) return undefined
  const found = [...text.matchAll(/\\le(?![a-z])|\\ge(?![a-z])|<=|>=|<|>/g)].map(([sign]) =>
    sign.replace('\\le', '<=').replace('\\ge', '>='),
  )
  if (found.length !== pieces.length - 1) return undefined
  const isName = (piece: string) => /^[a-zA-Z]$/.test(piece)
  const [first, second, third] = pieces as [string, string, string?]
  const end = (text: string): Answer => readAnswer(text, 1)
  const infinity = (sign: string): Answer => end(`${sign}\\infty`)
  const interval = (low: Answer, high: Answer, open: boolean, close: boolean): Answer => ({
    is: 'list',
    ordered: true,
    open: open ? '[' : '(',
    close: close ? ']' : ')',
    of: [low, high],
  })
  if (third !== undefined) {
    if (!isName(second) || found[0]![0] !== found[1]![0]) return undefined
    const [a, b] = found as [string, string]
    return a.startsWith('<')
      ? interval(end(first), end(third), a === '<=', b === '<=')
      : interval(end(third), end(first), b === '>=', a === '>=')
  }
  if (isName(first) === isName(second)) return undefined
  const sign = isName(first) ? found[0]! : flipped[found[0]!]!
  const bound = end(isName(first) ? second : first)
  return sign.startsWith('>')
    ? interval(bound, infinity(''), sign === '>=', false)
    : interval(infinity('-'), bound, false, sign === '<=')
}

function equation(text: string, depth: number): Answer | undefined {
  const sides = apart(text, /^=/)
  if (sides.length < 2) return undefined
  const name = /^[a-zA-Z](?:_\{?\w+\}?)?(?: ?\( ?[a-z](?: ?, ?[a-z])* ?\))?$/.exec(sides[0]!)?.[0]
  if (name !== undefined && sides.length === 2) {
    const right = readAnswer(sides[1]!, depth + 1)
    return right.is === 'value' ? { ...right, name: name.replace(/[ {}]/g, '') } : right
  }
  if (sides.length === 2) {
    const [left, right] = sides.map(parse)
    if (!left || !right) return undefined
    // Without a name it is a calculation, which ends with its result.
    return holds(left, 'variable') || holds(right, 'variable')
      ? { is: 'equation', sides: [left, right] }
      : value(sides[1]!)
  }
  // A chain ends with its result.
  return readAnswer(sides.at(-1)!, depth + 1)
}

function plusMinus(text: string, depth: number): Answer | undefined {
  if ((text.match(/\\pm(?![a-z])/g) ?? []).length !== 1) return undefined
  return list(
    ['+', '-'].map(sign => text.replace(/\\pm(?![a-z])/, sign).replace(/^\+/, '')),
    depth,
    false,
    '{',
    '}',
  )
}

function value(text: string): Answer | undefined {
  const based = /^([\da-zA-Z]+) ?_ ?\{? ?(\d{1,2}) ?\}?$/.exec(text)
  if (based && /\d/.test(based[1]!)) return inBase(based[1]!, Number(based[2]))
  const named = small.indexOf(text.toLowerCase())
  if (named >= 0) return { is: 'value', node: { is: 'number', n: BigInt(named), d: 1n } }
  const money = /^(-?) ?([$€£¥])(.+)$/.exec(text)
  const written = money ? `${money[1]}${money[3]}` : text
  const percent = /^(.+?) ?(?:%|percent|パーセント)$/i.exec(written)
  const bare = percent?.[1] ?? written
  const currency = money ? unitOf(money[2]!) : undefined
  const [, before, behind = ''] =
    /^(.*?[\d})])( ?[\p{L}°][\p{L}° ]*(?:\/ ?[\p{L}]+)?(?: ?\^ ?\{? ?[23] ?\}?)?)$/u.exec(bare) ?? []
  const amount = before === undefined ? undefined : parse(before)
  const unit = unitOf(behind.replace(/[{}]| (?=\^)|(?<=\^) | $/g, ''))
  // A letter alone is a unit only with a space before it.
  const measured = unit && (behind.startsWith(' ') || behind.length > 1)
  if (amount && measured && !holds(amount, 'variable')) return { is: 'value', node: amount, unit }
  const node = parse(bare)
  // A number with what is counted behind it.
  if (!node) return amount && { is: 'value', node: amount, ...(currency ? { unit: currency } : {}) }
  const degrees = holds(node, 'call') ? undefined : /^(.+?) ?\^ ?(?:\{ ?\\circ ?\}|\\circ)$/.exec(bare)?.[1]
  const angle = degrees === undefined ? undefined : parse(degrees)
  const places = /^-?\d*\.(\d+)$/.exec(bare)?.[1]?.length
  return {
    is: 'value',
    node: angle ?? node,
    ...(percent ? { percent: true } : {}),
    ...(angle ? { unit: unitOf('degree')! } : currency ? { unit: currency } : {}),
    ...(places === undefined ? {} : { places }),
  }
}

function inBase(digits: string, base: number): Answer | undefined {
  if (base < 2 || base > 36 || digits.length > 100) return undefined
  let n = 0n
  for (const digit of digits.toLowerCase()) {
    const worth = Number.parseInt(digit, 36)
    if (worth >= base) return undefined
    n = n * BigInt(base) + BigInt(worth)
  }
  return { is: 'value', node: { is: 'number', n, d: 1n }, base }
}
