import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { random, unit } from '../records/index.ts'
import { betaQuantile, incompleteBeta, logGamma } from './beta.ts'
import {
  along,
  audit,
  binary,
  bootstrap,
  calibration,
  calibrationError,
  clopperPearson,
  correlationOf,
  emptyPairs,
  type Finding,
  isotonic,
  kappa,
  ktoWeights,
  line,
  meanOf,
  mergeMoments,
  mergePairs,
  noMoments,
  type PairSeen,
  pairBias,
  pearson,
  prevalence,
  ranks,
  roganGladen,
  shareOf,
  spearman,
  tallyPair,
  wilson,
  withPair,
} from './index.ts'

describe('intervals of a share', () => {
  test('the beta function behind them', () => {
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 13)
    expect(logGamma(171)).toBeCloseTo(706.5730622457874, 9)
    // I_x(a, b) of whole a and b is a binomial tail: P(X >= 3), X of 5 at 0.3.
    expect(incompleteBeta(0.3, 3, 3)).toBeCloseTo(0.16308, 12)
    expect(incompleteBeta(betaQuantile(0.975, 82, 182), 82, 182)).toBeCloseTo(0.975, 12)
  })

  test('Clopper and Pearson: the example of SciPy, and those of Newcombe 1998 (Statistics in Medicine 17), table I', () => {
    expect(clopperPearson(7, 50).low).toBeCloseTo(0.05819170033997342, 11)
    expect(clopperPearson(7, 50).high).toBeCloseTo(0.26739600249700846, 11)
    const four = ({ low, high }: { low: number; high: number }) => [low.toFixed(4), high.toFixed(4)]
    expect(four(clopperPearson(81, 263))).toEqual(['0.2527', '0.3676'])
    expect(four(clopperPearson(15, 148))).toEqual(['0.0578', '0.1617'])
    expect(four(clopperPearson(0, 20))).toEqual(['0.0000', '0.1684'])
    expect(four(clopperPearson(1, 29))).toEqual(['0.0009', '0.1776'])
    expect(four(wilson(81, 263))).toEqual(['0.2553', '0.3662'])
    expect(four(wilson(15, 148))).toEqual(['0.0624', '0.1605'])
    expect(four(wilson(0, 20))).toEqual(['0.0000', '0.1611'])
    expect(four(wilson(1, 29))).toEqual(['0.0061', '0.1718'])
    expect(clopperPearson(0, 0)).toEqual({ low: 0, high: 1 })
    expect(wilson(0, 0)).toEqual({ low: 0, high: 1 })
  })

  test('of a finite population: covers at least 95 % of all samples whatever the share, and closes when all are drawn', () => {
    const choose = (n: number, k: number) => Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1))
    for (const [n, size] of [
      [1, 7],
      [10, 30],
      [25, 30],
      [40, 61],
    ] as const) {
      const intervals = Array.from({ length: n + 1 }, (_, found) => shareOf(found, n, size))
      for (let wrong = 0; wrong <= size; wrong++) {
        let covered = 0
        for (let found = Math.max(0, n - (size - wrong)); found <= Math.min(n, wrong); found++) {
          const { low, high } = intervals[found]!
          const chance = (choose(wrong, found) * choose(size - wrong, n - found)) / choose(size, n)
          if (low <= wrong / size && wrong / size <= high) covered += chance
        }
        expect(covered, `${wrong} of ${size}, ${n} drawn`).toBeGreaterThanOrEqual(0.95)
      }
    }
    expect(shareOf(20, 50, 50)).toEqual({ low: 0.4, high: 0.4 })
    expect(shareOf(0, 5, 5)).toEqual({ low: 0, high: 0 })
    expect(shareOf(0, 0, 100)).toEqual({ low: 0, high: 1 })
    // Out of very many it is the interval of an endless population.
    const [finite, endless] = [shareOf(7, 50, 1e9), clopperPearson(7, 50)]
    expect(finite.low).toBeCloseTo(endless.low, 6)
    expect(finite.high).toBeCloseTo(endless.high, 6)
    // By the hypergeometric distribution of SciPy.
    expect(shareOf(3, 60, 1000)).toEqual({ low: 0.012, high: 0.136 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.nat(400), fc.nat(5000), (n, found, more) => {
        fc.pre(found <= n)
        const { low, high } = shareOf(found, n, n + more)
        const row = 1 / (n + more)
        expect(low).toBeLessThanOrEqual(found / n + row)
        expect(high).toBeGreaterThanOrEqual(found / n - row)
        expect(high - low).toBeLessThanOrEqual(clopperPearson(found, n).high - clopperPearson(found, n).low + 2 * row)
      }),
      { numRuns: 200 },
    )
  })
})

