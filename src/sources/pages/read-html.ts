import { Readability } from '@mozilla/readability'
import { detectLanguage, plainText } from '../../text/index.ts'
import { Unreadable } from '../bytes.ts'
import type { About, Prose } from '../form.ts'
import { type Dom, documentOf, treeOf } from '../markup/dom.ts'
import { notesPlaced } from '../markup/footnotes.ts'
import { oneLine } from '../markup/inline.ts'
import { markdownOf } from '../markup/markdown.ts'
import { withTex } from '../markup/maths.ts'
import { parsed } from '../markup/parse.ts'
import { classed, type Element, element, find, type Node, textOf } from '../markup/tree.ts'
import { cleaned } from './clean.ts'
import { htmlText } from './encoding.ts'
import { readHtml } from './html.ts'
import { pageOfMhtml } from './mhtml.ts'

/**
 * A page as Markdown: its main text, as Readability finds it, by our own walk. Where that leaves out most of what the page
 * says, as on pages of lists and questions, it is all of the page but menus and margins; where a page is too large or nested
 * too deep to become a document in memory, its words with paragraphs and headings. A page that has text is never lost.
 */
export function readHtmlBytes(bytes: Buffer, { charset }: Pick<About, 'charset'>): Prose {
  const other = otherThanHtml(bytes)
  if (other) throw new Unreadable('binary', other)
  const mail = pageOfMhtml(bytes)
  const html = htmlText(mail?.bytes ?? bytes, mail ? mail.charset : charset).replaceAll('\0', '')
  return proseOfHtml(html)
}

export function proseOfHtml(html: string): Prose {
  const page = parsed(html)
  if (!page) return readHtml(html)
  const whole = cleaned(withTex(page.body))
  const heading = find(whole, 'h1')
    .map(found => oneLine(found.children))
    .find(text => text !== '')
  const article = mainOf(whole, page.title ?? '')
  const rest = withoutMargins(whole)
  const root = article && weight(article.tree) >= leastShare * weight(rest) ? article.tree : rest
  let text = markdownOf(withoutEmpty([notesPlaced(root)]))
  if (text === '') text = markdownOf([whole])
  if (text === '') return readHtml(html)
  if (isWiki(page.body)) text = withoutAppendix(text)
  // Readability makes a second heading of the first, and leaves out one that says the title.
  if (heading && !/^# /m.test(text)) {
    const again = text === `## ${heading}` || text.startsWith(`## ${heading}\n`)
    text = `# ${heading}\n\n${again ? text.slice(heading.length + 3).trimStart() : text}`.trim()
  }
  const stated = /^([a-z]{2,3})(?:[-_]|$)/i.exec(page.language?.trim() ?? '')?.[1]?.toLowerCase()
  const detected = detectLanguage(plainText(text.slice(0, 20_000), 'markdown'))
  const title = article?.title || page.title || heading
  const uri = canonical(page.canonical)
  return {
    text,
    format: 'markdown',
    ...(title ? { title } : {}),
    ...(stated && (detected === undefined || detected === stated) ? { language: stated } : {}),
    ...(uri ? { uri } : {}),
  }
}

const isWiki = (node: Node): boolean =>
  typeof node !== 'string' && (classed(node, /^mw-parser-output$/) || node.children.some(isWiki))

/** Less of the words outside of links than this, and Readability has taken a part for the whole. */
const leastShare = 0.35

/** Larger pages are read whole: as a document one takes more memory than there is. */
const mostElements = 40_000

function mainOf(whole: Element, stated: string): { title?: string; tree: Element } | undefined {
  if (sizeOf(whole) > mostElements) return undefined
  try {
    const article = new Readability(documentOf(whole, stated) as never, {
      keepClasses: true,
      serializer: node => node as unknown as Dom,
    }).parse()
    if (!article?.content) return undefined
    const title = article.title?.replace(/\s+/g, ' ').trim()
    return { ...(title ? { title } : {}), tree: treeOf(article.content) as Element }
  } catch {
    // It trips over documents that browsers would have mended.
    return undefined
  }
}

const sizeOf = (node: Node): number =>
  typeof node === 'string' ? 0 : node.children.reduce((sum, child) => sum + sizeOf(child), 1)

/** Characters of text outside of links. */
function weight(node: Node): number {
  if (typeof node === 'string') return node.replace(/\s+/g, ' ').trim().length
  return node.tag === 'a' ? 0 : node.children.reduce((sum, child) => sum + weight(child), 0)
}

const margins =
  /^(?:comments?|comment-?(?:list|section|area)|disqus_thread|side-?bar|share|sharing|social|related|newsletter|breadcrumbs?|pagination|pager|adverts?|ads?|promo|site-?(?:header|footer)|footer|masthead|menu|widget)$/i

