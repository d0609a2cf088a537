import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { random } from '../records/index.ts'
import { frontierIntegral, jensenShannon, mauve } from './divergence.ts'
import { frechet } from './frechet.ts'
import { discrepancy, expectedCoverage, type Matrix, manifold } from './manifold.ts'
import { areaInterval, areaUnder, type Features, separation } from './separation.ts'
import { vendi } from './vendi.ts'

const histogram = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 3, maxLength: 12 })

describe('divergences of histograms', () => {
  test('worked values: a fair against a loaded coin, and disjoint sides', () => {
    // H(0.7, 0.3) - (H(0.5, 0.5) + H(0.9, 0.1)) / 2 = 0.881291 - (1 + 0.468996) / 2.
    expect(jensenShannon([5, 5], [9, 1])).toBeCloseTo(0.146793, 6)
    expect(jensenShannon([3, 0], [0, 7])).toBe(1)
    // Disjoint buckets give p / 2 each; equal ones nothing.
    expect(frontierIntegral([3, 0], [0, 7])).toBe(1)
    expect(frontierIntegral([5, 5], [9, 1])).toBeCloseTo(
      0.7 - (0.45 * Math.log(0.9 / 0.5)) / 0.4 + 0.3 - (0.05 * Math.log(0.5 / 0.1)) / 0.4,
      12,
    )
    // Disjoint supports: 1 / C(10, 5) for c = 5, the beta function of the curve (Pillutla et al. 2023, JMLR 24, section 3).
    expect(mauve([3, 0], [0, 7])).toBeCloseTo(1 / 252, 2)
    expect(mauve([4, 6], [40, 60])).toBe(1)
    expect(jensenShannon([0, 0], [1, 2])).toBeUndefined()
  })

  test('between 0 and 1, alike both ways, 0 (MAUVE 1) for a histogram and itself', () => {
    fc.assert(
      fc.property(histogram, histogram, (a, b) => {
        const q = a.map((_, i) => b[i % b.length]!)
        for (const of of [jensenShannon, frontierIntegral, mauve]) {
          const value = of(a, q)
          fc.pre(value !== undefined)
          expect(value).toBeGreaterThanOrEqual(0)
          expect(value).toBeLessThanOrEqual(1)
          expect(of(q, a)).toBeCloseTo(value!, 9)
          expect(of(a, a)).toBeCloseTo(of === mauve ? 1 : 0, 12)
        }
      }),
    )
  })
})

