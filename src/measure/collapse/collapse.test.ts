import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { random } from '../../records/index.ts'
import {
  arms,
  collapseRun,
  collapseVerdict,
  corpusOf,
  countsOf,
  digamma,
  driftAccumulated,
  driftReplaced,
  exponent,
  type Generation,
  heterozygosity,
  inverseSquares,
  keptTypes,
  kneserNey,
  leastSquares,
  leastSquaresRuns,
  normalAccumulated,
  normalReplaced,
  normalRuns,
  perplexity,
  sampler,
  signTest,
  survival,
} from './index.ts'

describe('closed forms', () => {
  test('survival of a type seen once and five times, as the Poisson branching process has it', () => {
    const once = [1, 2, 3, 5, 10, 20].map(t => survival(1, t))
    for (const [i, value] of [0.632, 0.469, 0.374, 0.268, 0.158, 0.088].entries()) expect(once[i]).toBeCloseTo(value, 3)
    const five = [1, 2, 3, 5, 10, 20].map(t => survival(5, t))
    for (const [i, value] of [0.993, 0.958, 0.904, 0.79, 0.577, 0.368].entries()) expect(five[i]).toBeCloseTo(value, 3)
    expect(keptTypes([1, 5, 0, 100], 10)).toEqual({
      all: (survival(1, 10) + survival(5, 10) + survival(100, 10)) / 3,
      rare: (survival(1, 10) + survival(5, 10)) / 2,
    })
  })

  test('drift: a coin that is resampled, and the limit of accumulating', () => {
    expect(heterozygosity([1, 1])).toBe(0.5)
    expect(driftReplaced(50, 1)).toBe(0.98)
    const n = 100
    const limit = Math.sin(Math.PI / Math.sqrt(n)) / (Math.PI / Math.sqrt(n)) / (1 - 1 / n)
    expect(driftAccumulated(n, 100_000)).toBeCloseTo(limit, 6)
    expect(limit).toBeCloseTo(1 - 0.645 / n, 4)
  })

  test('digamma: of 1 minus the constant of Euler, its recurrence; sums of inverse squares towards pi^2/6', () => {
    expect(digamma(1)).toBeCloseTo(-0.5772156649, 9)
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 50, noNaN: true }), x => {
        expect(digamma(x + 1) - digamma(x)).toBeCloseTo(1 / x, 7)
      }),
    )
    expect(inverseSquares(1e5)).toBeCloseTo(Math.PI ** 2 / 6, 4)
  })

  test('a normal distribution fitted to fifty of its own draws loses its variance, and keeps it when draws are added', () => {
    const median = (way: 'replaced' | 'accumulated', t: number) => normalRuns(50, t, 2000, way, 'a')[1000]!
    // Medians of the reference simulation: 0.84 at 10, 0.33 at 50, 0.12 at 100; accumulated 0.95 to 0.96 throughout.
    expect(Math.abs(median('replaced', 10) - 0.84)).toBeLessThan(0.1)
    expect(Math.abs(median('replaced', 50) - 0.33)).toBeLessThan(0.08)
    expect(Math.abs(median('accumulated', 100) - 0.95)).toBeLessThan(0.05)
    const logs = normalRuns(50, 20, 2000, 'replaced', 'b').reduce((sum, v) => sum + Math.log(v), 0) / 2000
    expect(Math.abs(logs - normalReplaced(50, 20).logVariance)).toBeLessThan(0.06)
    expect(normalReplaced(50, 10).mean).toBe(0.2)
    expect(normalAccumulated(50, 1e5)).toBeCloseTo(1.645 / 50, 4)
  })

  test('least squares: errors grow by one a generation when replaced, by 1/i^2 when added', () => {
    const { replaced, accumulated } = leastSquaresRuns({ columns: 5, rows: 20, generations: 6, runs: 1500, seed: 'a' })
    for (const t of [1, 2, 6]) {
      const said = leastSquares(5, 20, t)
      expect(Math.abs(replaced[t - 1]! / said.replaced - 1)).toBeLessThan(0.08)
      expect(Math.abs(accumulated[t - 1]! / said.accumulated - 1)).toBeLessThan(0.08)
    }
  })

  test('sign test: eight of eight', () => {
    expect(signTest(8, 8)).toBeCloseTo(1 / 256, 12)
    expect(signTest(0, 8)).toBeCloseTo(1, 12)
    expect(signTest(7, 8)).toBeCloseTo(9 / 256, 12)
  })
})

const next = random('texts')
const nouns = Array.from({ length: 400 }, (_, i) => `noun${i}`)
const pick = (list: readonly string[]) => list[Math.floor(list.length ** next()) - 1] ?? list[0]!
const texts = Array.from({ length: 900 }, () =>
  `the ${pick(nouns)} of the ${pick(nouns)} drips into a ${pick(nouns)}`.split(' '),
)
const corpus = corpusOf(texts.map(text => [text]))

