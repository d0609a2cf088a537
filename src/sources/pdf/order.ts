import type { Grid } from './grid.ts'
import { type Line, linesOf, unspaced } from './lines.ts'
import { around, type Box, median, type Run } from './sheet.ts'

/** What is put in order: text, or a ruled table that stays whole. */
export type Piece = { run: Run } | { grid: Grid }
/** Pieces that are read one line after the other over the whole width that they take. */
export type Column = Piece[]

const boxOf = (piece: Piece): Box => ('run' in piece ? piece.run : piece.grid)
const runsOf = (pieces: readonly Piece[]): Run[] => pieces.flatMap(piece => ('run' in piece ? [piece.run] : []))

type Gap = { from: number; to: number }

/**
 * Columns of a page in the order they are read. Rows (what overlaps in height) are gathered into bands that share a gap
 * from top to bottom; a band whose sides both hold running text is read side after side, each of which is looked at in
 * the same way, and anything else row by row. After the recursive XY-cut (Nagy & Seth 1984), with the cuts across taken
 * where the gaps between columns begin and end. `known` are the middles of gaps that other pages have.
 */
export function columnsOf(pieces: readonly Piece[], size: number, known: readonly number[] = []): Column[] {
  const columns: Column[] = []
  let open: Piece[] = []
  const close = (): void => {
    if (open.length > 0) columns.push(open)
    open = []
  }
  for (const band of bandsOf(pieces, size, known)) {
    const sides = sidesOf(band, size, known)
    if (sides.length === 1) open.push(...band.pieces)
    else {
      const ends = lastLine(open, sides, size)
      open.push(...ends)
      sides[0] = sides[0]!.filter(piece => !ends.includes(piece))
      close()
      for (const side of sides) columns.push(...columnsOf(side, size, known))
    }
  }
  close()
  return columns
}

/** A line on the left, above all others of the band, that stands as close below what came before as lines of a paragraph. */
function lastLine(above: readonly Piece[], [first, ...others]: readonly Piece[][], size: number): Piece[] {
  if (above.length === 0) return []
  const { bottom } = around(above.map(boxOf))
  const { top } = around(others.flat().map(boxOf))
  const highest = Math.min(...first!.map(piece => boxOf(piece).bottom))
  const line = first!.filter(piece => boxOf(piece).bottom <= highest + 0.3 * size)
  const own = around(line.map(boxOf))
  return own.bottom <= top && own.top - bottom < 0.6 * size && line.length < first!.length ? line : []
}

/** Middles of the gaps between columns of running text, which other pages of a document may be read by. */
export function guttersOf(pieces: readonly Piece[], size: number): number[] {
  return bandsOf(pieces, size, []).flatMap(band => {
    const sides = sidesOf(band, size, [], true).map(side => around(side.map(boxOf)))
    return sides.slice(1).map((side, at) => (sides[at]!.right + side.left) / 2)
  })
}

type Band = { pieces: Piece[]; gaps: Gap[] }

/** Rows from top to bottom, gathered as long as a gap goes through all of them. */
function bandsOf(pieces: readonly Piece[], size: number, known: readonly number[]): Band[] {
  const rows: Piece[][] = []
  let bottom = Number.NEGATIVE_INFINITY
  for (const piece of [...pieces].sort((a, b) => boxOf(a).top - boxOf(b).top)) {
    const box = boxOf(piece)
    if (box.top >= bottom - 0.1) rows.push([])
    rows.at(-1)!.push(piece)
    bottom = Math.max(bottom, box.bottom)
  }
  const page = around(pieces.map(boxOf))
  const bands: Band[] = []
  for (const row of rows) {
    const gaps = gapsOf(row, page, size)
    const band = bands.at(-1)
    const shared = band ? common(band.gaps, gaps, 0.8 * size) : []
    // A gap that parts something is worth more than margins in common.
    const parts = (all: readonly Gap[], held: readonly Piece[]): boolean => all.some(gap => isBetween(gap, held))
    const kept = band !== undefined && parts(shared, [...band.pieces, ...row])
    if (band && kept && !shared.some(gap => isKnown(gap, known)) && losesColumn(band, shared, size))
      bands.push({ pieces: [...row], gaps })
    else if (band && (kept || (shared.length > 0 && !parts(gaps, row) && !parts(band.gaps, band.pieces)))) {
      band.pieces.push(...row)
      band.gaps = shared
    } else bands.push({ pieces: [...row], gaps })
  }
  return bands
}

const isKnown = ({ from, to }: Gap, known: readonly number[]): boolean =>
  known.some(middle => from - 1 <= middle && middle <= to + 1)

/** Whether the band has a column that it is no longer parted from by the gaps that are left. */
function losesColumn(band: Band, left: readonly Gap[], size: number): boolean {
  const lost = band.gaps.some(gap => isBetween(gap, band.pieces) && common([gap], left, 0.8 * size).length === 0)
  const sides = (gaps: Gap[]): number => sidesOf({ pieces: band.pieces, gaps }, size, []).length
  return lost && sides(band.gaps) > sides([...left])
}

const isBetween = ({ from, to }: Gap, pieces: readonly Piece[]): boolean =>
  pieces.some(piece => boxOf(piece).right <= from + 0.01) && pieces.some(piece => boxOf(piece).left >= to - 0.01)

