import { z } from 'zod'
import { type Json, random, sha256 } from '../../records/index.ts'
import { defineGlobal, type GlobalStep } from '../../steps/index.ts'
import { rhoOf, varianceFor } from './account.ts'
import { cellOfCode, codesIn, type Domain, domainsOf, drawFrom, rareNote } from './domain.ts'
import { gathering, leftOut, noiseShape, shape } from './gather.ts'
import { Chance, discreteGaussian } from './noise.ts'
import { secretIn } from './secret.ts'

const options = z.strictObject({
  ...shape,
  epsilon: z
    .number()
    .gt(0)
    .max(100)
    .describe('How much one person may change the odds of any result: 1 is strict, 10 is loose'),
  delta: z
    .number()
    .gt(0)
    .lt(0.01)
    .default(1e-6)
    .describe('Chance that epsilon does not hold; well below one in the number of people'),
  ...noiseShape,
})
type Options = z.output<typeof options>

/** A column as the model has it: weights by code, alone or for each code of the column it hangs on. */
type Branch = { column: number; parent?: number; weights: number[][] }
type Model = { seed: string; rows: number; domains: Domain[]; branches: Branch[] }

/**
 * A differentially private synthesizer: all single columns are counted with noise, noise is added to how far each pair of
 * columns is from independent, the maximum spanning tree of these is counted with noise, and rows are drawn from the tree.
 * After McKenna, Miklau & Sheldon 2021 (MST, arXiv 2108.04978), with noise on all pairs in place of their exponential
 * mechanism, so that every draw is exact in whole numbers.
 */
export const mst: GlobalStep<Options> = defineGlobal<Options>({
  verb: 'mst',
  about:
    'Makes rows with differential privacy: counts of columns and of a tree of pairs, with exact noise and a budget.',
  version: 2,
  options,
  takes: ['row'],
  gives: ['row'],
  reasons: [],
  needs: { files: ['key'], keys: ['key'] },
  source: 'McKenna, Miklau & Sheldon 2021, arXiv 2108.04978; Canonne, Kamath & Steinke 2020, arXiv 2004.00010',
  report: ({ epsilon, delta, columns }) => ({
    title: 'Differential privacy',
    text: `Rows were drawn from counts with discrete Gaussian noise: epsilon ${epsilon} at delta ${delta} for one row more or less, by zCDP.${columns ? '' : ' Labels and limits of the columns were read off the rows, which the guarantee does not cover.'}`,
  }),
  passes: [
    gathering<Options>(({ table, types, sources, seed }, { epsilon, delta, budget = epsilon, columns, key, rows }) => {
      const { domains, read, rare } = domainsOf(table, columns)
      const codes = table.columns.map((column, i) => codesIn(domains[i]!, column))
      const rho = rhoOf(epsilon, delta)
      // Counts go into the label of the noise, so that other counts have other noise.
      const label = sha256(JSON.stringify([domains, epsilon, delta, codes.map(each => sha256(each.join()))]))
      const model = treeOf(domains, codes, rho, new Chance(secretIn(key), label), rows)
      const spent = { of: sources, unit: 'zcdp-rho', amount: rho, limit: rhoOf(budget, delta), for: label }
      return {
        shared: { ...model, seed } as unknown as Json,
        each: new Map(),
        notes: [
          `epsilon ${epsilon} at delta ${delta} (rho ${rho.toPrecision(3)}) for one row more or less`,
          ...(read.length > 0
            ? [`Labels or limits read off the rows, outside of the guarantee: ${read.join(', ')}`]
            : []),
          ...rareNote(rare),
          ...leftOut(types),
        ],
        spends: spent,
      }
    }),
  ],
  apply: () => ({ is: 'consumed' }),
  *emit(shared) {
    if (shared) yield* rowsOf(shared as unknown as Model)
  },
})

/** The shares of rho for single columns, for the choice of the tree, and for its pairs. */
export const parts = { columns: 1 / 3, choice: 1 / 3, pairs: 1 / 3 }

