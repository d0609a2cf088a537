import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conversation, document } from '../../../test/support/curate-records.ts'
import { driveGlobal, droppedBy } from '../../../test/support/drive-global.ts'
import { jaccard, shingles, split } from '../../kernels/index.ts'
import type { GlobalStep } from '../../steps/index.ts'
import { dedupe } from './dedupe.ts'
import { dedupeExact } from './exact.ts'
import { bandsFor, dedupeNear, recall } from './near.ts'

const chapter = (year: number) =>
  readFileSync(new URL(`../../../test/fixtures/near-duplicates/if-let-${year}.md`, import.meta.url), 'utf8')
const [first, second, third] = [2018, 2020, 2022].map(year => document(`y${year}`, chapter(year)))
const similarity = (a: string, b: string, n: number) =>
  jaccard(shingles(split(a, 'match'), n), shingles(split(b, 'match'), n))

test('a chain of revisions is cut: every dropped row is near the one that stays', () => {
  const rows = [first!, second!, third!]
  // 2018 to 2022 is under the threshold although both are near 2020.
  const ran = driveGlobal(dedupeNear, [rows], { near: 0.7 })
  expect(droppedBy(ran.verdicts)).toEqual({ 'near-duplicate': ['y2020'] })
  const found = Math.round(similarity(first!.text, second!.text, 5) * 1e4) / 1e4
  expect(ran.verdicts.get('y2020')).toMatchObject({ evidence: { cluster: 'y2018', jaccard: found } })
  expect(ran.verdicts.get('y2018')).toEqual({
    is: 'passed',
    notes: { members: ['y2020'], facets: { cluster: 'y2018' } },
  })
  expect(driveGlobal(dedupeNear, [rows], { near: 0.8 }).kept).toHaveLength(3)
  expect(driveGlobal(dedupeNear, [rows], { near: 0.55 }).kept.map(r => r.id)).toEqual(['y2018'])
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

test('long Japanese texts are compared by longer shingles, also across the boundary', () => {
  const ideographs = (from: number, n: number) =>
    Array.from({ length: n }, (_, i) => String.fromCodePoint(0x4e00 + (((from + i) * 7919) % 20_000))).join('')
  const [short, long, longer] = [ideographs(80, 960), ideographs(0, 1040), ideographs(-260, 1300)]
  const evidence = (a: string, b: string) => {
    const ran = driveGlobal(dedupeNear, [[document('a', a), document('b', b)]], { near: 0.7 })
    return ran.verdicts.get('b') as unknown as { evidence: { jaccard: number } }
  }
  const round = (n: number) => Math.round(n * 1e4) / 1e4
  expect(evidence(short, long).evidence.jaccard).toBe(round(similarity(short, long, 5)))
  expect(evidence(long, longer).evidence.jaccard).toBe(round(similarity(long, longer, 10)))
  expect(similarity(long, longer, 5)).not.toBeCloseTo(similarity(long, longer, 10), 3)
})

test('found pairs are those of brute force', () => {
  const word = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  fc.assert(
    fc.property(fc.array(fc.array(word, { minLength: 3, maxLength: 9 }), { maxLength: 12 }), texts => {
      const rows = texts.map((t, i) => document(`r${String(i).padStart(2, '0')}`, t.join(' ')))
      const near = 0.5
      const kept: typeof rows = []
      for (const row of rows) {
        if (!kept.some(k => similarity(k.text, row.text, 2) >= near)) kept.push(row)
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
  expect(ran.verdicts.get('b')).toEqual({
    is: 'passed',
    notes: { members: ['a', 'c', 'd', 'z'], facets: { cluster: 'b' } },
  })
  expect(driveGlobal(dedupeExact, [rows], {}).kept.map(r => r.id)).toEqual(['a'])
  expect(ran.notes).toEqual(['equal rows: 3 dropped, 1 kept in their place; the largest cluster has 5 rows'])
})

const read = (name: string, license: string) => ({ lineage: { source: { name, uri: '', license } } })
test.each([
  [{ latest: 'date' }, 'c'],
  [{ earliest: 'date' }, 'b'],
  [{ sources: ['manual', 'web'] }, 'd'],
  [[{ sources: ['web'] }, { latest: 'date' }], 'b'],
  [undefined, 'a'],
])('prefer %j keeps %s', (prefer, kept) => {
  const row = (id: string, source: string, date?: string) =>
    document(id, 'A still.', { ...read(source, 'MIT'), facets: { date } })
  const rows = [
    row('a', 'web'),
    row('b', 'web', '2021-03-02'),
    row('c', 'books', '2021-11'),
    row('d', 'manual', '2021-03-10'),
  ]
  for (const step of [dedupeExact, dedupeNear] as GlobalStep[]) {
    expect(driveGlobal(step, [rows], { prefer }).kept.map(r => r.id)).toEqual([kept])
  }
})

test('licenses of members are kept where they are others, and go on to the next representative', () => {
  const text = 'A still parts a liquid by its boiling points, and nothing else.'
  const rows = [
    document('b', text, read('web', 'CC-BY-4.0')),
    document('c', text, read('books', 'MIT')),
    document('d', text, read('web', 'CC-BY-4.0')),
  ]
  const ran = driveGlobal(dedupeExact, [rows], {})
  expect(ran.verdicts.get('c')).toMatchObject({ evidence: { cluster: 'b', license: 'MIT' } })
  expect(ran.verdicts.get('b')).toMatchObject({ notes: { facets: { cluster: 'b', memberLicenses: 'MIT' } } })
  const noted = document('b', text, { ...read('web', 'CC-BY-4.0'), facets: { memberLicenses: 'MIT' } })
  const next = driveGlobal(dedupeNear, [[noted, document('a', `${text} So.`, read('blog', 'Apache-2.0'))]], {
    near: 0.7,
  })
  expect(next.verdicts.get('a')).toMatchObject({ notes: { facets: { memberLicenses: 'CC-BY-4.0, MIT' } } })
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
    expect(ran.verdicts.get('a')).toMatchObject({ evidence: { cluster: 'zz', set: 'earlier' } })
    const same = driveGlobal(step, [[second!]], { against: ['earlier'] }, { side: { earlier: [[second!]] } })
    expect(same.kept).toHaveLength(1)
  }
  // Changed, and in the side input under the same id: no copy of itself, but one of what it is near to.
  const changed = document('y2020', `${second!.text} More.`)
  const side = { earlier: [[second!]] }
  expect(driveGlobal(dedupeNear, [[changed]], { against: ['earlier'] }, { side }).kept).toHaveLength(1)
})

test('the index finds 99 % at the similarity asked for', () => {
  expect(recall(0.8, 14, 8)).toBeCloseTo(0.924, 3)
  for (const near of [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]) {
    const { bands, rows } = bandsFor(near)
    expect(recall(near, bands, rows)).toBeGreaterThanOrEqual(0.99)
    expect(bands * rows).toBeLessThanOrEqual(128)
  }
})

test('the second look reads only shards with candidates, and what it needs does not change with other rows', () => {
  const [meet, compare] = dedupeNear.passes
  const options = dedupeNear.options.parse({ against: ['earlier'] })
  const at = { seed: '', vector: () => undefined }
  const texts = (from: number, n: number) =>
    Array.from({ length: n }, (_, i) =>
      document(`r${from + i}`, Array.from({ length: 40 }, (_, w) => `w${from + i}x${w}`).join(' ')),
    )
  const [old, other, more] = [texts(0, 5), texts(100, 5), texts(200, 5)]
  const copy = document('copy', `${old[2]!.text} and so on`)
  const looked = (shards: [side: string | undefined, rows: typeof old][]) => {
    let all = new Map<number, unknown>()
    for (const [side, rows] of shards) {
      for (const [part, found] of meet!.survey(rows, options, { ...at, ...(side ? { side } : {}) })) {
        all.set(part, all.has(part) ? meet!.merge(all.get(part), found) : found)
      }
    }
    all = new Map([...all].sort(([a], [b]) => a - b))
    const found = meet!.combine(
      [...all].map(([part, artifact]) => meet!.decide(part, artifact, options)),
      options,
    )
    return (rows: typeof old, side?: string) =>
      meet!.slice!(
        found,
        rows.map(r => r.id),
        side,
      )
  }
  const before = looked([
    ['earlier', old],
    ['earlier', other],
    [undefined, [copy]],
  ])
  expect(before(other, 'earlier')).toBeUndefined()
  expect(before(old)).toBeUndefined()
  expect(before(old, 'earlier')).toMatchObject({ ids: ['r2'] })
  const after = looked([
    [undefined, more],
    ['earlier', other],
    ['earlier', old],
    [undefined, [copy]],
  ])
  expect(after(old, 'earlier')).toEqual(before(old, 'earlier'))
  const found = compare!.survey(old, options, { ...at, side: 'earlier', earlier: before(old, 'earlier') })
  expect([...found.values()].flat()).toMatchObject([{ rows: 1, side: 'earlier' }])
})

test('expands to whole rows first, then to passages with a cut of their own', () => {
  const as = (o: object) => dedupe.expand(dedupe.options.parse(o), 'dedupe').map(p => p.as)
  expect(as({})).toEqual(['exact', 'near'])
  expect(as({ near: 0.8 })).toEqual(['exact', 'near'])
  expect(as({ near: false })).toEqual(['exact'])
  expect(as({ exact: false, lines: true, paragraphs: { own: 0.5 } })).toEqual([
    'near',
    'paragraphs',
    'own-paragraphs',
    'lines',
  ])
  expect(as({ substring: { tokens: 50 }, lines: true })).toEqual(['exact', 'near', 'lines', 'substring'])
  expect(() => as({ exact: false, near: false })).toThrow('switch on')
  expect(() => as({ bands: 14 })).toThrow('bands and rows')
})

test('a row to avoid that lies between two lengths of shingles is compared by both', () => {
  const words = Array.from({ length: 10 }, (_, i) => `word${i}`)
  const characters = [...'一二三四五六七八九十百千']
  const old = document('old', [...words, characters.join('')].join(' '))
  const rows = [
    document('by-words', [...words, characters.slice(0, 5).join('')].join(' ')),
    document('by-characters', [...words.slice(6), characters.join('')].join(' ')),
  ]
  // Copies of one another, in every partition that the others may be decided in.
  const around = Array.from({ length: 64 }, (_, i) => [
    document(`a${i}`, `n${i} m${i} k${i} j${i} h${i} a${i}`),
    document(`b${i}`, `n${i} m${i} k${i} j${i} h${i} b${i}`),
  ]).flat()
  const options = { near: 0.5, shingle: { words: 1, characters: 2, long: 2 }, against: ['earlier'] }
  const ran = driveGlobal(dedupeNear, [[...around, ...rows]], options, { side: { earlier: [[old]] } })
  for (const { id } of rows) expect(ran.verdicts.get(id)).toMatchObject({ evidence: { cluster: 'old' } })
})
