import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chrf } from './chrf.ts'

// Values of sacreBLEU's own tests of sentences (six characters, beta 2), a hundredth of what it prints. They are smoothed,
// the mean of each order's F-score, which for texts of this length is the same to five digits.
test.each([
  [
    'Co nás nejvíc trápí, protože lékaři si vybírají, kdo bude žít a kdo zemře.',
    'Nejvíce smutní jsme z toho, že musíme rozhodovat o tom, kdo bude žít a kdo zemře.',
    0.3914078509,
  ],
  [
    'Nebo prostě nemají vybavení, které by jim pomohlo, uvedli lékaři.',
    'A někdy nemáme ani potřebný materiál, abychom jim pomohli, popsali lékaři.',
    0.3122557079,
  ],
  [
    'Lapali po dechu, jejich životy skončily dřív, než skutečně začaly.',
    'Lapali po dechu a pak jejich život skončil - dřív, než skutečně mohl začít, připomněli.',
    0.5715704367,
  ],
])('%j against %j', (text, reference, score) => {
  expect(chrf(text, reference)).toBeCloseTo(score, 5)
})

// Its tests of beta 3 that leave out orders a text is too short for.
test.each([
  ['a', 'a', 1],
  ['aa', 'ab', 0.25],
  ['a b c', 'abc', 1],
  ['abcdefg', 'hijklmnop', 0],
  ['', 'reference', 0],
  [
    ' Die    Beziehung zwischen  Obama und Netanjahu ist nicht gerade  freundlich. ',
    'Das Verhältnis zwischen Obama und Netanyahu ist nicht gerade freundschaftlich.',
    0.641302698,
  ],
])('%j against %j with beta 3', (text, reference, score) => {
  expect(chrf(text, reference, 3)).toBeCloseTo(score, 8)
})

test('is 1 for a text itself, between 0 and 1 for any two, and knows whole characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string(), (a, b) => {
      if (a.trim() !== '') expect(chrf(a, a)).toBeCloseTo(1, 12)
      expect(chrf(a, b)).toBeGreaterThanOrEqual(0)
      expect(chrf(a, b)).toBeLessThanOrEqual(1 + 1e-12)
    }),
  )
  expect(chrf('𠮷', '𠮸')).toBe(0)
})
