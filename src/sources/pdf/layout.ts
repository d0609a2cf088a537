import type { Place } from '../../records/index.ts'
import { assembled, levelled } from './assemble.ts'
import { type Block, blocksOf, type Manner } from './blocks.ts'
import { gridsOf } from './grid.ts'
import { vocabularyOf } from './joining.ts'
import { type Line, linesOf } from './lines.ts'
import { type Column, columnsOf, guttersOf, type Piece } from './order.ts'
import { withoutRunning } from './running.ts'
import { bodySize, type Sheet } from './sheet.ts'
import { type Part, partsOf } from './tables.ts'

/**
 * Pages as one document: Markdown, where each page begins in it, and its first heading of the largest type. Pure. The
 * outline gives titles and their depths.
 */
export function documentOf(
  sheets: readonly Sheet[],
  outline: ReadonlyMap<string, number> = new Map(),
): { text: string; places: Place[]; heading?: string } {
  const body = bodySize(sheets)
  const pages = withoutRunning(sheets).map(sheet => ({ sheet, pieces: piecesOf(sheet) }))
  const known = gutters(pages.map(({ pieces }) => guttersOf(pieces, body)))
  const parts = pages.map(({ sheet, pieces }) => ({
    sheet,
    parts: columnsOf(pieces, body, known).map(column => partsOfColumn(column, sheet)),
  }))
  const lines = parts.flatMap(page =>
    page.parts.flatMap(column => column.flatMap(part => ('lines' in part ? part.lines : []))),
  )
  const texts = parts.flatMap(page =>
    page.parts.flatMap(column =>
      column.flatMap(part => ('lines' in part ? part.lines.map(line => line.text) : part.table.flat())),
    ),
  )
  const manner: Manner = { body, mono: isMono(lines), known: vocabularyOf(texts), outline }
  const blocks = parts.map(page =>
    page.parts.flatMap(column => blocksOf(column, { ...page.sheet, alone: page.parts.length === 1 }, manner)),
  )
  const ready = levelled(blocks, manner)
  const heading = largest(ready.flat(), sheets[0]?.page ?? 1)
  return { ...assembled(ready, manner), ...(heading ? { heading } : {}) }
}

function piecesOf({ runs, rules }: Sheet): Piece[] {
  const { grids, rest } = gridsOf(runs, rules)
  return [...rest.map(run => ({ run })), ...grids.map(grid => ({ grid }))]
}

/** Gaps between columns that two pages share, or that the only page has. */
function gutters(pages: readonly (readonly number[])[]): number[] {
  const all = pages.flat()
  return all.filter(middle => all.filter(other => Math.abs(other - middle) < 4).length >= 2)
}

function partsOfColumn(column: Column, { rules }: Sheet): Part[] {
  const parts: Part[] = []
  const grids = column.flatMap(piece => ('grid' in piece ? [piece.grid] : [])).sort((a, b) => a.top - b.top)
  let rest = linesOf(column.flatMap(piece => ('run' in piece ? [piece.run] : [])))
  for (const grid of grids) {
    const above = rest.filter(line => line.baseline < grid.bottom)
    if (above.length > 0) parts.push(...partsOf(above, rules))
    parts.push({ table: grid.rows, box: grid })
    rest = rest.filter(line => line.baseline >= grid.bottom)
  }
  if (rest.length > 0) parts.push(...partsOf(rest, rules))
  return parts
}

function isMono(lines: readonly Line[]): boolean {
  let [mono, all] = [0, 0]
  for (const line of lines) {
    all += line.text.length
    if (line.mono) mono += line.text.length
  }
  return mono > 0.6 * all
}

function largest(blocks: readonly Block[], page: number): string | undefined {
  const headings = blocks.filter(block => block.is === 'heading' && block.page === page)
  const size = Math.max(...headings.map(block => block.size))
  return headings.find(block => block.size === size)?.text.replaceAll('\n', ' ')
}