describe('agreement', () => {
  test('kappa: of two readers of 50 grants, and of Fleiss 1981, table 13.1', () => {
    const grants = kappa([
      [20, 5],
      [10, 15],
    ])!
    expect(grants).toMatchObject({ kappa: expect.closeTo(0.4, 12), agreed: 0.7 })
    const psychiatrists = kappa([
      [75, 1, 4],
      [5, 4, 1],
      [0, 0, 10],
    ])!
    expect(psychiatrists.kappa).toBeCloseTo(0.676, 3)
    // Its standard error is given as 0.088.
    expect((psychiatrists.high - psychiatrists.low) / (2 * 1.96)).toBeCloseTo(0.088, 3)
  })

  test('nothing to agree on, one class alone, and perfect agreement', () => {
    const two = (a: number, b: number, c: number, d: number) =>
      kappa([
        [a, b],
        [c, d],
      ])
    expect(two(0, 0, 0, 0)).toBeUndefined()
    expect(two(0, 0, 0, 9)).toBeUndefined()
    expect(two(4, 0, 0, 9)).toMatchObject({ kappa: 1, low: 1, high: 1 })
    expect(two(0, 5, 5, 0)).toMatchObject({ kappa: -1 })
  })
})

describe('a judge with errors', () => {
  test('Rogan and Gladen: 23 of 150 cows at sensitivity 0.96 and specificity 0.89 are 5.1 %', () => {
    expect(roganGladen(23 / 150, 0.96, 0.89)).toBeCloseTo(0.051, 4)
    expect(roganGladen(0.02, 0.9, 0.9)).toBe(0)
    expect(roganGladen(0.3, 0.4, 0.6)).toBeUndefined()
  })

  test('a judge known to be always right leaves the exact interval', () => {
    const sure = { wrong: 1e12, found: 1e12, right: 1e12, cleared: 1e12 }
    for (const [seen, n] of [
      [30, 200],
      [0, 60],
      [1, 29],
    ] as const) {
      const [found, exact] = [prevalence(seen, n, sure), clopperPearson(seen, n)]
      // Up to the noise of 5,000 draws.
      expect(Math.abs(found.low - exact.low)).toBeLessThan(0.004)
      expect(Math.abs(found.high - exact.high)).toBeLessThan(0.008)
    }
  })

  test('it is about as wide as the interval of Lang & Reiczigel 2014, and carries both uncertainties', () => {
    // By their equations 4 to 17: -0.062 to 0.168 and 0.408 to 0.660.
    const known = { wrong: 50, found: 43, right: 70, cleared: 63 }
    const few = prevalence(30, 200, known)
    expect(few).toMatchObject({ estimate: expect.closeTo(0.0657894737, 9), low: 0 })
    expect(Math.abs(few.high - 0.168)).toBeLessThan(0.02)
    const many = prevalence(100, 200, known)
    expect(Math.abs(many.low - 0.408)).toBeLessThan(0.03)
    expect(Math.abs(many.high - 0.66)).toBeLessThan(0.03)
    const tenfold = prevalence(100, 200, { wrong: 500, found: 430, right: 700, cleared: 630 })
    expect(tenfold.high - tenfold.low).toBeLessThan(0.85 * (many.high - many.low))
  })

  test('knows nothing where nothing is known of the judge, or where it guesses', () => {
    const all = { low: 0, high: 1 }
    expect(prevalence(0, 0, { wrong: 9, found: 9, right: 9, cleared: 9 })).toEqual(all)
    expect(prevalence(5, 20, { wrong: 0, found: 0, right: 0, cleared: 0 })).toEqual(all)
    expect(prevalence(5, 20, { wrong: 10, found: 3, right: 10, cleared: 7 })).toEqual(all)
    expect(prevalence(20, 20, { wrong: 9, found: 9, right: 9, cleared: 0 })).toMatchObject(all)
    expect(prevalence(5, 20, { wrong: 0, found: 0, right: 40, cleared: 39 }).high).toBe(1)
  })
})

