import { blank, type Found, indentedEnd, indentOf, type Line, marker, untilBlank } from './lines.ts'

const adornment = /^([!-/:-@[-`{-~])\1*[ \t]*$/
const codeDirectives =
  /^\.\.[ \t]+(?:code-block|code|sourcecode|parsed-literal|testcode|doctest|prompt|math|productionlist|graphviz|mermaid)::/
const gridTable = /^[ \t]*\+[-=+]+\+[ \t]*$/
const simpleTable = /^[ \t]*=+(?:[ \t]+=+)+[ \t]*$/

/** Blocks of reStructuredText lines. Heading levels follow the order in which styles of adornment first occur. */
export function scanRst(lines: Line[]): Found[] {
  const found: Found[] = []
  const styles: string[] = []
  let at = 0
  let literal = false
  while (at < lines.length) {
    if (blank(lines[at])) {
      at++
      continue
    }
    const next: Found = heading(lines, at, styles) ?? block(lines, at, literal)
    // `::` at the end of a paragraph or item announces an indented literal block.
    literal = (next.type === 'paragraph' || next.type === 'list') && /::[ \t]*$/.test(lines[next.to - 1]!.text)
    found.push(next)
    at = next.to
  }
  return found
}

function heading(lines: Line[], from: number, styles: string[]): Found | undefined {
  const over = adornment.test(lines[from]!.text) && !simpleTable.test(lines[from]!.text)
  const at = over ? from + 1 : from
  const [title, under] = [lines[at]?.text ?? '', lines[at + 1]?.text ?? '']
  if (title.trim() === '' || !adornment.test(under) || (!over && indentOf(title) > 0)) return undefined
  if (over && under.trimEnd() !== lines[from]!.text.trimEnd()) return undefined
  // Docutils accepts a short underline from four characters on.
  if (under.trimEnd().length < Math.min(4, title.trim().length) || adornment.test(title)) return undefined
  const style = `${over ? 'over' : 'under'}${under[0]}`
  if (!styles.includes(style)) styles.push(style)
  return { type: 'heading', from, to: at + 2, level: Math.min(6, styles.indexOf(style) + 1), title: title.trim() }
}

function block(lines: Line[], from: number, literal: boolean): Found {
  const { text } = lines[from]!
  const indent = indentOf(text)
  if (literal && indent > 0) return { type: 'code', from, to: indentedEnd(lines, from, 1) }
  if (/^\.\.(?:[ \t]|$)/.test(text)) return explicit(lines, from)
  if (/^__[ \t]/.test(text)) return { type: 'reference', from, to: from + 1 }
  if (text.startsWith('>>> ')) return { type: 'code', from, to: untilBlank(lines, from) }
  if (gridTable.test(text)) return { type: 'table', from, to: untilBlank(lines, from) }
  if (simpleTable.test(text)) return { type: 'table', from, to: simpleTableEnd(lines, from) }
  if (/^([!-/:-@[-`{-~])\1{3,}[ \t]*$/.test(text)) return { type: 'rule', from, to: from + 1 }
  if (marker.test(text) && indent === 0) return { type: 'list', from, to: listEnd(lines, from) }
  if (indent > 0) return { type: 'quote', from, to: indentedEnd(lines, from, 1) }
  return { type: 'paragraph', from, to: untilBlank(lines, from) }
}

/** Explicit markup: directives with their indented body, targets, footnotes, substitutions and comments. */
function explicit(lines: Line[], from: number): Found {
  const { text } = lines[from]!
  const to = indentedEnd(lines, from + 1, 1)
  if (codeDirectives.test(text)) return { type: 'code', from, to }
  if (/^\.\.[ \t]+(?:_|\[|\|)/.test(text)) return { type: 'reference', from, to }
  if (/^\.\.[ \t]+[\w:+.-]+::/.test(text)) return { type: 'directive', from, to }
  return { type: 'comment', from, to }
}

function simpleTableEnd(lines: Line[], from: number): number {
  let borders = 1
  for (let at = from + 1; at < lines.length; at++) {
    if (!simpleTable.test(lines[at]!.text)) continue
    borders++
    if (borders >= 2 && blank(lines[at + 1])) return at + 1
  }
  return untilBlank(lines, from)
}

/** Items at the margin with their indented bodies, blank lines between. */
function listEnd(lines: Line[], from: number): number {
  let to = from
  for (let at = from; at < lines.length; at++) {
    if (blank(lines[at])) continue
    const { text } = lines[at]!
    const item = indentOf(text) === 0 && marker.test(text) && !text.startsWith('..')
    const lazy = at > from && !blank(lines[at - 1]) && !text.startsWith('..')
    if (!item && indentOf(text) === 0 && !lazy) break
    to = at + 1
  }
  return to
}
