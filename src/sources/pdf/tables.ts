import type { Cell, Line } from './lines.ts'
import { around, type Box, median, type Rule } from './sheet.ts'

/** Lines of a column, or a table that some of them make. */
export type Part = { lines: Line[] } | { table: string[][]; box: Box }

/**
 * Tables without ruled cells: between two rules across of the same width with another between them, as books set them; or
 * rows whose parts stand under each other in three columns and more. Rows keep their order and each cell its own.
 */
export function partsOf(lines: readonly Line[], rules: readonly Rule[]): Part[] {
  const parts: Part[] = []
  let open: Line[] = []
  let at = 0
  const frames = framesOf(rules)
  while (at < lines.length) {
    const end = framed(lines, at, frames) ?? aligned(lines, at)
    const table = end === undefined ? undefined : tableOf(lines.slice(at, end))
    if (table) {
      if (open.length > 0) parts.push({ lines: open })
      open = []
      parts.push({ table, box: around(lines.slice(at, end)) })
      at = end!
    } else open.push(lines[at++]!)
  }
  if (open.length > 0) parts.push({ lines: open })
  return parts
}

type Frame = Box & { inner: number }

/** Pairs of rules across of the same extent, the first and the last of a run of them. */
function framesOf(rules: readonly Rule[]): Frame[] {
  const across = rules.filter(rule => rule.across && rule.right - rule.left > 40).sort((a, b) => a.top - b.top)
  const groups: Rule[][] = []
  for (const rule of across) {
    const group = groups.find(
      ([first]) => Math.abs(first!.left - rule.left) < 3 && Math.abs(first!.right - rule.right) < 3,
    )
    if (group) group.push(rule)
    else groups.push([rule])
  }
  return groups.flatMap(group => (group.length < 3 ? [] : [{ ...around(group), inner: group.length }]))
}

/** The end of the lines from `at` that lie in a frame, when the one before does not. */
function framed(lines: readonly Line[], at: number, frames: readonly Frame[]): number | undefined {
  for (const frame of frames) {
    const inside = (line: Line | undefined): boolean =>
      line !== undefined &&
      line.baseline > frame.top &&
      line.baseline < frame.bottom + 1 &&
      line.left > frame.left - 5 &&
      line.right < frame.right + 5
    if (!inside(lines[at]) || inside(lines[at - 1])) continue
    let end = at
    while (inside(lines[end])) end++
    const rows = lines.slice(at, end)
    if (rows.length >= 2 && rows.filter(line => line.cells.length > 1).length >= 0.5 * rows.length) return end
  }
  return undefined
}

/** The end of the rows from `at` whose parts stand in three columns or more. */
function aligned(lines: readonly Line[], at: number): number | undefined {
  if (lines[at]!.cells.length < 2) return undefined
  const rows: Line[] = [lines[at]!]
  let columns = columnsOf(rows)
  let end = at + 1
  for (; end < lines.length; end++) {
    const line = lines[end]!
    const step = line.baseline - rows.at(-1)!.baseline
    const usual = median(rows.slice(1).map((row, n) => row.baseline - rows[n]!.baseline)) ?? step
    if (step > 2.2 * Math.max(usual, line.size) && step > 3 * line.size) break
    if (line.cells.length === 1) {
      // A row with one filled cell, and no heading or paragraph that comes after.
      const [cell] = line.cells
      if (hits(cell!, columns).length !== 1 || cell!.left - columns[0]!.left < line.size) break
      if (step > 1.3 * usual) break
    }
    const more = columnsOf([...rows, line])
    if (more.length < columns.length) break
    columns = more
    rows.push(line)
  }
  const full = rows.filter(row => row.cells.length >= 3).length
  return columns.length >= 3 && rows.length >= 3 && full >= 2 && isStraight(rows, columns) ? end : undefined
}

/**
 * Extents of the columns that rows have: parts that overlap are of one column, the narrow ones first. What reaches over
 * several columns is a heading of theirs, unless no row has parts in more than one of them.
 */
function columnsOf(rows: readonly Line[]): Box[] {
  const cells = rows
    .flatMap((row, at) => row.cells.map(cell => ({ cell, at })))
    .sort((a, b) => a.cell.right - a.cell.left - (b.cell.right - b.cell.left))
  let columns: (Box & { rows: Set<number> })[] = []
  for (const { cell, at } of cells) {
    const hit = columns.filter(column => hits(cell, [column]).length > 0)
    const held = hit.reduce((sum, column) => sum + column.rows.size, 0)
    const all = new Set([at, ...hit.flatMap(column => [...column.rows])])
    if (hit.length > 1 && all.size <= held) continue
    columns = columns.filter(column => !hit.includes(column))
    columns.push({ ...around([cell, ...hit]), rows: all })
  }
  return columns.sort((a, b) => a.left - b.left)
}

const hits = (cell: Box, columns: readonly Box[]): Box[] =>
  columns.filter(column => Math.min(cell.right, column.right) - Math.max(cell.left, column.left) > 0)

/** Whether cells of a column share an edge or a middle. */
function isStraight(rows: readonly Line[], columns: readonly Box[]): boolean {
  const size = rows[0]!.size
  let straight = 0
  let all = 0
  for (const column of columns) {
    const own = rows.flatMap(row => row.cells.filter(cell => hits(cell, [column]).length === 1))
    const spread = (of: (cell: Cell) => number): number => {
      const middle = median(own.map(of)) ?? 0
      return own.filter(cell => Math.abs(of(cell) - middle) < 0.7 * size).length
    }
    straight += Math.max(
      spread(cell => cell.left),
      spread(cell => cell.right),
      spread(cell => (cell.left + cell.right) / 2),
    )
    all += own.length
  }
  return straight >= 0.7 * all
}

/** Rows of text; undefined where they have fewer than two columns. */
function tableOf(rows: readonly Line[]): string[][] | undefined {
  const columns = columnsOf(rows)
  if (columns.length < 2) return undefined
  const table: string[][] = []
  const steps = rows.slice(1).map((row, at) => row.baseline - rows[at]!.baseline)
  const usual = median(steps.filter((_, at) => hits(rows[at + 1]!.cells[0]!, [columns[0]!]).length > 0)) ?? 0
  rows.forEach((row, at) => {
    const line = columns.map(() => '')
    for (const cell of row.cells) {
      const column = columns.findIndex(box => hits(cell, [box]).length > 0)
      line[column] = line[column] === '' ? cell.text : `${line[column]} ${cell.text}`
    }
    // A second line of the cells above: set closer than rows are, and with no name of its own.
    const goesOn = at > 0 && line[0] === '' && steps[at - 1]! < 0.8 * usual
    const above = table.at(-1)
    if (goesOn && above) table[table.length - 1] = above.map((text, n) => `${text} ${line[n]}`.trim())
    else table.push(line)
  })
  return table
}
