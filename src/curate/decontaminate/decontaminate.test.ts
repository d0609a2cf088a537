import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conversation, document, exam } from '../../../test/support/curate-records.ts'
import { driveGlobal } from '../../../test/support/drive-global.ts'
import type { Rec } from '../../records/index.ts'
import { units } from '../grams.ts'
import { decontaminate } from './decontaminate.ts'
import { runEnds } from './overlap.ts'

const question =
  'Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. How many clips did she sell altogether?'
const sibling = 'In March she sold half as many clips in May. How many clips did she sell altogether?'
const tests = [exam('q1', question, '72'), exam('q2', sibling, '10'), exam('q3', 'What is the boiling point?', 'water')]

const evidenceOf = (rows: Rec[], options: object = {}, side: Rec[] = tests) => {
  const { verdicts } = driveGlobal(decontaminate, [rows], { against: ['gsm'], ...options }, { side: { gsm: [side] } })
  return rows.map(r => {
    const v = verdicts.get(r.id)!
    return v.is === 'dropped' ? (v.evidence as { [name: string]: never }) : undefined
  })
}

test('names every item that shares a run, the most covered first', () => {
  const [hit] = evidenceOf([
    conversation(
      'r',
      'x',
      'Take this: and then she sold half as many clips in May. How many clips did she sell altogether? Thanks',
    ),
  ])
  expect(hit).toMatchObject({ set: 'gsm', item: 'q2', field: 'prompt', where: 'completion', run: 15, items: 2 })
  expect(hit!.others).toMatchObject([{ item: 'q1', run: 17 }])
  expect(hit!.text).toBe('she sold half as many clips in may how many clips did she sell altogether')
  expect(hit!.coverage).toBeCloseTo(15 / 17, 3)
})

test('ten words are enough, nine are not; prompts and completions are looked at apart', () => {
  const ten = 'and then she sold half as many clips in May'
  expect(evidenceOf([conversation('a', ten, 'x')])[0]).toMatchObject({ where: 'prompt', run: 10 })
  expect(evidenceOf([conversation('a', ten.replace('and ', ''), 'x')])[0]).toBeUndefined()
  expect(evidenceOf([conversation('a', 'and then she sold half', 'as many clips in May')])[0]).toBeUndefined()
  expect(evidenceOf([conversation('a', ten, 'x')], { coverage: 0.5 })[0]).toBeUndefined()
})

test('short questions match entire, short answers never', () => {
  expect(evidenceOf([conversation('a', 'What is the boiling point', 'water')])[0]).toMatchObject({
    item: 'q3',
    coverage: 1,
  })
  expect(evidenceOf([conversation('a', 'Please say:\nwhat is the boiling point?', 'x')])[0]).toMatchObject({
    item: 'q3',
  })
  expect(evidenceOf([conversation('a', 'What is the boiling point of tar', 'water')])[0]).toBeUndefined()
})

test('Japanese runs are counted in characters, mixed ones in both', () => {
  const ja = '蒸留とは、混合物を加熱して沸点の低い成分を先に気化させ、それを冷やして集める操作のことである。'
  const side = [document('j', ja)]
  const run = (n: number) => [...ja.replace(/[、。]/g, '')].slice(0, n).join('')
  expect(evidenceOf([document('a', `まず${run(30)}。`)], {}, side)[0]).toMatchObject({
    item: 'j',
    run: 30,
    text: run(30),
  })
  expect(evidenceOf([document('a', `まず${run(29)}。`)], {}, side)[0]).toBeUndefined()
  // Half of either makes a whole: five words and fifteen characters.
  expect(
    runEnds(units('one two three four five 一二三四五六七八九十一二三四五'), { ngram: 10, characters: 30 }),
  ).toEqual([20])
})

test('a copied run of any item is always found', () => {
  const words = fc.array(fc.constantFrom('p', 'q', 'r', 's', 't', 'u'), { minLength: 4, maxLength: 20 })
  fc.assert(
    fc.property(fc.array(words, { minLength: 1, maxLength: 4 }), fc.nat(), fc.nat(), (items, a, b) => {
      const item = items[a % items.length]!
      const start = b % (item.length - 3)
      const row = conversation('r', 'z', `zz ${item.slice(start, start + 4).join(' ')} zz`)
      const side = items.map((w, i) => document(`i${i}`, w.join(' ')))
      const [found] = evidenceOf([row], { ngram: 4 }, side)
      const named = [found, ...((found?.others ?? []) as never[])] as unknown as { item: string }[]
      expect(named.map(o => o?.item)).toContain(`i${a % items.length}`)
    }),
  )
})

test('a set without text is an error: looking for nothing finds nothing', () => {
  expect(() => evidenceOf([document('a', 'x')], {}, [])).toThrow(/"gsm" holds no text/)
})
