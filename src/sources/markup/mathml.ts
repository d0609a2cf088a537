import { withoutStyle } from './inline.ts'
import { accented, beside, delimiter, enclosed, fraction, matrix, root, scripts, texOf, texText } from './tex.ts'
import { type Element, find, type Node, textOf } from './tree.ts'

/** The TeX of a formula in MathML: as it was written, where it says so, else made from its signs. */
export function texOfMathml(math: Element): string {
  const written = find(math, 'annotation').find(({ attributes }) => /tex/i.test(attributes.encoding ?? ''))
  if (written) return withoutStyle(textOf(written))
  const alt = math.attributes.alttext
  if (alt && /[\\^_{}]|^[\w\s+=-]+$/.test(alt)) return withoutStyle(alt)
  return row(math.children).trim()
}

const row = (nodes: readonly Node[]): string => beside(elements(nodes).map(tex))
const elements = (nodes: readonly Node[]): Element[] => nodes.filter(node => typeof node !== 'string')

function tex(node: Element): string {
  const { tag, attributes } = node
  const name = tag.replace(/^\w+:/, '')
  const parts = elements(node.children)
  const at = (i: number): string => (parts[i] ? tex(parts[i]) : '')
  const text = textOf(node).trim()
  switch (name) {
    case 'mi':
      return texOf(text, [...text].length > 1 || attributes.mathvariant === 'normal')
    case 'mn':
      return texOf(text)
    case 'mo':
      return operator(text)
    case 'mtext':
    case 'ms':
      return texText(textOf(node).replace(/\s+/g, ' '))
    case 'mspace':
      return '\\ '
    case 'mfrac':
      return attributes.linethickness === '0' ? `\\binom{${at(0)}}{${at(1)}}` : fraction(at(0), at(1))
    case 'msqrt':
      return root(row(node.children))
    case 'mroot':
      return root(at(0), at(1))
    case 'msup':
      return scripts(at(0), undefined, at(1))
    case 'msub':
      return scripts(at(0), at(1), undefined)
    case 'msubsup':
    case 'munderover':
      return scripts(at(0), at(1), at(2))
    case 'munder':
      return accented(parts[1] ? textOf(parts[1]) : '', at(0)) ?? scripts(at(0), at(1), undefined)
    case 'mover':
      return accented(parts[1] ? textOf(parts[1]) : '', at(0)) ?? scripts(at(0), undefined, at(1))
    case 'mfenced':
      return enclosed(
        delimiter(attributes.open ?? '('),
        parts.map(tex).join(attributes.separators?.trim()[0] ?? ','),
        delimiter(attributes.close ?? ')'),
      )
    case 'mtable':
      return matrix(find(node, 'mtr', 'mlabeledtr').map(one => find(one, 'mtd').map(cell => row(cell.children))))
    case 'semantics':
      return at(0)
    case 'mphantom':
    case 'annotation':
    case 'annotation-xml':
    case 'none':
    case 'mprescripts':
      return ''
    default:
      return row(node.children)
  }
}

function operator(sign: string): string {
  if (sign === '') return ''
  if (/^[=<>+−-]$/.test(sign)) return texOf(sign)
  const made = texOf(sign, true)
  return made
}
