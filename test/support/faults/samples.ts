import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parquetWriter } from '../../../src/records/index.ts'
import type { FormName } from '../../../src/sources/forms.ts'
import { type Packed, tar, tarMember, zip } from '../archives.ts'
import { pdfFile } from '../pdf-file.ts'

/** A small valid file of a form around a text: what mutators break. */
export type Sample = {
  ending: string
  /** The text lands where the form keeps its words, as it stands: what it does to markup is part of the fault. */
  build(text: Buffer): Buffer
}

export const before = (text: string, ...parts: (string | Buffer)[]): Buffer =>
  Buffer.concat([Buffer.from(text), ...parts.map(part => Buffer.from(part as string))])

export const xml = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
export const sheetml = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const relations = 'http://schemas.openxmlformats.org/package/2006/relationships'
const related = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'

export const wordMain = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml'

export const wordXml = (text: string | Buffer): Buffer =>
  before(
    `${xml}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>`,
    text,
    '</w:t></w:r></w:p><w:p><w:r><w:t>Second.</w:t></w:r></w:p></w:body></w:document>',
  )

/** A package of Office around its main part (ECMA-376, part 2). */
export const office = (main: string, type: string, parts: Packed[]): Buffer =>
  zip([
    {
      name: '[Content_Types].xml',
      content: `${xml}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/${main}" ContentType="${type}"/></Types>`,
    },
    {
      name: '_rels/.rels',
      content: `${xml}<Relationships xmlns="${relations}"><Relationship Id="rId1" Type="${related}/officeDocument" Target="${main}"/></Relationships>`,
    },
    ...parts,
  ])

export const workbook = (strings: string | Buffer, sheet = sheetOf(2)): Buffer =>
  office('xl/workbook.xml', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml', [
    {
      name: 'xl/workbook.xml',
      content: `${xml}<workbook xmlns="${sheetml}" xmlns:r="${related}"><sheets><sheet name="One" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      content: `${xml}<Relationships xmlns="${relations}"><Relationship Id="rId1" Type="${related}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${related}/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
    },
    { name: 'xl/worksheets/sheet1.xml', content: sheet },
    { name: 'xl/sharedStrings.xml', content: strings },
  ])

/** A sheet of one column, whose cells below the head are the second shared string. */
export const sheetOf = (rows: number): string =>
  `${xml}<worksheet xmlns="${sheetml}"><sheetData>${Array.from({ length: rows }, (_, i) => `<row r="${i + 1}"><c r="A${i + 1}" t="s"><v>${i === 0 ? 0 : 1}</v></c></row>`).join('')}</sheetData></worksheet>`

export const book = (chapter: string | Buffer): Buffer =>
  zip([
    { name: 'mimetype', content: 'application/epub+zip', method: 0 },
    {
      name: 'META-INF/container.xml',
      content: `${xml}<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`,
    },
    {
      name: 'book.opf',
      content: `${xml}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">x</dc:identifier><dc:title>Title</dc:title><dc:language>en</dc:language></metadata><manifest><item id="one" href="one.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="one"/></spine></package>`,
    },
    { name: 'one.xhtml', content: chapter },
  ])

export function warcRecord(text: Buffer, packed?: Buffer): Buffer {
  const page = before(
    '<!doctype html><html><head><title>Title</title></head><body><article><h1>Title</h1><p>',
    text,
    '</p></article></body></html>',
  )
  const body = packed ?? page
  const answer = before(
    `HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n${packed ? 'Content-Encoding: gzip\r\n' : ''}Content-Length: ${body.length}\r\n\r\n`,
    body,
  )
  return before(
    `WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://example.org/\r\nWARC-Date: 2020-01-01T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:0c9a4d0e-0000-4000-8000-000000000001>\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: ${answer.length}\r\n\r\n`,
    answer,
    '\r\n\r\n',
  )
}

