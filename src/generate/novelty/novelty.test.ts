import fc from 'fast-check'
import { expect, test } from 'vitest'
import { driveGlobal, droppedBy, shardsOf } from '../../../test/support/drive-global.ts'
import type { Rec } from '../../records/index.ts'
import { comparedText, novelty } from './novelty.ts'

const prompt = (id: string, content: string, facets: Rec['facets'] = {}) =>
  ({
    kind: 'prompt',
    id,
    digest: id,
    messages: [
      { role: 'system', content: 'You help.' },
      { role: 'user', content },
    ],
    facets,
    scores: {},
    lineage: { origin: 'real', generation: 0, parents: [] },
  }) as Rec<'prompt'>

const rows = [
  prompt('a', 'Write a short poem about the sea at night.'),
  prompt('b', 'Write a short poem about the sea at noon.'),
  prompt('c', 'List three ways to save water at home.'),
  prompt('d', 'List three good ways to save water at home.'),
  prompt('e', 'List three ways to save energy at work.'),
  prompt('f', '!?'),
]

test('a row goes if an earlier one that stays is at the limit, and says which and how like it is', () => {
  const { verdicts, notes } = driveGlobal(novelty, [rows], {})
  // b and a share 8 of 9 words; d holds all 8 words of c in 9; e shares 6 of 8 with c.
  const evidence = [...verdicts].flatMap(([id, v]) => (v.is === 'dropped' ? [[id, v.evidence]] : []))
  expect(evidence).toEqual([
    ['b', { nearest: 'a', rougeL: 0.8889, units: 'mixed' }],
    ['d', { nearest: 'c', rougeL: 0.9412, units: 'mixed' }],
    ['e', { nearest: 'c', rougeL: 0.75, units: 'mixed' }],
  ])
  expect(notes).toEqual(['3 of 6 rows are too like an earlier one'])
  // What has gone is no ground for another to go: e is like c, whatever became of d.
  expect(droppedBy(driveGlobal(novelty, [rows], { below: 0.9 }).verdicts)).toEqual({ 'not-novel': ['d'] })
})

test('rows of another set stand first, are named, and are no copies of themselves', () => {
  const seeds = { seeds: [[prompt('z', 'List three ways to save water at home!'), rows[0]!]] }
  const { verdicts } = driveGlobal(novelty, [rows], { against: ['seeds'] }, { side: seeds })
  expect(verdicts.get('a')).toEqual({ is: 'passed' })
  expect(verdicts.get('c')).toMatchObject({ is: 'dropped', evidence: { nearest: 'z', rougeL: 1, set: 'seeds' } })
})

test('however rows lie in shards and sets, the same ones go', () => {
  const words = fc.constantFrom(...'write list plan name the a of sea home water'.split(' '))
  const texts = fc.array(fc.array(words, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 20 })
  const cuts = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 5 })
  fc.assert(
    fc.property(texts, cuts, fc.integer(), (all, sizes, turn) => {
      const records = all.map((text, i) => prompt(`p${i}`, text.join(' ')))
      const at = Math.abs(turn) % records.length
      const turned = [...records.slice(at), ...records.slice(0, at)]
      const [main, side] = [records.slice(1), records.slice(0, 1)]
      const order = turned.filter(r => r !== side[0])
      const whole = driveGlobal(novelty, [main], { against: ['s'] }, { side: { s: [side] } })
      const cut = driveGlobal(novelty, shardsOf(order, sizes), { against: ['s'] }, { side: { s: [side] } })
      expect(new Map([...cut.verdicts].sort())).toEqual(new Map([...whole.verdicts].sort()))
    }),
    { numRuns: 60 },
  )
})

test('what is compared: the task without its input, one side of a conversation', () => {
  expect(comparedText(prompt('x', 'Sum up the text.\n\nA\n\nB', { withInput: true }), 'prompt')).toBe(
    'Sum up the text.',
  )
  expect(comparedText(prompt('x', 'Hello,\n\nmy card is lost.'), 'prompt')).toBe('Hello,\n\nmy card is lost.')
  const talk = {
    ...rows[0]!,
    kind: 'conversation',
    messages: [
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'a' },
    ],
  } as unknown as Rec
  expect((['prompt', 'completion', 'all'] as const).map(of => comparedText(talk, of))).toEqual(['q', 'a', 'q\n\na'])
})

test('japanese prompts are compared by characters, or by words where that is asked for', () => {
  const pair = [prompt('a', '自動車を運転する'), prompt('b', '自転車を運動する')]
  const found = (units: string) => driveGlobal(novelty, [pair], { below: 0.5, units }).verdicts.get('b')
  // 自, 車, を, 運, す, る of 8 characters; を and する of 4 words.
  expect(found('mixed')).toMatchObject({ evidence: { nearest: 'a', rougeL: 0.75, units: 'mixed' } })
  expect(found('words')).toMatchObject({ evidence: { nearest: 'a', rougeL: 0.5, units: 'words' } })
})
