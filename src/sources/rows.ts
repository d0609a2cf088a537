import { isUtf8 } from 'node:buffer'
import { finished } from 'node:stream/promises'
import { CsvError, parse } from 'csv-parse'
import { type Json, readParquet } from '../records/index.ts'
import { Unreadable, utf8Bytes } from './bytes.ts'
import { distinctNames } from './columns.ts'
import type { SourceFile } from './files.ts'
import type { SourceReason } from './reasons.ts'

/** One row of a file, numbered from 1: lines of JSON Lines (blank ones count), elements of an array, records below the header, rows that a database gives, those of a sheet by the number it shows. `part` is the sheet. */
export type Row = { row: number; part?: string; span?: [number, number] } & (
  | { value: Json }
  | { reason: SourceReason; evidence: Json }
)

/**
 * JSON Lines, one value a line; or, where the name ends in `.json` and the text begins with `[`, the elements of one
 * array. `span` counts bytes of the text as UTF-8, after a byte order mark. Memory holds one line or element at a time.
 */
export async function* jsonRows(file: SourceFile, bound: number): AsyncGenerator<Row> {
  const chunks = utf8Bytes(file)
  const first = await chunks.next()
  if (first.done) return
  const all = joined(first.value, chunks)
  const array = /\.json(?:\.gz)?$/i.test(file.path) && first.value.subarray(0, 4096).toString().trimStart()[0] === '['
  for await (const { row, span, bytes, line } of array ? elements(all, bound) : lines(all, bound)) {
    if (bytes === undefined) {
      yield { row, span, reason: 'line-too-long', evidence: { bytes: span[1] - span[0], bound } }
      continue
    }
    if (!isUtf8(bytes)) {
      yield { row, span, reason: 'invalid-utf8', evidence: { byte: span[0] + badByte(bytes) } }
      continue
    }
    const text = bytes.toString('utf8')
    if (!array && text.trim() === '') continue
    try {
      yield { row, span, value: JSON.parse(text) as Json }
    } catch (error) {
      // One value over many lines would be rejected line by line.
      if (!array && row === 1 && text.trimStart()[0] === '[') {
        throw new Unreadable('wrong-shape', 'a JSON array over several lines; name the file .json')
      }
      if (!array && row === 1 && text.trim() === '{') {
        throw new Unreadable('wrong-shape', 'one JSON object over several lines; write one JSON object a line')
      }
      const at = line === undefined ? {} : { byte: span[0], line }
      yield { row, span, reason: 'invalid-json', evidence: { ...at, error: parseError(error, array) } }
    }
  }
}

async function* joined(first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield first
    yield* rest
  } finally {
    await rest.return(undefined)
  }
}

/** `bytes` is absent where there are more than the bound; `line` is given where it is not the row. */
type ByteLine = { row: number; span: [number, number]; bytes: Buffer | undefined; line?: number }

/** Lines as bytes. One longer than `bound` comes without its bytes, which are let go as they arrive. */
async function* lines(chunks: AsyncIterable<Buffer>, bound: number): AsyncGenerator<ByteLine> {
  let held: Buffer[] = []
  let length = 0
  let offset = 0
  let row = 0
  const line = (): ByteLine => {
    const bytes = length > bound ? undefined : held.length === 1 ? held[0]! : Buffer.concat(held)
    const made: ByteLine = { row: ++row, span: [offset, offset + length], bytes }
    offset += length + 1
    held = []
    length = 0
    return made
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(10); ; end = chunk.indexOf(10, start)) {
      const part = chunk.subarray(start, end < 0 ? undefined : end)
      length += part.length
      if (length > bound) held = []
      else if (part.length > 0) held.push(part)
      if (end < 0) break
      yield line()
      start = end + 1
    }
  }
  if (length > 0) yield line()
}

/**
 * What stands between the commas of one array, as bytes. An element that is no JSON costs itself; what hides where the
 * next one begins (a bracket or quote that never closes) ends the file with the place it begins at.
 */
