import { type Apart, type Mixed, nearestTwo } from '../../kernels/index.ts'
import type { Column, Table } from './table.ts'

/**
 * How far two rows are apart. `gower`: the mean over columns of the difference in units of the range (at most 1) or of 0
 * and 1, as SDMetrics has it. `quantile`: Euclidean over places among all real values from -0.5 to 0.5, a mismatch of a
 * category counts like a whole range; after mostlyai-qa, whose text embeddings it leaves out.
 */
export const metrics = ['gower', 'quantile'] as const
export type Metric = (typeof metrics)[number]

/** Stands for a missing number: from it to any value is more than a whole range, and nothing from it to itself. */
const absent = -1e30

/**
 * Lays tables out for the kernel, in units that the reference fixes: never the synthetic table. `order`: columns of the
 * table in the order of its numbers, then of its classes.
 */
export type Encoder = { of(table: Table): Mixed; apart: Apart; scale(sum: number): number; order: readonly number[] }

/** Units of a metric out of a reference table. */
export function encoderOf(reference: Table, metric: Metric): Encoder {
  const parts = reference.columns.map(column => partOf(column, metric))
  const numbers = parts.filter(part => part.is !== 'class')
  const classes = parts.filter(part => part.is !== 'number')
  const columns = reference.columns.length
  return {
    order: [...numbers, ...classes].map(part => parts.indexOf(part)),
    apart: { squares: metric === 'quantile', weight: 1 },
    scale: metric === 'quantile' ? Math.sqrt : sum => sum / columns,
    of(table) {
      const mixed: Mixed = {
        rows: table.rows,
        numbers: new Float32Array(table.rows * numbers.length),
        classes: new Uint16Array(table.rows * classes.length),
      }
      for (const [i, part] of numbers.entries()) {
        const values = table.columns[parts.indexOf(part)]!.numbers!
        for (let row = 0; row < table.rows; row++) mixed.numbers[row * numbers.length + i] = part.number(values[row]!)
      }
      for (const [i, part] of classes.entries()) {
        const column = table.columns[parts.indexOf(part)]!
        for (let row = 0; row < table.rows; row++) {
          mixed.classes[row * classes.length + i] = part.code(
            column.numbers ? column.numbers[row]! : column.codes[row]!,
          )
        }
      }
      return mixed
    },
  }
}

type Part =
  | { is: 'class'; code(value: number): number }
  | { is: 'number'; number(value: number): number }
  | { is: 'both'; number(value: number): number; code(value: number): number }

/** More labels than the kernel tells apart meet in one; only a column that should be text has as many. */
const codes = 0xffff

function partOf(column: Column, metric: Metric): Part {
  if (!column.numbers) return { is: 'class', code: value => Math.min(value, codes) }
  const known = column.numbers.filter(value => !Number.isNaN(value)).sort()
  const [low, high] = [known[0] ?? 0, known.at(-1) ?? 0]
  // A column that never varies tells equal from unequal.
  if (!(high > low)) return { is: 'class', code: value => (Number.isNaN(value) ? 0 : value === low ? 1 : 2) }
  if (metric === 'gower') {
    return { is: 'number', number: value => (Number.isNaN(value) ? absent : (value - low) / (high - low)) }
  }
  const place = placeIn(known)
  return {
    is: 'both',
    number: value => (Number.isNaN(value) ? 0 : place(value)),
    code: value => (Number.isNaN(value) ? 0 : 1),
  }
}

/** The middle of the places that a value takes among sorted ones, from -0.5 to 0.5; between two values, between their places. */
function placeIn(sorted: Float64Array): (value: number) => number {
  const n = sorted.length
  const first = (value: number, after: boolean) => {
    let [low, high] = [0, n]
    while (low < high) {
      const middle = (low + high) >> 1
      if (after ? sorted[middle]! <= value : sorted[middle]! < value) low = middle + 1
      else high = middle
    }
    return low
  }
  return value => {
    const [from, to] = [first(value, false), first(value, true)]
    if (to > from) return (from + to - 1) / 2 / (n - 1) - 0.5
    if (from === 0 || from === n) return from === 0 ? -0.5 : 0.5
    const [a, b] = [sorted[from - 1]!, sorted[from]!]
    return (from - 1 + (value - a) / (b - a)) / (n - 1) - 0.5
  }
}

/** Of each row the place of the nearest row among others; the first of several. For thousands of rows, not for millions. */
export function nearestPlaces(queries: Table, among: Table, encoder: Encoder): Uint32Array {
  const [made, real] = [encoder.of(queries), encoder.of(among)]
  const numbers = made.numbers.length / made.rows
  const classes = made.classes.length / made.rows
  return Uint32Array.from({ length: made.rows }, (_, q) => {
    let [best, place] = [Number.POSITIVE_INFINITY, 0]
    for (let row = 0; row < real.rows; row++) {
      let sum = 0
      for (let i = 0; i < classes; i++) {
        if (made.classes[q * classes + i] !== real.classes[row * classes + i]) sum++
      }
      for (let i = 0; i < numbers && sum < best; i++) {
        const apart = Math.abs(made.numbers[q * numbers + i]! - real.numbers[row * numbers + i]!)
        sum += encoder.apart.squares ? apart * apart : Math.min(apart, 1)
      }
      if (sum < best) [best, place] = [sum, row]
    }
    return place
  })
}

export type Nearest = { first: Float64Array; second: Float64Array }

/** Of each row the distances to the nearest and the second nearest row among others. */
export function nearest(queries: Table, among: Table, encoder: Encoder): Nearest {
  const { first, second } = nearestTwo(encoder.of(queries), encoder.of(among), encoder.apart)
  const scaled = (values: Float32Array) => Float64Array.from(values, value => encoder.scale(Math.max(0, value)))
  return { first: scaled(first), second: scaled(second) }
}
