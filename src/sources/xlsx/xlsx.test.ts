import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rowsXml, workbookOf } from '../../../test/support/workbook-of.ts'
import { zipOf } from '../../../test/support/zip.ts'
import { type Item, listFiles, readSource, sourceConfig, sourceKind } from '../index.ts'
import { numberShown, shownBy } from './number-format.ts'
import { cellOf } from './sheet.ts'

async function read(bytes: Uint8Array, options: object = {}, bound?: number, name = 'book.xlsx'): Promise<Item[]> {
  const base = mkdtempSync(join(tmpdir(), 'xlsx-'))
  writeFileSync(join(base, name), bytes)
  const config = sourceConfig.parse({ files: name, license: 'MIT', kind: 'row', ...options })
  const [file] = await listFiles(config, base)
  const items: Item[] = []
  for await (const item of readSource('book', config, file!, bound === undefined ? {} : { bound })) items.push(item)
  return items
}
const told = (items: Item[]) =>
  items.map(item =>
    item.is === 'record'
      ? [item.part, item.row, (item.payload as { columns: object }).columns]
      : [item.reason, item.row, item.evidence],
  )
const columns = async (...given: Parameters<typeof read>) =>
  (await read(...given)).map(item =>
    item.is === 'record' ? (item.payload as { columns: object }).columns : item.reason,
  )

describe('numbers by their format', () => {
  const shown = (value: number, format: string | number, from1904 = false) =>
    numberShown(value, typeof format === 'string' ? shownBy(164, format) : shownBy(format, undefined), from1904)

  test('dates of both systems, and the day that 1900 did not have', () => {
    expect([1, 59, 60, 61, 45_000].map(n => shown(n, 14))).toEqual([
      ...['1900-01-01', '1900-02-28', '1900-02-29', '1900-03-01', '2023-03-15'],
    ])
    expect([0, 43_538].map(n => shown(n, 14, true))).toEqual(['1904-01-01', '2023-03-15'])
    expect(shown(45_000.75, 22)).toBe('2023-03-15T18:00:00')
    expect(shown(45_000.75, 'yyyy-mm-dd')).toBe('2023-03-15T18:00:00')
    expect(shown(45_000, 'ggge"年"m"月"d"日"')).toBe('2023-03-15')
    expect(shown(45_000, 31)).toBe('2023-03-15')
    // No date can be these.
    expect([-1, 0, 3e6].map(n => shown(n, 14))).toEqual([-1, 0, 3_000_000])
  })
  test('times, durations, shares, numbers with leading zeros, and what only looks like a date', () => {
    expect([shown(0.5, 21), shown(1.5, '[h]:mm:ss'), shown(0.99999, 'h:mm')]).toEqual([
      '12:00:00',
      '36:00:00',
      '23:59:59',
    ])
    expect([shown(0.25, '0%'), shown(0.1 + 0.2, 0), shown(5, '"day" 0'), shown(5, '[Red]0.00')]).toEqual([
      0.25, 0.3, 5, 5,
    ])
    expect([shown(1234, '00000'), shown(123_456, '00000'), shown(1.5, '00000')]).toEqual(['01234', 123_456, 1.5])
    expect([shown(7, 'General'), shown(7, '0.00E+00'), shown(7, '_(* #,##0_);_(* (#,##0)')]).toEqual([7, 7, 7])
  })
})

test('two sheets of a real workbook, by the numbers and names that it shows', async () => {
  const items = await read(readFileSync('test/fixtures/workbooks/test.xlsx'))
  expect(items).toHaveLength(27)
  expect(told([items[0]!, items[12]!, items[26]!])).toEqual([
    ['Sheet1', 2, { Alpha: 89, Beta: 82, Gamma: 100, Delta: 12 }],
    ['Sheet1', 14, { Alpha: 58, Beta: '6ff4173b-42a5-4784-9b19-f49caff4d93d', Gamma: 22, Delta: 9 }],
    [
      '09060124-b5e7-4717-9d07-3c046eb',
      5,
      { ColA: 13, ColB: 14, ColC: 15, ColD: 'affc7dad-52dc-4b98-9b5d-51e65d8a8ad0' },
    ],
  ])
})

test('texts: shared, in the cell, of a formula; runs joined, readings of Japanese left out, escapes undone', async () => {
  const strings = [
    'name',
    '<si><r><t>東京</t></r><r><rPr/><t xml:space="preserve">都 </t></r><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></si>',
    'a_x000D_b_x005F_c',
  ]
  const data =
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r></is></c></row>' +
    '<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2" t="str"><f>A1&amp;"x"</f><v>namex</v></c></row>' +
    '<row><c t="s"><v>2</v></c><c t="b"><v>1</v></c></row>' +
    '<row r="9"><c r="A9" t="e"><v>#N/A</v></c><c r="B9"><f>1/4</f><v>0.25</v></c></row>'
  expect(told(await read(workbookOf([{ name: 'S', data }], { strings })))).toEqual([
    ['S', 2, { name: '東京都 ', inline: 'namex' }],
    ['S', 3, { name: 'a\rb_c', inline: true }],
    ['S', 9, { name: null, inline: 0.25 }],
  ])
})

test('long texts that many cells share end with what a sheet of its size may show', async () => {
  const row = (i: number) => `<row r="${i}"><c r="A${i}" t="s"><v>${i === 1 ? 0 : 1}</v></c></row>`
  const data = Array.from({ length: 400 }, (_, i) => row(i + 1)).join('')
  const items = await read(workbookOf([{ name: 'S', data }], { strings: ['name', 'long '.repeat(200_000)] }))
  expect(items.length).toBeLessThan(200)
  expect(items.at(-1)).toMatchObject({ is: 'rejected', reason: 'over-limit' })
})

