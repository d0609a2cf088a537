/** Rows of numbers and classes, each row by row. */
export type Mixed = { rows: number; numbers: Float32Array; classes: Uint16Array }
/**
 * How far rows are apart: numbers by the size of their difference, one at most, or by its square; two classes that differ
 * by `weight`. All in single precision, numbers in order and classes last, so that it is the same on every machine.
 */
export type Apart = { squares: boolean; weight: number }
/** Of each query the distances of the nearest row and of the one after it; infinity where there is none. */
export type NearestTwo = { first: Float32Array; second: Float32Array }

export function nearestTwo(queries: Mixed, among: Mixed, { squares, weight }: Apart): NearestTwo {
  const { fround, abs, min } = Math
  const numbers = width(queries.numbers, queries.rows)
  const classes = width(queries.classes, queries.rows)
  const first = new Float32Array(queries.rows).fill(Number.POSITIVE_INFINITY)
  const second = first.slice()
  for (let q = 0; q < queries.rows; q++) {
    for (let r = 0; r < among.rows; r++) {
      let sum = fround(0)
      for (let i = 0; i < numbers; i++) {
        const apart = fround(among.numbers[r * numbers + i]! - queries.numbers[q * numbers + i]!)
        sum = fround(sum + (squares ? fround(apart * apart) : min(abs(apart), 1)))
      }
      let others = 0
      for (let i = 0; i < classes; i++) {
        if (among.classes[r * classes + i] !== queries.classes[q * classes + i]) others++
      }
      sum = fround(sum + fround(fround(weight) * others))
      if (sum < first[q]!) {
        second[q] = first[q]!
        first[q] = sum
      } else if (sum < second[q]!) second[q] = sum
    }
  }
  return { first, second }
}

/** Columns of a table that is laid out row by row. */
export const width = ({ length }: ArrayLike<number>, rows: number): number => (rows > 0 ? length / rows : 0)
