import { expect, test } from 'vitest'
import { document } from '../../../test/support/curate-records.ts'
import { driveGlobal, shardsOf } from '../../../test/support/drive-global.ts'
import { kMeans, nearest } from '../../measure/index.ts'
import { type Rec, random } from '../../records/index.ts'
import { learnVectors } from '../vectors/learn.ts'
import { unitLength } from '../vectors/project.ts'
import { labels, wordsOf } from './labels.ts'
import { assignTopics, topics } from './topics.ts'

const subjects = {
  still: ['copper', 'still', 'vapour', 'condenser', 'spirit', 'mash'],
  court: ['judge', 'court', 'appeal', 'statute', 'verdict', 'claimant'],
  kitchen: ['包丁', '野菜', '煮込む', '鍋', 'だし汁', '火加減'],
}
const rows = Object.entries(subjects).flatMap(([name, words]) =>
  Array.from({ length: 30 }, (_, i) => {
    const next = random(name, i)
    const text = Array.from({ length: 9 }, () => words[Math.floor(next() * words.length)])
    return document(`${name}${i}`, name === 'kitchen' ? text.join('と') : `The ${text.join(' of the ')}.`)
  }),
)
function topical(shards: Rec[][], options: object = {}) {
  const all = shards.flat()
  const vectors: { [id: string]: { [step: string]: Float32Array } } = {}
  for (const [id, verdict] of driveGlobal(learnVectors, [all], { dimensions: 16 }).verdicts) {
    if (verdict.is === 'passed' && verdict.notes?.vector) vectors[id] = { v: verdict.notes.vector }
  }
  const ran = driveGlobal(assignTopics, shards, { vectors: 'v', ...options }, { vectors })
  const noted = [...ran.verdicts].map(([id, v]) => [id, v.is === 'passed' ? v.notes : undefined] as const)
  return { ...ran, of: new Map(noted.map(([id, notes]) => [id, notes?.facets?.topic])), noted: new Map(noted) }
}

test('subjects are told apart and named by their own words', () => {
  const { of, notes, noted } = topical([rows], { topics: 3 })
  const names = Object.keys(subjects).map(name => of.get(`${name}0`)!)
  expect(new Set(names).size).toBe(3)
  for (const { id } of rows) expect(of.get(id)).toBe(of.get(id.replace(/\d+$/, '0')))
  for (const [i, words] of Object.values(subjects).entries()) {
    for (const word of names[i]!.split(', ')) expect(words.join(' ')).toContain(word)
  }
  expect(noted.get('still0')!.scores!.fit).toMatchObject({ value: expect.closeTo(0.9, 0) })
  expect(notes[0]).toMatch(/^3 topics, the largest: .* \(30\)/)
})

test('the same topics however the rows are sharded and ordered', () => {
  const whole = topical([rows])
  const parts = topical(shardsOf(rows.toReversed(), [40, 1, 3]))
  for (const { id } of rows) expect(parts.of.get(id)).toBe(whole.of.get(id))
  expect(parts.shared).toEqual(whole.shared)
})

test('nothing, one row, equal rows, rows without words', () => {
  expect(topical([[]]).notes).toEqual([])
  expect(topical([[document('a', 'Copper stills')]]).of.get('a')).toBe('copper, stills')
  const equal = topical([Array.from({ length: 9 }, (_, i) => document(`r${i}`, 'Copper stills'))], { topics: 4 })
  expect(new Set(equal.of.values())).toEqual(new Set(['copper, stills']))
  const some = topical([[document('a', 'Copper stills'), document('b', '?!')]], { facet: 'subject' })
  expect(some.noted.get('a')!.facets).toEqual({ subject: 'copper, stills' })
  expect(some.verdicts.get('b')).toEqual({ is: 'passed' })
  expect(some.notes.at(-1)).toBe('1 rows have no vector and no topic')
})

test('k-means finds separate groups, and no more centres than rows that differ', () => {
  const next = random('groups')
  const groups = [0, 1, 2, 3].map(at => Float64Array.from({ length: 8 }, (_, c) => (c === at ? 4 : 0)))
  const matrix = new Float32Array(80 * 8)
  for (let row = 0; row < 80; row++) matrix.set(unitLength(groups[row % 4]!.map(x => x + next() - 0.5))!, row * 8)
  const centres = kMeans(matrix, 8, 4)
  const of = Array.from({ length: 80 }, (_, row) => nearest(centres, matrix.subarray(row * 8, row * 8 + 8)).centre)
  for (let row = 4; row < 80; row++) expect(of[row]).toBe(of[row % 4])
  expect(new Set(of).size).toBe(4)
  const twice = Float32Array.from([1, 0, 0, 1, 1, 0, 0, 1, 1, 0])
  expect(kMeans(twice, 2, 5).count).toBe(2)
  expect(kMeans(new Float32Array(0), 0, 3).count).toBe(0)
})

test('labels leave out what every text has, say one word in one form, and never name two topics alike', () => {
  const texts = (...lines: string[]) => ({ size: lines.length, texts: lines.map(wordsOf) })
  const named = labels(
    [
      texts('the cards are blocked', 'the card is blocked', 'the cards'),
      texts('the rate is wrong', 'the rate'),
      texts('the rate is wrong', 'the rate'),
    ],
    2,
  )
  expect(named[0]).toMatch(/^(cards?, blocked|blocked, cards?)$/)
  expect(named[1]).not.toContain('the,')
  expect(new Set(named).size).toBe(3)
  expect(
    labels(
      [
        { size: 1, texts: [[]] },
        { size: 0, texts: [] },
      ],
      3,
    ),
  ).toEqual(['topic 2', 'topic 3'])
  expect(wordsOf("It's https://example.org/page 水道の蛇口 42 コーヒー")).toEqual(['水道', '蛇口', 'コーヒー'])
})

test('expands into vectors and topics, or into topics of the vectors that there are', () => {
  const steps = (o: object) => topics.expand(topics.options.parse(o), 'topics').map(p => [p.as, p.step.verb])
  expect(steps({})).toEqual([
    ['vectors', 'learn-vectors'],
    ['assign', 'assign-topics'],
  ])
  expect(steps({ teacher: 'e' })[0]).toEqual(['vectors', 'embed'])
  expect(steps({ vectors: 'mine' })).toEqual([['assign', 'assign-topics']])
})
