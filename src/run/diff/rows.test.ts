import fc from 'fast-check'
import { expect, test } from 'vitest'
import { madeId } from '../../records/index.ts'
import { outputRows } from './of-runs.ts'
import { compareRows, mirrored, type RowDiff } from './rows.ts'
import { addressKey, emptySide, type Known, lostKey, type Side } from './side.ts'

/** Documents, chunks of them named by what they say, questions about chunks and an answer each: what rows come from. */
type Spec = {
  /** By document: its text, or null where it is not read; and the texts of its chunks. */
  docs: ({ text: number; chunks: number[] } | null)[]
  prompt: number
  teacher: number
  /** Which questions and answers are dropped, and how they are marked: by number. */
  drops: number[]
  marks: number[]
  test: boolean
}

const spec: fc.Arbitrary<Spec> = fc.record({
  docs: fc.array(
    fc.option(fc.record({ text: fc.nat(2), chunks: fc.uniqueArray(fc.nat(3), { maxLength: 3 }) }), {
      nil: null,
      freq: 4,
    }),
    { maxLength: 4 },
  ),
  prompt: fc.nat(1),
  teacher: fc.nat(1),
  drops: fc.array(fc.nat(30), { maxLength: 6 }),
  marks: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 7, maxLength: 7 }),
  test: fc.boolean(),
})

function sideOf({ docs, prompt, teacher, drops, marks, test }: Spec, complete = true): Side {
  const side = { ...emptySide(), complete, sources: new Set(['docs']) }
  const addresses = new Set<string>()
  side.addresses = addresses
  side.steps = new Map([
    ['chunk', '1'],
    ['ask', `${prompt}`],
    ['answer', `${teacher}`],
  ])
  let n = 0
  const made = (step: string, more: object): Pick<Known, 'made'> => ({
    made: { step, version: '1', teachers: '', prompts: '', calls: '', ...more },
  })
  for (const [d, doc] of docs.entries()) {
    if (!doc) continue
    const source = { name: 'docs', uri: `${d}.md` }
    addresses.add(addressKey(source))
    side.records.set(`doc${d}`, { digest: `text${doc.text}`, parents: [], source })
    for (const chunk of doc.chunks) {
      const id = madeId([`doc${d}`], 'chunk', `digest${chunk}`)
      side.records.set(id, { digest: `chunk${chunk}`, parents: [`doc${d}`], ...made('chunk', {}) })
      for (const q of [0, 1]) {
        const question = madeId([id], 'ask', q)
        const says = `about ${chunk} ${q} by ${prompt}`
        side.records.set(question, { digest: says, parents: [id], ...made('ask', { prompts: `p${prompt}` }) })
        const answer = madeId([question], 'answer', 0)
        if (drops.includes(n++)) {
          side.dropped.set(question, { step: 'audience', reason: 'too-hard' })
          continue
        }
        const known: Known = {
          digest: `${says}, ${teacher}`,
          parents: [question],
          ...made('answer', { teachers: `t${teacher}` }),
        }
        side.records.set(answer, known)
        if (drops.includes(n++)) side.dropped.set(answer, { step: 'judge.cut', reason: 'bottom-share' })
        else {
          side.rows.set(answer, {
            digest: known.digest,
            place: test && n % 3 === 0 ? 'sft/test' : 'sft/train',
            notes: { 'judge/overall': marks[n % 7]!, difficulty: n % 2 === 0 ? 'easy' : 'hard' },
          })
        }
      }
    }
  }
  return side
}

const bare = ({ moved, changed, ...rest }: Pick<RowDiff, 'moved'> & { changed: { a: string; b: string }[] }) => ({
  ...rest,
  moved: moved.map(({ from, to, ids }) => [from, to, ids.length]),
  changed: changed.map(({ a, b }) => [a, b]),
})

test('a side differs from itself in nothing', () => {
  fc.assert(
    fc.property(spec, one => {
      const diff = compareRows(sideOf(one), sideOf(one))
      const n = diff.rows.a
      expect(diff.rows).toEqual({ a: n, b: n, union: n, same: n, changed: 0, onlyA: 0, onlyB: 0 })
      expect([diff.moved, diff.noted]).toEqual([[], { rows: 0, notes: [] }])
    }),
  )
})

test('every row of both sides is accounted for once, with a reason for each that is missing', () => {
  fc.assert(
    fc.property(spec, spec, fc.boolean(), (one, two, complete) => {
      const [a, b] = [sideOf(one, complete), sideOf(two, complete)]
      const { rows, changed, onlyA, onlyB, places } = compareRows(a, b)
      expect(rows.same + rows.changed + rows.onlyA).toBe(a.rows.size)
      expect(rows.same + rows.changed + rows.onlyB).toBe(b.rows.size)
      expect(rows.same + rows.changed + rows.onlyA + rows.onlyB).toBe(rows.union)
      const namedA = [...changed.map(c => c.a), ...onlyA.map(m => m.id)]
      const namedB = [...changed.map(c => c.b), ...onlyB.map(m => m.id)]
      expect(new Set(namedA).size).toBe(namedA.length)
      expect(new Set(namedB).size).toBe(namedB.length)
      expect(places.reduce((n, place) => n + place.a, 0)).toBe(a.rows.size)
      if (complete) for (const { why } of [...onlyA, ...onlyB]) expect(why.is).not.toBe('unknown')
      for (const { id, why } of onlyA) if (b.dropped.has(id)) expect(why).toMatchObject(b.dropped.get(id)!)
    }),
  )
})

