import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { zipOf } from '../../../test/support/zip.ts'
import { xmlOf } from '../markup/xml.ts'
import { texOfOmml } from './equations.ts'
import { readDocx } from './read.ts'

const about = { path: 'a.docx', format: 'docx' as const, bound: 1 << 20 }
const names = 'xmlns:w="w" xmlns:m="m" xmlns:mc="mc" xmlns:wps="wps" xmlns:v="v"'
const docx = (body: string, parts: { [name: string]: string } = {}): Buffer =>
  zipOf({ 'word/document.xml': `<w:document ${names}><w:body>${body}</w:body></w:document>`, ...parts })
const read = async (body: string, parts?: { [name: string]: string }) => readDocx(docx(body, parts), about)
const text = async (body: string, parts?: { [name: string]: string }) => (await read(body, parts)).text

const r = (words: string, properties = ''): string =>
  `<w:r>${properties ? `<w:rPr>${properties}</w:rPr>` : ''}<w:t xml:space="preserve">${words}</w:t></w:r>`
const p = (inner: string, properties = ''): string =>
  `<w:p>${properties ? `<w:pPr>${properties}</w:pPr>` : ''}${inner.startsWith('<') ? inner : r(inner)}</w:p>`
const styled = (style: string, inner: string): string => p(inner, `<w:pStyle w:val="${style}"/>`)
const item = (level: number, list: number, inner: string): string =>
  p(inner, `<w:numPr><w:ilvl w:val="${level}"/><w:numId w:val="${list}"/></w:numPr>`)

const style = (id: string, name: string, inner = ''): string =>
  `<w:style w:styleId="${id}"><w:name w:val="${name}"/>${inner}</w:style>`
const styles = {
  'word/styles.xml': `<w:styles ${names}>${[
    style('T', 'Title'),
    style('H1', 'heading 1'),
    style('H2', 'Heading 2'),
    style('Ue3', 'Überschrift 3'),
    style('Own', 'Section', '<w:basedOn w:val="H2"/>'),
    style('HeadB', 'HeadB'),
    style('Lvl', 'Chapter', '<w:pPr><w:outlineLvl w:val="0"/></w:pPr>'),
    style('Code', 'Code', '<w:rPr><w:rFonts w:ascii="Courier"/></w:rPr>'),
    style('Cap', 'CodeListingCaption', '<w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="3"/></w:numPr></w:pPr>'),
    style('Lit', 'Literal', '<w:rPr><w:rFonts w:ascii="Courier"/></w:rPr>'),
    style('Ann', 'CodeAnnotation', '<w:rPr><w:rFonts w:ascii="Courier"/></w:rPr>'),
    style('Q', 'Quote'),
    style('Toc', 'toc 1'),
    style('Hid', 'Secret', '<w:rPr><w:vanish/></w:rPr>'),
  ].join('')}</w:styles>`,
}
const level = (at: number, format: string, words: string, more = ''): string =>
  `<w:lvl w:ilvl="${at}"><w:start w:val="1"/><w:numFmt w:val="${format}"/><w:lvlText w:val="${words}"/>${more}</w:lvl>`
const numbering = {
  'word/numbering.xml': `<w:numbering ${names}><w:abstractNum w:abstractNumId="0">${level(0, 'decimal', '%1.')}${level(1, 'lowerLetter', '(%2)')}${level(2, 'lowerRoman', '%3.')}</w:abstractNum>
    <w:abstractNum w:abstractNumId="1">${level(0, 'bullet', '•')}${level(1, 'bullet', 'o')}</w:abstractNum>
    <w:abstractNum w:abstractNumId="2"><w:numStyleLink w:val="Chapters"/></w:abstractNum>
    <w:abstractNum w:abstractNumId="4"><w:styleLink w:val="Chapters"/>${level(0, 'decimal', '%1')}${level(1, 'decimal', 'Listing %1-%2')}</w:abstractNum>
    <w:abstractNum w:abstractNumId="5">${level(0, 'japaneseCounting', '第%1条')}</w:abstractNum>
    <w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
    <w:num w:numId="3"><w:abstractNumId w:val="2"/></w:num><w:num w:numId="5"><w:abstractNumId w:val="5"/></w:num>
    <w:num w:numId="4"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride></w:num></w:numbering>`,
}

