import { z } from 'zod'
import { type Json, random, sha256 } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { type Curve, curveOf, valueAt } from './curve.ts'
import { cellOfCode, codesIn, type Domain, domainsOf, drawFrom, rareNote } from './domain.ts'
import { gathering, leftOut, noiseShape, shape } from './gather.ts'
import { Chance, discreteLaplace } from './noise.ts'
import { secretIn } from './secret.ts'

const options = z.strictObject({
  ...shape,
  epsilon: z
    .number()
    .gt(0)
    .max(100)
    .optional()
    .describe('With it, counts get Laplace noise: differential privacy, all columns together'),
  ...noiseShape,
})
type Options = z.output<typeof options>
type Model = { seed: string; rows: number } & ({ curves: Curve[] } | { domains: Domain[]; weights: number[][] })

/**
 * Rows of which each column is as it was and nothing hangs together: the floor that every other synthesizer must beat. Under
 * `epsilon` columns are counted with discrete Laplace noise. Ghosh, Roughgarden & Sundararajan 2009, arXiv 0811.2841.
 */
export const marginals: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'marginals',
  about:
    'Makes rows with the distribution of each column and no relation between them; on request with differential privacy.',
  version: 2,
  options,
  takes: ['row'],
  gives: ['row'],
  reasons: [],
  needs: { files: ['key'], keys: ['key'] },
  source: 'Ghosh, Roughgarden & Sundararajan 2009, arXiv 0811.2841',
  passes: [
    gathering<Options>(({ table, types, sources, seed }, { rows, columns, epsilon, budget = epsilon, key }) => {
      if (epsilon === undefined || budget === undefined) {
        const model: Model = { seed, rows: rows ?? table.rows, curves: table.columns.map(curveOf) }
        return { shared: model as unknown as Json, each: new Map(), notes: leftOut(types) }
      }
      const { domains, read, rare } = domainsOf(table, columns)
      const codes = table.columns.map((column, i) => codesIn(domains[i]!, column))
      const label = sha256(JSON.stringify([domains, epsilon, codes.map(each => sha256(each.join()))]))
      const chance = new Chance(secretIn(key), label)
      // One row more moves each column by one.
      const scale = BigInt(Math.ceil(domains.length / epsilon))
      const weights = domains.map(({ size, complete }, i) => {
        const counts = new Array<number>(size).fill(0)
        for (const code of codes[i]!) counts[code]!++
        const noisy = counts.map(count => Math.max(0, count + Number(discreteLaplace(scale, chance))))
        return complete ? noisy.with(0, 0) : noisy
      })
      const sums = weights.map(counts => counts.reduce((sum, count) => sum + count, 0))
      const total = Math.max(1, Math.round(sums.reduce((sum, one) => sum + one, 0) / sums.length))
      const model: Model = { seed, rows: rows ?? total, domains, weights }
      // Pure epsilon costs no more than epsilon^2 / 2 of zCDP (Bun & Steinke 2016, proposition 1.4).
      const spends = { of: sources, unit: 'zcdp-rho', amount: epsilon ** 2 / 2, limit: budget ** 2 / 2, for: label }
      return {
        shared: model as unknown as Json,
        each: new Map(),
        notes: [
          `epsilon ${epsilon} for one row more or less`,
          ...(read.length > 0
            ? [`Labels or limits read off the rows, outside of the guarantee: ${read.join(', ')}`]
            : []),
          ...rareNote(rare),
          ...leftOut(types),
        ],
        spends,
      }
    }),
  ],
  apply: () => ({ is: 'consumed' }),
  *emit(shared) {
    if (shared) yield* rowsOf(shared as unknown as Model)
  },
})

function* rowsOf(model: Model) {
  const next = random('marginals', model.seed)
  for (let index = 0; index < model.rows; index++) {
    const columns =
      'curves' in model
        ? Object.fromEntries(model.curves.map(curve => [curve.name, valueAt(curve, next())]))
        : Object.fromEntries(
            model.domains.map((domain, i) => [
              domain.name,
              cellOfCode(domain, drawFrom(model.weights[i]!, next), next),
            ]),
          )
    yield { payload: { kind: 'row' as const, columns }, index }
  }
}