/** All of a page but what stands around its matter: heads and feet of the site, margins, lists that are only links. */
function withoutMargins(whole: Element): Element {
  const kept = (node: Element, inside: boolean): Element | undefined => {
    const { tag, attributes } = node
    const within = inside || tag === 'article' || tag === 'main' || attributes.role === 'main'
    if (!within && /^(?:header|footer|aside|nav)$/.test(tag)) return undefined
    if (/^(?:banner|contentinfo|complementary)$/.test(attributes.role ?? '')) return undefined
    const names = `${attributes.id ?? ''} ${attributes.class ?? ''}`.split(/\s+/)
    if (tag !== 'body' && names.some(name => margins.test(name))) return undefined
    if (/^(?:ul|ol|table|div|p)$/.test(tag) && !within && isMenu(node)) return undefined
    const children = node.children.flatMap(child => (typeof child === 'string' ? child : (kept(child, within) ?? [])))
    return element(tag, attributes, children)
  }
  const left = kept(whole, false)
  return left && weight(left) > 0 ? left : whole
}

const isMenu = (node: Element): boolean => {
  const links = find(node, 'a')
  return links.length > 3 && weight(node) < 0.2 * textOf(node).replace(/\s+/g, ' ').length
}

/** Headings under which nothing is left go, such as that of a list of references. */
function withoutEmpty(nodes: Node[]): Node[] {
  const order: Element[] = []
  const filled = new Set<Element>()
  let open: Element[] = []
  const visit = (node: Node): void => {
    if (typeof node === 'string') {
      if (node.trim() !== '') for (const heading of open.splice(0)) filled.add(heading)
      return
    }
    const level = /^h([1-6])$/.exec(node.tag)?.[1]
    if (level === undefined) {
      node.children.forEach(visit)
      return
    }
    open = open.filter(heading => heading.tag[1]! < level)
    open.push(node)
    order.push(node)
  }
  nodes.forEach(visit)
  const empty = new Set(order.filter(heading => !filled.has(heading)))
  // Where everything is a heading, they are the text.
  if (filled.size === 0) return nodes
  const kept = (node: Node): Node[] =>
    typeof node === 'string'
      ? [node]
      : empty.has(node)
        ? []
        : [element(node.tag, node.attributes, node.children.flatMap(kept))]
  return nodes.flatMap(kept)
}

/** What closes an article of a wiki: lists of sources whose marks are gone, and of links elsewhere. */
const appendix =
  /^## (?:See also|References|Notes|Footnotes|Citations|Sources|External links|Further reading|Bibliography|Notes and references|関連項目|脚注|注釈|出典|参考文献|外部リンク|Einzelnachweise|Weblinks|Siehe auch|Literatur|Notes et références|Voir aussi|Liens externes|Referencias|Véase también|Enlaces externos)\n/

const withoutAppendix = (text: string): string => {
  const left = text.split(/^(?=## )/m).filter(section => !appendix.test(`${section.trimEnd()}\n`))
  return left.join('').trim() || text
}

/**
 * The address that a page gives for itself. It is a claim: only a whole public address counts, and not that of the front of
 * a site, which careless templates give for every page of it.
 */
function canonical(stated: string | undefined): string | undefined {
  const href = stated?.trim()
  if (!href || !/^https?:\/\//i.test(href) || !URL.canParse(href)) return undefined
  const url = new URL(href)
  if (url.username || url.password || url.port || url.pathname === '/' || !/\.[a-z]{2,}$/i.test(url.hostname))
    return undefined
  if (/\.(?:local|localhost|internal|test|example|invalid)$/i.test(url.hostname)) return undefined
  url.hash = ''
  return url.href
}

const magics: [string, string][] = [
  ['25504446', 'a PDF file'],
  ['504b0304', 'a zip archive'],
  ['89504e47', 'a PNG picture'],
  ['47494638', 'a GIF picture'],
  ['ffd8ff', 'a JPEG picture'],
  ['d0cf11e0', 'a file of an old Office format'],
  ['1f8b08', 'a gzip file'],
]

function otherThanHtml(bytes: Buffer): string | undefined {
  const start = bytes.subarray(0, 4).toString('hex')
  const known = magics.find(([magic]) => start.startsWith(magic))?.[1]
  if (known) return known
  const head = bytes.subarray(0, 1 << 16)
  const wide = /^(?:fffe|feff|3c00|003c)/.test(start)
  const nuls = wide ? 0 : head.reduce((sum, byte) => sum + (byte === 0 ? 1 : 0), 0)
  return nuls > 8 + head.length / 100 ? 'NUL bytes, and no byte order mark of UTF-16' : undefined
}
