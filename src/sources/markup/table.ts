import { inline } from './inline.ts'
import { placeMark } from './places.ts'
import { type Element, find, has, type Node, textOf } from './tree.ts'

/** Wider ones are pages laid out in cells, or a span somebody made up. */
const mostColumns = 64
/** Longer text is not said again in every row that a cell spans. */
const mostRepeated = 200

type Cell = { text: string; head: boolean; columns: number; rows: number }

/** Rows of a table, not those of tables inside. */
function rowsOf(table: Element): { cells: Element[]; head: boolean }[] {
  const rows: { cells: Element[]; head: boolean }[] = []
  const visit = (node: Node, head: boolean): void => {
    if (typeof node === 'string') return
    if (node.tag === 'tr') {
      const cells = node.children.flatMap(child =>
        typeof child !== 'string' && (child.tag === 'td' || child.tag === 'th') ? [child] : [],
      )
      if (cells.length > 0) rows.push({ cells, head })
    } else if (structure.test(node.tag)) {
      for (const child of node.children) visit(child, head || node.tag === 'thead')
    }
  }
  for (const child of table.children) visit(child, false)
  return rows
}

const structure = /^(?:thead|tbody|tfoot|tr)$/
/** What stands in a table and in none of its cells: browsers show it before. */
export function strays(node: Element): Node[] {
  return node.children.flatMap(child => {
    if (typeof child === 'string') return child.trim() === '' ? [] : [child]
    if (structure.test(child.tag)) return strays(child)
    return /^(?:t[dh]|caption|col|colgroup)$/.test(child.tag) && (child.tag === 'caption' || node.tag === 'tr')
      ? []
      : [child]
  })
}

/** Cells in order of reading, for a table that only lays out a page. */
export const cellsOf = (table: Element): Element[] => rowsOf(table).flatMap(({ cells }) => cells)

/**
 * A table of data as one of Markdown, which has one line of heads: those above one another are joined, and where none
 * is marked the first row is it. A cell that spans rows is said in each, so that every row can be read alone; one that
 * spans columns stands in the first. Undefined for a table that lays out a page: by its role, with tables, headings or
 * code in it, or with one column.
 */
export function dataTable(table: Element): string | undefined {
  const role = table.attributes.role
  if (role === 'presentation' || role === 'none') return undefined
  const found = rowsOf(table)
  const marked = found.some(({ cells, head }) => head || cells.some(({ tag }) => tag === 'th'))
  const cells = found.flatMap(row => row.cells)
  if (cells.some(cell => has(cell, 'table', 'pre', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'note'))) return undefined
  if (!marked && (found.length < 2 || cells.some(cell => textOf(cell).length > 1000))) return undefined
  const named = pairsOf(found)
  if (named) return named
  const { grid, heads: above } = gridOf(found)
  if (!grid) return undefined
  const used = (grid[0] ?? []).map((_, column) => grid.some(row => row[column] !== ''))
  const filled = grid.map(row => row.some(cell => cell !== ''))
  const rows = grid.filter((_, y) => filled[y]).map(row => row.filter((_, column) => used[column]))
  const heads = filled.slice(0, above).filter(Boolean).length
  if ((rows[0]?.length ?? 0) < 2) return undefined
  const top = heads > 0 ? joined(rows.slice(0, heads)) : rows[0]!
  const body = rows.slice(Math.max(1, heads))
  return [top, top.map(() => '---'), ...body].map(row => `| ${row.join(' | ')} |`.replace(/ {2,}/g, ' ')).join('\n')
}

/**
 * A table of names and values without a line of heads, such as the box beside an article: a line each, `- Founded: 1975`.
 * Markdown would make a head of its first row.
 */
