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

function proseOfHtml(html: string): Prose {
  const page = parsed(html)
  if (!page) return readHtml(html)
  const whole = cleaned(withTex(page.body))
  const rest = withoutMargins(whole)
  const article = mainOf(rest, page.title ?? '')
  const all = weight(rest)
  const root = article && weight(article.tree) >= leastShare(all) * all ? article.tree : rest
  let text = markdownOf([notesPlaced(root)])
  if (text === '') text = markdownOf([whole])
  if (text === '') return readHtml(html)
  if (isWiki(page.body)) text = withoutAppendix(text)
  text = withoutCalls(text)
  const heading = headingOf(whole, rest, article?.title)
  // Readability makes a second heading of the first, and leaves out one that says the title.
  if (heading && !text.split('\n').includes(`# ${heading}`)) {
    const again = text === `## ${heading}` || text.startsWith(`## ${heading}\n`)
    text = `# ${heading}\n\n${again ? text.slice(heading.length + 3).trimStart() : text}`.trim()
  }
  const stated = /^([a-z]{2,3})(?:[-_]|$)/i.exec(page.language?.trim() ?? '')?.[1]?.toLowerCase()
  const detected = detectLanguage(plainText(text.slice(0, 20_000), 'markdown'))
  const title = titleOf(page.title, heading) ?? article?.title
  const uri = canonical(page.canonical)
  return {
    text,
    format: 'markdown',
    ...(title ? { title } : {}),
    ...(stated && (detected === undefined || detected === stated) ? { language: stated } : {}),
    ...(uri ? { uri } : {}),
  }
}

const same = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

/** What the page is called on itself: the heading that says its title, else its only first one, which a site's name is not. */
function headingOf(whole: Element, rest: Element, title: string | undefined): string | undefined {
  const said = (node: Element, ...tags: string[]): string[] =>
    find(node, ...tags).flatMap(({ children }) => oneLine(children) || [])
  const wanted = title && same(title)
  const own = said(rest, 'h1')
  return (
    [...own, ...said(whole, 'h1'), ...said(rest, 'h2')].find(text => same(text) === wanted) ??
    own.find(text => wanted?.startsWith(same(text))) ??
    (own.length === 1 ? own[0] : undefined)
  )
}

/** The title without the name of the site, where the heading is the other part of it. */
function titleOf(title: string | undefined, heading: string | undefined): string | undefined {
  if (!title || !heading) return title || heading
  return title.split(/\s+[-–—|·:»/]+\s+/).some(part => same(part) === same(heading)) ? heading : title
}

/** Paragraphs that only ask to go on elsewhere. */
const calls =
  /^(?:(?:learn|read|see|view|show|load) (?:more|all|project|the full (?:story|post|article))|more info|find out more|continue reading|subscribe|sign up|share|tweet|back to top|next|previous|続きを読む|もっと見る|詳しくはこちら|詳細を見る|シェア|ツイート|トップへ戻る|mehr erfahren|weiterlesen|lire la suite|en savoir plus|leer más)\s*[→»›>….]*$/i
const withoutCalls = (text: string): string =>
  text
    .split('\n\n')
    .filter(paragraph => !calls.test(paragraph.trim()))
    .join('\n\n') || text

const isWiki = (node: Node): boolean =>
  typeof node !== 'string' && (classed(node, /^mw-parser-output$/) || node.children.some(isWiki))

/** Less of the words outside of links than this, and Readability has taken a part for the whole; it is made for articles. */
const leastShare = (characters: number): number => (characters < 2000 ? 0.8 : 0.5)

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

/** Longer links hold what they lead to: cards of a page. */
const longestLink = 80

/** Characters of text outside of links. */
function weight(node: Node): number {
  if (typeof node === 'string') return node.replace(/\s+/g, ' ').trim().length
  const own = node.children.reduce((sum, child) => sum + weight(child), 0)
  return node.tag === 'a' && own <= longestLink ? 0 : own
}

const mostOfHeader = 120
const margins =
  /^(?:comments?|comment-?(?:list|section|area)|disqus_thread|side-?bar|share|sharing|social|related|newsletter|breadcrumbs?|pagination|pager|adverts?|ads?|promo|site-?(?:header|footer)|footer|masthead|menu|widget)$/i

/** All of a page but what stands around its matter: heads and feet of the site, margins, lists that are only links. */
function withoutMargins(whole: Element): Element {
  const kept = (node: Element, inside: boolean): Element | undefined => {
    const { tag, attributes } = node
    const within = inside || tag === 'article' || tag === 'main' || attributes.role === 'main'
    if (!within && /^(?:footer|aside|nav)$/.test(tag)) return undefined
    // One that holds much is the top of the page, not that of the site.
    if (!within && tag === 'header' && weight(node) < mostOfHeader) return undefined
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
