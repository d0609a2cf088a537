import type { Json, Place } from '../../records/index.ts'
import { detectLanguage, plainText } from '../../text/index.ts'
import { notZip, openZip, packageLimits, type ZipEntry } from '../archive/zip-bytes.ts'
import { Unreadable } from '../bytes.ts'
import type { About, Prose } from '../form.ts'
import { marksIn, type Notes, notesPlaced, targets } from '../markup/footnotes.ts'
import { markdownOf } from '../markup/markdown.ts'
import { withTex } from '../markup/maths.ts'
import { parsed } from '../markup/parse.ts'
import { placeMark, placesOf, unique } from '../markup/places.ts'
import { type Element, element, find, has, type Node, textOf } from '../markup/tree.ts'
import { allOf, attribute, type Xml, xmlOf } from '../markup/xml.ts'
import { htmlText } from '../pages/encoding.ts'
import { readHtml } from '../pages/html.ts'
import type { SourceReason } from '../reasons.ts'
import { type Entry, entriesOfNcx, type Item, lockedIn, type Package, packageOf, resolved } from './package.ts'

type Chapter = { file: string; tree?: Element; plain?: string }
type Lost = NonNullable<Prose['lost']>

/**
 * A book (EPUB 2 and 3) as Markdown, its chapters in the order of reading; they are places, called as its table of contents
 * calls them. Navigation, covers without text and pages of links are left out; notes are kept, also where they stand in a
 * file of their own. A chapter that cannot be read is lost alone.
 */
export async function readEpub(bytes: Buffer, { bound }: Pick<About, 'bound'>): Promise<Prose> {
  const other = notZip(bytes, 'compound format')
  if (other) throw other
  const entries = await openZip(bytes, packageLimits(bound))
  const xml = async (name: string | undefined): Promise<Xml | undefined> => {
    const entry = name === undefined ? undefined : entries.get(name)
    return entry && xmlOf(htmlText(await entry.read())).root
  }
  const container = await xml('META-INF/container.xml')
  const stated = container && attribute(allOf(container, 'rootfile')[0], 'full-path')
  const at = [stated, [...entries.keys()].find(name => name.endsWith('.opf'))].find(
    name => name !== undefined && entries.has(name),
  )
  if (at === undefined) throw new Unreadable('unknown-format', 'a zip archive without the package document of a book')
  const book = packageOf((await xml(at))!, at)
  const encryption = await xml('META-INF/encryption.xml')
  const locked = encryption ? lockedIn(encryption) : new Set<string>()
  const items = book.spine.filter(({ file, properties }) => !properties.includes('nav') && file !== book.nav)
  if (items.some(({ file }) => locked.has(file)))
    throw new Unreadable('encrypted', 'its chapters are under rights management')
  const { chapters, lost } = await chaptersOf(items, entries)
  const contents = await contentsOf(book, entries, xml)
  const { text, places } = bookOf(
    chapters.filter(one => !isContents(one, book)),
    contents,
  )
  if (text === '' && lost.length > 0)
    throw new Unreadable('damaged', 'none of its chapters can be read', lost[0]!.evidence)
  const detected = detectLanguage(plainText(text.slice(0, 20_000), 'markdown'))
  return {
    text,
    format: 'markdown',
    ...(book.title ? { title: book.title } : {}),
    ...(book.language && (detected === undefined || detected === book.language) ? { language: book.language } : {}),
    places,
    lost,
  }
}