async function* elements(chunks: AsyncIterable<Buffer>, bound: number): AsyncGenerator<ByteLine> {
  const [quote, backslash, comma, open, close] = [0x22, 0x5c, 0x2c, 0x5b, 0x5d]
  let held: Buffer[] = []
  let length = 0
  let [offset, line, row, depth] = [0, 1, 0, 0]
  let [quoted, escaped, ended] = [false, false, false]
  let begin: { byte: number; line: number } | undefined
  const keep = (part: Buffer) => {
    length += part.length
    if (length > bound) held = []
    else if (part.length > 0) held.push(part)
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!
      if (byte === 0x0a) line++
      if (quoted) {
        if (escaped) escaped = false
        else if (byte === backslash) escaped = true
        else if (byte === quote) quoted = false
        continue
      }
      if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) continue
      if (ended) throw new Unreadable('invalid-json', `more text after the array, at byte ${offset + i} (line ${line})`)
      if (depth === 0) {
        depth = 1
        continue
      }
      if (depth === 1 && (byte === comma || byte === close)) {
        if (begin) keep(chunk.subarray(from, i))
        ended = byte === close
        if (begin || !ended || row > 0) {
          const at = begin ?? { byte: offset + i, line }
          const bytes = length > bound ? undefined : Buffer.concat(held)
          yield { row: ++row, span: [at.byte, at.byte + length], bytes, line: at.line }
        }
        held = []
        length = 0
        begin = undefined
        continue
      }
      if (!begin) {
        begin = { byte: offset + i, line }
        from = i
      }
      if (byte === quote) quoted = true
      else if (byte === open || byte === 0x7b) depth++
      else if ((byte === close || byte === 0x7d) && depth > 1) depth--
    }
    if (begin) keep(chunk.subarray(from))
    offset += chunk.length
  }
  if (ended) return
  const where = begin ? `element ${row + 1}, which begins at byte ${begin.byte} (line ${begin.line})` : 'the array'
  throw new Unreadable('invalid-json', `${where}, does not end before the file does, at byte ${offset} (line ${line})`)
}

/** Where decoding first fails. */
function badByte(bytes: Buffer): number {
  const text = bytes.toString('utf8')
  return Buffer.byteLength(text.slice(0, text.indexOf('\ufffd')))
}

/** What the parser says, without the piece of the text that it quotes: rejected text is not kept. */
function parseError(error: unknown, inside = false): string {
  const said = (error as Error).message
    .replace(/,? ?(?:\.\.\.)?"[\s\S]*" is not valid JSON$/, '')
    .replace(/^Unexpected token .*$/su, 'unexpected character')
  // The parser's position counts from the element, which has one of its own.
  return inside ? said.replace(/ (?:in JSON )?at position .*$/s, '') : said
}

/** Columns of a row at most, where it is longer than a chunk of the file. */
const mostColumns = 2 ** 18

function countOf(bytes: Buffer, sign: string): number {
  const code = sign.charCodeAt(0)
  let n = 0
  for (const byte of bytes) if (byte === code) n++
  return n
}

/**
 * Has a quote that closes in the middle of a field put in front of it in place. The parser (csv-parse 7.0.3) copies all it
 * has room for each time, so that one long field makes every later one of these cost as much.
 */
function besideQuotes(parser: object): void {
  const field = (parser as { state?: { field?: Growing } }).state?.field
  if (typeof field?.resize !== 'function') return
  field.prepend = value => {
    const bytes = typeof value === 'number' ? Buffer.of(value) : value
    while (field.length + bytes.length >= field.size) field.resize()
    field.buf.copyWithin(bytes.length, 0, field.length)
    bytes.copy(field.buf)
    field.length += bytes.length
  }
}
/** A long field leaves room for as long a one behind. */
function forget(parser: object): void {
  const field = (parser as { state?: { field?: Growing } }).state?.field
  if (field === undefined || field.length > 0 || field.size < 2 ** 22) return
  field.size = 1024
  field.buf = Buffer.allocUnsafe(field.size)
}
type Growing = { buf: Buffer; length: number; size: number; resize(): void; prepend(value: Buffer | number): void }

