import { createWriteStream, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { finished } from 'node:stream/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parquetWriter } from '../records/index.ts'
import { type Item, listFiles, type ReadOptions, readSource, sourceConfig, sourceKind, sourceUri } from './index.ts'

type Options = Parameters<typeof sourceConfig.parse>[0] & object

function folder(files: { [path: string]: string | Uint8Array }): string {
  const base = mkdtempSync(join(tmpdir(), 'sources-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true })
    writeFileSync(join(base, path), content)
  }
  return base
}

async function readAll(base: string, options: Options = {}, reading: ReadOptions = {}): Promise<Item[]> {
  const config = sourceConfig.parse({ files: '**', license: 'CC0-1.0', ...options })
  const items: Item[] = []
  for (const file of await listFiles(config, base)) {
    for await (const item of readSource('given', config, file, reading)) items.push(item)
  }
  return items
}

const read = (path: string, content: string | Uint8Array, options: Options = {}, reading: ReadOptions = {}) =>
  readAll(folder({ [path]: content }), options, reading)
const lines = (...rows: unknown[]) => rows.map(row => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n')
const payloads = (items: Item[]) => items.map(item => (item.is === 'record' ? item.payload : item.reason))
const reasons = (items: Item[]) => items.flatMap(item => (item.is === 'rejected' ? [[item.row, item.reason]] : []))

describe('files', () => {
  test('sorted by code units; hidden folders, node_modules and releases only when named', async () => {
    const names = [
      'b.md',
      'a.md',
      'Z.md',
      'é.md',
      '.git/x.md',
      'node_modules/p/r.md',
      'releases/v1/d.md',
      'sub/releases/e.md',
    ]
    const base = folder(Object.fromEntries(names.map(name => [name, 'x'])))
    const paths = async (files: string | string[]) => (await listFiles({ files }, base)).map(file => file.path)
    expect(await paths('**/*.md')).toEqual(['Z.md', 'a.md', 'b.md', 'sub/releases/e.md', 'é.md'])
    expect(await paths(['releases/**/*.md', 'a.md', './a.md'])).toEqual(['a.md', 'releases/v1/d.md'])
    expect(await paths('node_modules/**/*.md')).toEqual(['node_modules/p/r.md'])
    expect(await paths('.git/*.md')).toEqual(['.git/x.md'])
  })

  test('a folder with pattern signs in its name stands for its files', async () => {
    const base = folder({ 'Reports (2024)/a.md': 'x', 'app/[slug]/b.md': 'x', 'app/[slug]/c.bin': 'x' })
    const files = await listFiles({ files: ['Reports (2024)', 'app/[slug]/'] }, base)
    expect(files.map(({ path, below }) => [path, below])).toEqual([
      ['Reports (2024)/a.md', 'a.md'],
      ['app/[slug]/b.md', 'b.md'],
    ])
  })

  test('a name with pattern signs, a folder, and a path above the recipe', async () => {
    const base = folder({
      'docs/[slug].md': 'x',
      'docs/deep/a.txt': 'x',
      'docs/deep/b.json.gz': 'x',
      'docs/i.png': 'x',
      'recipe/r.yaml': 'x',
    })
    const paths = async (files: string) => (await listFiles({ files }, join(base, 'recipe'))).map(file => file.path)
    expect(await paths('../docs/[slug].md')).toEqual(['../docs/[slug].md'])
    expect(await paths('../docs')).toEqual(['../docs/[slug].md', '../docs/deep/a.txt', '../docs/deep/b.json.gz'])
    const file = { path: '../docs/en/a.md', below: 'en/a.md' }
    expect(sourceUri({ uri: 'https://example.org/site/' }, file)).toBe('https://example.org/site/en/a.md')
    expect(sourceUri({}, file)).toBe('../docs/en/a.md')
  })

  test('options are strict; `chunk: 500` is a target', () => {
    expect(() => sourceConfig.parse({ files: 'a', license: 'x', holdout: 1 })).toThrow('holdout')
    expect(() => sourceConfig.parse({ files: 'a' })).toThrow('license')
    expect(sourceConfig.parse({ files: 'a', license: 'x', chunk: 500 }).chunk).toEqual({ tokens: 500, overlap: 0 })
    expect(() => sourceConfig.parse({ files: 'a', license: 'x', columns: { prmpt: 'q' } })).toThrow('prmpt')
  })
})

describe('kind', () => {
  test.each([
    ['a.rst', 'x', 'document'],
    ['a.jsonl', lines('broken', [], { messages: [{ role: 'user', content: 'q' }] }), 'prompt'],
    [
      'a.jsonl',
      lines({
        messages: [
          { role: 'user', content: 'q' },
          { role: 'assistant', content: 'a' },
        ],
      }),
      'conversation',
    ],
    ['a.jsonl', lines({ prompt: 'p', chosen: 'c', rejected: 'r' }), 'preference'],
    ['a.jsonl', lines({ prompt: 'p', completion: 'c', label: true }), 'feedback'],
    ['a.jsonl', lines({ prompt: 'p', completion: 'c', label: null }), 'conversation'],
    ['a.csv', 'text,n\nx,1', 'document'],
    ['a.csv', 'question,answer\nq,a', 'prompt'],
    ['a.csv', 'age,sex\n1,m', 'row'],
  ])('%s %s', async (path, content, kind) => {
    const config = sourceConfig.parse({ files: '*', license: 'x' })
    expect(await sourceKind(config, await listFiles(config, folder({ [path]: content })))).toBe(kind)
  })

  test.each([
    ['text', { prompt: 'text' }, 'prompt'],
    ['query,text', { prompt: 'query' }, 'prompt'],
    ['messages,q', { prompt: 'q' }, 'prompt'],
    ['prompt,completion,body', { text: 'body' }, 'document'],
    ['text,answer', { prompt: 'text', completion: 'answer' }, 'conversation'],
    ['text,completion,good', { prompt: 'text', label: 'good' }, 'feedback'],
    ['a,rejected,prompt,text', { chosen: 'a' }, 'preference'],
    ['text,right', { prompt: 'text', target: 'right' }, 'exam'],
    ['text,area', { topic: 'area' }, 'document'],
    ['text', undefined, 'document'],
  ])('%s with columns %j is %s, and is read as it', async (header, columns, kind) => {
    const names = header.split(',')
    const content = `${header}\n${names.map(name => (name === 'good' ? 'true' : name)).join(',')}`
    const config = sourceConfig.parse({ files: '*', license: 'x', columns })
    const files = await listFiles(config, folder({ 'a.csv': content }))
    expect(await sourceKind(config, files)).toBe(kind)
    const items = await read('a.csv', content, { columns })
    expect(payloads(items)).toMatchObject([{ kind }])
    if (kind === 'prompt') {
      const content = (columns as { prompt: string }).prompt
      expect(payloads(items)).toMatchObject([{ messages: [{ role: 'user', content }] }])
    }
  })

  test('a source without one row to use says so, with reasons and a hint; one late row is enough', async () => {
    const kind = async (files: { [path: string]: string }, options: Options = {}) => {
      const config = sourceConfig.parse({ files: '*', license: 'x', ...options })
      return sourceKind(config, await listFiles(config, folder(files)))
    }
    const rows = lines({ q: 1 }, { q: 2 }, 'broken')
    await expect(kind({ 'a.jsonl': rows, 'b.jsonl': '' }, { kind: 'prompt' })).rejects.toMatchObject({
      code: 'SR_SOURCE_EMPTY',
      received: '2 missing-column, 1 invalid-json, 1 empty-file',
      hint: expect.stringContaining('columns:'),
    })
    await expect(kind({ 'a.jsonl': rows }, { columns: { prompt: 'question' } })).rejects.toThrow('No row')
    await expect(kind({ 'a.json': '[1, 2' })).rejects.toMatchObject({ received: '1 wrong-shape, 1 invalid-json' })
    await expect(kind({ 'a.txt': 'x' }, { kind: 'prompt' })).rejects.toMatchObject({ received: '1 wrong-shape' })
    expect(await kind({ 'a.jsonl': rows, 'b.jsonl': lines({ prompt: 'q' }) }, { kind: 'prompt' })).toBe('prompt')
    expect(await kind({ 'a.jsonl': lines(...Array(100).fill({ q: 1 })) }, { kind: 'prompt' })).toBe('prompt')
  })

  test('no files', async () => {
    const config = sourceConfig.parse({ files: 'none/*.md', license: 'x' })
    await expect(sourceKind(config, [])).rejects.toMatchObject({ code: 'SR_SOURCE_EMPTY', received: 'none/*.md' })
  })
})

describe('documents', () => {
  test('title, uri and language; the text stays as it is but for a byte order mark', async () => {
    const text = 'Overview\r\n========\r\n\r\nThis guide explains how the system works in detail.  \r\n'
    expect(await read('docs/a.rst', `\ufeff${text}`, { uri: 'https://example.org' })).toEqual([
      {
        is: 'record',
        payload: { kind: 'document', text, title: 'Overview', uri: 'https://example.org/docs/a.rst' },
        language: 'en',
      },
    ])
  })

  test.each([
    ['a.md', '---\ntitle: "On: quotes"\n---\n# Other', 'On: quotes'],
    ['a.md', 'Intro\n\n## The *first* `heading`', 'The first heading'],
    ['notes.v1.txt', '# no heading here', 'notes.v1'],
  ])('title of %s', async (path, text, title) => {
    expect(payloads(await read(path, text))).toMatchObject([{ title }])
  })

  test('UTF-16 with its mark', async () => {
    const little = Buffer.from('\ufeffこんにちは', 'utf16le')
    expect(payloads(await read('a.txt', little))).toMatchObject([{ text: 'こんにちは' }])
    expect(payloads(await read('a.txt', Buffer.from(little).swap16()))).toMatchObject([{ text: 'こんにちは' }])
  })

  test('bad files are rejected and the others go on', async () => {
    const base = folder({
      'a-empty.md': '',
      'b-blank.md': '\ufeff \n\t\n',
      'c-bad.md': Buffer.from([0x61, 0xff, 0x62]),
      'd-binary.md': Buffer.from([0x61, 0x00, 0x62]),
      'e-large.md': 'x'.repeat(100_001),
      'f-half.txt': Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x61, 0x00]),
      'g-good.md': 'fine',
      'h.pdf': '%PDF-1.7\n...',
    })
    expect(
      (await readAll(base, {}, { bound: 100_000 })).map(item => (item.is === 'rejected' ? item.reason : item.payload)),
    ).toEqual([
      'empty-file',
      'empty-file',
      'invalid-utf8',
      'binary',
      'too-large',
      'invalid-utf8',
      { kind: 'document', text: 'fine', title: 'g-good' },
      'damaged',
    ])
  })
})

describe('JSON Lines', () => {
  test('each bad line costs itself, with its row and bytes', async () => {
    const content = Buffer.concat([
      Buffer.from('\ufeff{"prompt":"one"}\r\n\n'),
      Buffer.from('{"prompt":"secret words"\n'),
      Buffer.from([0x22, 0xc3, 0x28, 0x22, 0x0a]),
      Buffer.from(lines('"text"', { prompt: 7 }, { question: 'two' }, { other: 1 })),
    ])
    const items = await read('a.jsonl', content)
    expect(items).toMatchObject([
      { is: 'record', row: 1, payload: { kind: 'prompt', messages: [{ role: 'user', content: 'one' }] } },
      { is: 'rejected', row: 3, reason: 'invalid-json', span: [19, 43] },
      { is: 'rejected', row: 4, reason: 'invalid-utf8', evidence: { byte: 45 } },
      { is: 'rejected', row: 5, reason: 'wrong-shape' },
      { is: 'rejected', row: 6, reason: 'wrong-shape' },
      { is: 'record', row: 7 },
      { is: 'rejected', row: 8, reason: 'missing-column' },
    ])
    expect(JSON.stringify(items[1])).not.toContain('secret')
  })

  test('a 40 MB line is passed over without being held', async () => {
    const base = folder({ 'a.jsonl': '' })
    const out = createWriteStream(join(base, 'a.jsonl'))
    const block = Buffer.alloc(1 << 20, 'x')
    out.write('{"text":"before"}\n{"text":"')
    for (let i = 0; i < 40; i++)
      if (!out.write(block)) await new Promise(resolve => out.once('drain', () => resolve(undefined)))
    out.end('"}\n{"text":"after"}\n')
    await finished(out)
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    collect()
    const start = process.memoryUsage().arrayBuffers
    let held = 0
    const watch = setInterval(() => {
      if (process.memoryUsage().arrayBuffers - start < 8 * 2 ** 20) return
      collect()
      held = Math.max(held, process.memoryUsage().arrayBuffers - start)
    })
    const items = await readAll(base, {}, { bound: 2 ** 20 })
    clearInterval(watch)
    expect(payloads(items)).toEqual([
      { kind: 'document', text: 'before' },
      'line-too-long',
      { kind: 'document', text: 'after' },
    ])
    expect(items[1]).toMatchObject({ row: 2, span: [18, 18 + 40 * 2 ** 20 + 11], evidence: { bound: 2 ** 20 } })
    expect(held).toBeLessThan(20 * 2 ** 20)
  })

  test('one value over many lines is one rejection, an empty file too', async () => {
    const array = '[\n {"text": "a"},\n {"text": "b"}\n]'
    expect(reasons(await read('a.jsonl', array))).toEqual([[undefined, 'wrong-shape']])
    expect(reasons(await read('a.json', '{\n "text": "a",\n "n": [1,\n2]\n}'))).toEqual([[undefined, 'wrong-shape']])
    expect(reasons(await read('a.jsonl', '\n\n'))).toEqual([[undefined, 'empty-file']])
  })

  test('gzip; a damaged archive keeps what came before', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => ({ text: `row ${i} ${(i * 2654435761) % 4294967296}` }))
    const packed = gzipSync(lines(...rows))
    expect(await read('a.jsonl.gz', packed)).toHaveLength(20_000)
    const broken = await read('a.jsonl.gz', packed.subarray(0, packed.length - 20_000))
    expect(broken.length).toBeGreaterThan(1000)
    expect(reasons(broken)).toEqual([[undefined, 'damaged']])
  })

  test('ids: the value names the row, a second use and a missing value are rejected', async () => {
    const items = await read(
      'a.jsonl',
      lines({ n: 1, text: 'a' }, { n: '1', text: 'b' }, { text: 'c' }, { n: 0, text: 'd' }),
      { id: 'n' },
    )
    expect(items.map(item => (item.is === 'record' ? item.rowId : item.reason))).toEqual([
      '1',
      'duplicate-id',
      'missing-column',
      '0',
    ])
  })
})

