import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import { driveGlobal, droppedBy } from '../../../test/support/drive-global.ts'
import type { Difficulty } from '../../records/index.ts'
import { balance, balanceShare, difficultyOf } from './balance.ts'
import { balanceFacet } from './facet.ts'
import { apportion, largest, shortfall } from './ratio.ts'

const weights = { easy: 3, medium: 5, hard: 2 }

test('worked values: ratio, shortfall, apportionment', () => {
  expect(largest({ easy: 300, medium: 500, hard: 50 }, weights)).toEqual({ easy: 76, medium: 126, hard: 50 })
  expect(shortfall({ easy: 300, medium: 500, hard: 50 }, weights)).toEqual({ hard: 120 })
  expect(largest({ easy: 300, medium: 500, hard: 50 }, weights, 20)).toEqual({ easy: 6, medium: 10, hard: 4 })
  expect(apportion(7, { a: 1, b: 1, c: 1 })).toEqual({ a: 3, b: 2, c: 2 })
  expect(largest({ easy: 4, medium: 9, hard: 0 }, { easy: 1, medium: 1, hard: 0 })).toEqual({
    easy: 4,
    medium: 4,
    hard: 0,
  })
})

test('the kept set holds the ratio within rounding, and no larger one does', () => {
  const count = fc.nat(40)
  fc.assert(
    fc.property(fc.record({ easy: count, medium: count, hard: count }), counts => {
      const kept = largest(counts, weights)
      const total = kept.easy + kept.medium + kept.hard
      for (const b of ['easy', 'medium', 'hard'] as const) {
        expect(kept[b]).toBeLessThanOrEqual(counts[b])
        expect(Math.abs(kept[b] - (total * weights[b]) / 10)).toBeLessThan(1)
      }
      for (let n = total + 1; n <= counts.easy + counts.medium + counts.hard; n++) {
        const more = apportion(n, weights)
        expect(more.easy > counts.easy || more.medium > counts.medium || more.hard > counts.hard).toBe(true)
      }
    }),
  )
})

const row = (id: string, difficulty?: Difficulty, overall?: number) =>
  conversation(id, 'q', 'a', {
    facets: { difficulty },
    scores: overall === undefined ? {} : { 'judge/overall': { method: 'm', value: overall } },
  })

test('drops say why, and which bucket is short by how much', () => {
  const rows = [...Array(6).keys()]
    .map(i => row(`e${i}`, 'easy', i))
    .concat(row('m', 'medium'), row('h', 'hard'), row('none'))
  const ran = driveGlobal(balanceShare, [rows], {
    difficulty: { easy: 1, medium: 1, hard: 1 },
    prefer: 'judge/overall',
  })
  expect(ran.kept.map(r => r.id)).toEqual(['e4', 'e5', 'm', 'h'])
  expect(droppedBy(ran.verdicts)['no-difficulty']).toEqual(['none'])
  expect(ran.verdicts.get('e3')).toMatchObject({ reason: 'over-share', evidence: { bucket: 'easy' } })
  expect(ran.notes).toEqual([
    'medium is short by 2: 1 rows where 8 in the wanted ratio need 3; 4 are kept',
    'hard is short by 1: 1 rows where 8 in the wanted ratio need 2; 4 are kept',
  ])
})

test('fill keeps what there is up to the target of each bucket', () => {
  const rows = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].map(id => row(id, 'easy'))
  expect(driveGlobal(balanceShare, [rows], {}).kept).toHaveLength(0)
  expect(driveGlobal(balanceShare, [rows], { fill: true }).kept).toHaveLength(3)
})

test('difficulty from agreement, label or length', () => {
  const agreed = (value: number) =>
    conversation('x', 'q', 'a', { scores: { 'answer/agreement': { method: 'm', value } } })
  expect([1, 0.7, 0.2].map(v => difficultyOf(agreed(v), 'agreement'))).toEqual(['easy', 'medium', 'hard'])
  expect(difficultyOf(agreed(1), undefined)).toBe('easy')
  const long = (tokens: number) => conversation('x', 'q', 'a', { facets: { tokens, difficulty: 'easy' } })
  expect([100, 400, 1200].map(n => difficultyOf(long(n), 'length'))).toEqual(['easy', 'medium', 'hard'])
  expect(difficultyOf(long(5000), undefined)).toBe('easy')
})

test('expands into counting, cutting and sharing as far as asked', () => {
  const names = (o: object) => balance.expand(balance.options.parse(o), 'balance').map(p => p.as)
  expect(names({})).toEqual(['share'])
  expect(names({ by: 'length' })).toEqual(['tokens', 'share'])
  expect(names({ tokens: [200, 4000] })).toEqual(['tokens', 'cut-tokens', 'share'])
})