test('headings by style, outline and name; a title is above them', async () => {
  const body =
    styled('T', 'Tides') + styled('H1', 'Moon') + styled('H2', 'Near') + styled('Own', 'Far') + styled('Ue3', 'Deep')
  expect(await read(body, styles)).toMatchObject({
    title: 'Tides',
    text: '# Tides\n\n## Moon\n\n### Near\n\n### Far\n\n#### Deep',
  })
  expect(await text(styled('Lvl', 'a') + styled('HeadB', 'b') + styled('Heading3', 'c'), styles)).toBe(
    '# a\n\n## b\n\n### c',
  )
})

test('lists with the numbers that Word counts, on across what stands between', async () => {
  const body = [
    item(0, 1, 'a'),
    item(1, 1, 'b'),
    item(2, 1, 'c'),
    item(1, 1, 'd'),
    p('between'),
    item(0, 1, 'e'),
    item(1, 1, 'f'),
  ]
  expect(await text(body.join(''), numbering)).toBe(
    '1. a\n   - (a) b\n     - i. c\n   - (b) d\n\nbetween\n\n2. e\n   - (a) f',
  )
  expect(await text(item(0, 2, 'a') + item(1, 2, 'b') + item(0, 2, 'c'), numbering)).toBe('- a\n  - b\n- c')
  expect(await text(item(0, 4, 'a') + item(0, 4, 'b') + item(0, 5, '目的'), numbering)).toBe(
    '7. a\n8. b\n\n第一条 目的',
  )
  // A paragraph without words is counted; a caption has its number in front.
  expect(
    await text(item(0, 3, '<w:r/>') + styled('Cap', 'A struct') + styled('Cap', 'An enum'), {
      ...numbering,
      ...styles,
    }),
  ).toBe('Listing 1-1: A struct\n\nListing 1-2: An enum')
})

test('tracked changes: what was inserted is read, what was deleted is not, also the ends of paragraphs and rows', async () => {
  const deleted = '<w:del><w:r><w:delText>old</w:delText></w:r></w:del>'
  expect(await text(p(`${r('a ')}${deleted}<w:ins>${r('new')}</w:ins><w:moveFrom>${r('moved')}</w:moveFrom>`))).toBe(
    'a new',
  )
  expect(await text(p(r('one '), '<w:rPr><w:del/></w:rPr>') + p('two'))).toBe('one two')
  const row = (words: string, more = ''): string =>
    `<w:tr><w:trPr>${more}</w:trPr><w:tc>${p(words)}</w:tc><w:tc>${p('x')}</w:tc></w:tr>`
  expect(await text(`<w:tbl>${row('a')}${row('b', '<w:del/>')}${row('c')}</w:tbl>`)).toBe(
    '| a | x |\n| --- | --- |\n| c | x |',
  )
})

test('a paragraph that lost its end goes on in the next one, but never beyond the cell, body or note it stands in', async () => {
  const endless = (inner: string): string => p(inner, '<w:rPr><w:del/></w:rPr>')
  const note = `<w:footnotes ${names}><w:footnote w:id="1">${endless('note')}</w:footnote></w:footnotes>`
  const body = `${endless('above')}<w:tbl><w:tr><w:tc>${endless('a')}</w:tc><w:tc>${p('b')}</w:tc></w:tr><w:tr><w:tc>${p('c')}</w:tc><w:tc>${p('d')}</w:tc></w:tr></w:tbl>`
  const last = `<w:p><w:pPr><w:pStyle w:val="H1"/><w:rPr><w:del/></w:rPr></w:pPr>${r('last')}<w:r><w:footnoteReference w:id="1"/></w:r></w:p>`
  expect(await text(body + last, { ...styles, 'word/footnotes.xml': note })).toBe(
    'above\n\n| a | b |\n| --- | --- |\n| c | d |\n\n# last[^1]\n\n[^1]: note',
  )
})

test('a field ends where its end is hidden or deleted; one without end is told of', async () => {
  const mark = (type: string, more = ''): string => `<w:r>${more}<w:fldChar w:fldCharType="${type}"/></w:r>`
  const hidden = '<w:rPr><w:vanish/></w:rPr>'
  expect(await text(p(`${mark('begin')}${mark('end', hidden)}${r('a')}`))).toBe('a')
  expect(await text(p(`${mark('begin')}<w:del>${mark('separate')}${mark('end')}</w:del>${r('b')}`) + p('c'))).toBe(
    'b\n\nc',
  )
  const lost = [{ reason: 'damaged', evidence: { error: expect.stringContaining('field') } }]
  expect(await read(p(`${r('a')}${mark('begin')}`) + p('gone'))).toMatchObject({ text: 'a', lost })
})

