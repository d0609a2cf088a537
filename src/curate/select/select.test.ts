import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import { driveGlobal, droppedBy, shardsOf } from '../../../test/support/drive-global.ts'
import type { Rec } from '../../records/index.ts'
import type { GlobalStep } from '../../steps/index.ts'
import { selectDiverse } from './diverse.ts'
import { farthestFirst, selectKCenter } from './k-center.ts'
import { select } from './select.ts'
import { selectTop } from './top.ts'
import { selectUniform } from './uniform.ts'

const at = (degrees: number) => {
  const angle = (degrees * Math.PI) / 180
  return Float32Array.of(Math.cos(angle), Math.sin(angle))
}
type Given = {
  id: string
  quality?: number | undefined
  hard?: number | undefined
  angle?: number | undefined
  topic?: string | undefined
}
const row = ({ id, quality, hard, topic }: Given) =>
  conversation(id, 'q', 'a'.repeat(hard ?? 1), {
    facets: topic === undefined ? {} : { topic },
    scores: {
      ...(quality === undefined ? {} : { 'judge/overall': { method: 'm', value: quality } }),
      ...(hard === undefined ? {} : { 'judge/hard': { method: 'm', value: hard } }),
    },
  })
const vectorsOf = (given: Given[]) =>
  Object.fromEntries(given.flatMap(({ id, angle }) => (angle === undefined ? [] : [[id, { v: at(angle) }]])))
const run = (step: GlobalStep, given: Given[], options: object) =>
  driveGlobal(step, [given.map(row)], options, { vectors: vectorsOf(given) })
const ids = (rows: Rec[]) => rows.map(r => r.id).sort()

test('top: the highest scores; a share is of the rows that have one', () => {
  const given = [3, 5, undefined, 1, 4].map((quality, i) => ({ id: `r${i}`, quality }))
  const ran = run(selectTop, given, { by: 'judge/overall', share: 0.5 })
  expect(ids(ran.kept)).toEqual(['r1', 'r4'])
  expect(droppedBy(ran.verdicts)).toEqual({ 'not-selected': ['r0', 'r3'], unscored: ['r2'] })
  expect(ran.verdicts.get('r0')).toMatchObject({ evidence: { by: 'judge/overall', value: 3 } })
  expect(run(selectTop, given, { by: 'judge/overall', size: 9 }).notes).toEqual([
    '4 of 4 rows that can be chosen are kept',
    '5 rows are missing of the 9 that were asked for',
  ])
})

test('diverse: in order of quality times difficulty, and nothing too similar to a row taken before', () => {
  const given: Given[] = [
    { id: 'a', quality: 5, hard: 1, angle: 0 },
    { id: 'b', quality: 3, hard: 3, angle: 10 },
    { id: 'c', quality: 4, hard: 2, angle: 15 },
    { id: 'd', quality: 1, hard: 1, angle: 90 },
    { id: 'e', quality: 1, hard: 0.5, angle: 180 },
    { id: 'f', quality: 9, hard: 9 },
    { id: 'g', quality: 9, angle: 30 },
  ]
  const ran = run(selectDiverse, given, { by: 'judge/overall', difficulty: 'judge/hard', vectors: 'v', size: 2 })
  expect(ids(ran.kept)).toEqual(['b', 'd'])
  expect(droppedBy(ran.verdicts)).toEqual({
    'too-similar': ['a', 'c'],
    'not-selected': ['e'],
    'no-vector': ['f'],
    unscored: ['g'],
  })
  expect(ran.verdicts.get('c')).toMatchObject({ evidence: { of: 'b', cosine: 0.9962 } })
  const wide = run(selectDiverse, given, { by: 'judge/overall', vectors: 'v', size: 9, cap: 0.99 })
  expect(ids(wide.kept)).toEqual(['a', 'c', 'd', 'e', 'g'])
})

test('k-center: within twice of the best choice, found by trying all', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 359 }), { minLength: 1, maxLength: 9 }),
      fc.integer({ min: 1, max: 3 }),
      (angles, k) => {
        const matrix = Float32Array.from(angles.flatMap(angle => [...at(angle)]))
        const distance = (a: number, b: number) =>
          Math.hypot(matrix[2 * a]! - matrix[2 * b]!, matrix[2 * a + 1]! - matrix[2 * b + 1]!)
        const radius = (chosen: number[]) =>
          Math.max(...angles.map((_, row) => Math.min(...chosen.map(one => distance(row, one)))))
        const choices = (from: number, n: number): number[][] =>
          n === 0 ? [[]] : angles.flatMap((_, i) => (i < from ? [] : choices(i + 1, n - 1).map(rest => [i, ...rest])))
        const { chosen } = farthestFirst(matrix, 2, k)
        expect(new Set(chosen).size).toBe(Math.min(k, angles.length))
        const best = Math.min(...choices(0, Math.min(k, angles.length)).map(radius))
        expect(radius(chosen)).toBeLessThanOrEqual(2 * best + 1e-6)
      },
    ),
  )
  const given = [0, 2, 4, 90, 180].map((angle, i) => ({ id: `r${i}`, angle }))
  const ran = run(selectKCenter, [...given, { id: 'none' }], { vectors: 'v', size: 3 })
  expect(ran.kept).toHaveLength(3)
  expect(droppedBy(ran.verdicts)['no-vector']).toEqual(['none'])
  expect(ids(ran.kept)).toEqual(expect.arrayContaining(['r4']))
})