function pairsOf(found: ReturnType<typeof rowsOf>): string | undefined {
  const filled = found
    .filter(({ head }) => !head)
    .map(({ cells }) => cells.map(cell => ({ tag: cell.tag, text: cellText(cell) })).filter(({ text }) => text !== ''))
    .filter(cells => cells.length > 0)
  if (filled.length < found.length / 2 || found.some(({ head }) => head)) return undefined
  const named = filled.filter(([name, value, more]) => name!.tag === 'th' && value?.tag === 'td' && !more)
  if (named.length < 2 || named.length < 0.6 * filled.length || filled.some(cells => cells.length > 2)) return undefined
  return filled
    .map(([name, value]) => (value ? `- ${name!.text.replace(/\s*[:：]$/, '')}: ${value.text}` : `- ${name!.text}`))
    .join('\n')
}

function gridOf(found: ReturnType<typeof rowsOf>): { grid?: string[][]; heads: number } {
  const grid: string[][] = found.map(() => [])
  const taken: boolean[][] = found.map(() => [])
  let heads = 0
  for (const [y, { cells, head }] of found.entries()) {
    const parsed = cells.map(cellOf)
    const isHead = head || (parsed.length > 1 && parsed.every(cell => cell.head))
    if (isHead && heads === y && y < 4) heads = y + 1
    let x = 0
    for (const { text, head: inHead, columns, rows } of parsed) {
      while (taken[y]![x]) x++
      for (let down = 0; down < Math.min(rows, found.length - y); down++) {
        for (let right = 0; right < columns; right++) {
          if (x + right >= mostColumns) return { heads }
          taken[y + down]![x + right] = true
          // A head over several columns belongs to each of them.
          const again = (right === 0 || ((inHead || head) && isHead)) && (down === 0 || text.length <= mostRepeated)
          // A place begins once.
          grid[y + down]![x + right] = !again ? '' : down + right === 0 ? text : unmarked(text)
        }
      }
      x += columns
    }
  }
  const width = grid.reduce((most, row) => Math.max(most, row.length), 0)
  return { grid: grid.map(row => Array.from({ length: width }, (_, x) => row[x] ?? '')), heads }
}

const unmarked = (text: string): string => text.replaceAll(placeMark, '')

const span = (value: string | undefined): number => Math.min(Math.max(Number.parseInt(value ?? '1', 10) || 1, 1), 1000)

function cellOf(cell: Element): Cell {
  const { colspan, rowspan } = cell.attributes
  // A rowspan of 0 goes on to the end.
  const rows = rowspan?.trim() === '0' ? 1000 : span(rowspan)
  return { text: cellText(cell), head: cell.tag === 'th', columns: span(colspan), rows }
}

/** On one line: items and paragraphs of a cell with `; ` between, as one would read them out. */
function cellText(cell: Element): string {
  const parts: string[] = []
  let line: Node[] = []
  const end = (): void => {
    const text = inline(line).replace(/\s*\n\s*/g, ' ')
    if (text !== '') parts.push(text)
    line = []
  }
  const visit = (node: Node): void => {
    if (typeof node === 'string' || !node.block) line.push(node)
    else {
      end()
      node.children.forEach(visit)
      end()
    }
  }
  cell.children.forEach(visit)
  end()
  const text = parts.reduce((all, part) => {
    const paused = all === '' || /[:;,.!?。、]$/.test(all) || /^[,;.)]/.test(part)
    return `${all}${paused ? '' : ';'}${all === '' || /^[,;.)]/.test(part) ? '' : ' '}${part}`
  }, '')
  return text.replace(/(?<!\\)\|/g, '\\|')
}

/** Heads above one another as one line: `2019 Sales`; what is said twice is said once. */
function joined(heads: string[][]): string[] {
  return heads[0]!.map((_, column) =>
    heads
      .map(row => row[column]!)
      .filter(
        (text, i, all) => text !== '' && (text.includes(placeMark) || !all.slice(0, i).map(unmarked).includes(text)),
      )
      .join(' '),
  )
}

/** What a table is called. */
export const captionOf = (table: Element): string =>
  find(table, 'caption')
    .map(({ children }) => inline(children))
    .join(' ')