/** CSV after RFC 4180 with a header; `,`, `;` or tab, whichever the header has most of. All values are strings. */
async function* csvRows(file: SourceFile, bound: number): AsyncGenerator<Row> {
  const bytes = utf8Bytes(file, true)
  const first = await bytes.next()
  if (first.done) return
  const rows: Row[] = []
  const delimiter = delimiterOf(first.value, file.path)
  let header: string[] | undefined
  let row = 0
  // Bytes pass through as Latin-1 and each row is decoded for itself, so that a bad byte costs one row.
  const parser = parse({
    encoding: 'latin1',
    delimiter,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: bound,
    // Records are taken here and not from the stream, which forgets those it holds when an error comes after them.
    on_record(cells: string[]) {
      forget(parser)
      const fields = cells.map(decoded)
      if (header) rows.push(csvRow(++row, header, fields))
      else if (fields.includes(undefined)) throw new Unreadable('invalid-utf8', 'in the header')
      else header = distinctNames(fields as string[])
      return null
    },
  }).resume()
  besideQuotes(parser)
  let failed: Error | undefined
  parser.on('error', error => {
    failed = error
  })
  try {
    let columns = 0
    for (let chunk: IteratorResult<Buffer> = first; !chunk.done && !failed; chunk = await bytes.next()) {
      // The parser holds all cells of a row: only lines that go on and on are counted, and quoted text hardly has as many.
      columns = chunk.value.includes(10) ? 0 : columns + countOf(chunk.value, delimiter)
      if (columns > mostColumns) throw new Unreadable('line-too-long', `row ${row + 1} has over ${mostColumns} columns`)
      await new Promise<void>(resolve => parser.write(chunk.value, () => resolve()))
      yield* rows.splice(0)
    }
    if (!failed) await finished(parser.end()).catch(() => undefined)
    yield* rows.splice(0)
  } finally {
    parser.destroy()
    await bytes.return(undefined)
  }
  if (!failed) return
  if (!(failed instanceof CsvError)) throw failed
  if (failed.code !== 'CSV_MAX_RECORD_SIZE') throw new Unreadable('invalid-csv', `in or after row ${row + 1}`)
  throw new Unreadable('line-too-long', `row ${row + 1} is over ${bound} bytes`)
}

function csvRow(row: number, header: string[], fields: (string | undefined)[]): Row {
  if (fields.length !== header.length) {
    return { row, reason: 'ragged-row', evidence: { fields: fields.length, header: header.length } }
  }
  const bad = fields.indexOf(undefined)
  if (bad >= 0) return { row, reason: 'invalid-utf8', evidence: { column: header[bad]! } }
  return { row, value: Object.fromEntries(header.map((name, i) => [name, fields[i]!])) }
}

function decoded(cell: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
  if (/^[\u0000-\u007f]*$/.test(cell)) return cell
  const bytes = Buffer.from(cell, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

function delimiterOf(head: Buffer, path: string): string {
  if (/\.tsv(?:\.gz)?$/i.test(path)) return '\t'
  const line = head.subarray(0, head.indexOf(10) < 0 ? head.length : head.indexOf(10)).toString('latin1')
  const bare = line.replace(/"(?:[^"]|"")*"/g, '')
  const counts = [',', ';', '\t'].map(sign => [bare.split(sign).length, sign] as const)
  return counts.reduce((best, next) => (next[0] > best[0] ? next : best))[1]
}

/** Rows of a Parquet file. */
export async function* parquetRows(file: SourceFile): AsyncGenerator<Row> {
  let row = 0
  try {
    for await (const value of readParquet(file.absolute)) yield { row: ++row, value }
  } catch (error) {
    // The file system's own errors have a code; what is left is the file's fault.
    if (/^E[A-Z]+$/.test(String((error as NodeJS.ErrnoException).code))) throw error
    throw new Unreadable('damaged', `Parquet, after row ${row}: ${(error as Error).message}`)
  }
}

/** JSON Lines and arrays as a form of files has its readers. */
export const jsonRowsOf = (file: SourceFile, _: unknown, bound: number): AsyncGenerator<Row> => jsonRows(file, bound)
/** CSV, likewise. */
export const csvRowsOf = (file: SourceFile, _: unknown, bound: number): AsyncGenerator<Row> => csvRows(file, bound)
