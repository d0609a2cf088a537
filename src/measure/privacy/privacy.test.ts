import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { random } from '../../records/index.ts'
import { listFiles, readTable } from '../../sources/index.ts'
import { attackRisk } from './attacks.ts'
import {
  alarm,
  baselineProtection,
  closer,
  crowdOf,
  dcrShare,
  median,
  nndr,
  overfittingProtection,
  ranked,
  tooMuch,
  zOfShare,
} from './copying.ts'
import { encoderOf, type Metric, nearest, nearestPlaces } from './distance.ts'
import {
  categoryCoverage,
  contingencySimilarity,
  correlationSimilarity,
  ksComplement,
  missingSimilarity,
  rangeCoverage,
  tvComplement,
} from './fidelity.ts'
import { privacyReport } from './report.ts'
import { type Cells, inferTypes, rowsAt, type Types, tablesOf } from './table.ts'

const root = join(import.meta.dirname, '..', '..', '..')
async function rowsOf(path: string): Promise<Cells[]> {
  const rows: Cells[] = []
  for (const file of await listFiles({ files: path }, root)) {
    for await (const row of readTable(file)) if ('columns' in row) rows.push(row.columns)
  }
  return rows
}
const adult = {
  training: await rowsOf('recipes/data/adult.csv'),
  unseen: await rowsOf('recipes/data/adult-holdout.csv'),
}

describe('columns', () => {
  test('types by all values: zip codes are labels, running numbers ids, long strings text; overrides hold', () => {
    const rows = Array.from({ length: 120 }, (_, i) => ({
      ...{ run: i + 1, name: `person-${i}`, age: String(20 + ((i * 7) % 50)), zip: `0${1000 + (i % 9)}` },
      ...{ born: `19${50 + (i % 40)}-03-01`, paid: i % 3 ? 'true' : 'FALSE', kind: i % 4 ? 'a' : '' },
      note: `the ${i}th note tells of something that happened to somebody on a day, and it is long enough`,
    }))
    expect(inferTypes(rows)).toEqual({
      ...{ run: 'id', name: 'id', age: 'number', zip: 'category', born: 'date', paid: 'boolean', kind: 'category' },
      note: 'text',
    })
    expect(inferTypes(rows, { run: 'number' }).run).toBe('number')
    const [table] = tablesOf([rows], inferTypes(rows))
    expect(table!.columns.map(({ name }) => name)).toEqual(['age', 'zip', 'born', 'paid', 'kind'])
    expect(table!.columns[2]!.numbers![0]).toBe(-7246)
    expect(table!.columns[4]!.codes!.slice(0, 2)).toEqual(Uint32Array.of(0, 1))
  })
})

/** The distance of SDMetrics as it is defined, column by column. */
function apart(a: Cells, b: Cells, types: Types, range: { [name: string]: number }): number {
  const names = Object.keys(types)
  const parts = names.map(name => {
    const [x, y] = [a[name] ?? '', b[name] ?? '']
    if (x === '' || y === '') return x === y ? 0 : 1
    if (types[name] !== 'number') return x === y ? 0 : 1
    return range[name] === 0 ? Number(x !== y) : Math.min(1, Math.abs(Number(x) - Number(y)) / range[name]!)
  })
  return parts.reduce((sum, part) => sum + part, 0) / names.length
}