describe('an audit', () => {
  const rows = (judge: string, people = '') =>
    Array.from({ length: Math.max(judge.length, people.length) }, (_, i): Finding => {
      const said = { w: 'wrong', r: 'right', '?': 'unsure' } as const
      const [a, b] = [said[judge[i] as 'w'], said[people[i] as 'w']]
      return { ...(a ? { judge: a } : {}), ...(b ? { people: b } : {}) }
    })

  test('people count up to the last row they looked at, and what they skipped may be either', () => {
    const { people, by } = audit(1000, rows('', 'wrr rr?rr   '))!
    expect(people).toMatchObject({ n: 9, wrong: 1, unsure: 2, estimate: 1 / 7 })
    expect(people).toMatchObject({ low: shareOf(1, 9, 1000).low, high: shareOf(3, 9, 1000).high })
    expect(by).toBe('people')
    expect(audit(10, rows('', '   '))).toBeUndefined()
    expect(audit(10, [])).toBeUndefined()
  })

  test('whoever rests on more rows of known truth counts; rows of people are gold too', () => {
    const findings = rows('wrrrrwrrrr', 'wrrrrrrr')
    const alone = audit(50, findings)!
    expect(alone.by).toBe('people')
    expect(alone.known).toEqual({ wrong: 1, found: 1, right: 7, cleared: 6 })
    expect(alone.judge!.corrected).toBe(true)
    expect(alone.both).toMatchObject({ n: 8, kappa: { agreed: 7 / 8 } })
    const gold = Array.from({ length: 9 }, () => ({ truth: 'right', judge: 'right' }) as const)
    expect(audit(50, findings, gold)!.by).toBe('judge')
    // A judge of whom nothing is known is not corrected, and an undecided gold row says nothing.
    expect(audit(50, rows('wrr'), [{ truth: 'wrong', judge: 'unsure' }])!.judge).toMatchObject({ corrected: false })
  })

  test('all wrong, none wrong, one row', () => {
    expect(audit(4, rows('', 'wwww'))!.people).toMatchObject({ low: 1, high: 1, estimate: 1 })
    expect(audit(4, rows('', 'rrrr'))!.people).toMatchObject({ low: 0, high: 0, estimate: 0 })
    expect(audit(1, rows('', '?'))!.people).toEqual({ n: 1, wrong: 0, unsure: 1, low: 0, high: 1 })
  })

  test('over 200 draws the interval covers the truth, by a judge that is always right and by one that errs', () => {
    const population = Array.from({ length: 600 }, (_, i) => {
      const wrong = unit('wrong', i) < 0.12
      const call = (errs: number) => (unit('errs', i) >= errs === wrong ? ('wrong' as const) : ('right' as const))
      return { wrong, calls: { 0: call(0), 0.15: call(0.15) } }
    })
    const truth = population.filter(row => row.wrong).length / population.length
    const covered = (errs: 0 | 0.15, golds: number) => {
      let held = 0
      for (let seed = 0; seed < 200; seed++) {
        const next = random('draw', seed)
        const order = [...population]
        for (let i = 0; i < 300; i++) {
          const j = i + Math.floor(next() * (order.length - i))
          ;[order[i], order[j]] = [order[j]!, order[i]!]
        }
        const judged = order.slice(0, 150).map(row => ({ judge: row.calls[errs] }))
        const gold = order
          .slice(150, 150 + golds)
          .map(row => ({ truth: row.wrong ? 'wrong' : 'right', judge: row.calls[errs] }) as const)
        const { low, high } = audit(population.length, judged, gold)!.judge!
        if (low <= truth && truth <= high) held++
      }
      return held / 200
    }
    expect(covered(0, 0)).toBeGreaterThanOrEqual(0.93)
    expect(covered(0.15, 120)).toBeGreaterThanOrEqual(0.93)
    // Without a correction the errors of the judge pass for wrong rows.
    expect(covered(0.15, 0)).toBeLessThan(0.5)
  })
})