test('looked at from the other side it is the same, mirrored', () => {
  fc.assert(
    fc.property(spec, spec, (one, two) => {
      const [a, b] = [sideOf(one), sideOf(two)]
      expect(bare(compareRows(b, a))).toEqual(bare(mirrored(compareRows(a, b))))
    }),
  )
})

test('what both sides have alike may be left out', () => {
  fc.assert(
    fc.property(spec, spec, (one, two) => {
      const [a, b] = [sideOf(one), sideOf(two)]
      const whole = compareRows(a, b)
      for (const [id, record] of a.records) {
        const other = b.records.get(id)
        if (!other || JSON.stringify(other) !== JSON.stringify(record)) continue
        a.records.delete(id)
        b.records.delete(id)
      }
      expect(compareRows(a, b)).toEqual(whole)
    }),
  )
})

const plain: Spec = {
  docs: [{ text: 0, chunks: [0, 1] }],
  prompt: 0,
  teacher: 0,
  drops: [],
  marks: [1, 1, 1, 1, 1, 1, 1],
  test: false,
}
const reasons = (diff: RowDiff) => ({
  changed: diff.changed.map(({ a, b, why }) => [why.is, why.step, a === b]),
  onlyA: diff.onlyA.map(({ why }) => [why.is, why.step]),
  onlyB: diff.onlyB.map(({ why }) => [why.is, why.step]),
})

test.each([
  ['another prompt', { prompt: 1 }, { changed: Array(4).fill(['prompt', 'ask', true]), onlyA: [], onlyB: [] }],
  ['another teacher', { teacher: 1 }, { changed: Array(4).fill(['teacher', 'answer', true]), onlyA: [], onlyB: [] }],
  // One chunk was edited: what was made of it stands in its place.
  [
    'an edited chunk',
    { docs: [{ text: 1, chunks: [0, 2] }] },
    { changed: Array(2).fill(['source', 'docs', false]), onlyA: [], onlyB: [] },
  ],
  // Two chunks became one: which of them it stands for cannot be told.
  [
    'chunks that cannot be told apart',
    { docs: [{ text: 1, chunks: [2] }] },
    { changed: [], onlyA: Array(4).fill(['edited', 'chunk']), onlyB: Array(2).fill(['edited', 'chunk']) },
  ],
  ['a document that is not read', { docs: [] }, { changed: [], onlyA: Array(4).fill(['not-read', 'docs']), onlyB: [] }],
] as [string, Partial<Spec>, object][])('%s is told as such', (_, change, expected) => {
  expect(reasons(compareRows(sideOf(plain), sideOf({ ...plain, ...change })))).toEqual(expected)
})

test('a loss in a reply is told by its subject, and a step that was taken out by its name', () => {
  const a = sideOf(plain)
  const b = sideOf({ ...plain, docs: [{ text: 0, chunks: [0] }] })
  const [chunk] = [...a.records].find(([, { digest }]) => digest === 'chunk1')!
  b.records.set(chunk, a.records.get(chunk)!)
  b.lost.set(lostKey(chunk, 'ask'), { step: 'ask', reason: 'unparseable' })
  expect(compareRows(a, b).onlyA.map(({ why }) => [why.is, why.reason])).toEqual(Array(2).fill(['lost', 'unparseable']))
  b.lost.clear()
  b.steps.delete('ask')
  expect(compareRows(a, b).onlyA.map(({ why }) => [why.is, why.step])).toEqual(Array(2).fill(['no-step', 'ask']))
})

test('the largest moves of a mark are kept, and the mean is over those that moved', () => {
  const a = sideOf(plain)
  const b = sideOf({ ...plain, marks: [1, 1, 3, 1, 4, 1, 1] })
  const { notes } = compareRows(a, b).noted
  expect(notes).toMatchObject([{ name: 'judge/overall', rows: 2, up: 2, down: 0, mean: 2.5 }])
  expect(notes[0]!.largest.map(({ was, is }) => [was, is])).toEqual([
    [1, 4],
    [1, 3],
  ])
})

test('rows of joined branches are what the union wrote, and the branches only where it wrote nothing', () => {
  const rows = (own: number) => (stage: string) => ({ a: 3, b: 4, 'a+b': own })[stage] ?? 0
  expect([outputRows('a+b', rows(5)), outputRows('a+b', rows(0)), outputRows('a', rows(0))]).toEqual([5, 7, 3])
})