test('uniform topics: topics in turn, and within one rather the harder rows', () => {
  const given = [
    ...Array.from({ length: 60 }, (_, i) => ({ id: `a${i}`, topic: 'stills', hard: i })),
    ...Array.from({ length: 6 }, (_, i) => ({ id: `b${i}`, topic: 'courts', hard: i })),
    { id: 'none', hard: 1 },
  ]
  const ran = run(selectUniform, given, { difficulty: 'judge/hard', size: 8 })
  const of = (letter: string) => ran.kept.filter(r => r.id[0] === letter)
  expect([of('a').length, of('b').length]).toEqual([4, 4])
  for (const { id } of of('a')) expect(Number(id.slice(1))).toBeGreaterThan(40)
  expect(droppedBy(ran.verdicts)['no-topic']).toEqual(['none'])
  const short = run(selectUniform, given, { size: 40 })
  expect(short.kept.filter(r => r.id[0] === 'b')).toHaveLength(6)
  expect(short.notes.at(-1)).toBe('not every one of the 2 topics has its share: the smallest has 6 rows')
})

test('weights halve from rank to rank: the hardest row of a topic is drawn first about half of the time', () => {
  let first = 0
  for (let seed = 0; seed < 200; seed++) {
    const rows = Array.from({ length: 12 }, (_, i) => row({ id: `r${i}`, topic: 't', hard: i + 1 }))
    const ran = driveGlobal(selectUniform, [rows], { size: 1, difficulty: 'judge/hard' }, { seed: `s${seed}` })
    if (ran.kept[0]!.id === 'r11') first++
  }
  // A binomial of 200 draws at 1/2 lies here but for 4 of 100,000 times.
  expect(first).toBeGreaterThan(71)
  expect(first).toBeLessThan(129)
})

const cases: [string, GlobalStep, object][] = [
  ['top', selectTop, { by: 'judge/overall', size: 7 }],
  ['diverse', selectDiverse, { by: 'judge/overall', vectors: 'v', share: 0.4 }],
  ['k-center', selectKCenter, { vectors: 'v', size: 4 }],
  ['uniform', selectUniform, { size: 6 }],
]
test.each(cases)('%s decides the same however the rows are sharded and ordered', (_, step, options) => {
  const given = fc.array(fc.tuple(fc.nat(5), fc.nat(24), fc.nat(3)), { maxLength: 24 })
  fc.assert(
    fc.property(given, fc.array(fc.nat(6), { maxLength: 6 }), (all, sizes) => {
      const rows = all.map(
        ([quality, angle, topic], i): Given => ({
          id: `r${i}`,
          quality: quality || undefined,
          angle: angle === 24 ? undefined : angle * 15,
          topic: ['x', 'y', 'z', undefined][topic],
        }),
      )
      const vectors = vectorsOf(rows)
      const whole = driveGlobal(step, [rows.map(row)], options, { vectors })
      const parts = driveGlobal(step, shardsOf(rows.map(row).toReversed(), sizes), options, { vectors })
      for (const { id } of rows) expect(parts.verdicts.get(id)).toEqual(whole.verdicts.get(id))
      for (const v of whole.verdicts.values()) if (v.is === 'dropped') expect(step.reasons).toContain(v.reason)
    }),
    { numRuns: 40 },
  )
  expect(driveGlobal(step, [[]], options).kept).toEqual([])
})

test('equal scores are drawn by chance and not by id', () => {
  const rows = Array.from({ length: 100 }, (_, i) => row({ id: `r${String(i).padStart(3, '0')}`, quality: 1 }))
  const { kept } = driveGlobal(selectTop, [rows], { by: 'judge/overall', size: 50 })
  const early = kept.filter(r => r.id < 'r050').length
  expect(early).toBeGreaterThan(12)
  expect(early).toBeLessThan(38)
})

test('the verb takes what its method makes use of, and nothing else', () => {
  const steps = (o: object) => select.expand(select.options.parse(o), 'select').map(p => [p.as, p.step.verb, p.options])
  expect(steps({ size: 10, by: 'judge/overall' })).toEqual([['top', 'select-top', { size: 10, by: 'judge/overall' }]])
  expect(steps({ method: 'diverse', share: 0.1, by: 'a/b', teacher: 'e' })).toEqual([
    ['vectors', 'embed', { teacher: 'e' }],
    ['diverse', 'select-diverse', { share: 0.1, by: 'a/b', vectors: 'select' }],
  ])
  expect(steps({ method: 'k-center', size: 2, vectors: 'mine' })).toHaveLength(1)
  expect(steps({ method: 'uniform-topics', size: 2 })[0]![1]).toBe('select-uniform')
  for (const wrong of [
    { by: 'a/b' },
    { size: 1 },
    { size: 1, share: 0.5, by: 'a/b' },
    { method: 'top', by: 'a/b', size: 1, cap: 0.5 },
    { method: 'k-center', size: 1, by: 'a/b' },
    { method: 'uniform-topics', size: 1, vectors: 'v' },
  ]) {
    expect(select.options.safeParse(wrong).success).toBe(false)
  }
})

test('uniform topics: as many topics as rows beside a large one', () => {
  const many = Array.from({ length: 130_000 }, (_, i) => ({ id: `r${i}`, topic: i % 2 ? `t${i}` : 'all' }))
  const [pass] = selectUniform.passes
  const options = selectUniform.options.parse({ share: 1 })
  const entries = many.map(({ id, topic }, i) => ({ id, topic, value: 1, hash: i / 2 ** 20, luck: 0.5 }))
  expect(pass!.decide(0, entries, options).each).toHaveLength(130_000)
  const alone = entries.map(entry => ({ ...entry, topic: entry.id }))
  expect(pass!.decide(0, alone, options).each).toHaveLength(130_000)
})