describe('JSON arrays', () => {
  const rows = [{ text: 'one, "two" ] } \\' }, { text: 'ü', deep: [{ a: ['}', ']'] }] }, { text: '三' }]

  test('on one line, on many, packed or in lines under the same ending: the same records', async () => {
    const expected = rows.map(({ text }) => ({ kind: 'document', text }))
    for (const text of [JSON.stringify(rows), `\ufeff\n ${JSON.stringify(rows, null, 2)}\n`, lines(...rows)]) {
      const items = await read('a.json', text)
      expect(payloads(items)).toEqual(expected)
      expect(items.map(item => item.row)).toEqual([1, 2, 3])
      expect(payloads(await read('a.json.gz', gzipSync(text)))).toEqual(expected)
    }
    expect(reasons(await read('a.json', ' [ ] '))).toEqual([[undefined, 'empty-file']])
  })

  test('any array comes back element by element, wherever it is cut into chunks', async () => {
    const base = folder({})
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { minLength: 1 }), fc.nat(3), async (values, indent) => {
        // Beyond the bytes looked at first, so that elements lie across chunks.
        const padding = 'x'.repeat(70_000 - JSON.stringify(values).length)
        writeFileSync(join(base, 'a.json'), JSON.stringify([{ padding }, ...values.map(v => ({ v }))], null, indent))
        expect(payloads(await readAll(base)).slice(1)).toEqual(
          JSON.parse(JSON.stringify(values)).map((v: unknown) => ({ kind: 'row', columns: { v } })),
        )
      }),
      { numRuns: 30 },
    )
  })

  test('a bad element costs itself; a broken array names the place and keeps what came before', async () => {
    const bad = '[\n{"text":"a"},\n7,\n{"text":"secret" "b"},\n{"text":NaN},\n,{"text":"c"},]'
    const items = await read('a.json', bad)
    expect(payloads(items)).toEqual([
      { kind: 'document', text: 'a' },
      'wrong-shape',
      'invalid-json',
      'invalid-json',
      'invalid-json',
      { kind: 'document', text: 'c' },
      'invalid-json',
    ])
    expect(items[2]).toMatchObject({ row: 3, span: [19, 40], evidence: { byte: 19, line: 4 } })
    expect(JSON.stringify(items)).not.toContain('secret')
    const cut = await read('a.json', '[{"text":"a"},\n {"text":"b"')
    expect(payloads(cut)).toEqual([{ kind: 'document', text: 'a' }, 'invalid-json'])
    expect(JSON.stringify(cut)).toContain('element 2, which begins at byte 16 (line 2)')
    expect(payloads(await read('a.json', '[{"text":"a"}] x'))).toEqual([
      { kind: 'document', text: 'a' },
      'invalid-json',
    ])
    const long = `[{"text":"${'x'.repeat(200_000)}"},{"text":"b"}]`
    expect(payloads(await read('a.json', long, {}, { bound: 1000 }))).toEqual([
      'line-too-long',
      { kind: 'document', text: 'b' },
    ])
  })
})

