import { split } from '../kernels/index.ts'
import { random } from '../records/index.ts'
import type { Words } from './diversity.ts'
import type { Interval } from './share.ts'
import { z95 } from './share.ts'

/** A text as measures see it. `group` is the prompt that it answers, where several answer one. */
export type Row = {
  id: string
  text: string
  words: Words
  vector?: Float32Array
  facets: { [name: string]: string }
  group?: string
}

/** A text cut into words, and characters of scripts without spaces, folded as for matching. */
export function rowOf(id: string, text: string, more: Partial<Pick<Row, 'vector' | 'facets' | 'group'>> = {}): Row {
  const units = split(text, 'match')
  return { id, text, words: units.low.slice(0, units.count), facets: {}, ...more }
}

/**
 * What is said of a figure. `wants`: what speaks well of the second sample, whose figure is read against that of another
 * real one: `low` (a distance), `high` (a likeness) or `near` (no more and no less).
 */
export type Said = {
  name: string
  about: string
  unit?: string
  wants: 'low' | 'high' | 'near'
  /** A difference that does not matter, however sure it is. */
  slack: number
  /** A figure beyond which the second sample fails, whatever the real one is like. */
  limit?: number
}
/** One look at two samples, which may give several figures. */
export type Measure = {
  says: readonly Said[]
  /** Raised when the same rows give another figure. */
  version: number
  source?: string
  /** Fewest rows a side; below, nothing is graded. Most rows a side that are looked at at once. */
  least: number
  most: number
  /**
   * Says what all rows are like once; then gives the figures of parts of them, by place, in the order of `says`. Undefined
   * where rows lack what it needs.
   */
  open(
    rows: readonly Row[],
  ): ((real: Uint32Array, other: Uint32Array, seed: string) => (number | undefined)[]) | undefined
}

export type Grade = 'pass' | 'warn' | 'fail' | 'insufficient sample'
/** A figure with what it means: the same of two real samples of the same size, intervals, sizes, seed and version. */
export type Figure = {
  measure: string
  about: string
  version: number
  unit?: string
  /** Rows a side in each round, and rounds. */
  n: number
  rounds: number
  seed: string
  grade: Grade
  why: string
} & Partial<{ value: number; interval: Interval; baseline: { value: number; interval: Interval } }>

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
function spread(values: readonly number[]): number {
  const middle = mean(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, values.length - 1))
}
export const around = (values: readonly number[]): Interval => {
  const half = z95 * spread(values)
  return { low: mean(values) - half, high: mean(values) + half }
}

/** So many places of a range, each once, in a seeded order. */
export function drawn(from: number, to: number, n: number, seed: string): Uint32Array {
  const next = random('compare', seed)
  const places = Uint32Array.from({ length: to - from }, (_, i) => from + i)
  for (let i = 0; i < n; i++) {
    const j = i + Math.floor(next() * (places.length - i))
    ;[places[i], places[j]] = [places[j]!, places[i]!]
  }
  return places.subarray(0, n)
}

/**
 * Compares a sample with a real one by each measure. A round draws two halves of the real sample that share no row, and as
 * many rows of the other; the figure is that of one half with the other sample, the baseline that of both halves. Value and
 * baseline are means over the rounds, intervals 95 % of what a round of that size shows. A figure within two deviations
 * passes, within four it warns, beyond it fails: for large samples only when the difference matters at all. Rows are taken
 * in the order of their ids, so that no order of reading changes a figure.
 */
export function compare(
  real: readonly Row[],
  other: readonly Row[],
  measures: readonly Measure[],
  { rounds = 10, seed = '0' }: { rounds?: number; seed?: string } = {},
): Figure[] {
  const byId = (a: Row, b: Row) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  const rows = [...[...real].sort(byId), ...[...other].sort(byId)]
  return measures.flatMap(measure => figuresOf(measure, rows, real.length, rounds, seed))
}

function figuresOf(measure: Measure, rows: readonly Row[], reals: number, rounds: number, seed: string): Figure[] {
  const { says, version, least, most } = measure
  const n = Math.min(most, Math.floor(reals / 2), rows.length - reals)
  const told = ({ name, about, unit }: Said) => ({
    ...{ measure: name, about, version, n, rounds, seed },
    ...(unit ? { unit } : {}),
  })
  const none = (said: Said, why: string): Figure => ({ ...told(said), grade: 'insufficient sample', why })
  if (n < Math.max(1, least))
    return says.map(said => none(said, `${n} rows a side; it takes ${least} (of real rows twice as many)`))
  const figures = measure.open(rows)
  if (!figures) return says.map(said => none(said, 'the rows have nothing to measure it by'))
  const pairs = Array.from({ length: rounds }, (_, round) => {
    const own = `${seed} ${round} ${n}`
    const halves = drawn(0, reals, 2 * n, `real ${own}`)
    const [one, two] = [halves.subarray(0, n), halves.subarray(n)]
    return [figures(one, drawn(reals, rows.length, n, `other ${own}`), own), figures(one, two, own)] as const
  })
  return says.map((said, i): Figure => {
    const values = pairs.flatMap(([found]) => found[i] ?? [])
    const baselines = pairs.flatMap(([, found]) => found[i] ?? [])
    if (values.length < rounds || baselines.length < rounds)
      return none(said, 'a part of the rows has nothing to measure it by')
    const [value, baseline] = [mean(values), mean(baselines)]
    return {
      ...told(said),
      value,
      interval: around(values),
      baseline: { value: baseline, interval: around(baselines) },
      ...graded(said, value, baseline, Math.max(spread(values), spread(baselines), 1e-12)),
    }
  })
}

function graded({ wants, slack, limit }: Said, value: number, baseline: number, error: number) {
  const off = wants === 'low' ? value - baseline : wants === 'high' ? baseline - value : Math.abs(value - baseline)
  const beyond = limit !== undefined && (wants === 'high' ? value < limit : value > limit)
  const times = off / error
  const grade: Grade = beyond || (times > 4 && off > 2 * slack) ? 'fail' : times > 2 && off > slack ? 'warn' : 'pass'
  const why = beyond
    ? `beyond ${limit}, whatever real rows are like`
    : off <= slack
      ? `within ${slack} of real rows`
      : `${times.toFixed(1)} deviations from real rows`
  return { grade, why }
}