describe('predictions against the truth', () => {
  test('correlations: Anscombe 1973, ties shared, and nothing where nothing varies', () => {
    const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    expect(pearson(x, y)).toBeCloseTo(0.81642, 5)
    expect([...ranks([3, 1, 3, 2])]).toEqual([3.5, 1, 3.5, 2])
    expect(spearman([1, 2, 3, 4], [1, 8, 27, 64])).toBe(1)
    expect(pearson([0.1, 0.1, 0.1], [1, 2, 3])).toBeUndefined()
    expect(spearman([], [])).toBeUndefined()
  })

  test('calibration: neighbours together, equal predictions in one run', () => {
    const bins = calibration([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 0], 2)
    expect(bins).toEqual([
      { n: 2, predicted: expect.closeTo(0.15), seen: 0 },
      { n: 2, predicted: expect.closeTo(0.85), seen: 0.5 },
    ])
    expect(calibrationError(bins)).toBeCloseTo((0.15 + 0.35) / 2)
    expect(calibration([1, 1, 1, 1], [0, 1, 1, 0], 2)).toEqual([{ n: 4, predicted: 1, seen: 0.5 }])
    expect(calibrationError(calibration([], []))).toBeUndefined()
  })

  test('precision, recall and F1 are defined where something stands under their line', () => {
    expect(binary(6, 2, 4)).toEqual({ precision: 0.75, recall: 0.6, f1: 12 / 18 })
    expect(binary(0, 3, 0)).toEqual({ precision: 0 })
    expect(binary(0, 0, 0)).toEqual({})
  })

  test('bootstrap: by its seed alone, near the normal interval of a mean, silent where the statistic is mostly not defined', () => {
    const values = Array.from({ length: 400 }, (_, i) => unit('value', i))
    const mean = (rows: Uint32Array) => rows.reduce((sum, row) => sum + values[row]!, 0) / rows.length
    const found = bootstrap(400, mean, 'a')!
    expect(bootstrap(400, mean, 'a')).toEqual(found)
    const half = (1.96 * Math.sqrt(1 / 12)) / 20
    expect(found.high - found.low).toBeGreaterThan(1.7 * half)
    expect(found.high - found.low).toBeLessThan(2.3 * half)
    expect(bootstrap(3, () => undefined, 'a')).toBeUndefined()
    expect(bootstrap(0, () => 1, 'a')).toBeUndefined()
  })
})

describe('moments', () => {
  const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
  const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
  const of = (from: number, to: number) =>
    x.slice(from, to).reduce((m, value, i) => withPair(m, value, y[from + i]!), noMoments)

  test("Anscombe's first quartet, whole and put together from parts", () => {
    expect(correlationOf(of(0, 11))).toBeCloseTo(0.81642, 5)
    // Mean 9, variance 11: half an interval is 1.96 for 11 rows, whose standard error is 1.
    expect(meanOf(of(0, 11))).toEqual({
      mean: expect.closeTo(9, 12),
      low: expect.closeTo(9 - 1.959964, 6),
      high: expect.closeTo(9 + 1.959964, 6),
    })
    for (const cut of [0, 1, 6, 11]) {
      const both = mergeMoments(of(0, cut), of(cut, 11))
      expect(correlationOf(both)).toBeCloseTo(0.81642, 5)
      expect(both.n).toBe(11)
    }
  })
  test('no variation, no figure; a large offset costs no digits', () => {
    expect(correlationOf(noMoments)).toBeUndefined()
    expect(correlationOf([1, 2, 3].reduce((m, value) => withPair(m, 0.1, value), noMoments))).toBeUndefined()
    expect(meanOf(of(0, 1))).toBeUndefined()
    const far = x.reduce((m, value, i) => withPair(m, 1e9 + value, y[i]!), noMoments)
    expect(correlationOf(far)).toBeCloseTo(0.81642, 4)
  })
})