describe('CSV', () => {
  test('quotes, ragged rows and a bad byte; the rest goes on', async () => {
    const content = Buffer.concat([
      Buffer.from('\ufeffprompt,topic\n"two\nlines, ""quoted""",a\nshort\nlong,b,c\n'),
      Buffer.from([0x63, 0x61, 0x66, 0xe9]),
      Buffer.from(',x\n\ncafé,d\n'),
    ])
    const items = await read('a.csv', content, { columns: { topic: 'topic' } })
    expect(reasons(items)).toEqual([
      [2, 'ragged-row'],
      [3, 'ragged-row'],
      [4, 'invalid-utf8'],
    ])
    expect(items[0]).toMatchObject({
      row: 1,
      facets: { topic: 'a' },
      payload: { messages: [{ content: 'two\nlines, "quoted"' }] },
    })
    expect(items[4]).toMatchObject({ row: 5, facets: { topic: 'd' }, payload: { messages: [{ content: 'café' }] } })
  })

  test('delimiters, repeated names, header alone, a quote that never closes, a long row', async () => {
    expect(payloads(await read('a.csv', 'a;a;\n1;2;3'))).toEqual([
      { kind: 'row', columns: { a: '1', a_2: '2', column_3: '3' } },
    ])
    expect(payloads(await read('a.tsv', 'a\tb\n1,5\t2'))).toEqual([{ kind: 'row', columns: { a: '1,5', b: '2' } }])
    expect(payloads(await read('a.csv', 'a,b\n'))).toEqual(['empty-file'])
    expect(payloads(await read('a.csv', 'a,b\n1,2\n"3,4\n5,6\n'))).toEqual([
      { kind: 'row', columns: { a: '1', b: '2' } },
      'invalid-csv',
    ])
    expect(payloads(await read('a.csv', `a,b\n1,2\n${'x'.repeat(5000)},4\n`, {}, { bound: 1000 }))).toEqual([
      { kind: 'row', columns: { a: '1', b: '2' } },
      'line-too-long',
    ])
  })

  test('Shift-JIS is told from Latin-1', async () => {
    const japanese = Buffer.from([0x96, 0xbc, 0x91, 0x4f, 0x2c, 0x6e, 0x0a, 0x8d, 0xb2, 0x93, 0xa1, 0x2c, 0x31])
    expect(payloads(await read('a.csv', japanese))).toEqual([{ kind: 'row', columns: { 名前: '佐藤', n: '1' } }])
    const latin = Buffer.from('n,v\nrésumé élève naïve,1\nplain,2', 'latin1')
    expect(payloads(await read('a.csv', latin))).toEqual([
      { kind: 'row', columns: { n: 'résumé élève naïve', v: '1' } },
      { kind: 'row', columns: { n: 'plain', v: '2' } },
    ])
  })
})