test('what is not shown is not read: hidden runs, comments, codes of fields, contents', async () => {
  const field = `<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>HYPERLINK</w:instrText>${'<w:t>code</w:t>'}</w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>${r('shown')}<w:r><w:fldChar w:fldCharType="end"/></w:r>`
  expect(
    await text(
      p(
        `${r('a ')}${r('b', '<w:vanish/>')}${r('c ', '<w:vanish w:val="0"/>')}${field}<w:r><w:commentReference w:id="0"/></w:r>`,
      ),
    ),
  ).toBe('a c shown')
  expect(await text(styled('Toc', 'Moon 3') + styled('Hid', 'secret') + p('a'), styles)).toBe('a')
})

test('text boxes once, after the paragraph that they hang on', async () => {
  const box = `<w:txbxContent>${p('in the box')}</w:txbxContent>`
  const both = `<w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx>${box}</wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>${box}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>`
  expect(await text(p(`${r('before ')}${both}${r('after')}`))).toBe('before after\n\nin the box')
  expect(await text(p(`<w:r><w:pict><v:textbox>${box}</v:textbox></w:pict></w:r>`))).toBe('in the box')
})

test('code by style and typeface; numbers, tabs and what is raised', async () => {
  const body =
    styled('Code', 'fn main() {') +
    styled('Code', '<w:r><w:tab/><w:t>x</w:t></w:r>') +
    styled('Code', '<w:r/>') +
    styled('Code', '}')
  expect(await text(body, styles)).toBe('```\nfn main() {\n\tx\n\n}\n```')
  expect(
    await text(
      p(`${r('Call ')}${r('f', '<w:rStyle w:val="Lit"/>')}${r('()', '<w:rFonts w:ascii="Consolas"/>')}${r(' now')}`),
      styles,
    ),
  ).toBe('Call `f()` now')
  expect(await text(p(r('x = 1', '<w:rFonts w:ascii="Courier New"/>')) + p('a'))).toBe('```\nx = 1\n```\n\na')
  expect(await text(styled('Code', `${r('2', '<w:rStyle w:val="Ann"/>')}${r(' y')}`), styles)).toBe('```\n❷ y\n```')
  expect(
    await text(
      p(
        `${r('m')}${r('2', '<w:vertAlign w:val="superscript"/>')}${r(' CO')}${r('2', '<w:vertAlign w:val="subscript"/>')}`,
      ),
    ),
  ).toBe('m² CO₂')
  expect(await text(styled('Q', 'a') + styled('Q', 'b'), styles)).toBe('> a\n>\n> b')
  expect(
    await text(
      p(
        '<w:r><w:sym w:font="Symbol" w:char="F061"/><w:br/><w:ruby><w:rt><w:r><w:t>かん</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>漢</w:t></w:r></w:rubyBase></w:ruby></w:r>',
      ),
    ),
  ).toBe('α\n漢')
})

test('notes follow the text, in the order of their marks', async () => {
  const parts = {
    'word/footnotes.xml': `<w:footnotes ${names}><w:footnote w:id="-1" w:type="separator">${p('---')}</w:footnote><w:footnote w:id="4">${p(`<w:r><w:footnoteRef/></w:r>${r(' First.')}`)}</w:footnote></w:footnotes>`,
    'word/endnotes.xml': `<w:endnotes ${names}><w:endnote w:id="4">${p('Last.')}</w:endnote></w:endnotes>`,
  }
  const body = p(
    `${r('a')}<w:r><w:endnoteReference w:id="4"/></w:r>${r(' b')}<w:r><w:footnoteReference w:id="4"/></w:r>${r('.')}`,
  )
  expect(await text(body, parts)).toBe('a[^1] b[^2].\n\n[^1]: Last.\n\n[^2]: First.')
})

test('tables: heads, cells over rows and columns, lists inside', async () => {
  const cell = (words: string, more = ''): string => `<w:tc><w:tcPr>${more}</w:tcPr>${p(words)}</w:tc>`
  const table = `<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr>${cell('Port')}${cell('Tide', '<w:gridSpan w:val="2"/>')}</w:tr>
    <w:tr>${cell('Kobe', '<w:vMerge w:val="restart"/>')}${cell('1')}${cell('2')}</w:tr><w:tr>${cell('<w:r/>', '<w:vMerge/>')}${cell('3')}${cell('4')}</w:tr></w:tbl>`
  expect(await text(table)).toBe('| Port | Tide | Tide |\n| --- | --- | --- |\n| Kobe | 1 | 2 |\n| Kobe | 3 | 4 |')
})

