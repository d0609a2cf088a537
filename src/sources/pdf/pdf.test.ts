import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type PdfOptions, type PdfPage, type Put, pdfFile } from '../../../test/support/pdf-file.ts'
import type { Prose } from '../form.ts'
import { formOf } from '../forms.ts'
import { readPdf } from './pdf.ts'

const about = { path: 'a.pdf', format: 'pdf', bound: 1 << 22 } as const
const fixture = (name: string): Buffer =>
  readFileSync(new URL(`../../../test/fixtures/pdf/${name}.pdf`, import.meta.url))
const read = async (pages: PdfPage[], options: PdfOptions = {}): Promise<Prose> =>
  readPdf(pdfFile(pages, options), about)
const refusal = async (bytes: Buffer): Promise<unknown> =>
  Promise.resolve(readPdf(bytes, about)).then(
    prose => prose.text,
    error => [error.reason, error.evidence.pages],
  )
const lines = (texts: string[], font: NonNullable<Put['font']>): Put[] =>
  texts.map((text, at) => ({ at: [72, 100 + 18 * at], text, font, size: 11 }))

describe('a paper in two columns', () => {
  test('is read title, left, right, page by page, with tables, notes and headings', async () => {
    const { text, places, title } = await readPdf(fixture('two-columns'), about)
    expect(title).toBe('An Evaluation Dataset for Intent Classification and Out-of-Scope Prediction')
    const order = [
      `# ${title}`,
      '## Abstract',
      'when a query falls outside their range of supported intents, but current text',
      '## 1 Introduction',
      // Over a figure, from the left column into the right one.
      'a very small number of intents (e.g. Coucke et al. (2018), which has 7 intents). Furthermore, such resources',
      // From the first page onto the second.
      'limited by the fixed number of intent classes. Correctly identifying out-of-scope cases',
      '## 2 Dataset',
      '### 2.1 In-Scope Data Collection',
      '¹See the supplementary material for a full list of domains and intents, as well as additional examples.',
      '| Domain | Intent | Query |\n| --- | --- | --- |\n| BANKING | TRANSFER | move 100 dollars',
      'interested in cases where such queries are predicted as in-scope, as this would mean',
      '| BERT | 96.9 | 96.4 | 96.3 | 96.7 | 40.3 | 40.9 | 43.8 | 59.2 |',
      '| TREC-50, (Li and Roth, 2002) | 50 | 5,952 | ✗ | ✓ | ✓ | ✗ |',
      '## References',
      'Théodore Bluche',
    ].map(words => text.indexOf(words))
    expect(order.every((at, n) => at > (order[n - 1] ?? -1))).toBe(true)
    expect(places?.map(([, name]) => name)).toEqual([1, 2, 3, 4, 5, 6].map(page => `page ${page}`))
    const second = text.slice(places![1]![0])
    expect(second.startsWith('Correctly identifying')).toBe(true)
  })
})

test('tables that are not ruled keep every cell, and a receipt its lines', async () => {
  const report = (await readPdf(fixture('borderless-table'), about)).text
  for (const row of ['| SKU-9201 |  | 780 | 778 |  | OK |', '|  | C-15 |  |  | +15 |  |', '|  |  | 180 |  | -24 |  |'])
    expect(report).toContain(`${row}\n`)
  expect(report.match(/^\| SKU-.*$/gm)).toHaveLength(14)
  expect(report).toContain('verification protocols should be reviewed to prevent')
  const receipt = (await readPdf(fixture('receipt'), about)).text
  expect(receipt).toContain('SUBTOTAL $863.91\nMember Discount (15%)-$84.00\nSales Tax (8.5%) $66.23\n')
})

describe('Japanese', () => {
  const text = [
    '人間はだれでも自分の考えを言葉に',
    'して伝えることができる。それは長',
    'い歴史のなかで育ったものである。',
  ]

  test('by predefined CMaps and by maps of the file, across and down', async () => {
    const across = await read([lines(text, 'japanese')], { language: 'ja-JP' })
    expect([across.text, across.language]).toEqual([`${text.join('')}\n`, 'ja'])
    expect((await read([lines(text, 'subset')], { language: 'en-US' })).language).toBeUndefined()
    expect((await read([lines(text, 'subset')])).text).toBe(`${text.join('')}\n`)
    const down = text.map((line, at): Put => ({ at: [500 - 20 * at, 72], text: line, font: 'vertical', size: 11 }))
    expect((await read([down])).text).toBe(`${text.join('')}\n`)
  })

  test('glyphs that nothing maps to characters are no text', async () => {
    expect(await refusal(pdfFile([lines(text, 'unmapped')]))).toEqual(['not-text', 1])
  })
})

describe('what is refused, and what is lost', () => {
  test('a password, pictures, other files, damage', async () => {
    const page: PdfPage = [{ at: [72, 72], text: 'Some words.' }]
    expect(await refusal(pdfFile([page], { password: 'known to one' }))).toEqual(['encrypted', undefined])
    expect(await refusal(pdfFile([page], { password: '' }))).toBe('Some words.\n')
    expect(await refusal(pdfFile([['picture'], ['picture']]))).toEqual(['not-text', 2])
    expect(await refusal(pdfFile([[]]))).toEqual(['not-text', 1])
    expect(await refusal(Buffer.from('plain words'))).toEqual(['unknown-format', undefined])
    expect(await refusal(Buffer.from('%PDF-1.7\nand no more'))).toEqual(['damaged', undefined])
  })

  test('pages that are pictures are counted beside those that are read; a file that is cut gives what is left', async () => {
    const pages: PdfPage[] = [['picture'], [{ at: [72, 72], text: 'Some words.' }], ['picture'], ['picture']]
    const half = await read(pages)
    expect(half.places).toEqual([[0, 'page 2']])
    expect(half.lost).toEqual([
      { reason: 'not-text', evidence: { pages: '1, 3-4', error: 'a picture without a text layer' } },
    ])
    const whole = pdfFile([[{ at: [72, 72], text: 'The first page.' }], [{ at: [72, 72], text: 'The second.' }]])
    const cut = await readPdf(whole.subarray(0, whole.indexOf('The second')), about)
    expect([cut.text, cut.lost?.[0]?.reason]).toEqual(['The first page.\n', 'damaged'])
  })
})

test('titles that are names of files are none; text on its side is turned, a stamp beside it left out', async () => {
  const page: PdfPage = [
    ...['The first line of a page on its side', 'goes on in the second one, and that one', 'in the third.'].map(
      (text, at): Put => ({ at: [100 + 14 * at, 600], text, turn: 90 }),
    ),
    { at: [300, 30], text: 'stamp' },
  ]
  const named = await read([page], { title: 'Microsoft Word - a.doc' })
  expect([named.text.replace(/\s/g, ' '), named.title]).toEqual([
    'The first line of a page on its side goes on in the second one, and that one in the third. ',
    undefined,
  ])
  expect((await read([page], { title: 'A Title' })).title).toBe('A Title')
})

test('a line of the outline is a heading, at its depth', async () => {
  const page: PdfPage = [
    { at: [72, 72], text: 'Opening words' },
    { at: [72, 100], text: 'A paragraph of the first part.' },
  ]
  expect((await read([page], { outline: ['Opening words'] })).text).toBe(
    '# Opening words\n\nA paragraph of the first part.\n',
  )
})

test('told by its first bytes, and not where a text speaks of it', () => {
  const { magic } = formOf('pdf')
  expect(magic!(Buffer.from('\r\n\0\0%PDF-1.4\n'))).toBe(true)
  expect(magic!(Buffer.from('Files begin with %PDF-1.4\n'))).toBe(false)
})
