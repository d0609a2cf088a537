import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import type { FormName } from '../../../src/sources/forms.ts'
import { tar, tarMember, zip } from '../archives.ts'
import { pdfFile } from '../pdf-file.ts'
import {
  before,
  book,
  office,
  sampleOf,
  sheetml,
  sheetOf,
  warcRecord,
  wordMain,
  wordXml,
  workbook,
  xml,
} from './samples.ts'

/** Files of a form made to cost much more than they weigh; `size` is how much, in bytes or levels. */
type Made = { [label: string]: (size: { bytes: number; deep: number }) => Buffer | string }
type Table = { [form: string]: Made }

const zeros = (bytes: number): Buffer => Buffer.alloc(bytes)

const built = (form: string, text: Buffer): Buffer => sampleOf(form as FormName).build(text)

/** Entities of entities: ten of each, ten levels down ("billion laughs"). */
const laughs = `<!DOCTYPE x [<!ENTITY a0 "ha">${Array.from({ length: 10 }, (_, i) => `<!ENTITY a${i + 1} "${`&a${i};`.repeat(10)}">`).join('')}]>`
const laughing = (text: string): string => text.replace('?>\n', `?>\n${laughs}`)
const strings = (text: string | Buffer): Buffer =>
  before(`${xml}<sst xmlns="${sheetml}"><si><t>text</t></si><si><t>`, text, '</t></si></sst>')
const word = (content: string | Buffer, ...more: { name: string; content: Buffer }[]): Buffer =>
  office('word/document.xml', wordMain, [{ name: 'word/document.xml', content }, ...more])