/** Rows of unit length around a direction. */
function cloud(n: number, dimensions: number, seed: string, towards = 0, spread = 1): Matrix {
  const next = random(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  const rows = new Float32Array(n * dimensions)
  for (let i = 0; i < n; i++) {
    const row = Array.from({ length: dimensions }, (_, c) => spread * normal() + (c === 0 ? towards : 0))
    const norm = Math.hypot(...row)
    for (const [c, x] of row.entries()) rows[i * dimensions + c] = x / norm
  }
  return { rows, dimensions }
}
const joined = (a: Matrix, b: Matrix): Matrix => ({
  rows: Float32Array.from([...a.rows, ...b.rows]),
  dimensions: a.dimensions,
})
const labelsOf = (a: number, b: number) => Uint8Array.from({ length: a + b }, (_, i) => (i < a ? 1 : 0))

describe('rows among each other', () => {
  test('one distribution: density near 1, coverage as lemma 2 of Naeem et al. says', () => {
    const { density, coverage, precision, recall } = manifold(cloud(400, 4, 'a'), cloud(400, 4, 'b'))!
    expect(Math.abs(density - 1)).toBeLessThan(0.1)
    expect(Math.abs(coverage - expectedCoverage(400, 400))).toBeLessThan(0.04)
    expect(expectedCoverage(1e6, 1e6)).toBeCloseTo(1 - 2 ** -5, 4)
    expect(Math.min(precision, recall)).toBeGreaterThan(0.9)
  })

  test('a mode that is lost shows in coverage and recall, one that was made up in precision', () => {
    const two = joined(cloud(200, 3, 'a', 5), cloud(200, 3, 'b', -5))
    const one = cloud(400, 3, 'c', 5)
    const lost = manifold(two, one)!
    expect(lost.coverage).toBeLessThan(0.55)
    expect(lost.recall).toBeLessThan(0.6)
    expect(lost.precision).toBeGreaterThan(0.9)
    expect(manifold(one, two)!.precision).toBeLessThan(0.6)
    expect(manifold(cloud(5, 3, 'd'), cloud(5, 3, 'e'))).toBeUndefined()
  })

  test('mean discrepancy: about 0 for one distribution, above every shuffle of the labels for two', () => {
    const of = (a: Matrix, b: Matrix) => discrepancy(joined(a, b))!
    expect(Math.abs(of(cloud(150, 4, 'a'), cloud(150, 4, 'b'))(labelsOf(150, 150))!)).toBeLessThan(0.02)
    const apart = of(cloud(60, 4, 'a'), cloud(60, 4, 'b', 2))
    const seen = apart(labelsOf(60, 60))!
    const next = random('labels')
    for (let shuffle = 0; shuffle < 50; shuffle++) {
      expect(apart(labelsOf(60, 60).map(() => (next() < 0.5 ? 1 : 0)))!).toBeLessThan(seen)
    }
  })

  test('Frechet: of shifted and stretched samples as the formula says, 0 of a sample and itself', () => {
    const square = [-1, -1, -1, 1, 1, -1, 1, 1]
    const at = (scale: number, shift: number): Matrix => ({
      rows: Float32Array.from(square, (x, i) => scale * x + (i % 2 === 0 ? shift : 0)),
      dimensions: 2,
    })
    expect(frechet(at(1, 0), at(1, 0))).toBeCloseTo(0, 9)
    expect(frechet(at(1, 0), at(1, 3))).toBeCloseTo(9, 6)
    // Standard deviations 1 and 2 times sqrt(4/3) on two axes: 2 * (4/3) * (2 - 1)^2.
    expect(frechet(at(1, 0), at(2, 0))).toBeCloseTo(8 / 3, 6)
    expect(frechet({ rows: new Float32Array(4), dimensions: 2 }, at(1, 0))).toBeUndefined()
  })

  test('Vendi: equal rows 1, unlike rows their number, two groups two; the same by rows and by dimensions', () => {
    const axes = (n: number, of: (i: number) => number): Matrix => {
      const rows = new Float32Array(n * 8)
      for (let i = 0; i < n; i++) rows[i * 8 + of(i)] = 1
      return { rows, dimensions: 8 }
    }
    expect(vendi(axes(6, () => 0))).toBeCloseTo(1, 6)
    expect(vendi(axes(8, i => i))).toBeCloseTo(8, 6)
    expect(vendi(axes(40, i => i % 2))).toBeCloseTo(2, 6)
    // Two rows at a cosine of 0.6: eigenvalues 0.8 and 0.2.
    const pair = { rows: Float32Array.from([1, 0, 0.6, 0.8]), dimensions: 2 }
    expect(vendi(pair)).toBeCloseTo(Math.exp(-0.8 * Math.log(0.8) - 0.2 * Math.log(0.2)), 6)
    const padded = { rows: Float32Array.from([1, 0, 0, 0.6, 0.8, 0]), dimensions: 3 }
    expect(vendi(padded)).toBeCloseTo(vendi(pair)!, 6)
  })
})

describe('a classifier that tells two samples apart', () => {
  test('area under the curve: the worked example, ties half, and its interval', () => {
    // Of the four pairs three are in order.
    expect(areaUnder([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(0.75)
    expect(areaUnder([1, 1, 1, 1], [0, 1, 0, 1])).toBe(0.5)
    expect(areaUnder([1, 2], [1, 1])).toBeUndefined()
    // Hanley & McNeil 1982, Radiology 143, table II: an area of 0.893 over 51 and 58 patients has an error of 0.032.
    const { low, high } = areaInterval(0.893, 51, 58)
    expect((high - low) / (2 * 1.96)).toBeCloseTo(0.032, 2)
  })

  const rows = (n: number, planted: number): Features[] => {
    const next = random('rows', planted)
    return Array.from({ length: n }, (_, i) => {
      const at = Array.from({ length: 10 }, () => Math.floor(next() * 200))
      if (i % 2 === 1 && next() < planted) at.push(200)
      return { at: Uint32Array.from(at), value: new Float32Array(at.length).fill(0.3) }
    })
  }
  const second = (n: number) => Uint8Array.from({ length: n }, (_, i) => i % 2)

  test('equal samples cannot be told apart, a planted habit can, and it is named', () => {
    const same = separation(rows(1000, 0), second(1000), 201, 'a')!
    expect(Math.abs(same.area - 0.5)).toBeLessThan(0.06)
    const other = separation(rows(1000, 0.6), second(1000), 201, 'a')!
    expect(other.area).toBeGreaterThan(0.72)
    expect(other.weights.slice(0, 201).indexOf(Math.max(...other.weights.slice(0, 201)))).toBe(200)
    expect(separation(rows(1000, 1), second(1000), 201, 'a')!.area).toBeGreaterThan(0.99)
    expect(separation(rows(8, 0), second(8), 201, 'a')).toBeUndefined()
  })
})
