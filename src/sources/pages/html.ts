import { decodeHTML, decodeHTMLAttribute } from 'entities'

/** Character references as the characters they stand for (HTML, 13.5); where a word may be parted is no part of it. */
const unescaped = (text: string): string => decodeHTML(text).replaceAll('\u00ad', '')

const attributes = /([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi

/** `<meta name content>` of a page, also those that use `http-equiv` or `property` for the name. */
export function metasOf(html: string): { name: string; content: string }[] {
  return [...html.matchAll(/<meta\b([^>]{0,4096})>/gi)].flatMap(([, inside = '']) => {
    const found: { [attribute: string]: string } = {}
    for (const [, key = '', a, b, c] of inside.matchAll(attributes))
      found[key.toLowerCase()] = decodeHTMLAttribute(a ?? b ?? c ?? '')
    const name = found.name ?? found['http-equiv'] ?? found.property
    return name === undefined || found.content === undefined
      ? []
      : [{ name: name.toLowerCase(), content: found.content }]
  })
}

/** Elements whose content is no text of the page. */
const silent = /^(?:script|style|title|noscript|template|svg|head|nav|iframe|object|select)$/
/** Those that only their own end closes: without one they hold the rest of the page. */
const raw = /^(?:script|style)$/
const breaks =
  /^(?:p|div|section|article|main|header|footer|aside|h[1-6]|ul|ol|dl|table|blockquote|pre|form|figure|hr|body)$/
const lines = /^(?:br|tr|dt|dd|option)$/

/**
 * Title and text of a page in one pass over its tags: its words without markup, paragraphs apart, headings and items marked as
 * in Markdown. It knows nothing of what on a page is its matter, and stands in where a page is too large or too deep for a
 * reader that does.
 */
export function readHtml(html: string): { title?: string; text: string } {
  const out: string[] = []
  let line = ''
  let prefix = ''
  const end = (apart: boolean): void => {
    const words = unescaped(line).replace(/\s+/g, ' ').trim()
    line = ''
    if (words !== '') {
      out.push(prefix + words)
      prefix = ''
    }
    if (apart) {
      if (out.length > 0 && out.at(-1) !== '') out.push('')
      prefix = ''
    }
  }
  const unclosed = new Set<string>()
  let at = 0
  const body = /<body\b/i.exec(html.slice(0, 1 << 20))
  if (body) at = body.index
  while (at < html.length) {
    const open = html.indexOf('<', at)
    if (open < 0) break
    line += html.slice(at, open)
    if (html.startsWith('<!--', open) || html.startsWith('<![CDATA[', open)) {
      const close = html.indexOf(html[open + 2] === '-' ? '-->' : ']]>', open)
      at = close < 0 ? html.length : close + 3
      continue
    }
    const name = /^<\/?([a-z][a-z0-9]*)/i.exec(html.slice(open, open + 16))?.[1]?.toLowerCase()
    if (name === undefined && !/[!?/]/.test(html[open + 1] ?? '')) {
      line += '<'
      at = open + 1
      continue
    }
    const close = html.indexOf('>', open)
    if (close < 0) {
      // No tag ends from here on.
      const hidden = html.slice(open).search(/<!(?:--|\[CDATA\[)/)
      line += html.slice(open, hidden < 0 ? html.length : open + hidden)
      at = html.length
      break
    }
    at = close + 1
    if (name === undefined) continue
    const ends = html[open + 1] === '/'
    if (silent.test(name) && !ends && !unclosed.has(name)) {
      const closing = new RegExp(`</${name}\\s*>`, 'gi')
      closing.lastIndex = at
      const found = closing.exec(html)
      if (found) at = closing.lastIndex
      else if (raw.test(name)) break
      else unclosed.add(name)
      line += ' '
    } else if (breaks.test(name)) {
      end(true)
      if (!ends && /^h[1-6]$/.test(name)) prefix = `${'#'.repeat(Number(name[1]))} `
    } else if (name === 'li') {
      end(false)
      if (!ends) prefix = '- '
    } else if (lines.test(name)) end(false)
    else if (name === 'td' || name === 'th') line += ' '
  }
  if (at < html.length && !html.slice(at).startsWith('<')) line += html.slice(at)
  end(true)
  const from = html.search(/<title\b/i)
  const close = from < 0 ? -1 : html.slice(from, from + 4096).search(/<\/title/i)
  const titled = close < 0 ? '' : html.slice(html.indexOf('>', from) + 1, from + close)
  const name = unescaped(titled.replace(/<[^>]+>/g, ''))
    .replace(/\s+/g, ' ')
    .trim()
  return { ...(name ? { title: name } : {}), text: out.join('\n').trim() }
}
