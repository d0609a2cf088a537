import { around, drawn } from '../compare.ts'
import { pearson, spearman } from '../correlation.ts'
import { figure, least, mean, most, type PrivacyFigure, type Said, type Sets } from './figure.ts'
import { type Column, rowsAt, type Table } from './table.ts'

/** Figures of SDMetrics: 1 where a column, or a pair of them, is like the real one. Missing values are left out where said. */

const known = (values: Float64Array) => values.filter(value => !Number.isNaN(value)).sort()
const rounded = (value: number) => Math.round(value * 1e14) / 1e14

/** `KSComplement`: 1 less the largest distance of both distribution functions; missing numbers are left out. */
export function ksComplement(real: Float64Array, made: Float64Array): number | undefined {
  const [a, b] = [known(real).map(rounded), known(made).map(rounded)]
  if (a.length === 0 || b.length === 0) return undefined
  let [i, j, apart] = [0, 0, 0]
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i]!, b[j]!)
    while (i < a.length && a[i] === value) i++
    while (j < b.length && b[j] === value) j++
    apart = Math.max(apart, Math.abs(i / a.length - j / b.length))
  }
  return 1 - apart
}

function shares(codes: ArrayLike<number>): Map<number, number> {
  const counts = new Map<number, number>()
  for (let i = 0; i < codes.length; i++) counts.set(codes[i]!, (counts.get(codes[i]!) ?? 0) + 1 / codes.length)
  return counts
}

/** `TVComplement`: 1 less half of the summed differences of the shares. */
export function tvComplement(real: ArrayLike<number>, made: ArrayLike<number>): number {
  const [a, b] = [shares(real), shares(made)]
  let sum = 0
  for (const code of new Set([...a.keys(), ...b.keys()])) sum += Math.abs((a.get(code) ?? 0) - (b.get(code) ?? 0))
  return 1 - sum / 2
}

/** `CorrelationSimilarity`: 1 less half the difference of both correlations; undefined where a column never varies. */
export function correlationSimilarity(
  real: readonly [Float64Array, Float64Array],
  made: readonly [Float64Array, Float64Array],
  by: typeof pearson = pearson,
): number | undefined {
  const of = ([a, b]: readonly [Float64Array, Float64Array]) => {
    const both = Array.from(a.keys()).filter(i => !Number.isNaN(a[i]!) && !Number.isNaN(b[i]!))
    return by(
      both.map(i => a[i]!),
      both.map(i => b[i]!),
    )
  }
  const [x, y] = [of(real), of(made)]
  return x === undefined || y === undefined ? undefined : 1 - Math.abs(x - y) / 2
}

const bins = 10
/** Codes of a column: labels as they are, numbers in ten bins of equal width over the real range; missing is a code of its own. */
export function binned(real: Column): (column: Column) => Uint32Array {
  if (!real.numbers) return column => column.codes!
  const sorted = known(real.numbers)
  const [low, high] = [sorted[0] ?? 0, sorted.at(-1) ?? 0]
  return column =>
    Uint32Array.from(column.numbers!, value => {
      if (Number.isNaN(value)) return 0
      if (!(high > low)) return value === low ? 1 : 2
      return 1 + Math.max(0, Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins)))
    })
}

/** `ContingencySimilarity`: total variation over the cells of two columns together. */
export function contingencySimilarity(real: readonly [Column, Column], made: readonly [Column, Column]): number {
  const [first, second] = [binned(real[0]), binned(real[1])]
  const cells = ([a, b]: readonly [Column, Column]) => {
    const [x, y] = [first(a), second(b)]
    return Float64Array.from(x, (code, i) => code * 2 ** 20 + y[i]!)
  }
  return tvComplement(cells(real), cells(made))
}

/** `RangeCoverage`: how much of the real range is reached. */
export function rangeCoverage(real: Float64Array, made: Float64Array): number | undefined {
  const [a, b] = [known(real), known(made)]
  if (a.length === 0 || b.length === 0 || a[0] === a.at(-1)) return undefined
  const width = a.at(-1)! - a[0]!
  const missed = Math.max(0, (b[0]! - a[0]!) / width) + Math.max(0, (a.at(-1)! - b.at(-1)!) / width)
  return Math.max(0, 1 - missed)
}

/** `CategoryCoverage`: the share of the real labels that occur. */
export function categoryCoverage(real: Uint32Array, made: Uint32Array): number | undefined {
  const labels = new Set(real.filter(code => code > 0))
  const found = new Set(made)
  return labels.size > 0 ? [...labels].filter(code => found.has(code)).length / labels.size : undefined
}