describe('the language model', () => {
  test('chances of all words and the end add up to one, after contexts seen and never seen, at any scale', () => {
    const vocabulary = 6
    const some = [[0, 1, 2], [0, 1, 3], [4], []].map(text => Int32Array.from(text))
    for (const scale of [1, 3]) {
      const scorer = kneserNey(some, vocabulary, scale)
      for (const context of [[], [0], [0, 1], [5, 5], [2, 4, 1]]) {
        // The chance of each word after a context, and of the end.
        let sum = Math.exp(scorer(Int32Array.from(context)).at(-1)!)
        for (let word = 0; word < vocabulary; word++)
          sum += Math.exp(scorer(Int32Array.from([...context, word]))[context.length]!)
        expect(sum).toBeCloseTo(1, 9)
      }
    }
  })

  test('a worked value: one text of one word', () => {
    // Trigram: (1 - 0.75) / 1 + 0.75 x; pair alike; word: one of two pairs ends in it, (1 - 0.75) / 2 + 0.75 * 2 / 2 / 2.
    const word = 0.25 / 2 + (0.75 * 2) / 2 / 2
    const chance = 0.25 + 0.75 * (0.25 + 0.75 * word)
    expect(Math.exp(kneserNey([Int32Array.from([0])], 1)(Int32Array.from([0]))[0]!)).toBeCloseTo(chance, 12)
  })

  test('the sampler writes what the counts say, and nothing that was never seen', () => {
    const some = [[0, 1], [0, 1], [0, 2], [3]].map(text => Int32Array.from(text))
    const write = sampler(some, 4)
    const draw = random('draw')
    const found = new Map<string, number>()
    for (let i = 0; i < 8000; i++) {
      const text = write(draw).join(' ')
      found.set(text, (found.get(text) ?? 0) + 1)
    }
    expect([...found.keys()].sort()).toEqual(['0 1', '0 2', '3'])
    expect(Math.abs(found.get('0 1')! / 8000 - 0.5)).toBeLessThan(0.03)
    expect(Math.abs(found.get('3')! / 8000 - 0.25)).toBeLessThan(0.03)
  })
})

describe('generations', () => {
  const settings = { generations: 6, real: 0.1, keep: 0.5 }
  const runs = Object.fromEntries(
    arms.map(arm => [arm, ['1', '2', '3', '4', '5'].map(seed => collapseRun(corpus, arm, seed, settings))]),
  ) as Record<(typeof arms)[number], Generation[][]>

  test('replacing loses types as foretold, and the order of theory holds in every seed', () => {
    const last = (arm: (typeof arms)[number]) => runs[arm].map(run => run.at(-1)!)
    const mean = (of: number[]) => of.reduce((a, b) => a + b, 0) / of.length
    const foretold = keptTypes(countsOf(corpus.train, corpus.vocabulary), 6)
    expect(Math.abs(mean(last('replace').map(g => g.types)) - foretold.all)).toBeLessThan(0.06)
    expect(Math.abs(mean(last('replace').map(g => g.rareTypes)) - foretold.rare)).toBeLessThan(0.08)
    for (const g of last('accumulate')) expect([g.types, g.rareTypes]).toEqual([1, 1])
    const verdict = collapseVerdict(runs)
    expect(verdict.steps[0]).toMatchObject({ worse: 'replace', better: 'mixed', seeds: 5 })
    expect(mean(last('replace').map(g => g.perplexity))).toBeGreaterThan(mean(last('mixed').map(g => g.perplexity)))
    expect(mean(last('mixed').map(g => g.perplexity))).toBeGreaterThan(mean(last('accumulate').map(g => g.perplexity)))
    expect(exponent(runs.replace[0]!)!).toBeGreaterThan(exponent(runs.accumulate[0]!)!)
  })

  test('documents are in one part, and equal ones once', () => {
    const documents = Array.from({ length: 60 }, (_, i) => [
      ['a', `b${i}`],
      ['c', `d${i}`],
    ])
    const { train, verifier, heldOut } = corpusOf([...documents, ...documents])
    expect(train.length + verifier.length + heldOut.length).toBe(120)
    for (const part of [train, verifier, heldOut]) expect(part.length % 2).toBe(0)
    expect(heldOut.length).toBeGreaterThan(0)
  })

  test('the same seed gives the same run, every workflow begins with the real data', () => {
    expect(collapseRun(corpus, 'subsample', '1', settings)).toEqual(runs.subsample[0])
    const fit = perplexity(kneserNey(corpus.train, corpus.vocabulary), corpus.heldOut)
    for (const arm of arms) expect(runs[arm][0]![0]!.perplexity).toBe(fit)
  })

  test('a verdict takes five seeds, each of them alike', () => {
    const of = (perplexity: number) => [{ perplexity } as Generation]
    const all = (worst: number, n: number) => ({
      replace: Array.from({ length: n }, () => of(worst)),
      accumulate: Array.from({ length: n }, () => of(2)),
    })
    expect(collapseVerdict(all(3, 5)).is).toBe('as predicted')
    expect(collapseVerdict(all(3, 4)).is).toBe('inconclusive at this corpus size')
    expect(collapseVerdict(all(1, 8))).toMatchObject({ is: 'inconclusive at this corpus size', steps: [{ wins: 0 }] })
    expect(collapseVerdict({}).steps).toEqual([])
  })
})
