import { mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { tar, tarMember, zip } from '../../../test/support/archives.ts'
import { encrypted } from '../../../test/support/faults/bombs.ts'
import { sampleOf, words } from '../../../test/support/faults/samples.ts'
import { listFiles, readSource, sourceConfig, sourceKind } from '../index.ts'

// What is unpacked lies in a folder of each test's own, so that what is left there can be counted.
let place = ''
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'archives-'))
  vi.stubEnv('TMPDIR', place)
  return () => {
    vi.unstubAllEnvs()
  }
})

function folder(files: { [path: string]: string | Buffer }): string {
  const base = mkdtempSync(join(tmpdir(), 'in-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true })
    writeFileSync(join(base, path), content)
  }
  return base
}

type Options = Parameters<typeof sourceConfig.parse>[0] & object

/** What is read of files: the path with the text, or the reason. */
async function read(files: { [path: string]: string | Buffer }, options: Options = {}): Promise<string[]> {
  const base = folder(files)
  const config = sourceConfig.parse({ files: '**', license: 'CC0-1.0', ...options })
  const found: string[] = []
  for (const file of await listFiles(config, base)) {
    for await (const item of readSource('given', config, file)) {
      const path = (item.file ?? file).path
      if (item.is === 'rejected') found.push(`${path}: ${item.reason}`)
      else found.push(`${path}= ${item.payload.kind === 'document' ? item.payload.text : JSON.stringify(item.payload)}`)
    }
  }
  expect(readdirSync(place).filter(name => name.startsWith('stillroom-'))).toEqual([])
  return found
}

const all = { 'b.md': '# B', 'sub/a.txt': 'A', 'c.csv': 'text\nrow' }
const zipped = (files: { [name: string]: string | Buffer }) =>
  zip(Object.entries(files).map(([name, content]) => ({ name, content })))

async function tarred(files: { [name: string]: string }): Promise<Buffer> {
  const writer = pack()
  for (const [name, content] of Object.entries(files)) writer.entry({ name }, content)
  writer.finalize()
  return buffer(writer)
}

describe('what is read', () => {
  test('members of a zip in order of names, of a tar as they stand, packed or not', async () => {
    expect(await read({ 'x.zip': zipped(all) })).toEqual([
      'x.zip!/b.md= # B',
      'x.zip!/c.csv= row',
      'x.zip!/sub/a.txt= A',
    ])
    const plain = await tarred({ ...all, [`${'long/'.repeat(60)}é.md`]: 'L' })
    const members = (name: string) => [
      `${name}!/b.md= # B`,
      `${name}!/sub/a.txt= A`,
      `${name}!/c.csv= row`,
      `${name}!/${'long/'.repeat(60)}é.md= L`,
    ]
    expect(await read({ 'x.tar': plain })).toEqual(members('x.tar'))
    expect(await read({ 'x.tar.gz': gzipSync(plain) })).toEqual(members('x.tar.gz'))
    expect(await read({ 'x.tgz': gzipSync(plain) })).toEqual(members('x.tgz'))
    expect(await read({ 'x.tar.zst': zstdCompressSync(plain) })).toEqual(members('x.tar.zst'))
    expect(await read({ 'x.tbz2': 'BZh91AY&SY\0\0' })).toEqual(['x.tbz2: unknown-format'])
  })

  test('archives inside archives, down to the limit; an archive that holds itself ends there', async () => {
    const inner = zipped({ 'a.md': 'in' })
    const outer = zip([
      { name: 'i.zip', content: inner, method: 0 },
      { name: 'z.tar.gz', content: gzipSync(tar(tarMember('a.md', 'gz'))) },
    ])
    expect(await read({ 'o.zip': outer })).toEqual(['o.zip!/i.zip!/a.md= in', 'o.zip!/z.tar.gz!/a.md= gz'])
    expect(await read({ 'o.zip': outer }, { limits: { depth: 1 } })).toEqual([
      'o.zip!/i.zip: too-deep',
      'o.zip!/z.tar.gz: too-deep',
    ])
  })

  test('zip64, sizes behind the content, a second member of a name, one that is stored', async () => {
    expect(await read({ 'x.zip': zip([{ name: 'a.md', content: 'x' }], { zip64: true }) })).toEqual(['x.zip!/a.md= x'])
    const odd = zip([
      { name: 'a.md', content: 'behind', descriptor: true },
      { name: 'a.md', content: 'second', method: 0 },
      { name: './b\\c.md', content: 'of Windows' },
      { name: 'folder/' },
    ])
    expect(await read({ 'x.zip': odd })).toEqual([
      'x.zip!/b/c.md= of Windows',
      'x.zip!/a.md= behind',
      'x.zip!/a (2).md= second',
    ])
  })

  test('names without a mark: Japanese, of DOS, UTF-8, and UTF-8 beside them', async () => {
    const japanese = [0x8e, 0x91, 0x97, 0xbf, 0x2f, 0x89, 0xf0, 0x90, 0xe0, 0x83, 0x5c] // 資料/解説ソ
    const named = async (raw: Buffer, flags = 0) =>
      (await read({ 'x.zip': zip([{ name: Buffer.concat([raw, Buffer.from('.md')]), content: 'x', flags }]) }))[0]
    expect(await named(Buffer.from(japanese))).toBe('x.zip!/資料/解説ソ.md= x')
    expect(await named(Buffer.from('M\x81ller', 'latin1'))).toBe('x.zip!/Müller.md= x')
    expect(await named(Buffer.from('r\x82sum\x82', 'latin1'))).toBe('x.zip!/résumé.md= x')
    expect(await named(Buffer.from('資料'))).toBe('x.zip!/資料.md= x')
    expect(await named(Buffer.from('資料'), 0x800)).toBe('x.zip!/資料.md= x')
  })

  test('hidden members are passed over, those of unknown endings are told unless their bytes say what they are', async () => {
    const found = await read({
      'x.zip': zipped({
        '.git/a.md': 'x',
        '__MACOSX/._a.md': 'x',
        'node_modules/r.md': 'x',
        '.b.md': 'x',
        'i.xyz': 'x',
        t: zipped({ 'a.md': 'T' }),
      }),
    })
    expect(found).toEqual(['x.zip!/i.xyz: unknown-format', 'x.zip!/t!/a.md= T'])
  })

  test('a kind is told by members: documents before rows', async () => {
    const base = folder({
      'x.zip': zipped({ 'a.csv': `text\n${'row\n'.repeat(200)}`, 'b.md': 'doc' }),
      'y.zip': zipped({ 'a.jsonl': '{"prompt":"p","completion":"c"}' }),
    })
    const kind = async (files: string) => {
      const config = sourceConfig.parse({ files, license: 'CC0-1.0' })
      return sourceKind(config, await listFiles(config, base))
    }
    expect([await kind('x.zip'), await kind('y.zip')]).toEqual(['document', 'conversation'])
  })

  test('a reader that stops early leaves nothing behind', async () => {
    const base = folder({ 'x.zip': zipped(all), 'y.tar': await tarred(all) })
    const config = sourceConfig.parse({ files: '*', license: 'CC0-1.0' })
    for (const file of await listFiles(config, base)) {
      for await (const item of readSource('given', config, file)) {
        expect(item.is).toBe('record')
        expect(readdirSync(place).filter(name => name.startsWith('stillroom-'))).toHaveLength(1)
        break
      }
    }
    expect(readdirSync(place).filter(name => name.startsWith('stillroom-'))).toEqual([])
  })
})

describe('what is refused', () => {
  test('paths that lead out, links and devices', async () => {
    const names = ['../up.md', 'a/../../up.md', '/abs.md', 'C:\\w.md', '\\\\host\\s.md', 'n\0.md', 'e\u001b[2J.md']
    const members = [
      ...names.map(name => ({ name, content: 'x' })),
      { name: 'l.md', content: '/etc/hostname', mode: 0o120777 },
      { name: 'ok.md', content: 'ok' },
    ]
    const found = await read({ 'x.zip': zip(members) })
    const refused = [...names.map(() => 'x.zip: unsafe-path'), 'x.zip!/l.md: unsafe-path', 'x.zip!/ok.md= ok']
    expect(found.sort()).toEqual(refused.sort())
    const links = tar(
      ...['1', '2', '3', '4', '6'].map(type => tarMember(`t${type}.md`, '', type)),
      tarMember('../o.md', 'x'),
      tarMember('ok.md', 'ok'),
    )
    expect(await read({ 'x.tar': links })).toEqual([
      ...['1', '2', '3', '4', '6'].map(type => `x.tar!/t${type}.md: unsafe-path`),
      'x.tar: unsafe-path',
      'x.tar!/ok.md= ok',
    ])
  })

  test('passwords, packings nobody has, holes', async () => {
    const members = [
      { name: 'a.md', content: 'x', flags: 1 },
      { name: 'b.md', content: 'x', method: 14 },
      { name: 'c.md', content: 'ok' },
    ]
    expect(await read({ 'x.zip': zip(members) })).toEqual([
      'x.zip!/a.md: encrypted',
      'x.zip!/b.md: unknown-format',
      'x.zip!/c.md= ok',
    ])
    expect(await read({ 'x.zip': zip([{ name: 'a.md', content: 'x', flags: 0x41 }]) })).toEqual([
      'x.zip!/a.md: encrypted',
    ])
    // What a server put in front of an archive or behind it.
    const around = Buffer.concat([
      Buffer.from('PK\x03\x04 PK\x01\x02'),
      zip([{ name: 'a.md', content: 'in' }]),
      Buffer.from('\n\n'),
    ])
    expect(await read({ 'x.zip': around })).toEqual(['x.zip!/a.md= in'])
    expect(await read({ 'x.tar': tar(tarMember('s.md', 'x', 'S'), tarMember('c.md', 'ok')) })).toEqual([
      'x.tar!/s.md: unknown-format',
      'x.tar!/c.md= ok',
    ])
  })

  test('more than the limits, whatever the list says: bytes, members, bytes of a document', async () => {
    const big = 'text '.repeat(1000)
    const some = zipped({ 'a.md': big, 'b.md': big, 'c.md': big })
    const path = (found: string[]) => found.map(line => line.replace(/= .*/s, '='))
    expect(path(await read({ 'x.zip': some }, { limits: { expanded: 12_000 } }))).toEqual([
      'x.zip!/a.md=',
      'x.zip!/b.md=',
      'x.zip: over-limit',
    ])
    expect(path(await read({ 'x.zip': some }, { limits: { members: 2 } }))).toEqual([
      'x.zip!/a.md=',
      'x.zip!/b.md=',
      'x.zip: over-limit',
    ])
    const lies = zip([{ name: 'a.md', content: big, says: { bytes: 10 } }])
    expect(path(await read({ 'x.zip': lies }))).toEqual(['x.zip!/a.md: damaged'])
    const tape = gzipSync(
      tar(tarMember('a.md', 'A'), tarMember('unread.xyz', Buffer.alloc(90_000)), tarMember('b.md', 'B')),
    )
    expect(await read({ 'x.tgz': tape }, { limits: { expanded: 40_000 } })).toEqual([
      'x.tgz!/a.md= A',
      'x.tgz!/unread.xyz: unknown-format',
      'x.tgz: over-limit',
    ])
    expect(await read({ 'x.zip': zipped({ 'a.md': 'x'.repeat(5000) }) }, { limits: { bytes: 1024 } })).toEqual([
      'x.zip!/a.md: too-large',
    ])
  })
})

describe('what is damaged', () => {
  const three = zip([
    { name: 'a.md', content: 'one', method: 0 },
    { name: 'b.md', content: 'two two two two two two', descriptor: true },
    { name: 'c.md', content: 'three', method: 0 },
  ])

  test('one member of a zip costs itself alone', async () => {
    const flipped = Buffer.from(three)
    flipped[three.indexOf('one')]! ^= 1
    expect(await read({ 'x.zip': flipped })).toEqual([
      'x.zip!/a.md: damaged',
      'x.zip!/b.md= two two two two two two',
      'x.zip!/c.md= three',
    ])
  })

  test('a zip without its list gives what is whole', async () => {
    const cut = three.subarray(0, three.indexOf('three') + 2)
    expect(await read({ 'x.zip': cut })).toEqual([
      'x.zip!/a.md= one',
      'x.zip!/b.md= two two two two two two',
      'x.zip!/c.md: damaged',
      'x.zip: damaged',
    ])
    const list = Buffer.from(three)
    list[three.lastIndexOf('PK\x01\x02')]! = 0
    expect(await read({ 'x.zip': list })).toEqual([
      'x.zip!/a.md= one',
      'x.zip!/b.md= two two two two two two',
      'x.zip!/c.md= three',
      'x.zip: damaged',
    ])
  })

  test('a tar goes on behind a damaged header, and ends where it is cut off', async () => {
    const whole = tar(tarMember('a.md', 'A'), tarMember('b.md', 'B'), tarMember('c.md', 'C'.repeat(600)))
    const flipped = Buffer.from(whole)
    flipped[1024]! ^= 1
    expect(await read({ 'x.tar': flipped })).toEqual([
      'x.tar!/a.md= A',
      'x.tar: damaged',
      `x.tar!/c.md= ${'C'.repeat(600)}`,
    ])
    expect(await read({ 'x.tar': whole.subarray(0, 3000) })).toEqual([
      'x.tar!/a.md= A',
      'x.tar!/b.md= B',
      'x.tar!/c.md: damaged',
    ])
    const gz = gzipSync(whole)
    expect((await read({ 'x.tgz': gz.subarray(0, gz.length - 12) })).at(-1)).toMatch(/: damaged$/)
    // A length below nothing would send a reader of records back over and over.
    const pax = tarMember('x', '-5 a\n', 'x')
    expect(await read({ 'x.tar': tar(pax, tarMember('a.md', 'A'), tarMember('b.md', 'B', '0', 8 ** 10)) })).toEqual([
      'x.tar!/a.md= A',
      'x.tar!/b.md: damaged',
    ])
  })
})

describe('forms are told by their bytes', () => {
  test('whatever the name says, and packed or not', async () => {
    const rows = '{"text":"row"}'
    const found = await read({
      'a.txt': zipped({ 'a.md': 'A' }),
      'b.zip': 'no zip at all',
      'c.jsonl.gz': rows,
      'd.jsonl': gzipSync(rows),
      'e.gz': gzipSync(zipped({ 'a.md': 'E' })),
      'f.gz': gzipSync(gzipSync('x')),
      'g.md': Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'),
      'h.jsonl.zst': zstdCompressSync(Buffer.from(rows)),
      'i.tar': '',
    })
    expect(found).toEqual([
      'a.txt!/a.md= A',
      'b.zip: unknown-format',
      'c.jsonl.gz= row',
      'd.jsonl= row',
      'e.gz!/a.md= E',
      'f.gz: unknown-format',
      'g.md: unknown-format',
      'h.jsonl.zst= row',
      'i.tar: empty-file',
    ])
  })

  test('packages and pages by what they hold, behind any ending; what nothing reads is named', async () => {
    const [pdf, docx, book, html] = (['pdf', 'docx', 'epub', 'html'] as const).map(form => sampleOf(form).build(words))
    const sheet = sampleOf('xlsx').build(words)
    const locked = encrypted.docx!.docx!({ bytes: 0, deep: 0 }) as Buffer
    const found = await read({
      'a.docx': pdf!,
      'b.txt': pdf!,
      'c.zip': docx!,
      'd.csv': sheet,
      'e.docx': book!,
      'f.pdf': html!,
      'g.xls': html!,
      'h.pdf': 'Not found',
      'i.docx': zipped({ 'a.md': 'I' }),
      'j.docx.gz': gzipSync(docx!),
      'k.gz': gzipSync(docx!),
      'l.tgz': gzipSync(tar(tarMember('a', pdf!), tarMember('b.docx', docx!))),
      'm.docx': locked,
      'n.xlsx': Buffer.from(locked).fill(0, 1024 + 128),
      'o.zip': zipped({ '[Content_Types].xml': 'x', 'ppt/presentation.xml': 'x' }),
      'p.docx': docx!.subarray(0, 600),
      'q.md': '<html>an example',
    })
    const said = 'A valve opens'
    expect(found.map(line => line.replace(/=[\s\S]*/, text => (text.includes(said) ? '=' : text)))).toEqual([
      ...['a.docx=', 'b.txt=', 'c.zip=', 'd.csv=', 'e.docx=', 'f.pdf=', 'g.xls=', 'h.pdf: unknown-format'],
      ...['i.docx!/a.md= I', 'j.docx.gz=', 'k.gz=', 'l.tgz!/a=', 'l.tgz!/b.docx=', 'm.docx: encrypted'],
      ...['n.xlsx: unknown-format', 'o.zip: unknown-format', 'p.docx: damaged', 'q.md= <html>an example'],
    ])
  })

  test('links in folders: each file once, none to nowhere, no way in circles', async () => {
    const base = folder({ 'docs/b.md': 'B', 'docs/deep/c.md': 'C' })
    symlinkSync('b.md', join(base, 'docs', 'a.md'))
    symlinkSync('nowhere.md', join(base, 'docs', 'gone.md'))
    symlinkSync('..', join(base, 'docs', 'deep', 'up'))
    symlinkSync('docs', join(base, 'again'))
    const paths = async (files: string | string[]) => (await listFiles({ files }, base)).map(({ path }) => path)
    expect(await paths('.')).toEqual(['docs/b.md', 'docs/deep/c.md'])
    expect(await paths(['docs/**/*.md', 'again/*.md', 'docs/deep/up/*.md'])).toEqual(['docs/b.md', 'docs/deep/c.md'])
    expect(await paths('docs/a.md')).toEqual(['docs/a.md'])
  })
})
