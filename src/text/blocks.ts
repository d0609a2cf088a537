import { codeBlocks } from './code.ts'
import { type BlockType, blank, type Found, indentOf, type Line, linesOf, marker } from './lines.ts'
import { scanMarkdown } from './markdown.ts'
import { scanRst } from './rst.ts'

/** `code` is any programming language: its blocks are definitions. */
export type Format = 'markdown' | 'rst' | 'text' | 'code'
/**
 * A piece of a document: `text === document.slice(start, end)`. `level` of headings is 1 to 6, their words in `title`.
 * `children` are the items of a list, or the blocks inside an item, a quote or an admonition; they tile it as well.
 */
export type Block = {
  type: BlockType
  text: string
  start: number
  end: number
  level?: number
  title?: string
  children?: Block[]
}

/**
 * Structure of a document. Blocks come in order and together hold every character that is not white space; a code
 * fence or an indented literal block is one block, with its blank lines. Markdown after CommonMark with tables, front
 * matter, math and containers; reStructuredText after docutils, as far as structure goes.
 */
export function blocks(text: string, format: Format): Block[] {
  if (format === 'code') return codeBlocks(text)
  return scan(text, linesOf(text), format, 0)
}

/** The children of a block, or the block alone. */
export function parts(block: Block, _format?: Format): Block[] {
  return block.children && block.children.length > 0 ? block.children : [block]
}

/** Nesting beyond this is an accident of the text. */
const deepest = 8

function scan(text: string, lines: Line[], format: Format, depth: number): Block[] {
  const found = format === 'markdown' ? scanMarkdown(lines) : format === 'rst' ? scanRst(lines) : scanText(lines)
  return found.map(one => {
    const block = blockOf(text, lines, one)
    if (one.type !== 'list' && one.type !== 'quote' && one.type !== 'directive') return block
    if (depth >= deepest) return block
    const inner = lines.slice(one.from, one.to)
    const within = (some: Line[]) => scan(text, bare(some, one.type), format, depth + 1)
    const groups = one.type === 'list' ? items(inner) : [inner]
    if (groups.length === 1) return { ...block, children: tiling(text, block, within(inner)) }
    const each = groups.map(group => {
      const item = blockOf(text, group, { type: 'list', from: 0, to: group.length })
      return { ...item, children: tiling(text, item, within(group)) }
    })
    return { ...block, children: tiling(text, block, each) }
  })
}

/** Markers on lines of their own (`-`, or `>` between two paragraphs) belong to the child beside them. */
function tiling(text: string, block: Block, children: Block[]): Block[] {
  return children.map((child, i) => {
    const start = i === 0 ? block.start : child.start
    const body = text.slice(start, children[i + 1]?.start ?? block.end).trimEnd()
    const tiled: Block = { ...child, text: body, start, end: start + body.length }
    return child.children ? { ...tiled, children: tiling(text, tiled, child.children) } : tiled
  })
}

function blockOf(text: string, lines: Line[], { type, from, to, level, title }: Found): Block {
  const start = lines[from]!.start
  const body = text.slice(start, lines[to - 1]!.end).trimEnd()
  return { type, text: body, start, end: start + body.length, ...(level && { level }), ...(title && { title }) }
}

function scanText(lines: Line[]): Found[] {
  const found: Found[] = []
  for (let at = 0; at < lines.length; at++) {
    if (blank(lines[at]!)) continue
    const from = at
    while (at + 1 < lines.length && !blank(lines[at + 1]!)) at++
    found.push({ type: 'paragraph', from, to: at + 1 })
  }
  return found
}

/** The items of a list: a marker no deeper than the first one starts one, outside of fences. */
function items(lines: Line[]): Line[][] {
  const first = indentOf(lines[0]!.text)
  const found: Line[][] = []
  let fence = ''
  for (const line of lines) {
    const mark = /^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})/.exec(line.text)?.[1]
    const starts = !fence && marker.test(line.text) && indentOf(line.text) <= first + 1
    if (starts || found.length === 0) found.push([])
    found.at(-1)!.push(line)
    if (mark && !fence) fence = mark
    else if (mark?.startsWith(fence)) fence = ''
  }
  return found.map(item => {
    while (item.length > 1 && blank(item.at(-1))) item.pop()
    return item
  })
}

/** Lines without the marker of their item, quote or directive, and without the indentation that goes with it. */
function bare(lines: Line[], type: BlockType): Line[] {
  if (type === 'quote') {
    if (lines[0]!.text.trimStart().startsWith('>')) {
      return lines.map(line => ({ ...line, text: line.text.replace(/^[ \t]*> ?/, '') }))
    }
    return dedented(lines, 0)
  }
  const rest = dedented(lines.slice(1), 0)
  const head = lines[0]!
  return [{ ...head, text: type === 'list' ? head.text.replace(marker, '') : head.text.trimStart() }, ...rest]
}

function dedented(lines: Line[], at: number): Line[] {
  const depth = lines
    .slice(at)
    .reduce((least, line) => (blank(line) ? least : Math.min(least, indentOf(line.text))), 99)
  return lines.map(line => ({ ...line, text: dropColumns(line.text, depth) }))
}

function dropColumns(text: string, columns: number): string {
  let at = 0
  while (at < text.length && /[ \t]/.test(text[at]!) && indentOf(text.slice(0, at + 1)) <= columns) at++
  return text.slice(at)
}
