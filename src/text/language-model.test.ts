import { deserialize, serialize } from 'node:v8'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { learn, logprobsOf, modelTokens, probability } from './language-model.ts'

const corpus = ['a b', 'a b', 'a c'].map(text => text.split(' '))

test('Kneser-Ney by hand', () => {
  const model = learn(corpus, 2)
  // Pairs: <s> a 3, a b 2, a c 1, b </s> 2, c </s> 1; seen once: a c, c </s>; twice: a b, b </s>. D = 2 / (2 + 2 x 2) = 1/3.
  // Words by what stands before them: a 1, b 1, c 1, </s> 2: 5 in all, once 3, twice 1. D = 3 / (3 + 2) = 3/5.
  // Vocabulary: a, b, c, </s> and what was never seen: 1/5 each at the bottom.
  const bottom = (0.6 * 4) / 5 / 5
  const b = 0.4 / 5 + bottom
  expect(probability(model, ['a'], 'b')).toBeCloseTo((2 - 1 / 3) / 3 + ((1 / 3) * 2 * b) / 3, 12)
  // What was never seen gets what is given down, twice.
  expect(probability(model, ['a'], 'z')).toBeCloseTo(((1 / 3) * 2 * bottom) / 3, 12)
  // Nothing was seen after z: the level below answers alone.
  expect(probability(model, ['z'], 'b')).toBeCloseTo(b, 12)
  expect(probability(model, [], 'a')).toBeCloseTo((3 - 1 / 3) / 3 + ((1 / 3) * b) / 3, 12)
})

test('after any words the probabilities of all that can follow sum to 1, and order of texts does not matter', () => {
  const word = fc.constantFrom('a', 'b', 'c', 'd')
  const texts = fc.array(fc.array(word, { maxLength: 6 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(
      texts,
      fc.array(fc.oneof(word, fc.constant('z')), { maxLength: 4 }),
      fc.integer({ min: 1, max: 4 }),
      (texts, before, order) => {
        const model = learn(texts, order)
        const follows = [...model.words.keys(), 'never seen', undefined]
        const sum = follows.reduce((sum, word) => sum + probability(model, before, word), 0)
        expect(sum).toBeCloseTo(1, 9)
        const turned = learn(texts.toReversed(), order)
        for (const word of follows) {
          expect(probability(turned, before, word)).toBeCloseTo(probability(model, before, word), 12)
        }
      },
    ),
  )
})

test('the words so far speak for themselves, those before the text too, and still sum to 1', () => {
  const model = deserialize(serialize(learn(corpus, 3))) as ReturnType<typeof learn>
  const first = (word: string, before: string[] = []) => Math.exp(logprobsOf(model, [word], before)[0]!)
  expect(first('c', ['c', 'x'])).toBeCloseTo(0.8 * probability(model, [], 'c') + 0.2 * 0.5, 12)
  expect(first('b')).toBeCloseTo(probability(model, [], 'b'), 12)
  const after = ['c', 'c', 'b']
  // A word that is in the cache alone is one of those that were never seen.
  const sum = ['a', 'b', 'c', 'never seen'].reduce((sum, word) => sum + first(word, after), 0)
  expect(sum + 0.8 * probability(model, [], undefined)).toBeCloseTo(1, 12)
})

test('tokens are words and signs, and characters where no spaces are written', () => {
  expect(modelTokens("It's 3.5 °C, ＯＫ?")).toEqual(['it', "'", 's', '3', '.', '5', '°', 'c', ',', 'ok', '?'])
  expect(modelTokens('味噌汁をAPIで。')).toEqual(['味', '噌', '汁', 'を', 'api', 'で', '。'])
})
