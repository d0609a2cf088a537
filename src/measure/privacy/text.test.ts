import fc from 'fast-check'
import { expect, test } from 'vitest'
import { random } from '../../records/index.ts'
import { normalCdf, normalQuantile } from '../normal.ts'
import { carriedOver, containment, longestShared, textPrivacy } from './text.ts'

test('the longest run of words that a text shares with any source, against a search of all runs', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 0, maxLength: 14 }).map(words => words.join(' '))
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), text, (sources, made) => {
      const words = made.split(' ').filter(Boolean)
      let longest = 0
      for (let from = 0; from < words.length; from++) {
        for (let to = from + 1; to <= words.length; to++) {
          const run = ` ${words.slice(from, to).join(' ')} `
          if (sources.some(source => ` ${source} `.includes(run))) longest = Math.max(longest, to - from)
        }
      }
      expect(longestShared(sources, [made])[0]!.words).toBe(longest)
    }),
    { numRuns: 300 },
  )
})

const form = 'Please do not answer this message, it was written by a machine'
const letters = Array.from(
  { length: 6 },
  (_, i) => `${form}. Case ${i}: the parcel number ${70_000 + i * 13} of Maria Keller${i} waits in hall ${i}.`,
)

test('a form of many sources is nobody’s words; what stands beside it counts alone', () => {
  const [copied] = longestShared(letters, [`${form}. Case 3: the parcel number 70039 of somebody else`])
  expect(copied).toEqual({ run: '3: the parcel number 70039 of', words: 6, characters: 29 })
  // In four sources it is no form yet.
  expect(longestShared(letters.slice(0, 4), [form])[0]!.words).toBe(12)
})

test('runs of eight words, and names and numbers of one source alone', () => {
  expect(containment(['a b c d e f g h i'], ['a b c d e f g h z', 'a b c', 'b c d e f g h i'])).toEqual([
    0.5,
    undefined,
    1,
  ])
  const sources = [
    'We met Anna Berg in Oslo, call 5551234.',
    'They saw Oslo, and wrote to it@example.org',
    'Then came Oslo 1999',
  ]
  expect(carriedOver(sources, ['In spring Anna Berg left Oslo, see it@example.org or 1999'])).toEqual([
    ['1999', 'Anna Berg', 'it@example.org'],
  ])
})

test('texts that quote their sources fail, texts that are as like them as others pass', () => {
  const text = (of: number) => {
    const next = random('text', of)
    return Array.from({ length: 80 }, () => `w${Math.floor(next() * 400)}`).join(' ')
  }
  const texts = (from: number) => Array.from({ length: 60 }, (_, i) => text(from + i))
  const [training, holdout, fresh] = [texts(0), texts(1000), texts(2000)]
  const grades = (synthetic: string[], unseen?: string[]) =>
    textPrivacy({ training, synthetic, ...(unseen ? { holdout: unseen } : {}) }).map(({ grade }) => grade)
  expect(grades(fresh, holdout)).toEqual(['pass', 'pass', 'pass', 'pass'])
  const quoting = fresh.map((own, i) => (i % 3 ? own : `${own.slice(0, 100)} ${training[i]!.slice(0, 90)}`))
  expect(grades(quoting, holdout).slice(0, 3)).toEqual(['pass', 'fail', 'fail'])
  expect(grades(quoting)).toEqual(['pass', 'needs a holdout', 'needs a holdout', 'needs a holdout'])
  expect(grades([training[0]!, ...fresh.slice(1)])[0]).toBe('fail')
  expect(grades(fresh.slice(0, 9), holdout)[1]).toBe('insufficient sample')
})

test('the normal distribution by its table', () => {
  expect(normalCdf(1.959963984540054)).toBeCloseTo(0.975, 14)
  expect(normalCdf(-5) * 1e7).toBeCloseTo(2.866515718791939, 10)
  expect(normalCdf(0)).toBe(0.5)
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 12)
  expect(normalQuantile(1e-9)).toBeCloseTo(-5.997807015007687, 9)
})
