import { describe, expect, test } from 'vitest'
import {
  adjustedDistinct,
  compression,
  conditionalEntropy,
  distinct,
  entropy,
  novelty,
  selfBleu,
  selfRepetition,
  type Words,
} from './diversity.ts'

/** Letters as words. */
const words = (text: string): Words => Uint32Array.from(text, letter => letter.charCodeAt(0))
const all = (...texts: string[]) => texts.map(words)

describe('runs of words', () => {
  test('distinct over all, window by window, across texts; runs do not cross a text', () => {
    expect(distinct(all('abab'), 1, 100)).toBe(0.5)
    expect(distinct(all('abab'), 2, 100)).toBeCloseTo(2 / 3, 12)
    expect(distinct(all('ab', 'cd'), 2, 100)).toBe(1)
    // Windows of four: aabb (1/2) and cdef (1); what is left over does not count.
    expect(distinct(all('aabb', 'cdefzz'), 1, 4)).toBe(0.75)
    expect(distinct(all('a'), 2, 100)).toBeUndefined()
    expect(distinct([], 1, 100)).toBeUndefined()
  })

  test('expectation-adjusted distinct: as many words as even draws would show make 1', () => {
    // Of two draws from two words 1.5 are distinct on average.
    expect(adjustedDistinct(all('ab'), 2)).toBeCloseTo(2 / 1.5, 12)
    expect(adjustedDistinct(all('aa'), 2)).toBeCloseTo(1 / 1.5, 12)
  })

  test('entropy in bits, and what a word tells after another', () => {
    expect(entropy(all('abcd'), 1)).toBe(2)
    expect(entropy(all('aaaa'), 1)).toBeCloseTo(0, 12)
    // ab, ba, ab: 0.918 bits; a, b, a, b: 1 bit.
    expect(entropy(all('abab'), 2)).toBeCloseTo(0.918296, 6)
    expect(conditionalEntropy(all('abab'), 2)).toBe(0)
    expect(conditionalEntropy(all('abacadae'), 2)).toBeGreaterThan(0.5)
  })

  test('self-repetition counts texts, novelty counts runs', () => {
    expect(selfRepetition(all('abcde', 'xabcd', 'vwxyz'), 4)).toBeCloseTo(2 / 3, 12)
    expect(selfRepetition(all('abababab'), 4)).toBe(0)
    expect(novelty(all('abcx'), all('abc'), 2)).toBeCloseTo(1 / 3, 12)
    expect(novelty(all('a'), all('abc'), 2)).toBeUndefined()
  })

  test('self-BLEU: equal texts 1; the worked pair by hand; other words near 0', () => {
    expect(selfBleu(all('abcdef', 'abcdef'))).toBeCloseTo(1, 12)
    // abcde against abcdx: precisions 4/5, 3/4, 2/3, 1/2, and the other way round alike.
    expect(selfBleu(all('abcde', 'abcdx'))).toBeCloseTo(((4 / 5) * (3 / 4) * (2 / 3) * (1 / 2)) ** 0.25, 12)
    expect(selfBleu(all('abcdef', 'uvwxyz'))).toBeLessThan(0.15)
    // A short text beside long ones pays for its length.
    expect(selfBleu(all('abcd', 'abcdefgh'))!).toBeLessThan(selfBleu(all('abcdefgh', 'abcdefgh'))!)
    expect(selfBleu(all('abc'))).toBeUndefined()
  })

  test('compression: more for what repeats itself, of equal bytes alone', () => {
    const same = compression(Array(100).fill('the still drips again and again'), 2000)!
    const other = compression(
      Array.from({ length: 100 }, (_, i) => `the still ${(i * 7919) % 1000} drips ${(i * 104729) % 977}`),
      2000,
    )!
    expect(same).toBeGreaterThan(3 * other)
    expect(compression([''], 0)).toBeUndefined()
  })
})
