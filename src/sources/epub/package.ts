import { allOf, attribute, childOf, childrenOf, type Xml, xmlText } from '../markup/xml.ts'

/** A chapter's way into the book: its file, a place in it where one is named, and what it is called. */
export type Entry = { file: string; id?: string; title: string; level: number }
export type Item = { file: string; type: string; properties: string[] }
export type Package = {
  title?: string
  language?: string
  /** Files in the order of reading. */
  spine: Item[]
  /** Files that lead through the book: its navigation, as EPUB 3 and as EPUB 2 have it. */
  nav?: string
  ncx?: string
  /** Files that the guide calls covers and tables of contents. */
  aside: Set<string>
}

/** What the package document of a book says (EPUB 3.3, 5). `at` is its own path, which others are relative to. */
export function packageOf(root: Xml, at: string): Package {
  const pack = childOf(root, 'package') ?? root
  const metadata = childOf(pack, 'metadata') ?? pack
  // The main title, where several are told apart; some call all their metadata by a name of another version.
  const titles = allOf(metadata, 'title')
  const refined = allOf(metadata, 'meta').find(
    meta => attribute(meta, 'property') === 'title-type' && xmlText(meta).trim() === 'main',
  )
  const main =
    titles.find(title => refined && `#${attribute(title, 'id')}` === attribute(refined, 'refines')) ?? titles[0]
  const title = main && xmlText(main).replace(/\s+/g, ' ').trim()
  const language = /^[a-z]{2,3}/i.exec(xmlText(allOf(metadata, 'language')[0] ?? '').trim())?.[0].toLowerCase()
  const items = new Map<string, Item>()
  for (const item of allOf(childOf(pack, 'manifest') ?? pack, 'item')) {
    const href = attribute(item, 'href')
    if (href === undefined) continue
    items.set(attribute(item, 'id') ?? href, {
      file: resolved(href, at).file,
      type: attribute(item, 'media-type') ?? '',
      properties: (attribute(item, 'properties') ?? '').split(/\s+/),
    })
  }
  const spine = childOf(pack, 'spine')
  const refs = (spine ? childrenOf(spine, 'itemref') : []).flatMap(
    ref => items.get(attribute(ref, 'idref') ?? '') ?? [],
  )
  const readable = [...items.values()].filter(({ type }) => /html/.test(type))
  const nav = [...items.values()].find(({ properties }) => properties.includes('nav'))?.file
  const toc = attribute(spine, 'toc')
  const ncx =
    (toc === undefined ? undefined : items.get(toc)?.file) ??
    [...items.values()].find(({ type }) => /ncx/.test(type))?.file
  const guide = childOf(pack, 'guide')
  return {
    ...(title ? { title } : {}),
    ...(language ? { language } : {}),
    spine: refs.length > 0 ? refs : readable,
    ...(nav ? { nav } : {}),
    ...(ncx ? { ncx } : {}),
    aside: new Set(
      (guide ? childrenOf(guide, 'reference') : [])
        .filter(one => /^(?:toc|cover|loi|lot|index)$/.test(attribute(one, 'type') ?? ''))
        .map(one => resolved(attribute(one, 'href') ?? '', at).file),
    ),
  }
}

/** What a table of contents of EPUB 2 lists (NCX, ANSI/NISO Z39.86). */
export function entriesOfNcx(root: Xml, at: string): Entry[] {
  const visit = (node: Xml, level: number): Entry[] =>
    childrenOf(node, 'navPoint').flatMap(point => {
      const title = xmlText(childOf(point, 'navLabel') ?? '')
        .replace(/\s+/g, ' ')
        .trim()
      const src = attribute(childOf(point, 'content'), 'src')
      const own = src === undefined || title === '' ? [] : [{ ...resolved(src, at), title, level }]
      return [...own, ...visit(point, level + 1)]
    })
  return allOf(root, 'navMap').flatMap(map => visit(map, 1))
}

/** A reference inside of the archive as the file it names and the place in it. */
export function resolved(href: string, from: string): { file: string; id?: string } {
  const [path = '', id] = href.split('#')
  const plain = decoded(path)
  const parts =
    path === ''
      ? from.split('/')
      : [...(plain.startsWith('/') ? [] : from.split('/').slice(0, -1)), ...plain.split('/')]
  const out: string[] = []
  for (const part of parts) {
    if (part === '..') out.pop()
    else if (part !== '.' && part !== '') out.push(part)
  }
  return { file: out.join('/'), ...(id ? { id: decoded(id) } : {}) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Fonts may be scrambled so that they are no use elsewhere; everything else that is encrypted cannot be read. */
const scrambled = new Set(['http://www.idpf.org/2008/embedding', 'http://ns.adobe.com/pdf/enc#RC'])

/** Files that need a key (`META-INF/encryption.xml`). */
export function lockedIn(root: Xml): Set<string> {
  const locked = new Set<string>()
  for (const data of allOf(root, 'EncryptedData')) {
    if (scrambled.has(attribute(childOf(data, 'EncryptionMethod'), 'Algorithm') ?? '')) continue
    for (const reference of allOf(data, 'CipherReference'))
      locked.add(resolved(attribute(reference, 'URI') ?? '', '').file)
  }
  return locked
}