describe('what pairs prefer', () => {
  const seen = (chosen: number, rejected: number, more: Partial<PairSeen> = {}): PairSeen => ({
    tokens: [chosen, rejected],
    traits: {},
    ...more,
  })
  const pairs = [
    seen(30, 10, { margin: 3, ownFamily: 'chosen', orders: 1, traits: { list: 'chosen' } }),
    seen(20, 10, { margin: 2, ownFamily: 'both', orders: 1, traits: { list: 'both' } }),
    seen(10, 10, { margin: 1, ownFamily: 'none', traits: { list: 'none' } }),
    seen(10, 20, { ownFamily: 'rejected', orders: 0.25, traits: { list: 'rejected' } }),
    seen(15, 5, { traits: { list: 'chosen' } }),
  ]
  const tallied = (list: PairSeen[]) => {
    const tally = emptyPairs()
    for (const pair of list) tallyPair(tally, pair)
    return tally
  }

  test('shares count the pairs whose sides differ, and correlations those whose margin is known', () => {
    const bias = pairBias(tallied(pairs))
    expect(bias.longer).toMatchObject({ chosen: 3, of: 4, share: 0.75, low: wilson(3, 4).low, high: wilson(3, 4).high })
    expect(bias.tokens!.mean).toBe(6)
    expect(bias.lengthAndMargin).toEqual({ correlation: expect.closeTo(1, 12), of: 3 })
    expect(bias.traits).toEqual([
      { trait: 'list', chosen: 0.6, rejected: 0.4, lean: { chosen: 2, of: 3, share: 2 / 3, ...wilson(2, 3) } },
    ])
    expect(bias.ownFamily).toMatchObject({ chosen: 1, of: 2 })
    expect(bias.orders).toEqual({
      share: 0.75,
      of: 3,
      low: expect.closeTo(0.75 - (1.959964 * 0.4330127) / Math.sqrt(3), 6),
      high: 1,
    })
  })
  test('what nothing is known of has no figure, and a swap of all sides turns every share over', () => {
    expect(pairBias(tallied([seen(3, 3)]))).toEqual({ pairs: 1, traits: [] })
    const other = { chosen: 'rejected', rejected: 'chosen', both: 'both', none: 'none' } as const
    const turned = pairs.map(({ tokens: [a, b], traits: { list } }) => seen(b, a, { traits: { list: other[list!] } }))
    const [bias, back] = [pairBias(tallied(pairs)), pairBias(tallied(turned))]
    expect(back.longer!.share).toBe(1 - bias.longer!.share)
    expect(back.traits[0]!.lean!.share).toBeCloseTo(1 - bias.traits[0]!.lean!.share, 12)
    expect(back.tokens!.mean).toBe(-bias.tokens!.mean)
  })
  test('parts of a corpus are added up', () => {
    for (const cut of [0, 2, 5]) {
      const both = pairBias(mergePairs(tallied(pairs.slice(0, cut)), tallied(pairs.slice(cut))))
      expect(both).toEqual({
        ...pairBias(tallied(pairs)),
        tokens: expect.objectContaining({ mean: expect.closeTo(6, 12) }),
      })
    }
  })
})

test('the weights of KTO: equal within 1:1 to 4:3, else the rarer side is raised', () => {
  expect(ktoWeights(100, 100)).toEqual({
    desirable_weight: 1,
    undesirable_weight: 1,
    range: { of: 'undesirable_weight', low: 1, high: 1 },
  })
  expect(ktoWeights(120, 100)).toMatchObject({ desirable_weight: 1, undesirable_weight: 1 })
  expect(ktoWeights(900, 100)).toEqual({
    desirable_weight: 1,
    undesirable_weight: 9,
    range: { of: 'undesirable_weight', low: 6.75, high: 9 },
  })
  // At the ends of the range the sums stand 1:1 and 4:3.
  const { desirable_weight, undesirable_weight, range } = ktoWeights(30, 100)!
  expect(desirable_weight * 30).toBeCloseTo(undesirable_weight * 100, 9)
  expect((range.high * 30) / 100).toBeCloseTo(4 / 3, 9)
  expect((range.low * 30) / 100).toBeCloseTo(1, 9)
  expect(ktoWeights(5, 0)).toBeUndefined()
})

describe('functions through points', () => {
  test('a line by least squares', () => {
    // Anscombe 1973, first set: slope 0.500, intercept 3.00.
    const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
    const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68]
    const found = line(x, y)!
    expect(found.slope).toBeCloseTo(0.5001, 4)
    expect(found.intercept).toBeCloseTo(3.0001, 4)
    expect(line([2, 2], [1, 5])).toBeUndefined()
  })

  test('violators are pooled, and the function never falls', () => {
    expect(isotonic([1, 2, 3, 4], [1, 3, 2, 4])).toEqual([
      { x: 1, y: 1 },
      { x: 2, y: 2.5 },
      { x: 3, y: 2.5 },
      { x: 4, y: 4 },
    ])
    const knots = isotonic([1, 2, 2, 3], [1, 3, 5, 6])
    expect([0, 1.5, 2, 9].map(at => along(knots, at))).toEqual([1, 2.5, 4, 6])
    expect(along([], 1)).toBeUndefined()
    const points = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 9 })), { minLength: 1 })
    fc.assert(
      fc.property(points, found => {
        const knots = isotonic(
          found.map(([x]) => x),
          found.map(([, y]) => y),
        )
        const at = found.map(([x]) => along(knots, x)!)
        const order = found.map((_, i) => i).sort((i, j) => found[i]![0] - found[j]![0])
        for (const [i, k] of order.entries())
          expect(at[k]! - (at[order[i - 1] ?? k] ?? 0)).toBeGreaterThanOrEqual(-1e-9)
        // A least-squares fit keeps the sum.
        const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)
        expect(sum(at)).toBeCloseTo(sum(found.map(([, y]) => y)), 9)
      }),
    )
  })
})
