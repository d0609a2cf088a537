import { blank, type Found, indentedEnd, indentOf, type Line, untilBlank } from './lines.ts'

const fenceStart = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/
const atx = /^ {0,3}(#{1,6})(?=[ \t]|$)(.*)/
const rule = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/
const bullet = /^[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$)/
const setext = /^ {0,3}(=+|-+)[ \t]*$/
const delimiterRow = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/
const reference = /^ {0,3}\[[^\]]+\]:[ \t]*\S/
const container = /^ {0,3}:{3,}/
const admonition = /^(?:!!!|\?\?\?\+?)[ \t]+\S/
const raw = /^ {0,3}<(pre|script|style|textarea)(?=[\s>]|$)/i
const htmlBlock =
  /^ {0,3}<\/?(?:address|article|aside|blockquote|body|caption|center|col|colgroup|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|nav|ol|option|p|param|picture|section|source|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul|video)(?=[\s/>]|$)/i
/** A line that is one complete tag of another name, such as a component. */
const loneTag = /^ {0,3}<(?:[A-Za-z][\w.:-]*(?:[ \t][^<>]*)?\/?|\/[A-Za-z][\w.:-]*[ \t]*)>[ \t]*$/

/** Blocks of Markdown lines. The order of the tests is the precedence CommonMark gives them. */
export function scanMarkdown(lines: Line[]): Found[] {
  const found: Found[] = []
  let at = frontMatter(lines)
  if (at > 0) found.push({ type: 'front-matter', from: 0, to: at })
  while (at < lines.length) {
    if (blank(lines[at])) {
      at++
      continue
    }
    const next = block(lines, at)
    found.push(next)
    at = next.to
  }
  return found
}

function frontMatter(lines: Line[]): number {
  const mark = lines[0]?.text.trimEnd()
  if ((mark !== '---' && mark !== '+++') || lines[0]!.start !== 0) return 0
  if (!/^[\w"'-]+[ \t]*[:=]|^#/.test(lines[1]?.text ?? '')) return 0
  for (let at = 1; at < lines.length; at++) {
    const text = lines[at]!.text.trimEnd()
    if (text === mark || (mark === '---' && text === '...')) return at + 1
  }
  return 0
}

function block(lines: Line[], from: number): Found {
  const { text } = lines[from]!
  const heading = atx.exec(text)
  if (heading)
    return {
      type: 'heading',
      from,
      to: from + 1,
      level: heading[1]!.length,
      title: heading[2]!
        .trim()
        .replace(/(^|[ \t])#+$/, '')
        .trim(),
    }
  if (fenceStart.test(text)) return { type: 'code', from, to: fenceEnd(lines, from) }
  if (indentOf(text) >= 4) return { type: 'code', from, to: indentedEnd(lines, from, 4) }
  if (/^ {0,3}\$\$/.test(text)) return { type: 'math', from, to: mathEnd(lines, from) }
  if (rule.test(text)) return { type: 'rule', from, to: from + 1 }
  if (bullet.test(text)) return { type: 'list', from, to: listEnd(lines, from) }
  if (/^ {0,3}>/.test(text)) return { type: 'quote', from, to: quoteEnd(lines, from) }
  if (container.test(text)) return { type: 'directive', from, to: from + 1 }
  if (admonition.test(text)) return { type: 'directive', from, to: indentedEnd(lines, from + 1, 4) }
  if (/^ {0,3}<!--/.test(text)) return { type: 'comment', from, to: until(lines, from, /-->/) }
  const tag = raw.exec(text)
  if (tag) {
    const to = until(lines, from, new RegExp(`</${tag[1]}>`, 'i'))
    return { type: tag[1]!.toLowerCase() === 'pre' ? 'code' : 'html', from, to }
  }
  if (htmlBlock.test(text) || loneTag.test(text)) return { type: 'html', from, to: untilBlank(lines, from) }
  if (reference.test(text)) return { type: 'reference', from, to: from + 1 }
  if (text.includes('|') && delimiterRow.test(lines[from + 1]?.text ?? '') && lines[from + 1]!.text.includes('-')) {
    return { type: 'table', from, to: tableEnd(lines, from) }
  }
  return paragraph(lines, from)
}

function paragraph(lines: Line[], from: number): Found {
  let to = from + 1
  for (; to < lines.length && !blank(lines[to]); to++) {
    const { text } = lines[to]!
    const underline = setext.exec(text)
    if (underline) {
      const title = lines
        .slice(from, to)
        .map(line => line.text.trim())
        .join(' ')
      return { type: 'heading', from, to: to + 1, level: underline[1]![0] === '=' ? 1 : 2, title }
    }
    if (interrupts(text)) break
    if (text.includes('|') && text.trimStart().startsWith('|') && delimiterRow.test(lines[to + 1]?.text ?? '')) break
  }
  return { type: 'paragraph', from, to }
}

/** What ends a paragraph without a blank line. A number other than 1 does not: it may be prose. */
function interrupts(text: string): boolean {
  return (
    atx.test(text) ||
    fenceStart.test(text) ||
    rule.test(text) ||
    /^ {0,3}(?:[-*+]|1[.)])[ \t]+\S/.test(text) ||
    /^ {0,3}>/.test(text) ||
    /^ {0,3}(?:\$\$|<!--)/.test(text) ||
    container.test(text) ||
    raw.test(text) ||
    htmlBlock.test(text)
  )
}

function fenceEnd(lines: Line[], from: number): number {
  const mark = fenceStart.exec(lines[from]!.text)![1]!
  const closes = new RegExp(`^ {0,3}${mark[0]}{${mark.length},}[ \\t]*$`)
  return until(lines, from + 1, closes)
}

function mathEnd(lines: Line[], from: number): number {
  if (/^ {0,3}\$\$.*\S.*\$\$[ \t]*$/.test(lines[from]!.text)) return from + 1
  return until(lines, from + 1, /\$\$[ \t]*$/)
}

/** One past the first line from `at` on that matches, or the end of all lines. */
function until(lines: Line[], at: number, end: RegExp): number {
  while (at < lines.length && !end.test(lines[at]!.text)) at++
  return Math.min(at + 1, lines.length)
}

function quoteEnd(lines: Line[], from: number): number {
  let to = from + 1
  while (to < lines.length && !blank(lines[to])) {
    if (!/^ {0,3}>/.test(lines[to]!.text) && interrupts(lines[to]!.text)) break
    to++
  }
  return to
}

function tableEnd(lines: Line[], from: number): number {
  let to = from + 2
  while (to < lines.length && !blank(lines[to]) && lines[to]!.text.includes('|')) to++
  return to
}

/** A list goes on over indented lines, further items and lazy lines; a fence inside it goes on to its own end. */
function listEnd(lines: Line[], from: number): number {
  const indent = indentOf(lines[from]!.text)
  let to = from
  for (let at = from; at < lines.length; ) {
    const { text } = lines[at]!
    if (blank(lines[at])) {
      at++
      continue
    }
    const afterBlank = at > from && blank(lines[at - 1])
    const item = bullet.test(text) && !(rule.test(text) && indentOf(text) < 4)
    const inside = indentOf(text) >= indent + 2
    const lazy = !afterBlank && !interrupts(text)
    if (at > from && !item && !inside && !lazy) break
    const fence = /^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}(?=[^`]*$)|~{3,})/.exec(text)?.[1]
    at = fence ? until(lines, at + 1, new RegExp(`^[ \\t]*${fence[0]}{${fence.length},}[ \\t]*$`)) : at + 1
    to = at
  }
  return to
}