test('pages are places where Word noted them, else where somebody broke them', async () => {
  const noted =
    p(`${r('one')}<w:r><w:br w:type="page"/></w:r>`) +
    p(`<w:r><w:lastRenderedPageBreak/><w:t>two</w:t></w:r>`) +
    p(`${r('on ')}<w:r><w:lastRenderedPageBreak/><w:t>three</w:t></w:r>`)
  const found = await read(noted)
  expect(found.text).toBe('one\n\ntwo\n\non three')
  expect(found.places).toEqual([
    [0, 'page 1'],
    [5, 'page 2'],
    [13, 'page 3'],
  ])
  const broken = await read(
    p('one') + p('two', '<w:pageBreakBefore/>') + styled('H1', '<w:r><w:br w:type="page"/><w:t>three</w:t></w:r>'),
    styles,
  )
  expect(broken.places!.map(([at]) => broken.text.slice(at).split('\n')[0])).toEqual(['one', 'two', '# three'])
  const cell = (inner: string, more = ''): string => `<w:tc><w:tcPr>${more}</w:tcPr>${p(inner)}</w:tc>`
  const turned = (words: string): string => `<w:r><w:lastRenderedPageBreak/><w:t>${words}</w:t></w:r>`
  const spans = await read(
    `<w:tbl><w:tr><w:trPr><w:tblHeader/></w:trPr>${cell('a')}${cell(turned('head'), '<w:gridSpan w:val="2"/>')}</w:tr><w:tr>${cell(turned('down'), '<w:vMerge w:val="restart"/>')}${cell('b')}${cell('c')}</w:tr><w:tr>${cell('<w:r/>', '<w:vMerge/>')}${cell('d')}${cell('e')}</w:tr></w:tbl>${p(turned('end'))}`,
  )
  expect(spans.text).toBe('| a | head | head |\n| --- | --- | --- |\n| down | b | c |\n| down | d | e |\n\nend')
  expect(spans.places!.map(([at, name]) => [spans.text.slice(at, at + 6), name])).toEqual([
    ['| a | ', 'page 1'],
    ['head |', 'page 2'],
    ['| down', 'page 3'],
    ['end', 'page 4'],
  ])
  expect((await read(p('one'))).places).toBeUndefined()
})