const topical = (id: string, topic?: string) => conversation(id, 'q', 'a', { facets: topic ? { topic } : {} })
const topics = [
  ...Array.from({ length: 9 }, (_, i) => topical(`a${i}`, 'stills')),
  ...Array.from({ length: 4 }, (_, i) => topical(`b${i}`, 'valves')),
  ...Array.from({ length: 2 }, (_, i) => topical(`c${i}`, 'pumps')),
  topical('none'),
]
const countsOf = (options: object, shards = [topics]) => {
  const { kept, verdicts, notes } = driveGlobal(balanceFacet, shards, { facet: 'topic', ...options })
  return { kept: kept.map(r => r.id).sort(), by: droppedBy(verdicts), notes }
}

test('any facet: equal, weighed, or at most so many times the rarest; what has no value says so', () => {
  const letters = (kept: string[]) => ['a', 'b', 'c'].map(letter => kept.filter(id => id[0] === letter).length)
  expect(letters(countsOf({}).kept)).toEqual([2, 2, 2])
  expect(letters(countsOf({ most: 2 }).kept)).toEqual([4, 4, 2])
  expect(letters(countsOf({ most: 2, size: 5 }).kept)).toEqual([2, 2, 1])
  expect(letters(countsOf({ weights: { stills: 2, valves: 1 } }).kept)).toEqual([9, 4, 0])
  expect(countsOf({ weights: { stills: 2, valves: 1 } }).by).toMatchObject({
    'no-facet': ['none'],
    'no-weight': ['c0', 'c1'],
  })
  expect(countsOf({ weights: { stills: 1, gauges: 1 } }).kept).toHaveLength(1)
  expect(countsOf({ size: 30, weights: { stills: 1, valves: 1 } }).notes[1]).toContain('valves by 11')
  expect(countsOf({}, [topics.slice(5).reverse(), topics.slice(0, 5)]).kept).toEqual(countsOf({}).kept)
  expect(countsOf({}, [[topical('x')]]).by).toEqual({ 'no-facet': ['x'] })
})

test('as many values as rows are not gone through one by one', () => {
  const counts = Object.fromEntries([...Array(20_000).keys()].map(i => [`v${i}`, 1]))
  const weights = { ...counts }
  counts.v7 = 1_000_000
  const kept = largest(counts, weights)
  expect(kept.v7! + kept.v8!).toBe(2)
  expect(Object.values(kept).every(n => n === 1)).toBe(true)
})

test('values named like what every object has are values like others', () => {
  const named = ['constructor', '__proto__', 'toString'].flatMap(topic =>
    [1, 2].map(i => topical(`${topic}${i}`, topic)),
  )
  expect(countsOf({}, [[...named, topical('a', 'stills')]]).kept).toHaveLength(6)
  expect(countsOf({ most: 1 }, [named]).kept).toHaveLength(6)
  expect(countsOf({ weights: { stills: 1 } }, [[...named, topical('a', 'stills')]]).kept).toEqual(['a'])
})

test('as many values as rows neither fill the stack nor take forever', () => {
  const many = Array.from({ length: 130_000 }, (_, i) => [`x${i}`, `t${i}`, 0, i / 130_000])
  for (const options of [{}, { most: 2 }]) {
    const decided = balanceFacet.passes[0]!.decide(0, many, balanceFacet.options.parse({ facet: 'topic', ...options }))
    expect(decided.each).toHaveLength(130_000)
  }
})

test('equal shares are the largest that the counts can fill', () => {
  const values = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(values, fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }), (sizes, size) => {
      const rows = sizes.flatMap((n, t) => Array.from({ length: n }, (_, i) => topical(`${t}-${i}`, `t${t}`)))
      const counts = Object.fromEntries(sizes.map((n, t) => [`t${t}`, n]))
      const equal = Object.fromEntries(sizes.map((_, t) => [`t${t}`, 1]))
      const all = Object.values(largest(counts, equal, size)).reduce((a, b) => a + b, 0)
      expect(countsOf(size === undefined ? {} : { size }, [rows]).kept).toHaveLength(all)
    }),
  )
})

test('the verb balances by another facet, and weights need one', () => {
  const parsed = balance.options.parse({ facet: 'topic', weights: { a: 1 } })
  expect(balance.expand(parsed, 'balance').map(p => p.step.verb)).toEqual(['balance-facet'])
  expect(balance.options.safeParse({ weights: { a: 1 } }).success).toBe(false)
})
