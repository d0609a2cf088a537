import { z } from 'zod'
import { normalCdf, normalQuantile, pearson } from '../../measure/index.ts'
import { type Json, random } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { type Curve, curveOf, placesOf, valueAt } from './curve.ts'
import { gathering, leftOut, shape } from './gather.ts'

const options = z.strictObject(shape)
type Options = z.output<typeof options>
/** `factor`: lower triangle of the correlations of the normal scores, row by row. */
type Model = { seed: string; rows: number; curves: Curve[]; factor: number[][] }

/**
 * Rows with the distribution of each column and the correlations between them: normal scores of all columns, their
 * correlations, and back. Labels of fewer than five rows and the ends of numbers do not come out. No differential privacy:
 * what it made belongs before `privacy`. Sklar 1959; Patki, Wedge & Veeramachaneni 2016, The Synthetic Data Vault.
 */
export const gaussianCopula: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'gaussian-copula',
  about: 'Makes rows with the distribution of each column and the correlations between them.',
  version: 1,
  options,
  takes: ['row'],
  gives: ['row'],
  reasons: [],
  source: 'Patki, Wedge & Veeramachaneni 2016, https://doi.org/10.1109/DSAA.2016.49',
  passes: [
    gathering<Options>(({ table, types, seed }, { rows }) => {
      const curves = table.columns.map(curveOf)
      const scores = table.columns.map((column, i) => placesOf(curves[i]!, column).map(score))
      const model = { seed, rows: rows ?? table.rows, curves, factor: factorOf(scores) }
      return { shared: model as unknown as Json, each: new Map(), notes: leftOut(types) }
    }),
  ],
  apply: () => ({ is: 'consumed' }),
  *emit(shared) {
    if (shared) yield* rowsOf(shared as unknown as Model)
  },
})

const score = (place: number) => normalQuantile(Math.min(1 - 1e-6, Math.max(1e-6, place)))

/** Cholesky factor of the correlations. A matrix that is none by rounding, or of columns that determine each other, is drawn to the middle. */
export function factorOf(scores: readonly Float64Array[]): number[][] {
  const d = scores.length
  const correlations = scores.map((a, i) => scores.map((b, j) => (i === j ? 1 : (pearson(a, b) ?? 0))))
  for (let shrunk = 0.001; ; shrunk *= 4) {
    const factor = Array.from({ length: d }, () => new Array<number>(d).fill(0))
    let sound = true
    for (let i = 0; i < d && sound; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = i === j ? 1 : (1 - Math.min(1, shrunk)) * correlations[i]![j]!
        for (let k = 0; k < j; k++) sum -= factor[i]![k]! * factor[j]![k]!
        if (i === j && sum <= 1e-9) sound = false
        factor[i]![j] = i === j ? Math.sqrt(Math.max(sum, 0)) : sum / factor[j]![j]!
      }
    }
    if (sound) return factor
  }
}

function* rowsOf({ seed, rows, curves, factor }: Model) {
  const next = random('gaussian copula', seed)
  for (let index = 0; index < rows; index++) {
    const free = curves.map(() => score(next()))
    const columns = Object.fromEntries(
      curves.map((curve, i) => {
        let own = 0
        for (let k = 0; k <= i; k++) own += factor[i]![k]! * free[k]!
        return [curve.name, valueAt(curve, normalCdf(own))]
      }),
    )
    yield { payload: { kind: 'row' as const, columns }, index }
  }
}