/** A tree of noisy counts. Nothing but what noise was added to is looked at again. */
export function treeOf(
  domains: readonly Domain[],
  codes: readonly Uint32Array[],
  rho: number,
  chance: Chance,
  rows?: number,
): Omit<Model, 'seed'> {
  const d = domains.length
  const noisy = (counts: Float64Array, variance: bigint) =>
    counts.map(count => count + Number(discreteGaussian(variance, chance)))
  const n = codes[0]?.length ?? 0
  const single = varianceFor(d, rho * parts.columns)
  const ones = domains.map(({ size }, i) => {
    const counts = new Float64Array(size)
    for (const code of codes[i]!) counts[code]!++
    return noisy(counts, single)
  })
  // The number of rows is known by the noise alone: the mean of the sums of all columns.
  const sums = ones.map(counts => counts.reduce((sum, count) => sum + count, 0))
  const total = Math.max(1, Math.round(sums.reduce((sum, value) => sum + value, 0) / d))
  const shares = ones.map((counts, i) => normalised(counts, 3 * Math.sqrt(Number(single)), domains[i]!.complete))

  const cells = (a: number, b: number) => {
    const counts = new Float64Array(domains[a]!.size * domains[b]!.size)
    for (let row = 0; row < n; row++) counts[codes[a]![row]! * domains[b]!.size + codes[b]![row]!]!++
    return counts
  }
  // One row moves each distance by one at most: they are sums over cells, the rest is known already.
  const pairs = domains.flatMap((_, a) => Array.from({ length: d - a - 1 }, (_, i) => [a, a + 1 + i] as const))
  const choice = varianceFor(Math.max(1, pairs.length), rho * parts.choice)
  const weighed = pairs.map(([a, b]) => {
    const size = domains[b]!.size
    const counts = cells(a, b)
    let apart = 0
    for (const [at, count] of counts.entries()) {
      apart += Math.abs(count - Math.round(total * shares[a]![Math.floor(at / size)]! * shares[b]![at % size]!))
    }
    return { a, b, weight: apart + Number(discreteGaussian(choice, chance)) }
  })
  const tree = spanning(d, weighed)
  const double = varianceFor(Math.max(1, tree.length), rho * parts.pairs)
  const branches: Branch[] = []
  for (const { from, to } of rooted(d, tree)) {
    if (from === undefined) {
      branches.push({ column: to, weights: [Array.from(shares[to]!)] })
      continue
    }
    const counts = noisy(cells(from, to), double)
    const fitted = fitted2(counts, shares[from]!, shares[to]!, 2 * Math.sqrt(Number(double)))
    branches.push({ column: to, parent: from, weights: fitted })
  }
  return { rows: rows ?? total, domains: [...domains], branches }
}

/**
 * Noisy counts as shares. What noise alone may have made is shared out evenly among the codes it may be of; of a complete
 * column nothing is code 0.
 */
function normalised(noisy: Float64Array, sure: number, complete = false): Float64Array {
  const counts = complete ? noisy.subarray(1) : noisy
  const doubtful = counts.filter(count => count < sure)
  const even =
    Math.max(
      0,
      doubtful.reduce((sum, count) => sum + count, 0),
    ) / Math.max(1, doubtful.length)
  const kept = counts.map(count => (count < sure ? even : count))
  const sum = kept.reduce((all, count) => all + count, 0)
  const shares = sum > 0 ? kept.map(count => count / sum) : kept.fill(1 / kept.length)
  return complete ? Float64Array.of(0, ...shares) : shares
}

/**
 * Noisy counts of pairs brought to the shares of both columns (Deming & Stephan 1940), row by row. Counts that noise alone
 * may have made give way to independence.
 */
function fitted2(counts: Float64Array, first: Float64Array, second: Float64Array, sure: number): number[][] {
  const [rows, columns] = [first.length, second.length]
  const sum = counts.reduce((all, count) => all + Math.max(0, count), 0) || 1
  const doubtful = counts.reduce((all, count) => all + (count < sure ? count : 0), 0)
  const spread = Math.max(1e-9, Math.max(0, doubtful) / sum)
  const cells = counts.map((count, at) =>
    count < sure ? spread * first[Math.floor(at / columns)]! * second[at % columns]! + 1e-12 : count / sum,
  )
  for (let round = 0; round < 50; round++) {
    for (let a = 0; a < rows; a++) {
      let own = 0
      for (let b = 0; b < columns; b++) own += cells[a * columns + b]!
      for (let b = 0; b < columns; b++) cells[a * columns + b]! *= own > 0 ? first[a]! / own : 0
    }
    for (let b = 0; b < columns; b++) {
      let own = 0
      for (let a = 0; a < rows; a++) own += cells[a * columns + b]!
      for (let a = 0; a < rows; a++) cells[a * columns + b]! *= own > 0 ? second[b]! / own : 0
    }
  }
  return Array.from({ length: rows }, (_, a) => Array.from(cells.subarray(a * columns, (a + 1) * columns)))
}

type Edge = { a: number; b: number; weight: number }

/** Edges of the maximum spanning tree. Kruskal 1956. */
export function spanning(nodes: number, edges: readonly Edge[]): Edge[] {
  const group = Array.from({ length: nodes }, (_, i) => i)
  return edges
    .toSorted((x, y) => y.weight - x.weight || x.a - y.a || x.b - y.b)
    .filter(({ a, b }) => {
      const [one, two] = [group[a]!, group[b]!]
      if (one === two) return false
      for (const [i, own] of group.entries()) if (own === two) group[i] = one
      return true
    })
}

/** The tree from its first column on: each column behind the one it hangs on. */
function rooted(nodes: number, edges: readonly Edge[]): { from?: number; to: number }[] {
  const order: { from?: number; to: number }[] = nodes > 0 ? [{ to: 0 }] : []
  for (let i = 0; i < order.length; i++) {
    const { from, to } = order[i]!
    for (const { a, b } of edges) {
      const other = a === to ? b : b === to ? a : undefined
      if (other !== undefined && other !== from) order.push({ from: to, to: other })
    }
  }
  return order
}

function* rowsOf({ seed, rows, domains, branches }: Model) {
  const next = random('mst', seed)
  for (let index = 0; index < rows; index++) {
    const codes = new Uint32Array(domains.length)
    for (const { column, parent, weights } of branches) {
      codes[column] = drawFrom(weights[parent === undefined ? 0 : codes[parent]!]!, next)
    }
    const columns = Object.fromEntries(domains.map((domain, i) => [domain.name, cellOfCode(domain, codes[i]!, next)]))
    yield { payload: { kind: 'row' as const, columns }, index }
  }
}