/** A deflate stream that expands a thousandfold, in whatever the form keeps such streams in. */
export const bombs: Table = {
  text: {
    'txt.gz': ({ bytes }) => gzipSync(Buffer.alloc(bytes, 'a ')),
    'txt.zst': ({ bytes }) => zstdCompressSync(Buffer.alloc(bytes, 'a ')),
  },
  jsonl: {
    'jsonl.gz': ({ bytes }) =>
      gzipSync(Buffer.concat([Buffer.from('{"text":"'), Buffer.alloc(bytes, 'a '), Buffer.from('"}\n')])),
    json: ({ bytes }) => `[${'1,'.repeat(bytes / 200)}1]`,
  },
  csv: {
    'csv.gz': ({ bytes }) => gzipSync(Buffer.concat([Buffer.from('text\n"'), Buffer.alloc(bytes, 'a ')])),
    csv: ({ bytes }) => `${'c,'.repeat(bytes / 100)}c\n${'1,'.repeat(bytes / 100)}1\n`,
  },
  zip: {
    zip: ({ bytes }) =>
      zip([
        { name: 'a.txt', content: zeros(bytes) },
        { name: 'b.jsonl', content: Buffer.alloc(bytes, ' ') },
        { name: 'c.md', content: 'C' },
      ]),
    'zip.gz': ({ bytes }) => gzipSync(zip([{ name: 'a.csv', content: zeros(bytes), method: 0 }])),
    'many.zip': ({ deep }) =>
      zip(Array.from({ length: Math.min(60_000, deep) }, (_, i) => ({ name: `${i}.md`, content: '', method: 0 }))),
    'overlap.zip': ({ bytes }) => overlapping(bytes),
  },
  tar: {
    'tar.gz': ({ bytes }) =>
      gzipSync(tar(tarMember('a.txt', zeros(bytes)), tarMember('b.unread', zeros(bytes)), tarMember('c.md', 'C'))),
    'headers.tar.gz': ({ deep }) =>
      gzipSync(
        Buffer.concat([
          ...Array.from({ length: Math.min(20_000, deep) }, () => tarMember('x', '17 path=a/b.md\n', 'x')),
          tar(tarMember('c.md', 'C')),
        ]),
      ),
  },
  html: {
    html: ({ bytes }) => `<html><body><article><p>${'<b>a</b> '.repeat(bytes / 90)}</p></article></body></html>`,
    'laughs.xhtml': () =>
      laughing(
        `${xml}<html xmlns="http://www.w3.org/1999/xhtml"><body><p>&a10;</p><svg><text>&a10;</text></svg></body></html>`,
      ),
    'table.html': ({ deep }) =>
      `<p>One.</p><table><tr>${'<td colspan="1000" rowspan="65534">a</td>'.repeat(Math.min(deep, 3000))}</table>`,
    'attributes.html': ({ deep }) =>
      `<p ${Array.from({ length: deep }, (_, i) => `a${i}="1"`).join(' ')}>text of the page</p>`,
    'html.gz': ({ bytes }) => gzipSync(Buffer.alloc(bytes, 'a ')),
  },
  docx: {
    docx: ({ bytes }) => built('docx', Buffer.alloc(bytes, 'a ')),
    'parts.docx': ({ bytes }) => word(wordXml('one'), { name: 'word/media/image1.png', content: Buffer.alloc(bytes) }),
    'laughs.docx': () => word(laughing(wordXml('&a10;').toString())),
    'runs.docx': ({ bytes }) => word(wordXml('</w:t></w:r><w:r><w:t>a'.repeat(bytes / 300))),
  },
  epub: {
    epub: ({ bytes }) => built('epub', Buffer.alloc(bytes, 'a ')),
    'laughs.epub': () =>
      book(laughing(`${xml}<html xmlns="http://www.w3.org/1999/xhtml"><body><p>&a10;</p></body></html>`)),
  },
  notebook: { ipynb: ({ bytes }) => built('notebook', Buffer.alloc(Math.min(bytes, 2 ** 27), 'a ')) },
  xlsx: {
    xlsx: ({ bytes }) => workbook(strings(Buffer.alloc(bytes, 'a '))),
    'strings.xlsx': ({ bytes }) =>
      workbook(`${xml}<sst xmlns="${sheetml}">${'<si><t>a</t></si>'.repeat(bytes / 30)}</sst>`),
    'repeated.xlsx': ({ bytes, deep }) => workbook(strings('a'.repeat(bytes / 30)), sheetOf(deep)),
    'far.xlsx': () =>
      workbook(
        strings('a'),
        sheetOf(2).replace('</sheetData>', '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'),
      ),
    'laughs.xlsx': () => workbook(laughing(strings('&a10;').toString())),
  },
  warc: {
    'warc.gz': ({ bytes }) => gzipSync(warcRecord(Buffer.alloc(bytes, 'a '))),
    'body.warc': ({ bytes }) => warcRecord(Buffer.from(''), gzipSync(Buffer.alloc(bytes, 'a '))),
    'headers.warc': ({ bytes }) => `WARC/1.0\r\n${'X: y\r\n'.repeat(bytes / 60)}`,
    'length.warc': () =>
      'WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\nContent-Length: 99999999999999\r\n\r\nHTTP/1.1 200 OK\r\n\r\na',
  },
  stackexchange: {
    xml: ({ bytes }) => built('stackexchange', Buffer.alloc(Math.min(bytes, 2 ** 27), 'a ')),
    'laughs.xml': () => laughing(built('stackexchange', Buffer.from('&a10;')).toString()),
    'rows.xml': ({ bytes }) =>
      `${xml}<posts>\n${'<row Id="1" PostTypeId="2" ParentId="7" Score="1" Body="a" />\n'.repeat(bytes / 600)}</posts>`,
    'answers.xml': ({ bytes }) =>
      `${xml}<posts>\n<row Id="1" PostTypeId="1" Score="1" Title="q" Body="q" />\n${Array.from({ length: bytes / 600 }, (_, i) => `<row Id="${i + 2}" PostTypeId="2" ParentId="1" Score="1" Body="a" />\n`).join('')}</posts>`,
  },
  pdf: {
    pdf: ({ bytes }) =>
      rawPdf(deflateSync(Buffer.concat([Buffer.from('BT /F1 12 Tf '), Buffer.alloc(bytes, '(a) Tj ')]))),
    'twice.pdf': ({ bytes }) =>
      rawPdf(deflateSync(deflateSync(Buffer.alloc(bytes, '(a) Tj '))), '[/FlateDecode/FlateDecode]'),
    'pages.pdf': ({ deep }) =>
      pdfFile(Array.from({ length: Math.min(deep, 5000) }, () => [{ at: [72, 72] as [number, number], text: 'a' }])),
    'glyphs.pdf': ({ deep }) =>
      pdfFile([
        Array.from({ length: deep * 2 }, (_, i) => ({
          at: [(i * 7) % 500, (i * 13) % 800] as [number, number],
          text: 'ab',
        })),
      ]),
    'lines.pdf': ({ deep }) =>
      pdfFile([
        Array.from({ length: deep }, (_, i) => ({
          from: [(i * 7) % 500, 0] as [number, number],
          to: [(i * 7) % 500, 800] as [number, number],
        })),
      ]),
    'size.pdf': () =>
      pdfFile([[{ at: [72, 72], text: 'a' }]])
        .toString('latin1')
        .replace(/595 842/, '1e38 1e38'),
  },
  latex: {
    tex: () =>
      `\\documentclass{article}\n${Array.from({ length: 40 }, (_, i) => `\\newcommand{\\${letters(i + 1)}}{\\${letters(i)}\\${letters(i)}}`).join('\n')}\n\\newcommand{\\${letters(0)}}{x}\\begin{document}\\${letters(40)}\\end{document}`,
    'self.tex': () =>
      '\\documentclass{article}\\newcommand{\\a}{\\a\\a}\\def\\b{\\a\\b}\\begin{document}\\a\\b\\end{document}',
    'input.tex': () => '\\documentclass{article}\\begin{document}text\\input{input}\\include{input.tex}\\end{document}',
    'macros.tex': ({ deep }) =>
      `\\documentclass{article}${Array.from({ length: deep }, (_, i) => `\\newcommand{\\${letters(i)}}{x}`).join('')}\\begin{document}${'\\a '.repeat(deep)}\\end{document}`,
  },
  code: { py: ({ bytes }) => Buffer.alloc(Math.min(bytes, 2 ** 25), 'x = 1\n') },
  sqlite: {
    sqlite: () => {
      const folder = mkdtempSync(join(tmpdir(), 'sample-'))
      const database = new DatabaseSync(join(folder, 'x'))
      database.exec('create view v as with recursive c(x) as (select 1 union all select x + 1 from c) select x from c')
      database.close()
      const made = readFileSync(join(folder, 'x'))
      rmSync(folder, { recursive: true })
      return made
    },
  },
}

