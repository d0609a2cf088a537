import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { zipOf } from '../../../test/support/zip.ts'
import { readEpub } from './read.ts'

const about = { bound: 1 << 20 }
const container = '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'

type Book = {
  files: { [name: string]: string }
  metadata?: string
  spine?: string[]
  nav?: string
  ncx?: string
  guide?: string
  more?: { [name: string]: string }
}
function book({
  files,
  metadata = '<dc:title>Tides</dc:title><dc:language>en-GB</dc:language>',
  spine = Object.keys(files),
  nav,
  ncx,
  guide = '',
  more = {},
}: Book): Buffer {
  const item = (href: string, properties = ''): string =>
    `<item id="${href}" href="${href.replace(' ', '%20')}" media-type="application/xhtml+xml"${properties}/>`
  const manifest = [
    ...spine.map(href => item(href)),
    ...(nav ? [item('nav.xhtml', ' properties="nav"')] : []),
    ...(ncx ? ['<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'] : []),
  ]
  return zipOf(
    {
      mimetype: 'application/epub+zip',
      'META-INF/container.xml': container,
      'OPS/book.opf': `<package xmlns:dc="dc"><metadata>${metadata}</metadata><manifest>${manifest.join('')}</manifest><spine toc="ncx">${[...(nav ? ['nav.xhtml'] : []), ...spine].map(href => `<itemref idref="${href}"/>`).join('')}</spine><guide>${guide}</guide></package>`,
      ...(nav ? { 'OPS/nav.xhtml': `<html><body><nav epub:type="toc"><ol>${nav}</ol></nav></body></html>` } : {}),
      ...(ncx ? { 'OPS/toc.ncx': `<ncx><navMap>${ncx}</navMap></ncx>` } : {}),
      ...Object.fromEntries(
        Object.entries(files).map(([name, body]) => [
          `OPS/${name}`,
          `<?xml version="1.0"?><html xmlns="x"><head><title/></head><body>${body}</body></html>`,
        ]),
      ),
      ...more,
    },
    { stored: ['mimetype'] },
  )
}
const read = (one: Book) => readEpub(book(one), about)

test('a real book: chapters in order, called as its contents call them', async () => {
  const file = readFileSync(join(import.meta.dirname, '../../../test/fixtures/office/test.epub'))
  const found = await readEpub(file, about)
  expect(found).toMatchObject({ title: 'Test EPUB Document', language: 'en', lost: [] })
  expect(found.places!.map(([at, name]) => [name, found.text.slice(at).split('\n')[0]])).toEqual([
    ['Chapter 1', '# Chapter 1: Test Content'],
    ['Chapter 2', '# Chapter 2: More Content'],
  ])
  expect(found.text).toMatch(/> This is a blockquote for testing\.$/)
})

test('the order is that of the spine; covers without text and pages of links are left out', async () => {
  const links = ['a', 'b', 'c', 'd'].map(name => `<p><a href="${name}.xhtml">Chapter ${name}</a></p>`).join('')
  const found = await read({
    files: {
      'a.xhtml': '<h1>A</h1><p>one</p>',
      'b c.xhtml': '<h1>B</h1><p>two</p>',
      'toc.xhtml': links,
      'cover.xhtml': '<img src="c.jpg" alt="Cover"/>',
    },
    spine: ['cover.xhtml', 'toc.xhtml', 'b c.xhtml', 'a.xhtml'],
    nav: '<li><a href="a.xhtml">Same</a></li><li><a href="b%20c.xhtml">Same</a></li>',
  })
  expect(found.text).toBe('# B\n\ntwo\n\n# A\n\none')
  expect(found.places).toEqual([
    [0, 'Same'],
    [10, 'Same (2)'],
  ])
})

test('a file of several chapters has a place for each; a heading that is a picture is taken from the contents', async () => {
  const point = (title: string, src: string, inner = ''): string =>
    `<navPoint><navLabel><text>${title}</text></navLabel><content src="${src}"/>${inner}</navPoint>`
  const found = await read({
    files: {
      'all.xhtml': '<h2 id="one">One</h2><p>a</p><div id="two"/><h2>Two</h2><p>b</p>',
      'last.xhtml': '<img src="heading.png"/><p>It was the last of all the chapters in this book of ours.</p>',
    },
    ncx:
      point('Part', 'all.xhtml', point('One', 'all.xhtml#one') + point('Two', 'all.xhtml#two')) +
      point('The end', 'last.xhtml'),
  })
  expect(found.text).toBe(
    '## One\n\na\n\n## Two\n\nb\n\n# The end\n\nIt was the last of all the chapters in this book of ours.',
  )
  expect(found.places).toEqual([
    [0, 'One'],
    [11, 'Two'],
    [found.text.indexOf('# The end'), 'The end'],
  ])
})

test('notes in a file of their own are those of the book', async () => {
  const { text } = await read({
    files: {
      'a.xhtml':
        '<p>Moon<a epub:type="noteref" href="notes.xhtml#n1">1</a> and sun<sup><a href="notes.xhtml#n2">2</a></sup>.</p>',
      'notes.xhtml':
        '<h2>Notes</h2><p id="n1"><a href="a.xhtml#r1">1</a>. Near.</p><aside id="n2" epub:type="footnote"><p>2. Far.</p></aside>',
    },
  })
  expect(text).toBe('Moon[^1] and sun[^2].\n\n## Notes\n\n[^1]: Near.\n\n[^2]: Far.')
})

test('a chapter that is not there is lost alone; one under rights management shuts the book, scrambled fonts do not', async () => {
  const files = { 'a.xhtml': '<p>one</p>' }
  expect(await read({ files, spine: ['gone.xhtml', 'a.xhtml'] })).toMatchObject({
    text: 'one',
    lost: [{ reason: 'damaged', evidence: { member: 'OPS/gone.xhtml' } }],
  })
  await expect(read({ files: {}, spine: ['gone.xhtml'] })).rejects.toMatchObject({ reason: 'damaged' })
  const encryption = (method: string, uri: string) => ({
    'META-INF/encryption.xml': `<encryption><enc:EncryptedData><enc:EncryptionMethod Algorithm="${method}"/><enc:CipherData><enc:CipherReference URI="${uri}"/></enc:CipherData></enc:EncryptedData></encryption>`,
  })
  const aes = 'http://www.w3.org/2001/04/xmlenc#aes256-cbc'
  await expect(read({ files, more: encryption(aes, 'OPS/a.xhtml') })).rejects.toMatchObject({ reason: 'encrypted' })
  expect(await read({ files, more: encryption('http://www.idpf.org/2008/embedding', 'OPS/a.xhtml') })).toMatchObject({
    text: 'one',
  })
  expect(await read({ files, more: encryption(aes, 'OPS/font.otf') })).toMatchObject({ text: 'one' })
})

test('titles, languages and files as books have them', async () => {
  const files = { 'a.xhtml': '<p>潮の満ち引きは、月の引力で海の水が動くことです。</p>' }
  const metadata =
    '<dc:title id="t1">Short</dc:title><dc:title id="t2">潮</dc:title><meta refines="#t2" property="title-type">main</meta><dc:language>en</dc:language>'
  const found = await read({ files, metadata })
  expect([found.title, found.language]).toEqual(['潮', undefined])
  await expect(readEpub(zipOf({ a: 'b' }), about)).rejects.toMatchObject({ reason: 'unknown-format' })
  await expect(readEpub(Buffer.from('no zip'), about)).rejects.toMatchObject({ reason: 'unknown-format' })
})
