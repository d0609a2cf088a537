import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { random } from '../records/index.ts'
import { againstBudget, type Forecast, forecast, type RootUse, type Speeds } from './forecast.ts'

const step = (key: string, ...teachers: string[]) => ({ key, teachers, rough: false })
const steps = [step('ask', 'writer'), step('judge', 'judge')]
const pace = (route: string, more = {}) => ({ route, concurrency: 10, batch: false, ...more })
const speeds: Speeds = {
  teachers: { writer: pace('a'), judge: pace('b', { concurrency: 4 }) },
  ms: { ask: { writer: 1000 }, judge: { judge: 500 } },
}
/** A root that costs so many dollars and leads to so many rows, each of which is judged at a cent. */
const root = (usd: number, rows = 2): RootUse => ({
  rows: { ask: rows, judge: rows - 1 },
  uses: {
    ask: { writer: { calls: 1, input: 100, output: 50, usd } },
    judge: { judge: { calls: rows, input: 10 * rows, output: rows, usd: 0.01 * rows } },
  },
})
const none: RootUse = { rows: {}, uses: {} }

describe('a forecast', () => {
  it('scales what was seen, and is exact where all roots cost the same', () => {
    const of = forecast(
      steps,
      { strata: [{ of: 500, roots: [root(0.1), root(0.1), root(0.1)] }], beside: none },
      speeds,
      0,
    )
    expect(of.roots).toEqual({ n: 3, of: 500 })
    const flat = (value: number) => ({
      value: expect.closeTo(value, 6),
      band: [expect.closeTo(value, 6), expect.closeTo(value, 6)],
    })
    expect(of.steps[0]).toMatchObject({
      rows: flat(1000),
      calls: flat(500),
      input: flat(50_000),
      output: flat(25_000),
      usd: flat(50),
      // 500 calls of a second, ten at a time.
      ms: flat(50_000),
    })
    expect(of.steps[1]).toMatchObject({ rows: flat(500), calls: flat(1000), usd: flat(10), ms: flat(125_000) })
    // Two routes work side by side: the slower one says when it is over.
    expect(of.total).toMatchObject({ calls: flat(1500), usd: flat(60), ms: flat(125_000) })
    expect(of.seen).toMatchObject({ calls: 9, usd: expect.closeTo(0.36) })
  })

  it('takes the longest of width, requests a minute and tokens a minute, once for teachers that share a route', () => {
    const of = (more: object) => {
      const shared = { teachers: { writer: pace('a', more), judge: pace('a', more) }, ms: speeds.ms }
      const sample = { strata: [{ of: 500, roots: [root(0.1), root(0.1)] }], beside: none }
      return forecast(steps, sample, shared, 0).total.ms!.value
    }
    expect(of({})).toBeCloseTo((500 * 1000 + 1000 * 500) / 10)
    expect(of({ rpm: 100 })).toBeCloseTo((1500 / 100) * 60_000)
    expect(of({ tpm: 1000 })).toBeCloseTo((86_000 / 1000) * 60_000)
  })

  it('tells time only where latencies are known, of batches nothing, and dollars only where all calls had a price', () => {
    const sample = { strata: [{ of: 10, roots: [root(0.1), root(0.2)] }], beside: none }
    const blind = forecast(steps, sample, { ...speeds, ms: { ask: { writer: 1000 } } }, 0)
    expect([blind.steps[0]!.ms?.value, blind.steps[1]!.ms, blind.total.ms]).toEqual([1000, null, null])
    const batched = { ...speeds, teachers: { ...speeds.teachers, judge: pace('b', { batch: true }) } }
    const batch = forecast(steps, sample, batched, 0)
    expect([batch.steps[1]!.batch, batch.total.ms!.value]).toEqual([true, 1000])
    const unpriced = root(0.1)
    unpriced.uses.judge!.judge!.usd = null
    const gap = forecast(steps, { ...sample, strata: [{ of: 10, roots: [root(0.1), unpriced] }] }, speeds, 0)
    expect([gap.steps[0]!.usd?.value, gap.steps[1]!.usd, gap.total.usd]).toEqual([1, null, null])
  })

  it('weighs branches by what reached each, and adds what stands beside the roots as it is', () => {
    const strata = [
      { of: 100, roots: [root(1), root(1)] },
      { of: 2, roots: [root(5), root(7)] },
    ]
    const { steps: told, total } = forecast(steps, { strata, beside: { rows: { ask: 30 }, uses: {} } }, speeds, 0)
    expect(told[0]!.rows.value).toBeCloseTo(102 * 2 + 30)
    expect(told[0]!.usd!.value).toBeCloseTo(112)
    // The second branch was seen in full, so nothing of it is uncertain.
    expect(told[0]!.usd!.band![1]).toBeCloseTo(112)
    expect(total.calls.value).toBeCloseTo(102 * 3)
  })

  it('gives no band for one root out of many, and the same band for the same seed', () => {
    const one = forecast(steps, { strata: [{ of: 10, roots: [root(1)] }], beside: none }, speeds, 0)
    expect(one.total.usd).toEqual({ value: expect.closeTo(10.2) })
    const of = (seed: number) =>
      forecast(
        steps,
        { strata: [{ of: 99, roots: [1, 2, 4, 8, 9].map(usd => root(usd)) }], beside: none },
        speeds,
        seed,
      )
    expect(of(1)).toEqual(of(1))
    expect(of(1).total.usd!.band).not.toEqual(of(2).total.usd!.band)
  })

  test('bands hold the estimate, no less than was seen, and close as more is seen', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 2, maxLength: 12 }), costs => {
        const roots = costs.map(usd => root(usd))
        const seen = costs.reduce((a, b) => a + b, 0)
        const width = (of: number): number => {
          const { value, band } = forecast(steps, { strata: [{ of, roots }], beside: none }, speeds, 0).steps[0]!.usd!
          const [low, high] = band!
          expect(low).toBeLessThanOrEqual(value + 1e-9)
          expect(high).toBeGreaterThanOrEqual(value - 1e-9)
          expect(low).toBeGreaterThanOrEqual(seen - 1e-9)
          return high - low
        }
        expect(width(costs.length)).toBeCloseTo(0)
        expect(width(costs.length + 1)).toBeLessThanOrEqual(width(costs.length * 10) + 1e-9)
      }),
      { numRuns: 50 },
    )
  })

  test.each([
    ['log-normal', (gauss: number, _: number) => Math.exp(gauss)],
    ['Pareto', (_: number, uniform: number) => (1 - uniform) ** (-1 / 2.5)],
  ])('the band holds the truth of 85 in 100 corpora with costs of a heavy tail: %s', (name, draw) => {
    let held = 0
    for (let corpus = 0; corpus < 200; corpus++) {
      const next = random('corpus', name, corpus)
      const costs = Array.from({ length: 1000 }, () => {
        const gauss = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
        return draw(gauss, next())
      })
      const roots = costs.slice(0, 20).map(usd => ({
        rows: {},
        uses: { ask: { writer: { calls: 1, input: 1, output: 1, usd } } },
      }))
      const { total } = forecast([steps[0]!], { strata: [{ of: 1000, roots }], beside: none }, speeds, 0)
      const truth = costs.reduce((a, b) => a + b, 0)
      const [low, high] = total.usd!.band!
      if (low <= truth && truth <= high) held++
    }
    expect(held).toBeGreaterThanOrEqual(170)
    // A band that holds everything would say nothing.
    expect(held).toBeLessThan(200)
  })
})

test('a budget has to bear what is spent and what is still to come; what was seen is not paid again', () => {
  const flat = (value: number) => ({ value, band: [0.8 * value, 1.5 * value] as [number, number] })
  const of = {
    total: { calls: flat(100), input: flat(1000), output: flat(500), usd: flat(10), ms: null },
    seen: { calls: 10, input: 100, output: 50, usd: 1 },
  } as Forecast
  const spent = { usd: 3, tokens: 200, calls: 20 }
  const is = (budget: object) => againstBudget(budget, of, spent).map(one => one.is)
  expect(againstBudget({ usd: 17 }, of, spent)).toEqual([
    { limit: 'usd', budget: 17, needs: { value: 12, band: [10, 17] }, is: 'fits' },
  ])
  expect(is({ usd: 16.9 })).toEqual(['crosses'])
  expect(is({ usd: 9.9 })).toEqual(['exceeds'])
  expect(is({ usd: 17, tokens: 2000, calls: 50 })).toEqual(['fits', 'crosses', 'exceeds'])
  expect(againstBudget({ usd: 1 }, { ...of, total: { ...of.total, usd: null } }, spent)).toEqual([])
})
