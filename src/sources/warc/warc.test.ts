import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { answer, recordOf, type Written, warcOf } from '../../../test/support/warc-of.ts'
import { type Item, listFiles, readSource, sourceConfig } from '../index.ts'
import { fits } from './digest.ts'
import { unchunked } from './http.ts'

async function read(bytes: Uint8Array, bound?: number, name = 'pages.warc'): Promise<Item[]> {
  const base = mkdtempSync(join(tmpdir(), 'warc-'))
  writeFileSync(join(base, name), bytes)
  const config = sourceConfig.parse({ files: name, license: 'unknown' })
  const [file] = await listFiles(config, base)
  const items: Item[] = []
  for await (const item of readSource('crawl', config, file!, bound === undefined ? {} : { bound })) items.push(item)
  return items
}
const told = (items: Item[]) =>
  items.map(item => (item.is === 'record' ? (item.payload as { text: string }).text.trim() : item.reason))
const fixture = (name: string) => read(readFileSync(`test/fixtures/warc/${name}`), undefined, name)
const page = (body: string | Uint8Array, headers = {}, status = 200, more: Partial<Written> = {}) =>
  recordOf({ type: 'response', body: answer(body, headers, status), ...more })
const found = async (...records: Buffer[]) => told(await read(warcOf(records)))

describe('records', () => {
  test('what is written comes back, plain, in members of gzip and in one stream, with its place', async () => {
    const body = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom('a\r\n\r\nWARC/1.0\r\nb', '\n\nx', 'x'.repeat(70_000)),
    )
    const packing = fc.constantFrom('plain' as const, 'members' as const, 'stream' as const)
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          body.filter(text => /\S/.test(text)),
          { minLength: 1, maxLength: 6 },
        ),
        packing,
        async (bodies, packed) => {
          const clean = bodies.map(text => text.replace(/\0|^%PDF-/g, '.'))
          const records = clean.map((text, i) => recordOf({ body: text, fields: { 'WARC-Record-ID': `<urn:r:${i}>` } }))
          const items = await read(warcOf(records, packed))
          const lengths = records.map(record => (packed === 'plain' ? record : gzipSync(record)).length)
          const begins = lengths.map((_, i) =>
            packed === 'stream' ? 0 : lengths.slice(0, i).reduce((a, b) => a + b, 0),
          )
          expect(items.map(item => item.is === 'record' && [item.row, item.part])).toEqual(
            clean.map((_, i) => [i + 1, `record <urn:r:${i}> at byte ${begins[i]}`]),
          )
          expect(items.map(item => item.is === 'record' && (item.payload as { text: string }).text)).toEqual(clean)
        },
      ),
      { numRuns: 15 },
    )
  })

  const five = ['one', 'two', 'three', 'four', 'five'].map(word =>
    recordOf({ body: `${word} ${'of five records '.repeat(30)}` }),
  )
  const first = async (bytes: Uint8Array) => told(await read(bytes)).map(text => text.split(' ')[0])

  test('damage in a gzip member, or a checksum that does not fit, costs one record', async () => {
    const whole = warcOf(five, 'members')
    const third = gzipSync(five[0]!).length + gzipSync(five[1]!).length
    for (const at of [third + 1, third + 30, third + gzipSync(five[2]!).length - 6]) {
      const bytes = Buffer.from(whole)
      bytes[at]! ^= 0x55
      const items = await read(bytes)
      expect(items.map(item => (item.is === 'record' ? 'page' : item.reason))).toEqual([
        'page',
        'page',
        'damaged',
        'page',
        'page',
      ])
      expect(items[2]).toMatchObject({ row: 3, evidence: { byte: third } })
    }
    // Nothing can be found again within one stream.
    const noise = Array.from({ length: 99 }, (_, i) => createHash('sha256').update(`${i}`).digest('base64')).join('')
    const stream = warcOf([...five, recordOf({ body: noise })], 'stream')
    const cut = await first(stream.subarray(0, stream.length - 200))
    expect(cut).toEqual(['one', 'two', 'three', 'four', 'five', 'damaged'])
    expect(await first(Buffer.concat([whole, Buffer.alloc(600)]))).toHaveLength(5)
  })

  test('a wrong or missing length, a cut head, bytes between: the next record is found again', async () => {
    const third = (fields: Written['fields']) => warcOf(five.with(2, recordOf({ body: 'three of five', fields })))
    const lost = ['one', 'two', 'damaged', 'four', 'five']
    expect(await first(third({ 'Content-Length': '9' }))).toEqual(lost)
    expect(await first(third({ 'Content-Length': '60' }))).toEqual(lost)
    expect(await first(third({ 'Content-Length': '99999' }))).toEqual(lost)
    expect(await first(third({ 'Content-Length': '9999999999' }))).toEqual(lost)
    expect(await first(third({ 'Content-Length': undefined }))).toEqual(lost)
    expect(await first(warcOf(five.with(2, five[2]!.subarray(0, 40))))).toEqual(lost)
    expect(await first(warcOf(five.with(2, Buffer.from('no record\nat all\n'))))).toEqual(lost)
    expect(await first(warcOf(five).subarray(0, warcOf(five).length - 100))).toEqual([
      ...lost.with(2, 'three').slice(0, 4),
      'damaged',
    ])
    expect(told(await read(warcOf(five.with(2, recordOf({ body: 'x'.repeat(5000) }))), 4096))[2]).toBe('too-large')
    expect(told(await read(Buffer.from('a page\n')))).toEqual(['unknown-format'])
  })
})

