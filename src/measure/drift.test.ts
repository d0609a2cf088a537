import fc from 'fast-check'
import { expect, test } from 'vitest'
import { drifted, type Signals, signalsOf, vocabularyOf } from './index.ts'

const of = (...texts: string[]) => texts.map(text => ({ text, language: 'en' }))

test('figures of a few words, worked by hand', () => {
  // Pairs: ab ba ab ba ab, two of five different; a and b as often: one bit.
  expect(signalsOf(of('A b a', 'b. A b!'))).toEqual({ texts: 2, length: 3, distinct: 0.4, entropy: 1, openings: 0 })
  // p = 1/2, 1/4, 1/4: 1.5 bits.
  expect(signalsOf(of('x x y z')).entropy).toBeCloseTo(1.5, 12)
  expect(signalsOf([])).toEqual({ texts: 0, length: 0, distinct: 0, entropy: 0, openings: 0 })
  expect(signalsOf(of('', '...'))).toMatchObject({ texts: 2, length: 0, openings: 0 })
})

test('openings are the first six words, whatever their case and marks; two of three share theirs', () => {
  const texts = of('I am glad that you asked: yes.', 'I am glad, that you asked no', 'It is late.')
  expect(signalsOf(texts).openings).toBeCloseTo(2 / 3, 12)
})

test('words of the reference count once, and words of no reference not at all', () => {
  const reference = vocabularyOf(of('one two three four'))
  expect(signalsOf(of('One one TWO nine nine'), reference).vocabulary).toBe(0.5)
  expect(signalsOf(of('one')).vocabulary).toBeUndefined()
  expect(signalsOf(of('one'), new Set()).vocabulary).toBeUndefined()
})

test('Japanese is cut into words, not taken as one', () => {
  const { length, distinct } = signalsOf([{ text: '猫が好きです。猫が好きです。', language: 'ja' }])
  expect(length).toBeGreaterThan(4)
  expect(distinct).toBeLessThan(1)
})

test('the same texts over and over leave distinct and entropy where they are, once a window is full', () => {
  const pool = Array.from(
    { length: 100 },
    (_, i) => `word${i} follows word${(i * 7) % 100} and so does word${(i * 3) % 100}`,
  )
  const once = signalsOf(of(...pool, ...pool))
  const often = signalsOf(of(...Array.from({ length: 20 }, () => pool).flat()))
  expect(often.distinct).toBeCloseTo(once.distinct, 1)
  expect(often.entropy).toBeCloseTo(once.entropy, 1)
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 20 }), texts => {
      const { distinct, openings, entropy } = signalsOf(of(...texts))
      for (const share of [distinct, openings]) expect(share >= 0 && share <= 1).toBe(true)
      expect(entropy).toBeGreaterThanOrEqual(0)
    }),
    { numRuns: 50 },
  )
})

const bounds = { distinct: 0.85, entropy: 0.9, vocabulary: 0.7, length: 2, openings: 0.2 }
const first: Signals = { texts: 9, length: 40, distinct: 0.8, entropy: 8, openings: 0.1, vocabulary: 0.5 }

test.each<[Partial<Signals>, string[]]>([
  [{}, []],
  [{ distinct: 0.68, entropy: 7.2, vocabulary: 0.35, length: 80, openings: 0.3 }, []],
  [{ distinct: 0.67 }, ['distinct']],
  [{ entropy: 7.1 }, ['entropy']],
  [{ vocabulary: 0.34 }, ['vocabulary']],
  [{ length: 19 }, ['length']],
  [{ length: 81 }, ['length']],
  [{ openings: 0.31 }, ['openings']],
  [{ distinct: 0, openings: 1 }, ['distinct', 'openings']],
])('%j trips %j', (change, tripped) => {
  const now = { ...first, ...change }
  expect(drifted(first, now, bounds).map(({ signal }) => signal)).toEqual(tripped)
})

test('a trip says what was, what is and what may be; a figure that is missing trips nothing', () => {
  expect(drifted(first, { ...first, length: 10 }, bounds)).toEqual([
    { signal: 'length', first: 40, now: 10, bound: 20 },
  ])
  const { vocabulary: _, ...without } = first
  expect(drifted(first, without, bounds)).toEqual([])
  expect(drifted(without, { ...first, vocabulary: 0 }, bounds)).toEqual([])
})