/** Members that share one stream of many bytes: each is small in the list, and all together are not. */
function overlapping(bytes: number): Buffer {
  const whole = zip([{ name: 'a.csv', content: Buffer.alloc(bytes, 'a,b\n') }])
  const start = whole.indexOf('PK\x01\x02')
  const entry = whole.subarray(start, whole.indexOf('PK\x05\x06', start))
  const entries = Array.from({ length: 50 }, (_, i) => {
    const one = Buffer.from(entry)
    one.write(`${String.fromCharCode(97 + (i % 26))}.csv`, 46)
    return one
  })
  const end = Buffer.from(whole.subarray(whole.indexOf('PK\x05\x06', start)))
  for (const at of [8, 10]) end.writeUInt16LE(entries.length, at)
  end.writeUInt32LE(entry.length * entries.length, 12)
  return Buffer.concat([whole.subarray(0, start), ...entries, end])
}

function rawPdf(stream: Buffer, filter = '/FlateDecode'): Buffer {
  return before(
    `%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n4 0 obj<</Length ${stream.length}/Filter ${filter}>>stream\n`,
    stream,
    '\nendstream endobj\ntrailer<</Root 1 0 R/Size 5>>\n%%EOF\n',
  )
}

/** A name of letters alone, another for each number. */
function letters(n: number): string {
  const letter = String.fromCharCode(97 + (n % 26))
  return n < 26 ? `z${letter}` : `${letters(Math.floor(n / 26))}${letter}`
}

