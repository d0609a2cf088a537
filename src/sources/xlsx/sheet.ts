import type { Json } from '../../records/index.ts'
import { Unreadable } from '../bytes.ts'
import { numberShown, type Shown } from './number-format.ts'
import { type Strings, textGatherer } from './strings.ts'
import { fed, xmlEvents } from './xml.ts'

/** Filled cells of one row by column, from 0. `number` is the row's own. `tooLong`: over the bound, without its texts. */
export type SheetRow = { number: number; cells: Map<number, Json>; tooLong?: number }

/** The last column that a sheet can have, XFD. */
const lastColumn = 16_383

/** What cells that share long texts may show of them, once it is more than `unsuspected` bytes. */
const ratio = 100
const unsuspected = 2 ** 27

/** Column and row of a reference such as `AB12`, both from 0; undefined for what is none. */
export function cellOf(reference: string): [column: number, row: number] | undefined {
  const [, letters, digits] = /^\$?([A-Z]{1,3})\$?(\d{1,7})$/.exec(reference) ?? []
  if (letters === undefined) return undefined
  let column = 0
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64
  return column > lastColumn + 1 ? undefined : [column - 1, Number(digits) - 1]
}

/**
 * The rows of a sheet that hold something, in order, one chunk of the sheet at a time. A formula is the value that was
 * last computed, an error none. Empty cells and rows, styled or not, are left out.
 */
export async function* sheetRows(
  bytes: AsyncIterable<Buffer>,
  { strings, styles, from1904, bound }: { strings: Strings; styles: Shown[]; from1904: boolean; bound: number },
): AsyncGenerator<SheetRow> {
  const rows: SheetRow[] = []
  let row: SheetRow = { number: 0, cells: new Map() }
  let size = 0
  let column = -1
  let type = ''
  let style = 0
  let inValue = false
  let value = ''
  const inline = textGatherer(bound)
  const cellValue = (): Json => {
    if (type === 'inlineStr') return inline.taken() ?? 'x'.repeat(bound + 1)
    if (value === '' || type === 'e') return null
    if (type === 's') {
      const text = strings.at(Number(value))
      if (text === undefined) throw new Unreadable('damaged', `no shared text ${value.slice(0, 20)}`)
      return text
    }
    if (type === 'b') return value.trim() === '1' || value.trim() === 'true'
    if (type === 'str' || type === 'd') return value
    const number = Number(value)
    return Number.isFinite(number) ? numberShown(number, styles[style] ?? 'number', from1904) : value
  }
  /** Bytes of the sheet that were read, and of the texts that its rows show. */
  let [read, shown] = [0, 0]
  async function* weighed(): AsyncGenerator<Buffer> {
    for await (const chunk of bytes) {
      read += chunk.length
      yield chunk
    }
  }
  const parser = xmlEvents(
    (name, attributes) => {
      if (name === 'row') {
        const number = Number(attributes.r ?? row.number + 1)
        row = { number: Number.isInteger(number) && number > 0 ? number : row.number + 1, cells: new Map() }
        column = -1
        size = 0
      } else if (name === 'c') {
        const at = attributes.r === undefined ? undefined : cellOf(attributes.r)
        if (attributes.r !== undefined && !at) throw new Unreadable('damaged', `no cell ${attributes.r.slice(0, 20)}`)
        column = at ? at[0] : column + 1
        if (column > lastColumn) throw new Unreadable('damaged', `row ${row.number} has more cells than a sheet`)
        type = attributes.t ?? 'n'
        style = Number(attributes.s ?? 0)
        value = ''
      } else if (name === 'v') inValue = true
      else if (type === 'inlineStr') inline.open(name)
    },
    name => {
      if (name === 'v') inValue = false
      else if (name === 'c') {
        if (row.tooLong !== undefined) {
          inline.taken()
          type = ''
          return
        }
        const cell = cellValue()
        type = ''
        if (cell === null || cell === '') return
        size += typeof cell === 'string' ? Buffer.byteLength(cell) : 8
        if (size > bound) row.tooLong = size
        if (row.tooLong === undefined) row.cells.set(column, cell)
        else row.cells = new Map()
      } else if (name === 'row') {
        if (row.cells.size === 0 && row.tooLong === undefined) return
        shown += size
        if (shown > unsuspected && shown > ratio * read)
          throw new Unreadable('over-limit', `its rows show more than ${ratio} times what the sheet weighs`)
        rows.push(row)
      } else if (type === 'inlineStr') inline.close(name)
    },
    text => {
      if (inValue) value += value.length > bound ? '' : text
      else if (type === 'inlineStr') inline.text(text)
    },
  )
  try {
    for await (const _ of fed(weighed(), parser)) yield* rows.splice(0)
  } catch (error) {
    // What stands before the damage is whole.
    yield* rows.splice(0)
    throw error
  }
}

/** A range of merged cells: its value stands in the first. Rows and columns from 0, both ends within. */
export type Merged = { column: number; lastColumn: number; row: number; lastRow: number }

/** Ranges that are kept; a sheet with more is read as if the others were not merged. */
const mostMerged = 200_000

/** Merged cells of a sheet, by row. They stand behind its cells, so that the sheet is run through once for them alone. */
export async function mergedCells(bytes: AsyncIterable<Buffer>): Promise<Merged[]> {
  const found: Merged[] = []
  let carried = Buffer.alloc(0)
  const longest = 200
  for await (const chunk of bytes) {
    const all = carried.length > 0 ? Buffer.concat([carried, chunk]) : chunk
    let at = all.indexOf('mergeCell ')
    let done = 0
    while (at >= 0 && at + longest <= all.length) {
      take(all, at)
      done = at + 10
      at = all.indexOf('mergeCell ', done)
    }
    carried = Buffer.from(all.subarray(at >= 0 ? at : Math.max(done, all.length - 12)))
  }
  for (let at = carried.indexOf('mergeCell '); at >= 0; at = carried.indexOf('mergeCell ', at + 10)) take(carried, at)
  return found.sort((a, b) => a.row - b.row)

  function take(all: Buffer, at: number): void {
    const reference = /^mergeCell [^>]*ref="([^":]+):([^"]+)"/.exec(all.toString('latin1', at, at + longest))
    const [first, last] = [cellOf(reference?.[1] ?? ''), cellOf(reference?.[2] ?? '')]
    if (!first || !last || found.length >= mostMerged) return
    found.push({ column: first[0], row: first[1], lastColumn: last[0], lastRow: last[1] })
  }
}
