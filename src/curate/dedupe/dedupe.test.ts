import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conversation, document } from '../../../test/support/curate-records.ts'
import { driveGlobal, droppedBy } from '../../../test/support/drive-global.ts'
import type { GlobalStep } from '../../steps/index.ts'
import { jaccardSorted, shingleSet, units } from '../grams.ts'
import { dedupe } from './dedupe.ts'
import { dedupeExact } from './exact.ts'
import { bandsFor, dedupeNear, recall } from './near.ts'

const chapter = (year: number) =>
  readFileSync(new URL(`../../../test/fixtures/near-duplicates/if-let-${year}.md`, import.meta.url), 'utf8')
const [first, second, third] = [2018, 2020, 2022].map(year => document(`y${year}`, chapter(year)))

test('similarities of real revisions agree with the published figures', () => {
  const [a, b, c] = [first!, second!, third!].map(d => shingleSet(d.text, 5))
  // Our matching form joins numbers and operators, so the last digit may differ.
  expect(jaccardSorted(a!, b!)).toBeCloseTo(0.7815, 1)
  expect(Math.abs(jaccardSorted(a!, b!) - 0.781525)).toBeLessThan(0.01)
  expect(Math.abs(jaccardSorted(b!, c!) - 0.751032)).toBeLessThan(0.01)
  expect(Math.abs(jaccardSorted(a!, c!) - 0.59901)).toBeLessThan(0.02)
})

test('a chain of revisions is cut: every dropped row is near the one that stays', () => {
  const rows = [first!, second!, third!]
  // 2018 to 2022 is under the threshold although both are near 2020.
  const ran = driveGlobal(dedupeNear, [rows], { near: 0.7 })
  expect(droppedBy(ran.verdicts)).toEqual({ 'near-duplicate': ['y2020'] })
  expect(ran.verdicts.get('y2020')).toMatchObject({ evidence: { of: 'y2018' } })
  expect(ran.verdicts.get('y2018')).toEqual({ is: 'passed', notes: { members: ['y2020'] } })
  expect(driveGlobal(dedupeNear, [rows], { near: 0.8 }).kept).toHaveLength(3)
  expect(driveGlobal(dedupeNear, [rows], { near: 0.55 }).kept.map(r => r.id)).toEqual(['y2018'])
})

test('units are words or characters, as the script has it', () => {
  expect(units('Heat the 水を 加熱する, please!')).toEqual([
    'heat',
    'the',
    '水',
    'を',
    '加',
    '熱',
    'す',
    'る',
    'please',
  ])
  expect(units('コーヒー')).toEqual(['コ', 'ー', 'ヒ', 'ー'])
})

test('Japanese near copies are found, other sentences of the same style are not', () => {
  const text =
    '蒸留器は液体を熱して気化させ、冷やして再び液体に戻すことで成分を分ける装置である。沸点の差が大きいほど分離は容易になる。'
  const rows = [
    document('a', text),
    document('b', text.replace('装置である', '装置です')),
    document(
      'c',
      '冷却器は蒸気を水で冷やして凝縮させる装置である。冷却水は下から上へ流すことで、管の中に空気が残らないようにする。',
    ),
  ]
  expect(droppedBy(driveGlobal(dedupeNear, [rows], { near: 0.75 }).verdicts)).toEqual({ 'near-duplicate': ['b'] })
})

test('found pairs are those of brute force', () => {
  const word = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  fc.assert(
    fc.property(fc.array(fc.array(word, { minLength: 3, maxLength: 9 }), { maxLength: 12 }), texts => {
      const rows = texts.map((t, i) => document(`r${String(i).padStart(2, '0')}`, t.join(' ')))
      const near = 0.5
      const kept: typeof rows = []
      for (const row of rows) {
        const set = shingleSet(row.text, 2)
        if (!kept.some(k => jaccardSorted(shingleSet(k.text, 2), set) >= near)) kept.push(row)
      }
      // One row a band and many bands: candidates are missed with a chance under 2^-60.
      const ran = driveGlobal(dedupeNear, [rows], { near, shingle: 2, bands: 64, rows: 1 })
      expect(ran.kept.map(r => r.id)).toEqual(kept.map(r => r.id))
    }),
  )
})

test('survivors: the higher score, then the smaller id; members go over', () => {
  const scored = (id: string, value: number, members?: string[]) =>
    conversation(id, 'What is a still?', 'A device.', {
      scores: { 'judge/overall': { method: 'm', value } },
      ...(members ? { lineage: { members } } : {}),
    })
  const rows = [
    scored('a', 3),
    scored('b', 5),
    scored('c', 4, ['z']),
    conversation('d', 'what is a STILL', 'a  device'),
  ]
  const ran = driveGlobal(dedupeExact, [rows], { prefer: 'judge/overall' })
  expect(droppedBy(ran.verdicts)).toEqual({ 'exact-duplicate': ['a', 'c', 'd'] })
  expect(ran.verdicts.get('b')).toEqual({ is: 'passed', notes: { members: ['a', 'c', 'd', 'z'] } })
  expect(driveGlobal(dedupeExact, [rows], {}).kept.map(r => r.id)).toEqual(['a'])
})

test('only the named part is compared, and rows without it are no duplicates', () => {
  const rows = [
    conversation('a', 'Why?', 'Because.'),
    conversation('b', 'Why?', 'Therefore.'),
    conversation('c', '', 'x'),
    conversation('d', '', 'y'),
  ]
  expect(driveGlobal(dedupeExact, [rows], { of: 'prompt' }).kept.map(r => r.id)).toEqual(['a', 'c', 'd'])
  expect(driveGlobal(dedupeExact, [rows], { of: 'completion' }).kept).toHaveLength(4)
})

test('rows of a side input stay out of the funnel and always stand', () => {
  const old = [document('zz', second!.text)]
  for (const step of [dedupeExact, dedupeNear] as GlobalStep[]) {
    const rows = [document('a', second!.text), second!]
    const ran = driveGlobal(step, [rows], { against: ['earlier'] }, { side: { earlier: [old] } })
    expect(ran.kept).toEqual([])
    expect(ran.verdicts.get('a')).toMatchObject({ evidence: { of: 'zz', set: 'earlier' } })
  }
  const same = driveGlobal(dedupeNear, [[second!]], { against: ['earlier'] }, { side: { earlier: [[second!]] } })
  expect(same.kept).toHaveLength(1)
})

test('the index finds 99 % at the similarity asked for', () => {
  expect(recall(0.8, 14, 8)).toBeCloseTo(0.924, 3)
  for (const near of [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]) {
    const { bands, rows } = bandsFor(near)
    expect(recall(near, bands, rows)).toBeGreaterThanOrEqual(0.99)
    expect(bands * rows).toBeLessThanOrEqual(128)
  }
})

test('expands to exact and near, or exact alone', () => {
  const as = (o: object) => dedupe.expand(dedupe.options.parse(o), 'dedupe').map(p => p.as)
  expect(as({})).toEqual(['exact', 'near'])
  expect(as({ near: false })).toEqual(['exact'])
})