describe('answers', () => {
  test('chunks, also where they break off or are only stated', async () => {
    const chunked = { 'Transfer-Encoding': 'chunked' }
    expect(await found(page('5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\n\r\n', chunked))).toEqual(['hello, world'])
    expect(await found(page('not in chunks', chunked))).toEqual(['not in chunks'])
    const [cut] = await read(warcOf([page('5\r\nhello\r\nff\r\n, wor', chunked)]))
    expect(cut).toMatchObject({ payload: { text: 'hello, wor' }, facets: { truncated: 'disconnect' } })
    expect(unchunked(Buffer.from('zz\r\n'))).toBeUndefined()
  })
  test('content codings, also stated wrongly or unpacking to too much', async () => {
    const text = 'The same words, however they were sent. '.repeat(5).trim()
    const packed = {
      gzip: gzipSync(text),
      deflate: deflateSync(text),
      br: brotliCompressSync(text),
      zstd: zstdCompressSync(text),
    }
    const coded = (bytes: Uint8Array | string, coding: string) => page(bytes, { 'Content-Encoding': coding })
    const all = [
      ...Object.entries(packed),
      ['deflate', deflateRawSync(text)],
      ['gzip', text],
      ['x-gzip', packed.gzip],
    ] as const
    expect(await found(...all.map(([coding, bytes]) => coded(bytes, coding)))).toEqual(all.map(() => text))
    expect(
      await found(coded(brotliCompressSync(packed.gzip), 'gzip, br'), coded(Buffer.from([0, 1, 2]), 'gzip')),
    ).toEqual([text, 'damaged'])
    expect(told(await read(warcOf([coded(gzipSync('x'.repeat(50_000)), 'gzip')]), 4096))).toEqual(['too-large'])
  })
  test('encodings that the server names; what is no page, no text, or empty', async () => {
    const sjis = Buffer.from('836583588367', 'hex')
    expect(await found(page(sjis, { 'Content-Type': 'text/plain; charset=Shift_JIS' }))).toEqual(['テスト'])
    expect(
      await found(
        page('gone', {}, 404),
        page('', { Location: '/b' }, 301),
        page(''),
        page('{}', { 'Content-Type': 'application/json' }),
      ),
    ).toEqual([...['no-page', 'no-page', 'not-text', 'not-text']])
    expect(await found(recordOf({ type: 'response', body: 'no status' }))).toEqual(['damaged'])
    const skipped = ['warcinfo', 'request', 'metadata', 'revisit'].map(type => recordOf({ type, body: 'x' }))
    expect(await found(...skipped, recordOf({ type: 'resource', body: 'read' }))).toEqual(['read'])
    expect(await found(...skipped)).toEqual(['empty-file'])
  })
  test('checksums in base 32, hexadecimal and base 64; any that fits is enough, none is a rejection', async () => {
    const sum = (body: string, encoding: 'hex' | 'base64') => createHash('sha1').update(body).digest(encoding)
    expect(fits('sha1:VL2MMHO4YXUKFWV63YHTWSBM3GXKSQ2N', Buffer.from('a'))).toBe(false)
    expect(fits('sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ', Buffer.alloc(0))).toBe(true)
    expect(fits('sha1:2jmj7l5rSw0yVb/vlWAYkK/YBwk=', Buffer.alloc(0))).toBe(true)
    expect(fits('blake3:aa', Buffer.alloc(0))).toBeUndefined()
    const block = answer('words').toString()
    const fields = (block_: string, payload: string) => ({
      'WARC-Block-Digest': `sha1:${block_}`,
      'WARC-Payload-Digest': `sha1:${payload}`,
    })
    const [right, wrong] = [sum('words', 'hex'), sum('other', 'hex')]
    const pages = [
      [sum(block, 'base64'), right],
      [wrong, right],
      [sum(block, 'hex'), wrong],
      [wrong, wrong],
    ] as const
    expect(await found(...pages.map(([a, b]) => page('words', {}, 200, { fields: fields(a, b) })))).toEqual([
      ...['words', 'words', 'words', 'wrong-digest'],
    ])
  })
})

