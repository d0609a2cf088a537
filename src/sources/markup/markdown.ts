import { codeText, fenced, languageOf } from './code.ts'
import { inline, oneLine, oneLineTex } from './inline.ts'
import { captionOf, cellsOf, dataTable, strays } from './table.ts'
import { type Element, has, isBlock, type Node, textOf } from './tree.ts'

/** `tight`: what follows it in an item needs no blank line before it. */
type Block = { text: string; list?: true }

/** The blocks of a document as Markdown, a blank line apart. Empty where there is no text. */
export function markdownOf(nodes: readonly Node[]): string {
  return joined(withoutRules(blocksOf(nodes, '')), '\n\n')
}

const joined = (blocks: readonly Block[], between: string): string => blocks.map(({ text }) => text).join(between)

/** A rule parts what stands on both of its sides. */
function withoutRules(blocks: Block[]): Block[] {
  return blocks.filter(
    ({ text }, i) => text !== rule || (i > 0 && i < blocks.length - 1 && blocks[i - 1]!.text !== rule),
  )
}
const rule = '---'

function blocksOf(nodes: readonly Node[], language: string): Block[] {
  const blocks: Block[] = []
  let line: Node[] = []
  /** The last one that is more than white space. */
  let last: Node | undefined
  const endLine = (): void => {
    blocks.push(...paragraphs(line))
    line = []
  }
  for (const [i, node] of nodes.entries()) {
    const before = last
    if (typeof node !== 'string' || node.trim() !== '') last = node
    if (!isBlock(node)) {
      line.push(node)
      continue
    }
    endLine()
    const block = node as Element
    // Items without a list around them are one.
    if (block.tag === 'li') {
      if (typeof before !== 'string' && before?.tag === 'li') continue
      const goesOn = (one: Node): boolean => (typeof one === 'string' ? one.trim() === '' : one.tag === 'li')
      let end = i + 1
      while (end < nodes.length && goesOn(nodes[end]!)) end++
      blocks.push(...list({ ...block, tag: 'ul', attributes: {}, children: nodes.slice(i, end) }, language))
      continue
    }
    blocks.push(...blockOf(block, language))
  }
  endLine()
  return blocks
}

/** Two breaks in a row end a paragraph. */
function paragraphs(nodes: readonly Node[]): Block[] {
  return inline(nodes)
    .split('\n\n')
    .map(text => text.trim())
    .filter(text => text !== '')
    .map(text => ({ text: unmistaken(text) }))
}