describe('equations', () => {
  const run = (letters: string, properties = ''): string =>
    `<m:r>${properties ? `<m:rPr>${properties}</m:rPr>` : ''}<m:t>${letters}</m:t></m:r>`
  const e = (inner: string): string => `<m:e>${inner}</m:e>`
  test.each<[string, string, string]>([
    ['fraction', `<m:f><m:num>${run('1')}</m:num><m:den>${run('2π')}</m:den></m:f>`, '\\frac{1}{2\\pi}'],
    [
      'scripts',
      `<m:sSubSup>${e(run('x'))}<m:sub>${run('i')}</m:sub><m:sup>${run('2n')}</m:sup></m:sSubSup>`,
      'x_i^{2n}',
    ],
    ['a base of several signs', `<m:sSup>${e(run('a+b'))}<m:sup>${run('2')}</m:sup></m:sSup>`, '{a+b}^2'],
    ['prime', `<m:sSup>${e(run('f'))}<m:sup>${run('′')}</m:sup></m:sSup>`, "f'"],
    [
      'roots',
      `<m:rad><m:radPr><m:degHide m:val="1"/></m:radPr><m:deg/>${e(run('x'))}</m:rad><m:rad><m:deg>${run('3')}</m:deg>${e(run('y'))}</m:rad>`,
      '\\sqrt{x}\\sqrt[3]{y}',
    ],
    [
      'sum',
      `<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>${run('i=1')}</m:sub><m:sup>${run('n')}</m:sup>${e(run('i'))}</m:nary>`,
      '\\sum_{i=1}^n i',
    ],
    [
      'integral',
      `<m:nary><m:naryPr><m:subHide m:val="1"/><m:supHide m:val="1"/></m:naryPr><m:sub/><m:sup/>${e(run('f'))}</m:nary>`,
      '\\int f',
    ],
    ['brackets', `<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr>${e(run('0,1'))}</m:d>`, '[0,1]'],
    [
      'tall brackets, one open',
      `<m:d><m:dPr><m:begChr m:val="{"/><m:endChr m:val=""/></m:dPr>${e(`<m:eqArr>${e(run('a'))}${e(run('b'))}</m:eqArr>`)}</m:d>`,
      '\\left\\{\\begin{aligned}a \\\\ b\\end{aligned}\\right.',
    ],
    [
      'matrix',
      `<m:m><m:mr>${e(run('a'))}${e(run('b'))}</m:mr><m:mr>${e(run('c'))}${e(run('d'))}</m:mr></m:m>`,
      '\\begin{matrix}a & b \\\\ c & d\\end{matrix}',
    ],
    [
      'function',
      `<m:func><m:fName>${run('sin', '<m:sty m:val="p"/>')}</m:fName>${e(run('θ'))}</m:func>`,
      '\\sin \\theta',
    ],
    [
      'limit',
      `<m:func><m:fName><m:limLow>${e(run('lim', '<m:sty m:val="p"/>'))}<m:lim>${run('n→∞')}</m:lim></m:limLow></m:fName>${e(run('a'))}</m:func>`,
      '\\lim_{n\\to\\infty} a',
    ],
    [
      'accents',
      `<m:acc><m:accPr><m:chr m:val="⃗"/></m:accPr>${e(run('v'))}</m:acc><m:bar>${e(run('x'))}</m:bar>`,
      '\\vec{v}\\overline{x}',
    ],
    [
      'words and faces',
      `${run('if ', '<m:nor/>')}${run('R', '<m:scr m:val="double-struck"/>')}${run('𝐱')}`,
      '\\text{if }\\mathbb{R}\\mathbf{x}',
    ],
    ['signs that TeX reserves', run('50% {a}'), '50\\% \\{a\\}'],
  ])('%s', (_, omml, tex) => {
    expect(texOfOmml(xmlOf(`<m:oMath xmlns:m="m">${omml}</m:oMath>`).root)).toBe(tex)
  })

  test('of a real document, in lines and alone', async () => {
    const file = readFileSync(join(import.meta.dirname, '../../../test/fixtures/office/equations.docx'))
    const { text } = await readDocx(file, about)
    expect(text).toMatch(/^For \$m=1\$,\n\n\$\$\n\\sin\\theta=\\frac\{m\\lambda\}\{a\}=/)
    expect(text).toMatch(
      /The angle is \$\\theta=\\sin\^\{-1\}\(2\.2\\times 10\^\{-4\}\)=2\.2\\times 10\^\{-4\}\\mathrm\{rad\}\$\./,
    )
    expect(text.match(/^\$\$$/gm)).toHaveLength(4)
  })
})

test('files that only end like one say what they are', async () => {
  const compound = (inside: string): Buffer =>
    Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(500), Buffer.from(inside, 'utf16le')])
  await expect(readDocx(compound('EncryptedPackage'), about)).rejects.toMatchObject({ reason: 'encrypted' })
  await expect(readDocx(compound('WordDocument'), about)).rejects.toMatchObject({ reason: 'unknown-format' })
  await expect(readDocx(Buffer.from('{\\rtf1'), about)).rejects.toMatchObject({ reason: 'unknown-format' })
  await expect(readDocx(zipOf({ 'xl/workbook.xml': '<x/>' }), about)).rejects.toThrow('a workbook')
  await expect(readDocx(zipOf({ a: '' }), about)).rejects.toMatchObject({ reason: 'unknown-format' })
})

test('broken XML is read as far as it goes, and says so; too deep and too large are refused', async () => {
  const cut = zipOf({ 'word/document.xml': `<w:document ${names}><w:body>${p('whole')}<w:p><w:r><w:t>half` })
  expect(await readDocx(cut, about)).toMatchObject({ text: 'whole\n\nhalf', lost: [{ reason: 'damaged' }] })
  const unstyled = docx(styled('H1', 'words'), styles)
  // A byte of the part with the styles, which lies last.
  unstyled[unstyled.indexOf('PK\x01\x02') - 20]! ^= 0xff
  expect(await readDocx(unstyled, about)).toMatchObject({
    text: 'words',
    lost: [{ reason: 'damaged', evidence: { member: 'word/styles.xml' } }],
  })
  await expect(text('<w:p>'.repeat(5000))).rejects.toMatchObject({ reason: 'too-costly' })
  const bomb = docx(p('x'.repeat(5 << 20)))
  await expect(readDocx(bomb, about)).rejects.toMatchObject({ reason: 'over-limit' })
})
