import { expect, test } from 'vitest'
import { inferTypes, tablesOf } from '../../measure/index.ts'
import { epsilonOf, rhoOf, varianceFor } from './account.ts'
import { factorOf } from './copula.ts'
import { curveOf, placesOf, valueAt } from './curve.ts'
import { cellOfCode, codesIn, domainsOf } from './domain.ts'
import { spanning, treeOf } from './mst.ts'
import { bernoulliExp, Chance, discreteGaussian, discreteLaplace } from './noise.ts'

const key = '0123456789abcdef'.repeat(4)
const times = <T>(n: number, what: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => what(i))
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

test('zCDP by hand: rho 0.1 is epsilon 2.451 at delta 1e-6, and back', () => {
  expect(epsilonOf(0.1, 1e-6)).toBeCloseTo(0.1 + 2 * Math.sqrt(0.1 * 13.815510557964274), 12)
  expect(epsilonOf(rhoOf(3, 1e-6), 1e-6)).toBeCloseTo(3, 12)
  // Of 15 columns a row moves one count each: variance 15 / (2 * 0.1).
  expect(varianceFor(15, 0.1)).toBe(75n)
})

test('noise: the same key and label again, another label other noise, and the distributions of Canonne et al. 2020', () => {
  const draws = (label: string) => {
    const chance = new Chance(key, label)
    return times(6, () => discreteGaussian(100n, chance))
  }
  expect(draws('a')).toEqual(draws('a'))
  expect(draws('a')).not.toEqual(draws('b'))
  const chance = new Chance(key, 'test')
  expect(mean(times(4000, () => Number(bernoulliExp(3n, 2n, chance))))).toBeCloseTo(Math.exp(-1.5), 1)
  const gaussian = times(4000, () => Number(discreteGaussian(4n, chance)))
  const weight = (x: number) => Math.exp((-x * x) / 8)
  const all = times(41, i => weight(i - 20)).reduce((a, b) => a + b)
  for (const x of [0, 1, -2]) {
    expect(Math.abs(mean(gaussian.map(value => Number(value === x))) - weight(x) / all)).toBeLessThan(0.025)
  }
  expect(mean(gaussian.map(value => value * value))).toBeGreaterThan(3.6)
  expect(mean(gaussian.map(value => value * value))).toBeLessThan(4.4)
  // P(0) = (e^(1/t) - 1) / (e^(1/t) + 1).
  const laplace = times(4000, () => Number(discreteLaplace(3n, chance)))
  const zero = (Math.exp(1 / 3) - 1) / (Math.exp(1 / 3) + 1)
  expect(Math.abs(mean(laplace.map(value => Number(value === 0))) - zero)).toBeLessThan(0.02)
})

const rows = times(600, i => ({
  age: String(20 + ((i * 37) % 60)),
  group: ['a', 'b', 'c'][i % 3]!,
  twin: ['x', 'y', 'z'][i % 3]!,
  loose: ['p', 'q'][(i >> 3) % 2]!,
  rare: i < 3 ? 'only three' : i % 10 === 0 ? '' : 'common',
  pay: i === 9 ? '9999999' : String(1000 + ((i * 7919) % 4000)),
}))
const types = inferTypes(rows)
const [table] = tablesOf([rows], types)
const column = (name: string) => table!.columns.find(one => one.name === name)!

test('a domain: bins within their limits, values outside in the nearest, unknown labels missing', () => {
  const { domains, read } = domainsOf(table!, {
    age: { min: 0, max: 120, bins: 12 },
    group: { labels: ['a', 'b'] },
    pay: { edges: [0, 1000, 3000, 5000] },
  })
  expect(read).toEqual(['twin', 'loose', 'rare'])
  const [age, group, pay] = ['age', 'group', 'pay'].map(name => domains.find(one => one.name === name)!)
  expect([age!.size, group!.size, pay!.size]).toEqual([13, 3, 4])
  expect([...codesIn(group!, column('group')).slice(0, 3)]).toEqual([1, 2, 0])
  expect([...codesIn(pay!, column('pay'))][9]).toBe(3)
  for (const draw of [0, 0.5, 0.999]) {
    const value = cellOfCode(age!, 3, () => draw) as number
    expect(value).toBeGreaterThanOrEqual(20)
    expect(value).toBeLessThan(30)
  }
  expect(cellOfCode(age!, 12, () => 0.999)).toBe(120)
})