/** Prose that begins like a heading or a quotation is none. */
const unmistaken = (text: string): string => text.replace(/^(?=#{1,6}(?:[ \t]|$)|> )/gm, '\\')

function blockOf(node: Element, outer: string): Block[] {
  const { tag, attributes, children } = node
  const language = languageOf(node) ?? outer
  if (attributes['data-tex'] !== undefined) {
    const tex = oneLineTex(textOf(node))
    return tex === '' ? [] : [{ text: `$$\n${tex}\n$$` }]
  }
  switch (tag) {
    case 'h1':
    case 'h2':
    case 'h3':
    case 'h4':
    case 'h5':
    case 'h6': {
      const text = oneLine(children).replace(/\s*[¶§#]$/, '')
      // A page whose heading holds the whole of it is read as what is in it.
      if (has(node, 'p', 'table', 'pre', 'ul', 'ol') && text.length > 300) return blocksOf(children, language)
      return text === '' ? [] : [{ text: `${'#'.repeat(Number(tag[1]))} ${text}` }]
    }
    case 'hr':
      return [{ text: rule }]
    case 'pre':
    case 'listing':
    case 'xmp':
    case 'plaintext': {
      const inside = children.find(child => typeof child !== 'string' && child.tag === 'code') as Element | undefined
      const text = codeText(children)
      return text === '' ? [] : [{ text: fenced(text, languageOf(node) ?? (inside && languageOf(inside)) ?? outer) }]
    }
    case 'blockquote': {
      const inner = joined(withoutRules(blocksOf(children, language)), '\n\n')
      return inner === '' ? [] : [{ text: inner.replace(/^(?=.)/gm, '> ').replace(/^$/gm, '>') }]
    }
    case 'ul':
    case 'ol':
    case 'menu':
    case 'dir':
      return list(node, language)
    case 'dl':
      return definitions(children, language)
    case 'dt':
      return definitions([node], language)
    case 'table':
      return table(node, language)
    case 'figure':
      return figure(node, language)
    case 'note': {
      const inner = joined(blocksOf(children, language), '\n\n')
      return inner === '' ? [] : [{ text: `[^${attributes.label}]: ${indented(inner, 4)}` }]
    }
    default:
      return blocksOf(children, language)
  }
}

const indented = (text: string, by: number): string => text.replace(/\n(?=[^\n])/g, `\n${' '.repeat(by)}`)

/** Items a line each, or a blank line apart where one of them holds several paragraphs. */
function list(node: Element, language: string): Block[] {
  const items: { marker: string; blocks: Block[] }[] = []
  let number = Number.parseInt(node.attributes.start ?? '1', 10)
  if (!(number >= 0)) number = 1
  for (const child of node.children) {
    if (typeof child === 'string' && child.trim() === '') continue
    const nested = typeof child !== 'string' && /^(?:ul|ol|menu|dir)$/.test(child.tag)
    const blocks = blocksOf(typeof child !== 'string' && child.tag === 'li' ? child.children : [child], language)
    if (blocks.length === 0) continue
    // A list that stands between the items belongs to the one before.
    if (nested && items.length > 0) {
      items.at(-1)!.blocks.push(...blocks)
      continue
    }
    const { value, 'data-label': label } = typeof child === 'string' ? ({} as Element['attributes']) : child.attributes
    if (/^\d{1,9}$/.test(value ?? '')) number = Number(value)
    items.push({ marker: marker(node, label, number++), blocks })
  }
  if (items.length === 0) return []
  // Cards of a page: a heading is no item.
  if (items.some(({ blocks }) => /^#{1,6} /.test(blocks[0]!.text))) return items.flatMap(({ blocks }) => blocks)
  const loose = items.some(({ blocks }) => blocks.filter(block => !block.list).length > 1)
  const lines = items.map(({ marker, blocks }) => {
    const depth = /^\d/.test(marker) ? marker.length : 2
    const text = blocks.reduce((all, block) => {
      if (all === '') return block.text
      return `${all}${block.list && !loose ? '\n' : '\n\n'}${block.text}`
    }, '')
    return `${marker}${indented(text, depth)}`
  })
  return [{ text: lines.join(loose ? '\n\n' : '\n'), list: true }]
}

/** Numbers as they are counted; letters and numbers of chapters behind a bullet, since Markdown has no such lists. */
function marker(node: Element, label: string | undefined, number: number): string {
  if (label !== undefined) return /^\d{1,9}[.)]$/.test(label) ? `${label} ` : label === '' ? '- ' : `- ${label} `
  if (node.tag !== 'ol') return '- '
  const { type } = node.attributes
  if (type === 'a' || type === 'A') return `- (${letters(number, type)}) `
  if (type === 'i' || type === 'I') return `- (${type === 'i' ? roman(number).toLowerCase() : roman(number)}) `
  return `${number}. `
}

/** a to z, then aa, bb as Word counts them. */
export const letters = (number: number, first: 'a' | 'A'): string =>
  String.fromCharCode(first.charCodeAt(0) + ((number - 1) % 26)).repeat(Math.min(Math.floor((number - 1) / 26) + 1, 8))

export function roman(number: number): string {
  const signs: [number, string][] = [
    ...([
      [1000, 'M'],
      [900, 'CM'],
      [500, 'D'],
      [400, 'CD'],
      [100, 'C'],
      [90, 'XC'],
    ] as [number, string][]),
    ...([
      [50, 'L'],
      [40, 'XL'],
      [10, 'X'],
      [9, 'IX'],
      [5, 'V'],
      [4, 'IV'],
      [1, 'I'],
    ] as [number, string][]),
  ]
  let left = Math.min(number, 3999)
  return signs.reduce((text, [value, sign]) => {
    const times = Math.floor(left / value)
    left -= times * value
    return text + sign.repeat(times)
  }, '')
}

/** A term on a line of its own, each definition on the next ones behind a colon, as PHP Markdown Extra has it. */
function definitions(children: readonly Node[], language: string): Block[] {
  const blocks: Block[] = []
  let entry: string[] = []
  const end = (): void => {
    if (entry.length > 0) blocks.push({ text: entry.join('\n') })
    entry = []
  }
  for (const child of children) {
    if (typeof child === 'string') {
      if (child.trim() !== '') blocks.push(...paragraphs([child]))
    } else if (child.tag === 'dt') {
      if (entry.some(line => line.startsWith(': '))) end()
      // Some put whole paragraphs into a term.
      const inner = child.children.some(isBlock)
        ? joined(blocksOf(child.children, language), '\n')
        : oneLine(child.children)
      if (inner !== '') entry.push(inner)
    } else if (child.tag === 'dd') {
      const inner = blocksOf(child.children, language)
      if (inner.length > 0) entry.push(`: ${indented(joined(inner, '\n\n'), 2)}`)
    } else {
      end()
      blocks.push(...(child.tag === 'div' ? definitions(child.children, language) : blockOf(child, language)))
    }
  }
  end()
  return blocks
}

function table(node: Element, language: string): Block[] {
  const caption = captionOf(node)
  const text = dataTable(node)
  const body = text === undefined ? cellsOf(node).flatMap(cell => blocksOf(cell.children, language)) : [{ text }]
  return [...(caption === '' ? [] : [{ text: caption }]), ...blocksOf(strays(node), language), ...body]
}

/** The words under a picture speak of what is not there, unless they have a number that the text goes by. */
function figure(node: Element, language: string): Block[] {
  const matter = node.children.filter(child => typeof child === 'string' || child.tag !== 'figcaption')
  const inner = blocksOf(matter, language)
  const captions = blocksOf(
    node.children.filter(child => typeof child !== 'string' && child.tag === 'figcaption'),
    language,
  )
  const numbered = /^(?:fig|abb|tab|listing|example|図|表|例|图)[^\n]{0,12}?[\divx]/i.test(captions[0]?.text ?? '')
  const picture = inner.length === 0 && has(node, 'img', 'picture')
  return [...inner, ...(picture && !numbered ? [] : captions)]
}