test('what a page and its site reserve keeps it out, with the signal; the decision stands beside what is read', async () => {
  const at = (path: string) => ({ uri: `https://example.org${path}` })
  const items = await read(
    warcOf([
      page('before its rules are known', {}, 200, at('/early')),
      page(
        'User-agent: *\nDisallow: /private/\n\nUser-agent: GPTBot\nDisallow: /essays/\n',
        {},
        200,
        at('/robots.txt'),
      ),
      page('open', {}, 200, at('/open')),
      page('private', {}, 200, at('/private/a')),
      page('essay', {}, 200, at('/essays/a')),
      page('header', { 'X-Robots-Tag': 'noindex, noai' }, 200, at('/h')),
      page('tdm', { 'TDM-Reservation': '1' }, 200, at('/t')),
      page('elsewhere', {}, 200, { uri: 'https://example.com/private/a' }),
    ]),
  )
  expect(told(items)).toEqual([
    'before its rules are known',
    'open',
    'disallowed',
    'reserved',
    'reserved',
    'reserved',
    'elsewhere',
  ])
  const notes = items.map(item => (item.is === 'record' ? item.robots : (item.evidence as { robots: object }).robots))
  expect(notes.map(note => (note && 'rule' in note ? note.rule : note))).toMatchObject([
    { decision: 'allow', signals: { 'robots.txt': 'unknown' } },
    { decision: 'allow', signals: { 'robots.txt': 'read' } },
    'Disallow: /private/',
    'robots.txt disallows GPTBot',
    'header x-robots-tag: noai',
    'header tdm-reservation: 1',
    { decision: 'allow', signals: { 'robots.txt': 'unknown' } },
  ])
})

test('real archives: pages by the record and byte they stand at, or why there is none', async () => {
  const [text, http] = ['# Example Domain\n\nThis domain is established', 'not-text']
  const expected: { [name: string]: [row: number, byte: number, text: string][] } = {
    'example.warc': [[3, 1197, text]],
    'example.warc.gz': [[3, 784, text]],
    'example-bad-non-chunked.warc.gz': [[3, 0, text]],
    'example-wrong-chunks.warc.gz': [[1, 0, text]],
    'example-resource.warc.gz': [[3, 802, text]],
    'example.arc': [[2, 151, text]],
    'example.arc.gz': [[2, 171, text]],
    'example-iana.org-chunked.warc': [[2, 405, '# Internet Assigned Numbers Authority\n\nThe global']],
    'example-trunc.warc': [[3, 1197, 'damaged']],
    'post-test.warc.gz': [
      [1, 0, http],
      [3, 1196, http],
      [5, 2395, http],
    ],
  }
  for (const [name, items] of Object.entries(expected)) {
    const found = (await fixture(name)).map(item => [
      item.row,
      Number(item.is === 'record' ? /\d+$/.exec(item.part!) : (item.evidence as { byte: number }).byte),
      told([item])[0]!.slice(0, Math.max(8, items[0]![2].length)),
    ])
    expect([name, ...found]).toEqual([name, ...items])
  }
  expect(told(await fixture('example-digest.warc'))).toEqual(['empty-file'])
})