/** One sample a form, by its name. */
const known: { [form: string]: Sample } = {
  markdown: { ending: 'md', build: text => before('# Title\n\n- a list\n- of two\n\n', text, '\n') },
  rst: { ending: 'rst', build: text => before('Title\n=====\n\n.. note:: a note\n\n', text, '\n') },
  text: { ending: 'txt', build: text => text },
  html: {
    ending: 'html',
    build: text =>
      before(
        '<!doctype html><html lang="en"><head><title>Title</title></head><body><article><h1>Title</h1><p>',
        text,
        '</p><p>A second paragraph says what the first one does, in other words, so that there is an article.</p></article></body></html>',
      ),
  },
  docx: {
    ending: 'docx',
    build: text => office('word/document.xml', wordMain, [{ name: 'word/document.xml', content: wordXml(text) }]),
  },
  epub: {
    ending: 'epub',
    build: text =>
      book(
        before(
          `${xml}<html xmlns="http://www.w3.org/1999/xhtml"><head><title>One</title></head><body><h1>One</h1><p>`,
          text,
          '</p></body></html>',
        ),
      ),
  },
  notebook: {
    ending: 'ipynb',
    build: text =>
      before(
        '{"cells":[{"cell_type":"markdown","metadata":{},"source":["# Title"]},{"cell_type":"markdown","metadata":{},"source":["',
        text,
        '"]},{"cell_type":"code","execution_count":1,"metadata":{},"outputs":[],"source":["print(1)"]}],"metadata":{"language_info":{"name":"python"}},"nbformat":4,"nbformat_minor":5}',
      ),
  },
  xlsx: {
    ending: 'xlsx',
    build: text =>
      workbook(before(`${xml}<sst xmlns="${sheetml}"><si><t>text</t></si><si><t>`, text, '</t></si></sst>')),
  },
  warc: { ending: 'warc', build: text => Buffer.concat([warcRecord(text), warcRecord(words)]) },
  stackexchange: {
    ending: 'xml',
    build: text =>
      before(
        `${xml}<posts>\n  <row Id="1" PostTypeId="1" AcceptedAnswerId="2" CreationDate="2017-01-01T00:00:00.000" Score="3" Title="Why?" Tags="&lt;a&gt;" Body="&lt;p&gt;Why?&lt;/p&gt;" />\n  <row Id="2" PostTypeId="2" ParentId="1" CreationDate="2017-01-02T00:00:00.000" Score="5" Body="&lt;p&gt;`,
        text,
        '&lt;/p&gt;" />\n</posts>\n',
      ),
  },
  pdf: {
    ending: 'pdf',
    build: text =>
      pdfFile([
        [
          { at: [72, 72], text: text.toString('latin1') },
          { at: [72, 100], text: 'Second line.' },
        ],
      ]),
  },
  latex: {
    ending: 'tex',
    build: text =>
      before(
        '\\documentclass{article}\n\\title{Title}\n\\begin{document}\n\\maketitle\n\\section{One}\n',
        text,
        '\nand $x^2$.\n\\end{document}\n',
      ),
  },
  code: { ending: 'py', build: text => before('def f():\n    """', text, '"""\n    return 1\n') },
  jsonl: {
    ending: 'jsonl',
    build: text => before('{"text":"one"}\n{"text":"', text, '"}\n{"text":"three"}\n'),
  },
  csv: { ending: 'csv', build: text => before('id,text\n1,one\n2,"', text, '"\n3,three\n') },
  parquet: {
    ending: 'parquet',
    build: text =>
      onDisk(path => {
        const writer = parquetWriter(path, { text: 'string', n: 'int' })
        for (let n = 0; n < 20; n++) writer.row({ text: n === 1 ? text.toString() : `row ${n}`, n })
        writer.end()
      }),
  },
  sqlite: {
    ending: 'sqlite',
    build: text =>
      onDisk(path => {
        const database = new DatabaseSync(path)
        database.exec('create table notes (id integer primary key, text text)')
        const insert = database.prepare('insert into notes (text) values (?)')
        for (let n = 0; n < 20; n++) insert.run(n === 1 ? text.toString() : `row ${n}`)
        database.close()
      }),
  },
  zip: {
    ending: 'zip',
    build: text =>
      zip([
        { name: 'a.md', content: '# A' },
        { name: 'b/c.txt', content: text },
        { name: 'd.jsonl', content: '{"text":"d"}\n' },
      ]),
  },
  tar: {
    ending: 'tar',
    build: text => tar(tarMember('a.md', '# A'), tarMember('b/c.txt', text), tarMember('d.jsonl', '{"text":"d"}\n')),
  },
}

/** @throws where a form has none: whoever adds a form adds a sample. */
export function sampleOf(form: FormName): Sample {
  const sample = known[form]
  if (!sample) throw new Error(`${form} has no sample in test/support/faults/samples.ts`)
  return sample
}

function onDisk(write: (path: string) => void): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'sample-'))
  try {
    const path = join(folder, 'file')
    write(path)
    return readFileSync(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Words in two languages, so that there is something to read. */
export const words = Buffer.from(
  'A valve opens when the pressure behind it rises, and closes when it falls. 弁は圧力が上がると開き、下がると閉じる。',
)