/** Levels inside levels. */
export const nests: Table = {
  latex: {
    tex: ({ deep }) => `\\documentclass{article}\\begin{document}${'{'.repeat(deep)}x`,
    'lists.tex': ({ deep }) => `\\documentclass{article}\\begin{document}${'\\begin{itemize}\\item a '.repeat(deep)}`,
    'maths.tex': ({ deep }) => `\\documentclass{article}\\begin{document}$${'\\frac{'.repeat(deep)}`,
    'emphasis.tex': ({ deep }) =>
      `\\documentclass{article}\\begin{document}${'\\emph{a '.repeat(deep)}${'}'.repeat(deep)}`,
  },
  code: { py: ({ deep }) => `${'('.repeat(deep)}\n${'"'.repeat(deep)}`, 'js.js': ({ deep }) => '{'.repeat(deep) },
  html: {
    html: ({ deep }) => `<html><body>${'<div>'.repeat(deep)}x`,
    'lists.html': ({ deep }) => '<ul><li>a'.repeat(deep),
    'tables.html': ({ deep }) => '<table><tr><td>a'.repeat(deep),
    'inline.html': ({ deep }) => `<p>${'<b><i>a'.repeat(deep)}</p>${'<blockquote>'.repeat(deep)}b`,
    'comments.html': ({ deep }) => `${'<!--'.repeat(deep)}${'<p a="'.repeat(deep)}`,
  },
  docx: {
    docx: ({ deep }) =>
      word(
        wordXml(
          `</w:t></w:r></w:p>${'<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p>'.repeat(deep)}${'</w:tc></w:tr></w:tbl>'.repeat(deep)}<w:p><w:r><w:t>`,
        ),
      ),
  },
  epub: { epub: ({ deep }) => built('epub', Buffer.from(`${'<div>'.repeat(deep)}x${'</div>'.repeat(deep)}`)) },
  notebook: { ipynb: ({ deep }) => `{"cells":${'['.repeat(deep)}${']'.repeat(deep)}}` },
  xlsx: {
    xlsx: ({ deep }) =>
      workbook(`${xml}<sst xmlns="${sheetml}">${'<si>'.repeat(deep)}<t>a</t>${'</si>'.repeat(deep)}</sst>`),
    'open.xlsx': ({ deep }) =>
      workbook(strings('a'), `${xml}<worksheet xmlns="${sheetml}"><sheetData>${'<row><c>'.repeat(deep)}`),
  },
  warc: { warc: ({ deep }) => warcRecord(Buffer.from('<div>'.repeat(deep))) },
  stackexchange: {
    xml: ({ deep }) => built('stackexchange', Buffer.from('&lt;div&gt;'.repeat(deep))),
    'open.xml': ({ deep }) => `${xml}${'<posts>'.repeat(deep)}`,
  },
  pdf: {
    pdf: ({ deep }) => rawPdf(Buffer.from(`${'['.repeat(deep)}(a)${']'.repeat(deep)} TJ`), '[]'),
    'objects.pdf': ({ deep }) => `%PDF-1.4\n1 0 obj${'<</A'.repeat(deep)}`,
    'tree.pdf': ({ deep }) =>
      `%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n${Array.from({ length: deep }, (_, i) => `${i + 2} 0 obj<</Type/Pages/Kids[${i + 3} 0 R]/Count 1>>endobj\n`).join('')}trailer<</Root 1 0 R>>`,
    'circle.pdf': () =>
      '%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>endobj\ntrailer<</Root 1 0 R>>',
    'states.pdf': ({ deep }) => rawPdf(Buffer.from(`${'q '.repeat(deep)}BT /F1 12 Tf (a) Tj`), '[]'),
  },
  markdown: {
    md: ({ deep }) =>
      `${'> '.repeat(deep)}quoted\n\n${'[('.repeat(deep)}\n\n${Array.from({ length: Math.min(deep, 2000) }, (_, i) => `${' '.repeat(2 * i)}- a`).join('\n')}`,
    'tags.md': ({ deep }) => `${'<div>'.repeat(deep)}x`,
  },
  rst: {
    rst: ({ deep }) =>
      `${'*`'.repeat(deep)}\n\n${Array.from({ length: Math.min(deep, 1000) }, (_, i) => `${'   '.repeat(i)}.. note::\n`).join('\n')}`,
  },
  jsonl: {
    jsonl: ({ deep }) => `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}\n{"text":"after"}\n`,
    'array.json': ({ deep }) => `[${'['.repeat(deep)}${']'.repeat(deep)},{"text":"after"}]`,
    'open.json': ({ deep }) => '['.repeat(10 * deep),
  },
  csv: { csv: ({ deep }) => `text\n${'"'.repeat(2 * deep)}\n${'"a","'.repeat(deep)}` },
  zip: {
    zip: ({ deep }) => {
      let inner = zip([{ name: 'a.md', content: 'in' }])
      for (let i = 0; i < Math.min(deep, 500); i++) inner = zip([{ name: 'z.zip', content: inner, method: 0 }])
      return inner
    },
    'folders.zip': ({ deep }) => zip([{ name: `${'a/'.repeat(Math.min(deep, 30_000))}b.md`, content: 'B' }]),
  },
  tar: {
    'tar.gz': ({ deep }) => {
      let inner = tar(tarMember('a.md', 'in'))
      for (let i = 0; i < Math.min(deep, 200); i++) inner = gzipSync(tar(tarMember('t.tgz', inner)))
      return inner
    },
    'txt.gz': ({ deep }) => {
      let inner: Buffer = Buffer.from('in')
      for (let i = 0; i < Math.min(deep, 500); i++) inner = gzipSync(inner)
      return inner
    },
  },
}

/** What a password protects. */
export const encrypted: Table = {
  pdf: { pdf: () => pdfFile([[{ at: [72, 72], text: 'a' }]], { password: 'secret' }) },
  docx: { docx: compound },
  xlsx: { xlsx: compound },
  epub: {
    epub: () =>
      zip([
        { name: 'mimetype', content: 'application/epub+zip', method: 0 },
        { name: 'META-INF/container.xml', content: 'x', flags: 1 },
        { name: 'book.opf', content: 'x', flags: 1 },
      ]),
  },
  zip: {
    zip: () =>
      zip([
        { name: 'a.md', content: 'x', flags: 1 },
        { name: 'b.md', content: 'x', flags: 1, method: 99 },
      ]),
    'list.zip': () => zip([{ name: 'a.md', content: 'x', flags: 0x41 }]),
  },
}

/** The file that Office puts a document with a password into ([MS-CFB], [MS-OFFCRYPTO] 2.3.4.4). */
function compound(): Buffer {
  const file = Buffer.alloc(4096)
  file.write('d0cf11e0a1b11ae1', 'hex')
  file.writeUInt16LE(9, 30)
  file.writeUInt32LE(1, 48)
  file.write('Root Entry', 1024, 'utf16le')
  file.write('EncryptedPackage', 1024 + 128, 'utf16le')
  return file
}