describe('Parquet', () => {
  test('rows and nested messages; a damaged file is rejected', async () => {
    const base = folder({ 'b.parquet': 'PAR1 not really' })
    const writer = parquetWriter(join(base, 'a.parquet'), {
      messages: { list: { struct: { role: 'string', content: 'string', name: 'string' } } },
    })
    writer.row({
      messages: [
        { role: 'user', content: 'q', name: null },
        { role: 'assistant', content: 'a', name: null },
      ],
    })
    writer.end()
    expect(payloads(await readAll(base))).toEqual([
      {
        kind: 'conversation',
        messages: [
          { role: 'user', content: 'q' },
          { role: 'assistant', content: 'a' },
        ],
      },
      'damaged',
    ])
  })
})

describe('what a row says of itself', () => {
  const said = async (path: string, content: string) =>
    (await read(path, content)).map(item => {
      const { origin, generation, license } = item as { [name: string]: unknown }
      return [origin, generation, license]
    })

  test('the columns of our releases, also as CSV writers put lists; the same names with other meanings are left', async () => {
    const own = { text: 't', origin: 'synthetic', generation: 2, licenses: ['CC-BY-4.0', 'MIT'] }
    const either = { ...own, generation: null, licenses: ['MIT OR Apache-2.0', 'CC0-1.0'] }
    const unknown = { ...own, origin: 'real', generation: 0, licenses: ['NOASSERTION'] }
    const other = { text: 't', origin: 'Japan', generation: 3, licenses: ['x'] }
    expect(await said('a.jsonl', lines(own, either, unknown, other, { ...own, licenses: [] }))).toEqual([
      ['synthetic', 2, 'CC-BY-4.0 AND MIT'],
      ['synthetic', undefined, '(MIT OR Apache-2.0) AND CC0-1.0'],
      ['real', 0, undefined],
      [undefined, undefined, undefined],
      ['synthetic', 2, undefined],
    ])
    const csv = 'text;origin;generation;licenses'
    const cells = ['"[""CC-BY-4.0"",""MIT""]"', '[CC-BY-4.0, MIT]', "['CC-BY-4.0', 'MIT']", 'MIT', '']
    expect(await said('a.csv', [csv, ...cells.map(cell => `t;synthetic;1;${cell}`)].join('\n'))).toEqual([
      ...Array(3).fill(['synthetic', 1, 'CC-BY-4.0 AND MIT']),
      ['synthetic', 1, 'MIT'],
      ['synthetic', 1, undefined],
    ])
  })
})

