import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { zip } from '../../../test/support/archives.ts'
import { commandLine } from '../../../test/support/command-line.ts'
import { folder } from '../../../test/support/project.ts'

const quickstart = new URL('../../../examples/quickstart/documents/', import.meta.url)
const page = (path: string) => readFileSync(new URL(path, quickstart), 'utf8')

test('a folder by its formats, with what was not read; the same as one object', async () => {
  const dir = folder({
    'docs/cluster.md': page('cncf-glossary/en/cluster.md'),
    'docs/ja.zip': zip([
      { name: 'auto-scaling.md', content: page('cncf-glossary/ja/auto-scaling.md') },
      { name: 'logo.png', content: '\x89PNG' },
    ]),
    'docs/rows.jsonl': '{"prompt":"Why?","completion":"Because."}\n{broken\n',
    'docs/paper.parquet': 'not found',
    'docs/photo.jpg': 'x',
    'docs/.git/HEAD.md': 'x',
  })
  const database = new DatabaseSync(`${dir}/docs/shop.db`)
  database.exec('create table a (x); create table b (y); insert into a values (1); insert into b values (2)')
  database.close()
  const { code, out, err } = await commandLine(dir, 'read docs')
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatchInlineSnapshot(`
    "format    files  read  rejected        in    text  tokens  yield   time  languages
    jsonl         1     1         1      50 B      13       4   0.26  0.0 s
    markdown      2     2         0   3.7 KiB  2.29 k     862   0.61  0.0 s  en 1, ja 1
    other         1     0         1       0 B       0       0         0.0 s
    parquet       1     0         1       9 B       0       0   0.00  0.0 s
    sqlite        1     2         0  12.0 KiB       2       2   0.00  0.0 s
    all           6     5         3  15.7 KiB  2.31 k     868   0.14  0.0 s

    Passed over, since nothing reads them: 1 .jpg. A file that is named is tried as text.

    invalid-json  The line or element is no JSON value, or the array around it is broken.
      docs/rows.jsonl, row 2 error Expected property name or '}' in JSON at position 1 (line 1 column 2)

    unknown-format  No reader takes a file of this ending, or its bytes are of another form than its
    ending says.
      docs/ja.zip!/logo.png ending .png
      docs/paper.parquet expected parquet, found text
    "
  `)
  const told = JSON.parse((await commandLine(dir, 'read docs --json -n 0')).out)
  expect(told).toMatchObject({ unread: { '.jpg': 1 }, rejections: [], more: 3 })
  expect(told.forms.find(({ format }: { format: string }) => format === 'markdown')).toMatchObject({
    files: 2,
    records: 2,
    languages: { en: 1, ja: 1 },
  })
  const narrow = await commandLine(dir, 'read docs', { tty: true, width: 80 })
  expect(Math.max(...narrow.out.split('\n').map(text => text.length))).toBeLessThanOrEqual(80)
  expect(narrow.err).toContain('1 of 5 files')
})

test('one file with its text, abridged or in full; nothing at all is an error', async () => {
  const text = `# Title\n\n${'A line of the text.\n\n'.repeat(60)}`
  const dir = folder({ 'a.md': text })
  const first = await commandLine(dir, 'read a.md')
  expect(first.out).toContain('title     Title\nlanguage  en\n\n# Title\n\nA line of the text.')
  expect(first.out).toMatch(/… \d+ lines more: --full\n$/)
  const { records } = JSON.parse((await commandLine(dir, 'read a.md --json')).out)
  expect(records).toMatchObject([{ payload: { kind: 'document', text } }])
  expect((await commandLine(dir, 'read a.md --full')).out.split('A line of the text.')).toHaveLength(61)
  expect(await commandLine(dir, 'read nowhere')).toMatchObject({
    code: 2,
    err: expect.stringContaining('SR_SOURCE_EMPTY'),
  })
})
