import {
  type Bin,
  binary,
  bootstrap,
  calibration,
  calibrationError,
  type Interval,
  pearson,
  spearman,
} from '../../measure/index.ts'
import { type Id, type Sha, unit } from '../../records/index.ts'
import type { Features } from './features.ts'
import { type Fit, penalties, product, ridge } from './ridge.ts'

/** A labelled text. The mark is absent where the reply was of no use. */
export type Labelled = { id: Id; digest: Sha; mark?: number; features: Features }

/** A value with its 95 % interval over the held-out rows. */
export type Estimate = { value: number } & Partial<Interval>
/** Predictions for the held-out rows against their marks. Precision, recall and F1 are of marks of at least `good`. */
export type Figures = {
  n: number
  f1?: Estimate
  precision?: Estimate
  recall?: Estimate
  pearson?: Estimate
  spearman?: Estimate
  /** Mean distance to the mark, and that of always saying the mean of the marks learnt from. */
  error: number
  baseline: number
  calibrationError: number
  bins: Bin[]
}
export type Trained = { weights: Float32Array; bias: number; penalty: number; trained: number; figures: Figures }

/** Labels to learn from that a grade needs. */
export const least = 100
/** A mark from which a text is called good; a prediction is rounded to a mark for it. */
export const good = 3
const folds = 4

/**
 * Learns the marks of labelled texts. A tenth, chosen by a hash of the content, is held out and only measured on; on the
 * others the penalty is chosen, and the scale set, by predictions for rows that were not learnt from. The result depends
 * on the set of rows alone. Too few labels, or all of one kind, give a reason and no model.
 */
export function train(given: readonly Labelled[]): Trained | { insufficient: string } {
  const rows = given
    .filter(row => row.mark !== undefined)
    .sort((a, b) => (a.digest < b.digest ? -1 : a.digest > b.digest ? 1 : a.id < b.id ? -1 : 1))
  const kept = rows.filter(row => !isHeldOut(row))
  if (kept.length < least) return { insufficient: `${kept.length} labels to learn from, and ${least} are needed` }
  const marks = marksOf(kept)
  if (marks.every(mark => mark === marks[0])) return { insufficient: `every label is ${marks[0]}` }
  const features = kept.map(row => row.features)
  const { penalty, apart } = choose(kept)
  const { slope, offset } = line(apart, marks)
  const mean = meanOf(marks)
  const weights = Float32Array.from(path(features, marks, penalty).at(-1)!.weights, weight => weight * slope)
  const bias = offset + slope * mean
  const held = rows.filter(isHeldOut)
  const whole = Float64Array.from(weights)
  const predicted = Float64Array.from(held, row => bias + product(whole, row.features))
  return { weights, bias, penalty, trained: kept.length, figures: compare(predicted, marksOf(held), mean) }
}

/** Equal texts have equal digests: no copy of a row that was learnt from is measured on. */
const isHeldOut = (row: Labelled) => unit('held-out', row.digest) < 0.1
const foldOf = (row: Labelled) => Math.floor(unit('fold', row.digest) * folds)
const marksOf = (rows: readonly Labelled[]) => Float64Array.from(rows, row => row.mark!)
const meanOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)

/** Fits to the distance from the mean mark, from the strongest penalty to the weakest that is asked for. */
function path(features: readonly Features[], marks: Float64Array, weakest: number): Fit[] {
  const mean = meanOf(marks)
  const targets = marks.map(mark => mark - mean)
  const fits: Fit[] = []
  for (const penalty of penalties.filter(one => one >= weakest)) {
    fits.push(ridge(features, targets, penalty, fits.at(-1)))
  }
  return fits
}

/** The penalty with the least squared error on rows not learnt from, and what it predicts for them. */
function choose(rows: readonly Labelled[]): { penalty: number; apart: Float64Array } {
  const predicted = penalties.map(() => new Float64Array(rows.length))
  for (let fold = 0; fold < folds; fold++) {
    const others = rows.filter(row => foldOf(row) !== fold)
    const mean = meanOf(marksOf(others))
    const fits = path(
      others.map(row => row.features),
      marksOf(others),
      0,
    )
    for (const [i, row] of rows.entries()) {
      if (foldOf(row) !== fold) continue
      for (const [p, { weights }] of fits.entries()) predicted[p]![i] = mean + product(weights, row.features)
    }
  }
  const errors = predicted.map(values => rows.reduce((sum, row, i) => sum + (values[i]! - row.mark!) ** 2, 0))
  const best = errors.indexOf(Math.min(...errors))
  return { penalty: penalties[best]!, apart: predicted[best]! }
}

/** The straight line from predictions to marks. Ridge pulls predictions to the mean, and this takes them back. */
function line(predicted: Float64Array, marks: Float64Array): { slope: number; offset: number } {
  const [from, to] = [meanOf(predicted), meanOf(marks)]
  let [both, square] = [0, 0]
  for (let i = 0; i < marks.length; i++) {
    both += (predicted[i]! - from) * (marks[i]! - to)
    square += (predicted[i]! - from) ** 2
  }
  // Predictions that fall as marks rise say that nothing was learnt: what is left is the mean.
  const slope = square > 0 ? Math.max(0, both / square) : 0
  return { slope, offset: to - slope * from }
}

function compare(predicted: Float64Array, marks: Float64Array, mean: number): Figures {
  const n = marks.length
  const all = Uint32Array.from({ length: n }, (_, i) => i)
  const at = (values: Float64Array, rows: Uint32Array) => Float64Array.from(rows, i => values[i]!)
  function estimate(name: string, statistic: (p: Float64Array, m: Float64Array) => number | undefined) {
    const of = (rows: Uint32Array) => statistic(at(predicted, rows), at(marks, rows))
    const value = of(all)
    return value === undefined ? {} : { [name]: { value, ...bootstrap(n, of, name) } }
  }
  const said = (p: Float64Array, m: Float64Array) => {
    let [hits, alarms, missed] = [0, 0, 0]
    for (let i = 0; i < m.length; i++) {
      const [called, is] = [Math.round(p[i]!) >= good, m[i]! >= good]
      if (called && is) hits++
      else if (called) alarms++
      else if (is) missed++
    }
    return binary(hits, alarms, missed)
  }
  const distance = (to: (i: number) => number) => all.reduce((sum, i) => sum + Math.abs(marks[i]! - to(i)), 0)
  const bins = calibration(predicted, marks)
  return {
    n,
    ...estimate('f1', (p, m) => said(p, m).f1),
    ...estimate('precision', (p, m) => said(p, m).precision),
    ...estimate('recall', (p, m) => said(p, m).recall),
    ...estimate('pearson', pearson),
    ...estimate('spearman', spearman),
    error: distance(i => predicted[i]!) / Math.max(1, n),
    baseline: distance(() => mean) / Math.max(1, n),
    calibrationError: calibrationError(bins) ?? 0,
    bins,
  }
}