describe('shapes', () => {
  const one = async (row: object, options: Options = {}) => payloads(await read('a.jsonl', lines(row), options))[0]
  const user = (content: string) => ({ role: 'user', content })
  const assistant = (content: string) => ({ role: 'assistant', content })

  test('an OpenAI log with tools: string arguments become objects, unknown keys go', async () => {
    const messages = [
      { role: 'developer', content: 'be brief' },
      { role: 'user', content: [{ type: 'text', text: 'weather?' }] },
      {
        role: 'assistant',
        content: null,
        refusal: null,
        reasoning_content: 'look it up',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'get', arguments: '{"city":"Kyoto"}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'rain' },
      { role: 'assistant', content: 'Rain.', weight: 1 },
    ]
    const tools = [{ type: 'function', function: { name: 'get', parameters: { type: 'object' } } }]
    expect(await one({ messages, tools: JSON.stringify(tools), extra: 1 })).toEqual({
      kind: 'conversation',
      messages: [
        messages[0],
        user('weather?'),
        {
          role: 'assistant',
          content: null,
          reasoning: 'look it up',
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'get', arguments: { city: 'Kyoto' } } }],
        },
        messages[3],
        messages[4],
      ],
      tools,
    })
    const broken = { role: 'assistant', tool_calls: [{ function: { name: 'get', arguments: '{"city":' } }] }
    expect(await one({ messages: [user('q'), broken] })).toBe('wrong-shape')
    expect(await one({ messages: [user('q'), { role: 'narrator', content: 'x' }, assistant('a')] })).toBe('wrong-shape')
  })

  test('preference pairs: explicit and implicit, strings and turns give the same record', async () => {
    const expected = {
      kind: 'preference',
      prompt: [user('Sky is')],
      chosen: [assistant('blue.')],
      rejected: [assistant('green.')],
    }
    expect(await one({ prompt: 'Sky is', chosen: ' blue.', rejected: ' green.' })).toEqual(expected)
    expect(await one({ chosen: 'Sky is blue.', rejected: 'Sky is green.' })).toEqual(expected)
    expect(
      await one({ prompt: [user('Sky is')], chosen: [assistant('blue.')], rejected: [assistant('green.')] }),
    ).toEqual(expected)
    expect(
      await one({ chosen: [user('Sky is'), assistant('blue.')], rejected: [user('Sky is'), assistant('green.')] }),
    ).toEqual(expected)
    expect(
      await one({
        prompt: 'Sky is',
        chosen: [user('Sky is'), assistant('blue.')],
        rejected: [user('Sky is'), assistant('green.')],
      }),
    ).toEqual(expected)
    expect(
      await one({
        chosen: '\n\nHuman: Sky is\n\nAssistant: blue.',
        rejected: '\n\nHuman: Sky is\n\nAssistant: green.',
      }),
    ).toEqual(expected)
    expect(
      await one({
        conversations: [{ from: 'human', value: 'Sky is' }],
        chosen: { from: 'gpt', value: 'blue.' },
        rejected: { from: 'gpt', value: 'green.' },
      }),
    ).toEqual(expected)
    expect(await one({ chosen: 'blue', rejected: 'green' })).toBe('wrong-shape')
  })

  test('feedback, completion, instruction rows, exams and mapped columns', async () => {
    expect(await one({ prompt: 'q', completion: ' a', label: 'False' })).toEqual({
      kind: 'feedback',
      prompt: [user('q')],
      completion: [assistant('a')],
      label: false,
    })
    expect(await one({ prompt: 'q', completion: 'a', label: 'perhaps' })).toBe('wrong-shape')
    expect(
      await one({ instruction: 'Sum up', input: 'text', output: 'sum', system: 's' }, { kind: 'conversation' }),
    ).toEqual({
      kind: 'conversation',
      messages: [{ role: 'system', content: 's' }, user('Sum up\n\ntext'), assistant('sum')],
    })
    expect(await one({ messages: [user('q'), assistant('a')] }, { kind: 'prompt' })).toEqual({
      kind: 'prompt',
      messages: [user('q')],
    })
    expect(
      await one(
        { q: '2+2?', a: 4, o: '["3","4"]', lang: 'en' },
        { kind: 'exam', columns: { prompt: 'q', target: 'a', choices: 'o' } },
      ),
    ).toEqual({ kind: 'exam', prompt: [user('2+2?')], target: '4', choices: ['3', '4'] })
    expect(await one({ q: 'x' }, { columns: { prompt: 'question' } })).toBe('missing-column')
    expect(await one({ messages: [user('q')] }, { kind: 'conversation' })).toBe('wrong-shape')
  })
})
