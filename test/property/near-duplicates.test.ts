import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dedupeExact } from '../../src/curate/dedupe/exact.ts'
import { dedupeNear, recall } from '../../src/curate/dedupe/near.ts'
import { dedupeLines, dedupeParagraphs } from '../../src/curate/dedupe/passages.ts'
import { jaccard, shingles, split } from '../../src/kernels/index.ts'
import { random } from '../../src/records/index.ts'
import type { GlobalStep } from '../../src/steps/index.ts'
import { document } from '../support/curate-records.ts'
import { driveGlobal } from '../support/drive-global.ts'

const setOf = (text: string, n = 5) => shingles(split(text, 'match'), n)
const gone = (ran: ReturnType<typeof driveGlobal>) =>
  [...ran.verdicts].flatMap(([id, v]) =>
    v.is === 'dropped' ? [[id, (v.evidence as { cluster: string }).cluster] as const] : [],
  )

const folder = new URL('../fixtures/near-duplicates/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8')

test('exact similarities of real revisions agree with the published figures', () => {
  const pairs = read('pairs.jsonl').trim().split('\n')
  for (const line of pairs) {
    const { a, b, jaccard: published } = JSON.parse(line) as { a: string; b: string; jaccard: number }
    // The published ones count `don't` as two words and `_` alone as one.
    expect(Math.abs(jaccard(setOf(read(a)), setOf(read(b))) - published)).toBeLessThan(0.02)
  }
})

test.each([0.5, 0.6, 0.7, 0.8])('real revisions: what is dropped at %s is what exact Jaccard says', near => {
  const rows = readdirSync(folder)
    .filter(name => /-20\d\d\.md$/.test(name))
    .map(name => document(name, read(name)))
  const sets = new Map(rows.map(row => [row.id, setOf(row.text)]))
  const expected: [string, string][] = []
  const kept: string[] = []
  for (const { id } of rows) {
    const like = kept
      .map(other => [jaccard(sets.get(other)!, sets.get(id)!), other] as const)
      .sort(([x], [y]) => y - x)[0]
    if (like && like[0] >= near) expected.push([id, like[1]])
    else kept.push(id)
  }
  expect(expected.length).toBeGreaterThan(5)
  expect(gone(driveGlobal(dedupeNear, [rows], { near }))).toEqual(expected)
})

/** Texts of 200 single-word shingles with this similarity, as exactly as whole words allow. */
function pair(similarity: number, draw: () => number): [string, string] {
  const common = Math.round((200 * 2 * similarity) / (1 + similarity))
  const word = () => `w${Math.floor(draw() * 2 ** 40).toString(36)}`
  const shared = Array.from({ length: common }, word)
  const own = () => [...shared, ...Array.from({ length: 200 - common }, word)].join(' ')
  return [own(), own()]
}

test.each([
  [14, 8],
  [20, 5],
])('pairs meet as often as the theory of %d bands of %d says, and nothing else does', (bands, rows) => {
  const draw = random(11, 'pairs')
  const pairs = 120
  for (const similarity of [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]) {
    const texts = Array.from({ length: pairs }, () => pair(similarity, draw))
    const all = texts.flatMap(([a, b], i) => [document(`${i} a`, a), document(`${i} b`, b)])
    const found = gone(driveGlobal(dedupeNear, [all], { near: 0.4, shingle: 1, bands, rows }))
    for (const [id, cluster] of found) expect(`${cluster.split(' ')[0]} b`).toBe(id)
    const chance = recall(similarity, bands, rows)
    const error = Math.sqrt((chance * (1 - chance)) / pairs)
    expect(Math.abs(found.length / pairs - chance)).toBeLessThan(4 * error + 1 / pairs)
  }
})

test('chains of small steps are cut, whoever comes first', () => {
  const near = 0.8
  // Windows over one long text: neighbours have similarity 0.85, the ends of a chain 0.3.
  const draw = random(3, 'chains')
  const chains = Array.from({ length: 6 }, (_, chain) => {
    const words = Array.from({ length: 900 }, () => `c${chain}w${Math.floor(draw() * 1e9)}`)
    return Array.from({ length: 8 }, (_, step) => words.slice(step * 33, step * 33 + 412).join(' '))
  })
  expect(jaccard(setOf(chains[0]![0]!), setOf(chains[0]![1]!))).toBeCloseTo(0.85, 2)
  expect(jaccard(setOf(chains[0]![0]!), setOf(chains[0]![7]!))).toBeLessThan(0.3)
  const texts = chains.flat()
  const order = fc.shuffledSubarray([...texts.keys()], { minLength: texts.length })
  fc.assert(
    fc.property(order, names => {
      const rows = texts.map((text, i) => document(`r${String(names[i]).padStart(2, '0')}`, text))
      const by = new Map(rows.map(row => [row.id, row.text]))
      const ran = driveGlobal(dedupeNear, [rows], { near })
      const found = gone(ran)
      // Of any two neighbours one is near to the other, so at least a third goes.
      expect(found.length).toBeGreaterThanOrEqual(16)
      for (const [id, cluster] of found) {
        expect(jaccard(setOf(by.get(id)!), setOf(by.get(cluster)!))).toBeGreaterThanOrEqual(near - 0.02)
        expect(ran.verdicts.get(cluster)!.is).toBe('passed')
      }
    }),
    { numRuns: 10 },
  )
})