test('a label that few rows hold is none, unless the recipe names it; of truth values both stay', () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    plan: i < 20 ? 'basic' : 'pro',
    notes: i === 7 ? 'called by his lawyer' : i % 2 ? 'new' : 'old',
    active: i !== 3,
  }))
  const [table] = tablesOf([rows], inferTypes(rows, { notes: 'category' }))
  const { domains, rare } = domainsOf(table!, undefined)
  expect(domains.map(({ labels }) => labels)).toEqual([
    ['basic', 'pro'],
    ['new', 'old'],
    ['false', 'true'],
  ])
  expect(rare).toEqual({ notes: 1 })
  expect(codesIn(domains[1]!, table!.columns[1]!)[7]).toBe(0)
  const named = domainsOf(table!, { notes: { labels: ['new', 'old', 'called by his lawyer'] } } as never)
  expect([named.domains[1]!.labels!.length, named.rare]).toEqual([3, {}])
})

test('the tree hangs columns that belong together on each other, and little noise leaves their shares', () => {
  expect(
    spanning(4, [
      { a: 0, b: 1, weight: 5 },
      { a: 1, b: 2, weight: 4 },
      { a: 0, b: 2, weight: 3 },
      { a: 2, b: 3, weight: -1 },
    ]).map(({ a, b }) => [a, b]),
  ).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
  ])
  const { domains } = domainsOf(table!, undefined)
  const codes = table!.columns.map((one, i) => codesIn(domains[i]!, one))
  const model = treeOf(domains, codes, 50, new Chance(key, 'fit'))
  const at = (name: string) => domains.findIndex(one => one.name === name)
  expect(Math.abs(model.rows - 600)).toBeLessThan(5)
  const [group, twin] = [at('group'), at('twin')]
  const edge = model.branches.find(
    ({ column, parent }) => (column === twin && parent === group) || (column === group && parent === twin),
  )
  expect(edge).toBeDefined()
  for (const code of [1, 2, 3]) {
    const own = edge!.weights[code]!
    expect(own[code]! / own.reduce((a, b) => a + b)).toBeGreaterThan(0.99)
  }
})

test('in a column that is said to be complete noise makes nothing missing, and in another it may', () => {
  const drawn = (missing: object) => {
    const { domains } = domainsOf(table!, { twin: missing, group: missing })
    const codes = table!.columns.map((one, i) => codesIn(domains[i]!, one))
    const { branches } = treeOf(domains, codes, 0.0005, new Chance(key, 'rough'))
    return ['twin', 'group'].map(name => {
      const own = branches.find(({ column }) => domains[column]!.name === name)!
      return Math.max(...own.weights.map(weights => weights[0]!))
    })
  }
  expect(drawn({ missing: false })).toEqual([0, 0])
  expect(Math.max(...drawn({}))).toBeGreaterThan(0)
})

test('a curve gives no label of fewer than five rows and no outlier, and puts missing values where they belong', () => {
  const rare = curveOf(column('rare'))
  const made = times(1001, i => valueAt(rare, i / 1001))
  expect(new Set(made)).toEqual(new Set([null, 'common']))
  expect(made.filter(value => value === null).length / 1001).toBeCloseTo(0.1, 1)
  const pay = curveOf(column('pay'))
  expect(JSON.stringify(pay)).not.toContain('9999999')
  const places = placesOf(pay, column('pay'))
  // Where a value stands, the curve has nearly that value again.
  for (const i of [50, 100, 200])
    expect(Math.abs((valueAt(pay, places[i]!) as number) - Number(rows[i]!.pay))).toBeLessThan(60)
})

test('a factor of correlations that determine each other', () => {
  const up = Float64Array.from({ length: 50 }, (_, i) => i)
  const factor = factorOf([up, up.map(value => -2 * value), Float64Array.from(up, (_, i) => (i * 7) % 11)])
  const product = (i: number, j: number) => factor[i]!.reduce((sum, value, k) => sum + value * factor[j]![k]!, 0)
  expect(product(0, 1)).toBeCloseTo(-1, 2)
  for (const i of [0, 1, 2]) expect(product(i, i)).toBeCloseTo(1, 12)
})