test('a table that stands in from the corner, under a title, with headers over two rows and cells merged down', async () => {
  const data = rowsXml([
    [null, 'Sales of the year'],
    [],
    [null, 'Region', 'Units', null, 'Region'],
    [null, null, 'first', 'second', null],
    [null, 'North', 1, 2, 'x'],
    [null, null, 3, null, 'y'],
    [null, 'South', 4, 5, 'z', null, 'see below'],
  ])
  const after = '<mergeCells><mergeCell ref="B3:B4"/><mergeCell ref="C3:D3"/><mergeCell ref="B5:B6"/></mergeCells>'
  expect(told(await read(workbookOf([{ name: 'S', data, after }])))).toEqual([
    ['ragged-row', 1, { sheet: 'S', fields: 1, header: 4 }],
    ['S', 5, { Region: 'North', 'Units first': 1, 'Units second': 2, Region_2: 'x' }],
    ['S', 6, { Region: 'North', 'Units first': 3, 'Units second': null, Region_2: 'y' }],
    ['ragged-row', 7, { sheet: 'S', fields: 6, header: 4 }],
  ])
  expect(await columns(workbookOf([{ name: 'S', data: rowsXml([['word'], ['a'], ['b']]) }]))).toEqual([
    { word: 'a' },
    { word: 'b' },
  ])
})

test('a hidden sheet is named, and read where it is asked for; one that is not there says which are', async () => {
  const sheets = [
    {
      name: 'Data',
      data: rowsXml([
        ['a', 'b'],
        [1, 2],
      ]),
    },
    {
      name: 'Lists',
      data: rowsXml([
        ['c', 'd'],
        [3, 4],
      ]),
      state: 'veryHidden',
    },
    { name: 'Empty', data: '<row r="1"><c r="A1" s="1"/></row>' },
  ]
  const book = workbookOf(sheets)
  expect(told(await read(book))).toEqual([
    ['Data', 2, { a: 1, b: 2 }],
    ['hidden', 1, { sheet: 'Lists' }],
  ])
  expect(told(await read(book, { table: 'lists' }))).toEqual([['Lists', 2, { c: 3, d: 4 }]])
  await expect(read(book, { table: 'List' })).rejects.toMatchObject({
    ...{ code: 'SR_SOURCE_SQL', expected: 'one of Data, Lists, Empty', hint: expect.stringContaining('Lists') },
  })
  const other = sourceConfig.parse({ files: 'a.md', table: 'x', license: 'MIT' })
  const file = { path: 'a.md', below: 'a.md', absolute: '/a.md', size: 1, mtimeMs: 0 }
  await expect(sourceKind(other, [file])).rejects.toMatchObject({
    code: 'SR_SOURCE_SQL',
    expected: expect.stringMatching(/xlsx/),
  })
})

test('what is no workbook, too much of one, or damaged, is said', async () => {
  const ole = (name: string) => {
    const bytes = Buffer.alloc(2048)
    bytes.write('d0cf11e0a1b11ae1', 'hex')
    bytes.writeUInt16LE(9, 30)
    bytes.write(name, 1024, 'utf16le')
    bytes.writeUInt32LE(1, 48)
    return bytes
  }
  const book = workbookOf([
    {
      name: 'S',
      data: rowsXml([
        ['a', 'b'],
        ['x'.repeat(3000), 'y'],
        ['z', 'w'],
      ]),
    },
  ])
  expect(await columns(ole('EncryptedPackage'))).toEqual(['encrypted'])
  expect(await columns(ole('Workbook'), {}, undefined, 'old.xls')).toEqual(['unknown-format'])
  expect(await columns(Buffer.from('a,b\n1,2\n'))).toEqual(['unknown-format'])
  expect(await columns(zipOf({ 'a.bin': 'a' }))).toEqual(['unknown-format'])
  expect(await columns(Buffer.alloc(0))).toEqual(['empty-file'])
  expect(await columns(book.subarray(0, book.length - 60))).toEqual(['damaged'])
  expect(await columns(book, {}, 2048)).toEqual(['line-too-long', { a: 'z', b: 'w' }])
  const bomb = workbookOf([{ name: 'S', data: ' '.repeat(1 << 20) }])
  expect(await columns(bomb, {}, 2048)).toEqual(['over-limit'])
  const cut = workbookOf([
    {
      name: 'S',
      data: `${rowsXml([
        ['a', 'b'],
        [1, 2],
      ])}<row r="3"><c r="A3"><v>1</v></row>`,
    },
    {
      name: 'T',
      data: rowsXml([
        ['a', 'b'],
        [3, 4],
      ]),
    },
  ])
  expect(told(await read(cut)).map(([what]) => what)).toEqual(['S', 'damaged', 'T'])
})

test('columns of references up to the last there is', () => {
  expect(['A1', 'Z3', 'AA1', 'XFD1048576', 'XFE1', 'a1', 'A'].map(cellOf)).toEqual([
    ...[[0, 0], [25, 2], [26, 0], [16_383, 1_048_575], undefined, undefined, undefined],
  ])
})

test('what is written comes back', async () => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme' }).filter(text => !/\p{Cc}/u.test(text)),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }).map(n => Number(n.toPrecision(12)) + 0),
    fc.boolean(),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 40 }), async rows => {
      const full = rows.map(row => row.map(value => (value === '' ? 'e' : value)))
      const back = await columns(workbookOf([{ name: 'S', data: rowsXml([['a', 'b', 'c'], ...full]) }]))
      expect(back).toEqual(full.map(([a, b, c]) => ({ a, b, c })))
    }),
    { numRuns: 8 },
  )
})
