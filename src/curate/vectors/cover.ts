import { pairsAbove } from '../../kernels/index.ts'
import { openTables, type Tables } from './tables.ts'

/**
 * For each row the earlier row that stands for it, with their cosine: the most similar of those that stand for themselves
 * and are near enough. `alone` for a row that stands for itself, `unseen` for rows behind the last one wanted.
 */
export type Cover = {
  by: Int32Array
  cosine: Float32Array
  /** Rows that stand for themselves. */
  kept: number
  /** Share of pairs at the threshold that the search finds; 1 where all were compared. */
  recall: number
}
export const alone = -1
export const unseen = -2

/** Products of numbers that are worth comparing every pair: some seconds. */
const worth = 2 ** 36
/** Pairs of rows at once: what they find must fit into memory even if all are near. */
const block = 128
/** Equal vectors have a cosine of 1 but for rounding. */
const slack = 1e-6

/**
 * Goes through rows of unit length in order: a row stands for itself unless one that does is near it. So every row that is
 * covered is near the one that covers it, and no chain of small steps joins what is far apart. Small inputs are compared
 * pair by pair; large ones by way of hash tables that find 99 % of the pairs at the threshold, and more of closer ones.
 *
 * @param standing so many rows at the beginning stand for themselves in any case
 * @param most stops once so many rows stand for themselves
 */
export function cover(
  matrix: Float32Array,
  dimensions: number,
  threshold: number,
  { standing = 0, most = Number.POSITIVE_INFINITY }: { standing?: number; most?: number } = {},
): Cover {
  const rows = dimensions > 0 ? matrix.length / dimensions : 0
  const found: Cover = { by: new Int32Array(rows).fill(alone), cosine: new Float32Array(rows), kept: 0, recall: 1 }
  const near = threshold - slack
  const tables = (rows * rows * dimensions) / 2 > worth ? openTables(matrix, dimensions, near) : undefined
  const end = tables
    ? byTables(found, tables, standing, most)
    : byPairs(found, matrix, dimensions, near, standing, most)
  found.by.fill(unseen, end)
  return found
}

/** Both give the first row that was not looked at. */
function byPairs(
  found: Cover,
  matrix: Float32Array,
  dimensions: number,
  threshold: number,
  standing: number,
  most: number,
): number {
  const { by, cosine } = found
  const rows = by.length
  for (let from = 0; from < rows; from += block) {
    const to = Math.min(from + block, rows)
    let open = from
    while (open < to && by[open] !== alone) open++
    // Of equal rows none but the first is worth a look.
    const { a, b, dot } = open === to ? none : pairsAbove(matrix, dimensions, threshold, { from: open, to })
    let at = 0
    for (let row = from; row < to; row++) {
      if (by[row] !== alone) continue
      if (found.kept === most) return row
      found.kept++
      while (at < a.length && a[at]! < row) at++
      for (; at < a.length && a[at] === row; at++) {
        const other = b[at]!
        if (other < standing || dot[at]! <= cosine[other]!) continue
        by[other] = row
        cosine[other] = dot[at]!
      }
    }
  }
  return rows
}
const none = { a: new Uint32Array(0), b: new Uint32Array(0), dot: new Float32Array(0) }

function byTables(found: Cover, tables: Tables, standing: number, most: number): number {
  const { by, cosine } = found
  found.recall = tables.recall
  for (let row = 0; row < by.length; row++) {
    const near = row < standing ? undefined : tables.nearest(row)
    if (near) {
      by[row] = near.row
      cosine[row] = near.cosine
      continue
    }
    if (found.kept === most) return row
    found.kept++
    tables.add(row)
  }
  return by.length
}
