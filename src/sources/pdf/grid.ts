import { joined } from './joining.ts'
import { linesOf } from './lines.ts'
import { around, type Box, median, type Rule, type Run } from './sheet.ts'

/** A table, its rows from top to bottom. */
export type Grid = Box & { rows: string[][] }

/** Points within which lines meet. */
const near = 3

/**
 * Tables whose cells are ruled: lines along and across that meet. Gives them with the text that stands in their cells,
 * and the runs that stand outside. Cells that no line parts are one.
 */
export function gridsOf(runs: readonly Run[], rules: readonly Rule[]): { grids: Grid[]; rest: Run[] } {
  let rest = [...runs]
  const grids: Grid[] = []
  for (const group of meeting(rules)) {
    const box = around(group)
    const xs = steps(group.filter(rule => !rule.across).map(rule => rule.left))
    const ys = steps(group.filter(rule => rule.across).map(rule => rule.top))
    if (xs.length < 3 || ys.length < 3) continue
    const inside = rest.filter(run => within(run, box))
    const cells = cellsOf(inside, xs, ys, group)
    const held = cells.flat().filter(text => text !== '')
    const filled = held.length
    // Frames that lay out a page.
    if (held.some(text => text.length > 600) || (median(held.map(text => text.length)) ?? 0) > 250) continue
    // A frame around text, or the axes of a chart, is no table.
    if (filled < 4 || cells.length < 2 || inside.some(run => run.right > box.right + 2 * run.size)) continue
    grids.push({ ...box, rows: cells })
    rest = rest.filter(run => !inside.includes(run))
  }
  return { grids, rest }
}

const within = (run: Run, box: Box): boolean => {
  const [x, y] = [(run.left + run.right) / 2, run.baseline - run.size * 0.3]
  return x > box.left - 1 && x < box.right + 1 && y > box.top && y < box.bottom
}

/** Sets of lines that hang together, each with lines of both directions. */
function meeting(rules: readonly Rule[]): Rule[][] {
  const groups = rules.map((_, at) => at)
  const root = (at: number): number => {
    let top = at
    while (groups[top] !== top) top = groups[top]!
    groups[at] = top
    return top
  }
  const down = rules.flatMap((rule, at) => (rule.across ? [] : [at]))
  for (let at = 0; at < rules.length; at++) {
    const a = rules[at]!
    if (!a.across) continue
    for (const other of down) {
      const b = rules[other]!
      if (b.left < a.left - near || b.left > a.right + near || a.top < b.top - near || a.top > b.bottom + near) continue
      groups[root(other)] = root(at)
    }
  }
  const found = new Map<number, Rule[]>()
  rules.forEach((rule, at) => {
    const key = root(at)
    found.set(key, [...(found.get(key) ?? []), rule])
  })
  return [...found.values()].filter(group => group.length >= 6).sort((a, b) => around(a).top - around(b).top)
}

/** Values that lie within a few points of each other taken as one. */
function steps(values: readonly number[]): number[] {
  const found: number[] = []
  for (const value of [...values].sort((a, b) => a - b))
    if (value - (found.at(-1) ?? -Infinity) > near) found.push(value)
  return found
}

function cellsOf(
  runs: readonly Run[],
  xs: readonly number[],
  ys: readonly number[],
  rules: readonly Rule[],
): string[][] {
  const [columns, rows] = [xs.length - 1, ys.length - 1]
  const ruled = (across: boolean, at: number, from: number, to: number): boolean =>
    rules.some(rule =>
      rule.across === across && across
        ? Math.abs(rule.top - at) <= near && Math.min(rule.right, to) - Math.max(rule.left, from) > (to - from) / 2
        : rule.across === across &&
          Math.abs(rule.left - at) <= near &&
          Math.min(rule.bottom, to) - Math.max(rule.top, from) > (to - from) / 2,
    )
  // The cell that each place of the grid belongs to: its own, that to the left, or that above.
  const owner: number[][] = []
  for (let row = 0; row < rows; row++) {
    owner.push([])
    for (let column = 0; column < columns; column++) {
      const own = row * columns + column
      if (column > 0 && !ruled(false, xs[column]!, ys[row]!, ys[row + 1]!)) owner[row]!.push(owner[row]![column - 1]!)
      else if (row > 0 && !ruled(true, ys[row]!, xs[column]!, xs[column + 1]!))
        owner[row]!.push(owner[row - 1]![column]!)
      else owner[row]!.push(own)
    }
  }
  const held = new Map<number, Run[]>()
  for (const run of runs) {
    const column = Math.max(
      0,
      xs.findLastIndex(x => x <= Math.min(run.left + run.size * 0.5, run.right)),
    )
    const row = Math.max(
      0,
      ys.findLastIndex(y => y <= run.baseline - run.size * 0.3),
    )
    const key = owner[Math.min(row, rows - 1)]![Math.min(column, columns - 1)]!
    held.set(key, [...(held.get(key) ?? []), run])
  }
  const all = owner.map((line, row) =>
    line.map((key, column) => {
      const own = key === row * columns + column ? held.get(key) : undefined
      return own
        ? linesOf(own)
            .map(cell => cell.text)
            .reduce((text, more) => joined(text, more), '')
        : ''
    }),
  )
  const filled = xs.slice(1).map((_, column) => all.some(line => line[column] !== ''))
  return all.filter(line => line.some(text => text !== '')).map(line => line.filter((_, column) => filled[column]))
}
