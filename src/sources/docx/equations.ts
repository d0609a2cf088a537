import {
  accented,
  beside,
  delimiter,
  enclosed,
  fraction,
  matrix,
  root,
  scripts,
  texOf,
  texText,
} from '../markup/tex.ts'
import { attribute, childOf, childrenOf, local, type Xml, xmlText } from '../markup/xml.ts'

/** An equation of Word (Office Math, ECMA-376 part 1, 22.1) as TeX. */
export const texOfOmml = (node: Xml): string => row(node).replace(/ {2,}/g, ' ').trim()

const elements = (node: Xml): Xml[] => node.children.filter((child): child is Xml => typeof child !== 'string')
const row = (node: Xml | undefined): string => (node ? beside(elements(node).map(tex)) : '')
const part = (node: Xml, name: string): string => row(childOf(node, name)).trim()

/** A property such as `m:chr` of `m:naryPr`; undefined where it is not there. */
const property = (node: Xml, name: string): string | undefined => {
  const properties = childOf(node, `${local(node.name)}Pr`)
  const found = childOf(properties, name)
  return found ? (attribute(found, 'val') ?? '1') : undefined
}
const isOn = (value: string | undefined): boolean => value !== undefined && !/^(?:0|off|false)$/.test(value)

function tex(node: Xml): string {
  switch (local(node.name)) {
    case 'r':
      return run(node)
    case 'f': {
      const type = property(node, 'type')
      const [over, under] = [part(node, 'num'), part(node, 'den')]
      if (type === 'noBar') return `\\binom{${over}}{${under}}`
      return type === 'lin' || type === 'skw' ? `${over}/${under}` : fraction(over, under)
    }
    case 'sSup':
      return scripts(part(node, 'e'), undefined, part(node, 'sup'))
    case 'sSub':
      return scripts(part(node, 'e'), part(node, 'sub'), undefined)
    case 'sSubSup':
      return scripts(part(node, 'e'), part(node, 'sub'), part(node, 'sup'))
    case 'sPre':
      return `${scripts('', part(node, 'sub'), part(node, 'sup'))}${part(node, 'e')}`
    case 'rad':
      return root(part(node, 'e'), isOn(property(node, 'degHide')) ? '' : part(node, 'deg'))
    case 'nary': {
      const sign = texOf(property(node, 'chr') ?? '∫')
      const below = isOn(property(node, 'subHide')) ? '' : part(node, 'sub')
      const above = isOn(property(node, 'supHide')) ? '' : part(node, 'sup')
      return `${scripts(sign, below, above)} ${part(node, 'e')}`
    }
    case 'd': {
      const between = property(node, 'sepChr') ?? '|'
      const inner = childrenOf(node, 'e')
        .map(row)
        .join(between === '|' ? ' \\mid ' : between)
      return enclosed(
        delimiter(property(node, 'begChr') ?? '('),
        inner.trim(),
        delimiter(property(node, 'endChr') ?? ')'),
      )
    }
    case 'func': {
      const name = part(node, 'fName')
      const of = part(node, 'e')
      return `${/^\\mathrm\{\w+\}$/.test(name) ? name.replace('mathrm', 'operatorname') : name}${/^[({[]|^\\left/.test(of) ? of : ` ${of}`}`
    }
    case 'acc': {
      const of = part(node, 'e')
      return accented(property(node, 'chr') ?? '\u0302', of) ?? of
    }
    case 'bar':
      return `\\${property(node, 'pos') === 'bot' ? 'underline' : 'overline'}{${part(node, 'e')}}`
    case 'groupChr': {
      const sign = property(node, 'chr') ?? '⏟'
      return accented(sign, part(node, 'e')) ?? part(node, 'e')
    }
    case 'limLow':
      return scripts(part(node, 'e'), part(node, 'lim'), undefined)
    case 'limUpp':
      return scripts(part(node, 'e'), undefined, part(node, 'lim'))
    case 'm':
      return matrix(childrenOf(node, 'mr').map(line => childrenOf(line, 'e').map(row)))
    case 'eqArr':
      return matrix(
        childrenOf(node, 'e').map(line => [row(line)]),
        'aligned',
      )
    case 'borderBox':
      return `\\boxed{${part(node, 'e')}}`
    case 'phant':
    case 'ctrlPr':
      return ''
    case 'del':
    case 'moveFrom':
      return ''
    default:
      return /Pr$/.test(local(node.name)) ? '' : row(node)
  }
}

function run(node: Xml): string {
  const properties = childOf(node, 'rPr')
  const text = childrenOf(node, 't').map(xmlText).join('')
  if (childOf(properties, 'nor')) return /^[\d.,\s]+$/.test(text) && text.trim() !== '' ? text : texText(text)
  // Upright letters, and the styles that TeX has a command for.
  const upright = attribute(childOf(properties, 'sty'), 'val') === 'p'
  const face = { 'double-struck': 'mathbb', script: 'mathcal', fraktur: 'mathfrak' }[
    attribute(childOf(properties, 'scr'), 'val') ?? ''
  ]
  const bold = /^b/.test(attribute(childOf(properties, 'sty'), 'val') ?? '') && /^[\p{L}\d]+$/u.test(text)
  const tex = texOf(text, upright)
  return face ? `\\${face}{${text}}` : bold ? `\\mathbf{${tex}}` : tex
}
