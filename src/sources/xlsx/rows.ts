import { StillroomError } from '../../errors/index.ts'
import { didYouMean } from '../../recipe/index.ts'
import type { Json } from '../../records/index.ts'
import { Unreadable } from '../bytes.ts'
import { distinctNames } from '../columns.ts'
import type { SourceFile } from '../files.ts'
import type { Row } from '../rows.ts'
import type { Asked } from '../sqlite.ts'
import { type Merged, mergedCells, type SheetRow, sheetRows } from './sheet.ts'
import { openWorkbook, type Sheet } from './workbook.ts'

/** Filled rows among which the header is looked for. */
const looked = 10

/**
 * Rows of a workbook (.xlsx, .xlsm), sheet by sheet in the order of the tabs, each with a header of its own; `row` is the
 * number that the sheet itself shows, `part` the sheet. Hidden sheets are named and passed over; `table` reads one sheet,
 * hidden or not. Empty cells are null. What is merged down belongs to each of its rows; what is merged across is a title in
 * a header, and one value elsewhere.
 * Throws `Unreadable`, and SR_SOURCE_SQL for a sheet that is not there.
 */
export async function* xlsxRows(file: SourceFile, { table }: Asked, bound: number): AsyncGenerator<Row> {
  const book = await openWorkbook(file, bound).catch(broken)
  try {
    const sheets = table === undefined ? book.sheets : [named(file, book.sheets, table)]
    const read = { strings: await book.strings().catch(broken), styles: book.styles, from1904: book.from1904, bound }
    for (const sheet of sheets) {
      if (sheet.hidden && table === undefined) {
        yield { row: 1, part: sheet.name, reason: 'hidden', evidence: { sheet: sheet.name } }
        continue
      }
      let last = 0
      try {
        const merged = await mergedCells(book.bytesOf(sheet.entry))
        for await (const row of tableOf(sheet.name, sheetRows(book.bytesOf(sheet.entry), read), merged, bound)) {
          last = row.row
          yield row
        }
      } catch (error) {
        // The other sheets may be whole.
        const { reason, message } = unreadable(error)
        yield { row: last + 1, part: sheet.name, reason, evidence: { sheet: sheet.name, after: last, error: message } }
      }
    }
  } finally {
    book.close()
  }
}

function named(file: SourceFile, sheets: Sheet[], wanted: string): Sheet {
  const same = ({ name }: Sheet) => name.toLowerCase() === wanted.toLowerCase()
  const sheet = sheets.find(({ name }) => name === wanted) ?? sheets.find(same)
  if (sheet) return sheet
  const names = sheets.map(({ name }) => name)
  throw new StillroomError('SR_SOURCE_SQL', `The workbook has no sheet \`${wanted}\`.`, {
    position: { file: file.path },
    expected: names.length === 0 ? 'a workbook that has sheets' : `one of ${names.join(', ')}`,
    received: wanted,
    hint: didYouMean(wanted, names),
  })
}

/** What the archive says of itself is about this file; what the file system says is not. */
function unreadable(error: unknown): Unreadable {
  if (error instanceof Unreadable) return error
  if (/^E[A-Z]+$/.test(String((error as NodeJS.ErrnoException).code))) throw error
  return new Unreadable('damaged', `zip: ${(error as Error).message}`)
}
function broken(error: unknown): never {
  throw unreadable(error)
}

/** Rows over which merged cells can stretch one header. */
const mostHeader = 4

/**
 * The rows below the header of a sheet. The header is the first row with several filled cells, since titles and remarks
 * stand above a table in one; in a sheet of one column it is the first row. With cells that are merged down it takes in the
 * rows that they reach, and its names are joined.
 */
async function* tableOf(
  sheet: string,
  rows: AsyncGenerator<SheetRow>,
  merged: Merged[],
  bound: number,
): AsyncGenerator<Row> {
  const down = filler(merged)
  const at = (row: SheetRow) => ({ row: row.number, part: sheet })
  const head: SheetRow[] = []
  let names: string[] | undefined
  let first = 0

  /** The last row, from 0, of a header that begins in this one. */
  const reach = ({ number }: SheetRow): number =>
    merged
      .filter(({ row, lastRow }) => row === number - 1 && lastRow < row + mostHeader)
      .reduce((last, { lastRow }) => Math.max(last, lastRow), number - 1)

  function* begin(): Generator<Row> {
    const begins = Math.max(
      0,
      head.findIndex(({ cells }) => cells.size > 1),
    )
    const last = reach(head[begins]!)
    const body = head.findIndex(({ number }, i) => i > begins && number - 1 > last)
    const header = head.slice(begins, body < 0 ? undefined : body)
    if (header.at(-1)!.number - 1 > last) header.length = 1
    const joined = new Map<number, string[]>()
    for (const { number, cells } of header) {
      for (const { column, lastColumn, row } of merged)
        for (let c = column + 1; row === number - 1 && c <= lastColumn && cells.has(column); c++)
          if (!cells.has(c)) cells.set(c, cells.get(column)!)
      for (const [column, cell] of cells) joined.set(column, [...(joined.get(column) ?? []), String(cell)])
    }
    first = Math.min(...joined.keys())
    const width = Math.max(...joined.keys()) - first + 1
    names = distinctNames(Array.from({ length: width }, (_, i) => (joined.get(first + i) ?? []).join(' ')))
    for (const row of head.slice(0, begins))
      yield { ...at(row), reason: 'ragged-row', evidence: { sheet, fields: row.cells.size, header: width } }
    for (const row of head.slice(begins + header.length)) yield below(row, names)
    head.length = 0
  }

  function below(row: SheetRow, header: string[]): Row {
    down(row)
    const beyond = [...row.cells.keys()].find(column => column < first || column >= first + header.length)
    if (beyond !== undefined) {
      const fields = beyond < first ? row.cells.size : beyond - first + 1
      return { ...at(row), reason: 'ragged-row', evidence: { sheet, fields, header: header.length } }
    }
    const value: { [name: string]: Json } = {}
    for (const [i, name] of header.entries()) value[name] = row.cells.get(first + i) ?? null
    return { ...at(row), value }
  }

  for await (const row of rows) {
    if (row.tooLong !== undefined)
      yield { ...at(row), reason: 'line-too-long', evidence: { sheet, bytes: row.tooLong, bound } }
    else if (names) yield below(row, names)
    else {
      head.push(row)
      const header = head.find(({ cells }) => cells.size > 1)
      const ends = header === undefined ? head.length >= looked : row.number - 1 >= reach(header)
      if (ends) yield* begin()
    }
  }
  if (!names && head.length > 0) yield* begin()
}

/** Puts into each row what is merged down to it. Rows come in order. */
function filler(merged: Merged[]): (row: SheetRow) => void {
  let next = 0
  const open = new Map<number, { until: number; value: Json | undefined }>()
  return ({ number, cells }) => {
    for (; next < merged.length && merged[next]!.row <= number - 1; next++) {
      const { column, row, lastRow } = merged[next]!
      if (row === number - 1 && lastRow > row) open.set(column, { until: lastRow, value: cells.get(column) })
    }
    for (const [column, { until, value }] of open) {
      if (until < number - 1) open.delete(column)
      else if (value !== undefined && !cells.has(column)) cells.set(column, value)
    }
  }
}