/** `MissingValueSimilarity`: 1 less the difference of the shares of missing values. */
export function missingSimilarity(real: Column, made: Column): number {
  const share = ({ numbers, codes }: Column) =>
    (numbers ? numbers.filter(Number.isNaN).length : codes.filter(code => code === 0).length) /
    (numbers ?? codes).length
  return 1 - Math.abs(share(real) - share(made))
}

/** Means over columns, and pairs of columns, of what can be told of them. */
function figuresOf(real: Table, made: Table): { [name: string]: number } {
  const columns = real.columns.map((column, i) => [column, made.columns[i]!] as const)
  const pairs = columns.flatMap((a, i) => columns.slice(i + 1).map(b => [a, b] as const))
  const over = (values: (number | undefined)[]) => mean(values.filter(value => value !== undefined))
  const numeric = pairs.filter(([[a], [b]]) => a.numbers && b.numbers)
  const alike = (by: typeof pearson) =>
    over(
      numeric.map(([[a, x], [b, y]]) => correlationSimilarity([a.numbers!, b.numbers!], [x.numbers!, y.numbers!], by)),
    )
  return {
    columns: over(
      columns.map(([a, b]) => (a.numbers ? ksComplement(a.numbers, b.numbers!) : tvComplement(a.codes, b.codes!))),
    ),
    pairs: over(pairs.map(([[a, x], [b, y]]) => contingencySimilarity([a, b], [x, y]))),
    correlations: alike(pearson),
    'rank correlations': alike(spearman),
    coverage: over(
      columns.map(([a, b]) => (a.numbers ? rangeCoverage(a.numbers, b.numbers!) : categoryCoverage(a.codes, b.codes!))),
    ),
    missing: over(columns.map(([a, b]) => missingSimilarity(a, b))),
  }
}

const about: { [name: string]: string } = {
  columns: 'likeness of single columns: 1 - Kolmogorov-Smirnov of numbers, 1 - total variation of categories',
  pairs: 'likeness of pairs of columns: 1 - total variation over the cells of both, numbers in ten bins',
  correlations: '1 - half the difference of linear correlations of numbers',
  'rank correlations': '1 - half the difference of rank correlations of numbers',
  coverage: 'share of real ranges and labels that is reached',
  missing: '1 - difference of the shares of missing values',
}

const rounds = 5
/** How much lower than the ceiling is worth a warning, and fails. */
const [worth, bad] = [0.05, 0.2]

/**
 * Is the synthetic table like the training one? The ceiling is what rows of the holdout reach, or without one other
 * training rows: a sample of the same size differs too.
 */
export function fidelity({ training, synthetic, holdout }: Sets, { seed }: { seed: string }): PrivacyFigure[] {
  // Rounds that took every row would all be the same.
  const part = Math.floor(0.8 * Math.min(synthetic.rows, training.rows, holdout?.rows ?? training.rows >> 1))
  const n = Math.min(most / 2, part)
  const said = (name: string): Said => ({ measure: name, about: about[name]!, part: 'fidelity', n, rounds, seed })
  const names = Object.keys(about)
  if (n < least) {
    const why = `${n} rows a side; it takes ${least}`
    return names.map(name => figure(said(name), { grade: 'insufficient sample', why }))
  }
  const all = Array.from({ length: rounds }, (_, round) => {
    const places = drawn(0, training.rows, holdout ? n : 2 * n, `fidelity ${seed} ${round}`)
    const real = rowsAt(training, places.subarray(0, n))
    const other = holdout
      ? rowsAt(holdout, drawn(0, holdout.rows, n, `ceiling ${seed} ${round}`))
      : rowsAt(training, places.subarray(n))
    const made = rowsAt(synthetic, drawn(0, synthetic.rows, n, `made ${seed} ${round}`))
    return { value: figuresOf(real, made), ceiling: figuresOf(real, other) }
  })
  return names.map(name => {
    const [values, ceilings] = [all.map(one => one.value[name]!), all.map(one => one.ceiling[name]!)]
    const [value, ceiling] = [mean(values), mean(ceilings)]
    if (Number.isNaN(value) || Number.isNaN(ceiling)) {
      return figure(said(name), { grade: 'insufficient sample', why: 'no columns that have it' })
    }
    const off = ceiling - value
    return figure(said(name), {
      ...{ value, interval: around(values), baseline: { value: ceiling, interval: around(ceilings) } },
      grade: off > bad ? 'fail' : off > worth ? 'warn' : 'pass',
      why: `${((100 * value) / ceiling).toFixed(1)} % of what real rows reach`,
    })
  })
}
