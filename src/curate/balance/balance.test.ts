import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import { driveGlobal, droppedBy } from '../../../test/support/drive-global.ts'
import type { Difficulty } from '../../records/index.ts'
import { balance, balanceShare, difficultyOf } from './balance.ts'
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