async function chaptersOf(items: Item[], entries: Map<string, ZipEntry>): Promise<{ chapters: Chapter[]; lost: Lost }> {
  const chapters: Chapter[] = []
  const lost: Lost = []
  const lose = (file: string, reason: SourceReason, error: Json): void => {
    lost.push({ reason, evidence: { member: file, error } })
  }
  const seen = new Set<string>()
  for (const { file, type } of items) {
    if (seen.has(file) || /^image\//.test(type)) continue
    seen.add(file)
    const entry = entries.get(file)
    if (!entry) {
      lose(file, 'damaged', 'the book names this file and does not hold it')
      continue
    }
    try {
      const html = htmlText(await entry.read())
      const page = parsed(html)
      chapters.push(page ? { file, tree: withTex(page.body) } : { file, plain: readHtml(html).text })
    } catch (error) {
      if (error instanceof Unreadable && error.reason === 'over-limit') throw error
      lose(file, error instanceof Unreadable ? error.reason : 'damaged', (error as Error).message)
    }
  }
  return { chapters, lost }
}

/** A page of the book that lists its chapters: the navigation says the same. */
function isContents({ file, tree }: Chapter, book: Package): boolean {
  if (!tree) return false
  const whole = textOf(tree).replace(/\s+/g, ' ').trim()
  const links = find(tree, 'a').filter(({ attributes }) => attributes.href !== undefined)
  const linked = links.map(textOf).join(' ').replace(/\s+/g, ' ').length
  if (book.aside.has(file)) return whole.length < 400 || linked > 0.5 * whole.length
  return links.length > 3 && linked > 0.7 * whole.length
}

async function contentsOf(
  book: Package,
  entries: Map<string, ZipEntry>,
  xml: (name: string | undefined) => Promise<Xml | undefined>,
): Promise<Entry[]> {
  try {
    const nav = book.nav === undefined ? undefined : entries.get(book.nav)
    const page = nav && parsed(htmlText(await nav.read()))
    if (page) {
      const tree = page.body
      const lists = find(tree, 'nav').filter(({ attributes }) =>
        /\btoc\b/.test(attributes['epub:type'] ?? attributes.role ?? ''),
      )
      const found = entriesOfNav(lists[0] ?? tree, book.nav!, 0)
      if (found.length > 0) return found
    }
    const ncx = await xml(book.ncx)
    return ncx ? entriesOfNcx(ncx, book.ncx!) : []
  } catch {
    // Without it chapters are called by their headings.
    return []
  }
}

function entriesOfNav(node: Node, at: string, level: number): Entry[] {
  if (typeof node === 'string') return []
  if (node.tag === 'a' && node.attributes.href) {
    const title = textOf(node).replace(/\s+/g, ' ').trim()
    return title === '' ? [] : [{ ...resolved(node.attributes.href, at), title, level: Math.max(1, level) }]
  }
  const deeper = level + (node.tag === 'ol' || node.tag === 'ul' ? 1 : 0)
  return node.children.flatMap(child => entriesOfNav(child, at, deeper))
}

/** Entries below the second level are sections of a chapter; headings name those. */
const deepestPart = 2

function bookOf(chapters: Chapter[], contents: Entry[]): { text: string; places: Place[] } {
  const labels = new Map<string, string>()
  const notesOf = (file: string): Notes => ({
    labels,
    at: href => {
      if (/^[a-z][\w+.-]*:/i.test(href)) return undefined
      const to = resolved(href, file)
      return to.id === undefined ? undefined : `${to.file}#${to.id}`
    },
  })
  const named = (file: string) => (id: string) => `${file}#${id}`
  const there = new Set(chapters.flatMap(({ tree, file }) => (tree ? [...targets([tree], named(file))] : [])))
  for (const { tree, file } of chapters) {
    for (const place of tree ? marksIn(tree, notesOf(file)) : [])
      if (there.has(place) && !labels.has(place)) labels.set(place, String(labels.size + 1))
  }
  const names: string[] = []
  const texts: string[] = []
  for (const { file, tree, plain } of chapters) {
    const own = contents.filter(entry => entry.file === file)
    const first = own.find(({ id }) => id === undefined) ?? own[0]
    const inner = own.filter(entry => entry !== first && entry.id !== undefined && entry.level <= deepestPart)
    const placed = tree && marked(notesPlaced(tree, notesOf(file), named(file)), inner)
    const body = placed ? markdownOf([placed.tree]) : (plain ?? '')
    if (body.replaceAll(placeMark, '').trim() === '') continue
    const heading =
      placed &&
      find(placed.tree, 'h1', 'h2', 'h3', 'h4')
        .map(textOf)
        .find(text => text.trim() !== '')
    const shown = heading?.replaceAll(placeMark, '').replace(/\s+/g, ' ').trim()
    names.push(first?.title ?? shown ?? `part ${names.length + 1}`, ...(placed?.titles ?? []))
    texts.push(placeMark + (first && placed && !has(placed.tree, 'h1', 'h2', 'h3') ? headed(body, first.title) : body))
  }
  return placesOf(texts.join('\n\n'), unique(names))
}

/** A chapter whose heading is a picture, or a paragraph that looks like one. */
function headed(body: string, title: string): string {
  const [line = ''] = body.split('\n')
  const same = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
  if (same(line) === same(title)) return `# ${body}`
  return body.length < title.length + 40 || same(body.slice(0, 300)).includes(same(title))
    ? body
    : `# ${title}\n\n${body}`
}

/** Marks where other entries of the table of contents lead to, in a chapter that holds several. */
function marked(tree: Element, entries: Entry[]): { tree: Element; titles: string[] } {
  const wanted = new Map(entries.map(({ id, title }) => [id!, title]))
  const titles: string[] = []
  let pending = ''
  const visit = (node: Node): Node => {
    if (typeof node === 'string') {
      if (pending === '' || node.trim() === '') return node
      const text = pending + node.trimStart()
      pending = ''
      return text
    }
    const title = wanted.get(node.attributes.id ?? '')
    if (title !== undefined) {
      wanted.delete(node.attributes.id!)
      titles.push(title)
      pending += placeMark
    }
    return { ...element(node.tag, node.attributes, node.children.map(visit)), block: node.block }
  }
  const out = visit(tree) as Element
  // Those at the very end have no text.
  return { tree: out, titles: titles.slice(0, titles.length - pending.length) }
}
