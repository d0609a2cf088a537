import { type Element, has, isBlock, type Node, textOf } from './tree.ts'

/** Stands for a line break of the author until white space has been collapsed. No text holds it: it is no character. */
const lineBreak = '\ufdd1'

const wide =
  '[\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Han}ー、。，．・：；？！「」『』（）［］【】〈〉《》〔〕…‥〜～々〆ヶ]'
/** A line of a source that ends inside a word: what is written without spaces gets none for it. */
const brokenWord = new RegExp(`(?<=${wide}) ?\\n[ \\n]*(?=${wide})`, 'gu')

/** A joiner that joins nothing. */
const joiner =
  /(?<!\p{L}|\p{M}|\p{Extended_Pictographic}|\ufe0f)(?:\u200c|\u200d)|(?:\u200c|\u200d)(?!\p{L}|\p{M}|\p{Extended_Pictographic})/gu

/**
 * Inline content as Markdown, lines as the author broke them. Bold and italics are left out: they say how a page looks,
 * they rarely survive from one format to the next, and beside Japanese they are not even read as markup. Code keeps its
 * ticks, since a name in code is another word than the same letters in prose. Links are their words alone.
 */
export function inline(nodes: readonly Node[]): string {
  return nodes
    .map(raw)
    .join('')
    .replace(/[\u00ad\u200b\u2060\ufeff]/g, '')
    .replace(joiner, '')
    .replace(/[ \t\r\f\v\u00a0\u2002-\u200a\u202f\u205f]+/g, ' ')
    .replace(brokenWord, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/ {2,}/g, ' ')
    .replace(new RegExp(`(?:[ \\u3000]*${lineBreak}[ \\u3000]*)+`, 'g'), breaks =>
      breaks.split(lineBreak).length > 2 ? '\n\n' : '\n',
    )
    .trim()
}

/** Inline content that has to stay on one line: headings, cells, terms. */
export const oneLine = (nodes: readonly Node[]): string => inline(nodes).replace(/\s*\n\s*/g, ' ')

function raw(node: Node): string {
  if (typeof node === 'string') return node.replaceAll(lineBreak, '')
  const { tag, attributes, children } = node
  if (attributes['data-tex'] !== undefined) return formula(textOf(node))
  switch (tag) {
    case 'br':
      return lineBreak
    case 'wbr':
      return ''
    case 'img':
      return spoken(node)
    case 'code':
    case 'tt':
    case 'samp':
    case 'kbd':
      return code(children)
    case 'q':
      return `“${children.map(raw).join('')}”`
    case 'sup':
      return script(node, superscripts, '^')
    case 'sub':
      return script(node, subscripts, '_')
    case 'note-ref':
      return `[^${attributes.label}]`
    case 'p':
    case 'div':
    case 'li':
    case 'tr':
    case 'td':
    case 'th':
      // A block where only a line is wanted, such as in a heading.
      return ` ${children.map(raw).join('')} `
    default:
      return children.map(raw).join('')
  }
}

/** TeX between dollars, as one line: a comment would hide the rest of it. */
const formula = (tex: string): string => `$${oneLineTex(tex)}$`
export const oneLineTex = (tex: string): string =>
  tex
    .replace(/(?<!\\)%[^\n]*(?=\n|$)/g, '')
    .replace(/\s+/g, ' ')
    .trim()

function code(children: readonly Node[]): string {
  // Links and colours inside of code; formulas cannot be told from it any more.
  const text = children.map(textOf).join('').replace(/\s+/g, ' ')
  const inside = text.trim()
  if (inside === '') return text
  const longest = (inside.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 0)
  const tick = '`'.repeat(longest + 1)
  const padding = longest > 0 && /^`|`$/.test(inside) ? ' ' : ''
  const [before, after] = [/^\s/.test(text) ? ' ' : '', /\s$/.test(text) ? ' ' : '']
  return `${before}${tick}${padding}${inside}${padding}${tick}${after}`
}

/** What an image stands for, where that is text: a formula, an emoji, an initial. */
function spoken({ attributes }: Element): string {
  const alt = attributes.alt?.trim() ?? ''
  if (alt === '') return ''
  const kind = attributes.class ?? ''
  if (/(?:^|[\s_-])(?:tex|latex|math|mwe-math-fallback-image-inline|ee_img)/i.test(kind)) {
    return /[\\^_{}]/.test(alt) ? formula(withoutStyle(alt)) : alt
  }
  return /^(?:\p{Extended_Pictographic}(?:\ufe0f|\u200d|\p{Extended_Pictographic})*|\p{L})$/u.test(alt) ? alt : ''
}

/** TeX without the command that Wikipedia puts around all of it. */
export const withoutStyle = (tex: string): string =>
  tex
    .trim()
    .replace(/^\{\\(?:displaystyle|textstyle)\s+([\s\S]*)\}$/, '$1')
    .trim()

const pairs = (letters: string, signs: string): Map<string, string> =>
  new Map([...letters].map((letter, i) => [letter, [...signs][i]!]))
const superscripts = pairs('0123456789+-−=()ni', '⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ')
const subscripts = pairs('0123456789+-−=()', '₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎')

/**
 * Raised and lowered text: 10⁶ and H₂O where all of it has such characters, ordinals and marks as they are (5th, ™), else
 * `x^a` and `x_(i+1)`: without a sign it would be another word.
 */
function script(node: Element, signs: Map<string, string>, sign: string): string {
  const { children } = node
  if (isBlock(node) || has(node, 'note-ref', 'code', 'img')) return children.map(raw).join('')
  const text = children.map(raw).join('').trim()
  if (text === '') return ''
  if (/\[\^/.test(text)) return text
  if ([...text].every(letter => signs.has(letter))) return [...text].map(letter => signs.get(letter)).join('')
  if (/^(?:st|nd|rd|th|o|os|a|as|e|er|ère|re|es|nde|ème|me|de|ter|bis)$/i.test(text)) return text
  if (/^(?:TM|SM|®|™|©|[*†‡§¶]+|°)$/.test(text)) return text === 'TM' ? '™' : text === 'SM' ? '℠' : text
  // A mark of a note that leads nowhere.
  if (/^\[.*\]$/s.test(text)) return text
  return [...text].length === 1 ? `${sign}${text}` : `${sign}(${text})`
}