/** Stretches of the width in which the row has nothing, the margins with them. */
function gapsOf(row: readonly Piece[], page: Box, size: number): Gap[] {
  const gaps: Gap[] = []
  let edge = page.left
  for (const box of row.map(boxOf).sort((a, b) => a.left - b.left)) {
    if (box.left - edge >= 0.8 * size) gaps.push({ from: edge, to: box.left })
    edge = Math.max(edge, box.right)
  }
  if (page.right - edge >= 0.8 * size) gaps.push({ from: edge, to: page.right })
  return gaps
}

function common(some: readonly Gap[], others: readonly Gap[], least: number): Gap[] {
  return some.flatMap(a =>
    others.flatMap(b => {
      const [from, to] = [Math.max(a.from, b.from), Math.min(a.to, b.to)]
      return to - from >= least ? [{ from, to }] : []
    }),
  )
}

/** The sides of a band that are read one after the other; one side where it is read across. */
function sidesOf({ pieces, gaps }: Band, size: number, known: readonly number[], sure = false): Piece[][] {
  let rest = [...pieces]
  const parts: { pieces: Piece[]; gap?: Gap }[] = []
  for (const gap of gaps) {
    const left = rest.filter(piece => boxOf(piece).right <= gap.from + 0.01)
    const right = rest.filter(piece => boxOf(piece).right > gap.from + 0.01)
    if (left.length === 0 || right.length === 0) continue
    parts.push({ pieces: left, gap })
    rest = right
  }
  parts.push({ pieces: rest })
  const sides: Piece[][] = [parts[0]!.pieces]
  for (let at = 1; at < parts.length; at++) {
    const gap = parts[at - 1]!.gap!
    const left = sides.at(-1)!
    // The whole of what is right of the gap: of two narrow columns of a table neither tells what the other is.
    const right = parts.slice(at).flatMap(part => part.pieces)
    if (isKnown(gap, known) || apart(left, parts[at]!.pieces, right, size, sure)) sides.push(parts[at]!.pieces)
    else left.push(...parts[at]!.pieces)
  }
  return sides
}

/** Whether what stands left and right of a gap is read one after the other. */
function apart(left: Piece[], next: Piece[], right: Piece[], size: number, sure: boolean): boolean {
  const [a, b] = [linesOf(runsOf(left)), linesOf(runsOf(next))]
  const [runningLeft, runningRight] = [isRunning(a), isRunning(b)]
  if (runningLeft && runningRight) return true
  if (sure) return false
  const wholeRight = next.length === right.length ? b : linesOf(runsOf(right))
  if (runningLeft || runningRight || isRunning(wholeRight)) {
    const [other, text] = runningLeft ? [wholeRight, a] : [a, runningRight ? b : wholeRight]
    return other.length > 1 && sharedBaselines(other, text, size) < 0.7
  }
  // Addresses side by side, an index, and the like: short lines under each other, which are no labels with values.
  if (a.length < 3 || b.length < 3 || next.length !== right.length) return false
  const gap = Math.min(...b.map(line => line.left)) - Math.max(...a.map(line => line.right))
  const label = a.filter(line => /[:：]$/.test(line.text)).length > a.length / 2
  const value = b.filter(line => /^[\p{Sc}\d.,+\-–%() ]+$/u.test(line.text)).length > b.length / 3
  const cells = [...a, ...b].filter(line => line.cells.length > 1).length > (a.length + b.length) / 4
  if (label || value || cells) return false
  return isList(a, size) && isList(b, size) ? true : gap > 2 * size && stepsDiffer(a, b, size)
}

/** A dozen lines set as close as text, some of them set in, as entries of an index are. */
function isList(lines: readonly Line[], size: number): boolean {
  if (lines.length < 12 || pitchOf(lines) >= 1.45 * size) return false
  const left = Math.min(...lines.map(line => line.left))
  const set = lines.filter(line => line.left - left > 0.5 * size).length
  return set >= 0.1 * lines.length && (median(lines.map(line => line.text.length)) ?? 0) >= 12
}

/** Lines of a paragraph: several words that fill the width. */
function isRunning(lines: readonly Line[]): boolean {
  if (lines.length < 3) return false
  const { left, right } = around(lines)
  const words = median(lines.map(line => wordsOf(line.text)))!
  const fill = median(lines.map(line => (line.right - line.left) / (right - left)))!
  const split = lines.filter(line => line.cells.length > 1).length
  return words >= 4 && fill >= 0.55 && split < lines.length / 2
}

const wordsOf = (text: string): number =>
  text.split(/\s+/).length + (text.match(new RegExp(unspaced.source, 'gu'))?.length ?? 0) / 2

/** Share of the lines whose baseline is one of the others too. */
function sharedBaselines(some: readonly Line[], others: readonly Line[], size: number): number {
  const same = some.filter(a => others.some(b => Math.abs(a.baseline - b.baseline) < 0.15 * size))
  return some.length === 0 ? 1 : same.length / some.length
}

const pitchOf = (lines: readonly Line[]): number =>
  median(lines.slice(1).map((line, at) => line.baseline - lines[at]!.baseline)) ?? 0

/** Rows of a table stand on the same lines all the way down, and are set wider than lines of text. */
const stepsDiffer = (a: readonly Line[], b: readonly Line[], size: number): boolean =>
  sharedBaselines(a, b, size) < 0.7 || (pitchOf(a) < 1.45 * size && a.length !== b.length)