test('voiced and unvoiced kana are different letters, half-width ones are not', () => {
  const plain = 'かきくけこはひふへほさしすせそたちつてと'
  const voiced = 'がぎぐげごばびぶべぼざじずぜぞだぢづでど'
  const halfVoiced = plain.replace(/[は-ほ]/g, c => String.fromCharCode(c.charCodeAt(0) + 2))
  const rows = [document('a', plain), document('b', voiced)]
  expect(driveGlobal(dedupeNear, [rows], { near: 0.1 }).kept).toHaveLength(2)
  const words = ['か', 'が', 'は', 'ば', 'ぱ', plain, voiced, halfVoiced].map((text, i) => document(`w${i}`, text))
  expect(driveGlobal(dedupeExact, [words], {}).kept).toHaveLength(words.length)
  const decomposed = [document('a', 'ガス'), document('b', 'ｶﾞｽ'), document('c', 'カ\u3099ス')]
  expect(driveGlobal(dedupeExact, [decomposed], {}).kept).toHaveLength(1)
  expect(driveGlobal(dedupeNear, [decomposed], {}).kept).toHaveLength(1)
})

const line = fc.constantFrom(
  'Heat the water slowly now',
  'All rights reserved by the makers',
  'cool',
  '水を加熱してから冷やすこと',
  '',
  '```',
  '# A heading of some length',
)
const rows = fc
  .array(
    fc.record({
      lines: fc.array(line, { maxLength: 6 }),
      date: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    }),
    {
      minLength: 1,
      maxLength: 24,
    },
  )
  .map(all => all.map(({ lines, date }, i) => document(`r${i}`, lines.join('\n'), { facets: { date } })))

const prefer = [{ latest: 'date' }]
const steps: [string, GlobalStep, object][] = [
  ['exact', dedupeExact, { prefer }],
  ['near', dedupeNear, { near: 0.5, shingle: 2, prefer }],
  ['paragraphs', dedupeParagraphs, { prefer }],
  ['lines', dedupeLines, { prefer, seen: 3 }],
  ['lines flagged', dedupeLines, { action: 'flag' }],
]
test.each(steps)(
  '%s: 1, 2 and 5 shards in any order decide alike, with and without earlier rows',
  (_, step, options) => {
    fc.assert(
      fc.property(rows, fc.infiniteStream(fc.nat(1e6)), fc.boolean(), (all, stream, beside) => {
        const old = beside ? all.splice(0, Math.ceil(all.length / 3)) : []
        const given = { ...options, against: ['old'] }
        const whole = driveGlobal(step, [all], given, { side: { old: [old] } })
        for (const shards of [1, 2, 5]) {
          const spread = <T>(some: T[]): T[][] => {
            const to: T[][] = Array.from({ length: shards }, () => [])
            for (const one of some) {
              const place = stream.next().value
              const shard = to[place % shards]!
              shard.splice(place % (shard.length + 1), 0, one)
            }
            return to
          }
          const parts = driveGlobal(step, spread(all), given, { side: { old: spread(old) } })
          for (const { id } of all) expect(parts.verdicts.get(id)).toEqual(whole.verdicts.get(id))
          expect(parts.notes).toEqual(whole.notes)
        }
        for (const verdict of whole.verdicts.values()) {
          if ('reason' in verdict) expect(step.reasons).toContain(verdict.reason)
        }
      }),
      { numRuns: 40 },
    )
  },
)

test.each(steps)('%s takes no rows, equal rows, empty ones and single characters', (_, step, options) => {
  const drive = (texts: string[]) =>
    driveGlobal(step, [texts.map((text, i) => document(`r${String(i).padStart(5, '0')}`, text))], options).kept.length
  expect(driveGlobal(step, [], options).kept).toEqual([])
  expect(drive([])).toBe(0)
  expect(drive(['', '', ' \n '])).toBe(3)
  const copies = /exact|near/.test(step.verb)
  expect(drive(['x', 'x', 'y'])).toBe(copies ? 2 : 3)
  const line = 'A line that every one of them has'
  const scored = 'action' in options
  expect(drive(Array.from({ length: 3000 }, () => line))).toBe(scored ? 3000 : 1)
  expect(drive(Array.from({ length: 3000 }, (_, i) => `${i} ${'lorem'.repeat(3)} ${i * 7} unlike ${i * 13}`))).toBe(
    3000,
  )
})
