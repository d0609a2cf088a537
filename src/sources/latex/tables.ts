import { burn, type Fuel } from './fuel.ts'

/** Rows and cells of the inside of a table, cut at `\\` and `&` outside of braces, formulas and inner tables. */
export function cellsOf(body: string, fuel: Fuel): string[][] {
  const rows: string[][] = [[]]
  let [from, depth, inner] = [0, 0, 0]
  let maths = false
  burn(fuel, body.length)
  const cell = (to: number): void => {
    rows.at(-1)!.push(body.slice(from, to))
  }
  for (let at = 0; at < body.length; at++) {
    const c = body[at]!
    if (c === '{') depth++
    else if (c === '}') depth--
    else if (c === '$') maths = !maths
    else if (c === '\\') {
      if (body.startsWith('\\begin{', at)) inner++
      else if (body.startsWith('\\end{', at)) inner--
      const row = /\\(?:\\\*?(?:[ \t]*\[[^\]\n]{0,40}\])?|tabularnewline(?![A-Za-z]))/y
      row.lastIndex = at
      const found = depth <= 0 && inner <= 0 ? row.exec(body) : null
      if (found) {
        cell(at)
        rows.push([])
        at += found[0].length - 1
        from = at + 1
        maths = false
      } else at++
    } else if (c === '&' && depth <= 0 && inner <= 0 && !maths) {
      cell(at)
      from = at + 1
    }
  }
  cell(body.length)
  return rows
}

/** Columns that a cell spans: `\multicolumn{2}{c}{..}`. */
export const spanOf = (cell: string): number => Number(/^\s*\\multicolumn\s*\{\s*(\d{1,2})\s*\}/.exec(cell)?.[1] ?? 1)

/** Lines and spaces between rows, which stand before the first cell. */
export const unruled = (cell: string): string =>
  cell.replace(
    /\\(?:hline|toprule|midrule|bottomrule|endhead|endfirsthead|endfoot|endlastfoot|firsthline|lasthline|hhline\{[^{}]*\}|(?:cline|cmidrule|specialrule|addlinespace|noalign|rowcolor|tabucline|Xhline)(?:\([^()]{0,20}\))?(?:\[[^[\]]{0,40}\])?(?:\{[^{}]{0,80}\}){0,3}(?:\([^()]{0,20}\))?)(?![A-Za-z])/g,
    '',
  )

/** A sign that parts cells; inside of a formula it has names of its own. */
const barred = (cell: string): string =>
  cell
    .split(/(\$[^$]*\$)/)
    .map((part, i) =>
      i % 2 === 1 ? part.replace(/\\\|/g, '\\Vert ').replace(/\|/g, '\\vert ') : part.replace(/\|/g, '\\|'),
    )
    .join('')
    .replace(/\s+/g, ' ')
    .trim()

/** A Markdown table whose first row is the head; undefined where there is nothing in it. A single column is no table. */
export function tableOf(rows: readonly (readonly string[])[]): string | undefined {
  const full = rows.map(row => row.map(barred)).filter(row => row.some(cell => cell !== ''))
  const used = Math.max(0, ...full.map(row => row.findLastIndex(cell => cell !== '') + 1))
  if (used === 0 || used > 40) return undefined
  if (used === 1) return full.map(([cell]) => cell).join('\n\n')
  const line = (cells: readonly string[]): string =>
    `| ${Array.from({ length: used }, (_, i) => cells[i] ?? '').join(' | ')} |`.replace(/ {2,}/g, ' ')
  const [head, ...body] = full
  return [line(head!), `|${' --- |'.repeat(used)}`, ...body.map(line)].join('\n')
}