describe('distance to the closest record', () => {
  const cell = fc.oneof(fc.constant(''), fc.integer({ min: 0, max: 9 }).map(String))
  const row = fc.record({ n: cell, flat: fc.constantFrom('3', ''), c: fc.constantFrom('a', 'b', '') })
  const types: Types = { n: 'number', flat: 'number', c: 'category' }
  test('of numbers, labels, missing values and a column that never varies: the definition of SDMetrics', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 2, maxLength: 20 }),
        fc.array(row, { minLength: 1, maxLength: 9 }),
        (real, made) => {
          const known = real
            .map(({ n }) => n)
            .filter(n => n !== '')
            .map(Number)
          const range = { n: known.length > 0 ? Math.max(...known) - Math.min(...known) : 0, flat: 0 }
          // Of a column without any range SDMetrics asks whether values are equal; all others have none here.
          fc.pre(range.n > 0)
          const [a, b] = tablesOf([real, made], types)
          const { first, second } = nearest(b!, a!, encoderOf(a!, 'gower'))
          for (const [i, one] of made.entries()) {
            const all = real.map(other => apart(one, other, types, range)).sort((x, y) => x - y)
            expect(first[i]).toBeCloseTo(all[0]!, 6)
            expect(second[i]).toBeCloseTo(all[1]!, 6)
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  test('by quantiles: a whole range is 1, a mismatch is 1, a missing value lies at the middle and is a mismatch', () => {
    const real = [
      { n: '1', c: 'a' },
      { n: '2', c: 'a' },
      { n: '900', c: 'b' },
    ]
    const [a, b] = tablesOf(
      [
        real,
        [
          { n: '900', c: 'a' },
          { n: '2', c: 'z' },
          { n: '', c: 'b' },
        ],
      ],
      { n: 'number', c: 'category' },
    )
    const { first, second } = nearest(b!, a!, encoderOf(a!, 'quantile'))
    expect([...first].map(value => value.toFixed(3))).toEqual(['0.500', '1.000', '1.118'])
    expect(second[0]).toBeCloseTo(1, 6)
  })

  test('share, protection and alarm by hand', () => {
    const four = closer([0.1, 0.2, 0.3, 0.4], [0.2, 0.2, 0.2, 0.9])
    expect(four).toEqual({ closer: 2, ties: 1, n: 4 })
    expect([dcrShare(four), overfittingProtection(four)]).toEqual([0.625, 1])
    expect(overfittingProtection({ closer: 654, ties: 0, n: 1000 })).toBeCloseTo(0.692, 12)
    expect(alarm(1000)).toBeCloseTo(0.526, 3)
    expect(zOfShare(0.6, 100)).toBeCloseTo(2, 12)
    // A quarter of the training set shows a quarter of what was copied.
    expect([tooMuch(10_000), tooMuch(10_000, 0.25), tooMuch(100)]).toEqual([0.55, 0.515, 0.65])
    expect(baselineProtection([0, 0.1, 0.2], [0.4, 0.5, 0.6])).toBeCloseTo(0.2, 12)
    expect(baselineProtection([0, 0], [0, 0])).toBeUndefined()
    // A copy of a row that stands alone, a row halfway to the second, and a copy of a row that stands there twice.
    const ratios = nndr(Float64Array.of(0, 0.2, 0), Float64Array.of(0.5, 0.4, 0))
    expect([...ratios].map(ratio => Number(ratio.toFixed(6)))).toEqual([0, 0.5, 1])
    // Ranks 50 +- 9.8 of 100 (order statistics).
    expect(
      ranked(
        Array.from({ length: 100 }, (_, i) => i),
        50,
      ),
    ).toEqual({ value: 50, interval: { low: 40, high: 60 } })
  })

  test('the share of shuffled real rows varies as much as the crowd says, and more than that of independent rows', () => {
    const types = inferTypes(adult.training)
    const [pool, made] = tablesOf([adult.training.slice(0, 600), adult.unseen.slice(0, 300)], types)
    const encoder = encoderOf(pool!, 'gower')
    const places = nearestPlaces(made!, pool!, encoder)
    const next = random('shuffled')
    const shares = Array.from({ length: 400 }, () => {
      const first = Uint8Array.from({ length: 600 }, () => (next() < 0.5 ? 1 : 0))
      return places.reduce((sum, place) => sum + first[place]!, 0) / 300
    })
    const spread = Math.sqrt(shares.reduce((sum, share) => sum + (share - 0.5) ** 2, 0) / 400)
    expect(spread / Math.sqrt((0.25 * crowdOf(places)) / 300)).toBeCloseTo(1, 0)
    expect(spread / Math.sqrt(0.25 / 300)).toBeGreaterThan(1.15)
    const { first } = nearest(made!, pool!, encoder)
    const named = [...places].map(
      (place, i) => nearest(rowsAt(made!, Uint32Array.of(i)), rowsAt(pool!, Uint32Array.of(place)), encoder).first[0],
    )
    expect(named).toEqual([...first])
  })

  test('a real sample is no copy, three copies in ten are found, and both sets of figures are the same again', () => {
    const [unseen, other] = [adult.unseen.slice(0, 500), adult.unseen.slice(500)]
    const of = (synthetic: Cells[]) =>
      privacyReport({ training: adult.training.slice(0, 500), synthetic, holdout: unseen }, { rounds: 2 })
    const real = of(other)
    expect(real.verdict.is).toBe('no copying signal found')
    const share = real.figures.find(({ measure }) => measure === 'share (gower)')!
    expect(Math.abs(share.value! - 0.5)).toBeLessThan(0.05)
    expect(Math.abs(share.baseline!.value - 0.5)).toBeLessThan(0.05)
    for (const { grade, part } of real.figures) if (part !== 'attacks') expect(grade).not.toBe('fail')

    const copied = of([...other.slice(0, 350), ...adult.training.slice(0, 150)])
    expect(copied.verdict.is).toBe('copying signal found')
    const failing = copied.figures.filter(({ grade }) => grade === 'fail').map(({ measure }) => measure)
    expect(failing).toEqual(
      expect.arrayContaining(['share (gower)', 'share (quantile)', 'identical (gower)', 'membership (gower)']),
    )
    expect(of(other)).toEqual(real)
  })

  test('without a holdout, and of few rows, nothing is graded', () => {
    const alone = privacyReport({ training: adult.training, synthetic: adult.training })
    expect(alone.verdict.is).toBe('cannot be told')
    expect(alone.figures.find(({ measure }) => measure === 'identical (gower)')).toMatchObject({
      value: 1,
      grade: 'needs a holdout',
    })
    const few = privacyReport({ training: adult.training, synthetic: adult.unseen.slice(0, 20), holdout: adult.unseen })
    expect(few.verdict).toEqual({ is: 'cannot be told', because: ['20 rows a side; it takes 100'] })
    for (const { grade } of few.figures) expect(grade).toBe('insufficient sample')
  })

  test('a holdout that holds training rows is told', () => {
    const holdout = [...adult.unseen.slice(0, 400), ...adult.training.slice(0, 100)]
    const { notes } = privacyReport({ training: adult.training, synthetic: adult.unseen.slice(0, 99), holdout })
    expect(notes.join()).toContain('20.0 % of the holdout equal a training row')
  })

  const shared = join(root, '..', 'shared', 'data', 'adult')
  test.runIf(existsSync(shared))(
    'the first 3,000 CTGAN rows to the first 3,000 of Adult: the median that SDMetrics gives',
    async () => {
      const [real, made] = await Promise.all(
        ['adults_train_derived.csv', 'adults_syn_ctgan.part1.csv'].map(name => rowsOf(join(shared, name))),
      )
      const [a, b] = tablesOf([real!.slice(0, 3000), made!.slice(0, 3000)], inferTypes(real!))
      const of = (metric: Metric) => median(nearest(b!, a!, encoderOf(a!, metric)).first)
      expect(of('gower')).toBeCloseTo(0.08090065, 8)
    },
  )
})

describe('attacks', () => {
  test('risk by the formula of Giomi et al. 2023: Wilson centres, propagated half-widths', () => {
    // 60 and 20 of 100: centres 0.5963 and 0.2111, halves 0.0942 and 0.0777.
    const risk = attackRisk({ hits: 60, n: 100 }, { hits: 20, n: 100 })!
    expect(risk.value).toBeCloseTo((0.5963 - 0.2111) / (1 - 0.2111), 4)
    const half = Math.hypot(0.09429 / 0.7889, (0.07768 * 0.4037) / 0.7889 ** 2)
    expect(risk.interval.high - risk.value).toBeCloseTo(half, 3)
    expect(attackRisk({ hits: 20, n: 100 }, { hits: 60, n: 100 })).toMatchObject({ value: 0, interval: { low: 0 } })
    expect(attackRisk({ hits: 9, n: 9 }, { hits: 9, n: 9 })).toBeUndefined()
    // Of the worst of fifteen columns the interval is wider by 2.935 / 1.960 (Bonferroni).
    const worst = attackRisk({ hits: 60, n: 100 }, { hits: 20, n: 100 }, 15)!
    expect((worst.interval.high - worst.value) / (risk.interval.high - risk.value)).toBeCloseTo(2.935 / 1.96, 2)
  })
})

describe('likeness', () => {
  const numbers = (...values: number[]) => Float64Array.from(values)
  const column = (...values: string[]) => tablesOf([values.map(c => ({ c }))], { c: 'category' })[0]!.columns[0]!
  test('of single columns, by hand', () => {
    expect(ksComplement(numbers(1, 2, 3, 4), numbers(3, 4, 5, 6))).toBe(0.5)
    expect(ksComplement(numbers(1, 2, Number.NaN), numbers(1, 2))).toBe(1)
    expect(ksComplement(numbers(Number.NaN), numbers(1))).toBeUndefined()
    expect(tvComplement([1, 1, 2, 3], [1, 2, 2, 2])).toBe(0.5)
    expect(rangeCoverage(numbers(0, 10), numbers(2, 7))).toBeCloseTo(0.5, 12)
    expect(rangeCoverage(numbers(0, 10), numbers(-5, 20))).toBe(1)
    expect(categoryCoverage(Uint32Array.of(1, 2, 3, 4, 0), Uint32Array.of(2, 4, 9))).toBe(0.5)
    expect(missingSimilarity(column('a', ''), column('a', 'b'))).toBe(0.5)
  })
  test('of pairs of columns, by hand', () => {
    const [up, down] = [numbers(1, 2, 3), numbers(3, 2, 1)]
    expect(correlationSimilarity([up, up], [up, down])).toBe(0)
    expect(correlationSimilarity([up, up], [up, numbers(1, 1, 1)])).toBeUndefined()
    const [a, b] = tablesOf(
      [
        [
          { x: 'p', y: 'q' },
          { x: 'p', y: 'r' },
        ],
        [
          { x: 'p', y: 'q' },
          { x: 'p', y: 'q' },
        ],
      ],
      { x: 'category', y: 'category' },
    )
    const both = (table: typeof a) => [table!.columns[0]!, table!.columns[1]!] as const
    expect(contingencySimilarity(both(a), both(b))).toBe(0.5)
  })
})
