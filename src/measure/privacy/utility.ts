import { drawn } from '../compare.ts'
import { areaInterval, areaUnder, type Features, learn, scoreOf } from '../separation.ts'
import { figure, least, mean, meanOf, most, type PrivacyFigure, type Said, type Sets } from './figure.ts'
import { type Column, rowsAt, type Table } from './table.ts'

/** The last column in the order given whose labels are few and known: what a model is asked to tell. */
export function targetOf(table: Table, wanted?: string): Column | undefined {
  const labelled = table.columns.filter(({ codes, labels }) => codes && labels.length >= 2 && labels.length <= 20)
  if (wanted !== undefined) return labelled.find(({ name }) => name === wanted)
  return labelled.filter(({ labels }) => labels!.length === 2).at(-1) ?? labelled.at(-1)
}

const steps = 12
/** Rows as features of a linear model: each label, and each of twelve steps of a number that it lies above. */
function featuresOf(like: Table, target: string): { of(table: Table): Features[]; size: number } {
  let size = 0
  const parts = like.columns.flatMap((column, at) => {
    if (column.name === target) return []
    const from = size
    if (!column.numbers) {
      size += column.labels.length + 1
      return [(table: Table, row: number) => [from + table.columns[at]!.codes![row]!]]
    }
    const sorted = column.numbers.filter(value => !Number.isNaN(value)).sort()
    const bars = [
      ...new Set(Array.from({ length: steps }, (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / (steps + 1))]!)),
    ]
    size += bars.length + 1
    return [
      (table: Table, row: number) => {
        const value = table.columns[at]!.numbers![row]!
        if (Number.isNaN(value)) return [from + bars.length]
        return bars.flatMap((bar, i) => (value >= bar ? [from + i] : []))
      },
    ]
  })
  const of = (table: Table) =>
    Array.from({ length: table.rows }, (_, row): Features => {
      const at = Uint32Array.from(parts.flatMap(part => part(table, row)))
      return { at, value: new Float32Array(at.length).fill(1 / Math.sqrt(parts.length)) }
    })
  return { of, size }
}

const rounds = 3

/**
 * Does a model learn from synthetic rows what it learns from as many real ones (train on synthetic, test on real)? A
 * logistic regression over labels and steps of numbers, asked for the rarer label of the target; tested on the holdout.
 * Esteban et al. 2017, arXiv 1706.02633.
 */
export function utility(
  { training, synthetic, holdout }: Sets,
  { seed, target }: { seed: string; target?: string },
): PrivacyFigure[] {
  const n = Math.min(most / 2, training.rows, synthetic.rows)
  const column = targetOf(training, target)
  const said: Said = {
    measure: `model of ${column?.name ?? target ?? 'no column'}`,
    about:
      'area under the curve on the holdout of a model learnt from synthetic rows, beside one learnt from real ones',
    ...{ part: 'utility', n, rounds, seed },
  }
  if (!column) return [figure(said, { grade: 'insufficient sample', why: 'no column has two to twenty labels' })]
  if (!holdout)
    return [figure(said, { grade: 'needs a holdout', why: 'a model is tested on rows that it has not seen' })]
  const place = training.columns.indexOf(column)
  const counts = new Map<number, number>()
  for (const code of column.codes!) counts.set(code, (counts.get(code) ?? 0) + 1)
  // Of two labels the rarer, of more the most frequent one.
  const byCount = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])
  const positive = byCount.length === 2 ? byCount[1]![0] : byCount[0]![0]
  const rare = (table: Table) => table.columns[place]!.codes!.map(code => (code === positive ? 1 : 0))
  const [hits, tests] = [rare(holdout).filter(Boolean).length, Math.min(most, holdout.rows)]
  if (n < least || hits < 20 || tests - hits < 20) {
    return [figure(said, { grade: 'insufficient sample', why: `${n} rows to learn from, ${hits} of ${tests} to tell` })]
  }
  const features = featuresOf(training, column.name)
  const unseen = rowsAt(holdout, drawn(0, holdout.rows, tests, `tests ${seed}`))
  const [truth, asked] = [rare(unseen), features.of(unseen)]
  const area = (table: Table, name: string) => {
    const places = drawn(0, table.rows, n, name)
    const some = rowsAt(table, places)
    const weights = learn(features.of(some), rare(some), Uint32Array.from(places.keys()), features.size, name)
    return areaUnder(
      Float64Array.from(asked, row => scoreOf(row, weights)),
      truth,
    )!
  }
  const all = Array.from({ length: rounds }, (_, i) => ({
    made: area(synthetic, `made ${seed} ${i}`),
    real: area(training, `real ${seed} ${i}`),
  }))
  const told = truth.filter(Boolean).length
  const summary = (areas: number[]) => ({
    value: mean(areas),
    interval: meanOf(areas.map(value => areaInterval(value, told, tests - told))),
  })
  const [made, real] = [summary(all.map(one => one.made)), summary(all.map(one => one.real))]
  const off = real.value - made.value
  const why = `${column.labels![positive - 1] ?? 'missing'}: ${made.value.toFixed(3)}, learnt from real rows ${real.value.toFixed(3)}`
  return [figure(said, { ...made, baseline: real, grade: off > 0.1 ? 'fail' : off > 0.03 ? 'warn' : 'pass', why })]
}
