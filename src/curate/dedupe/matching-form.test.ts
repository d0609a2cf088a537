import fc from 'fast-check'
import { expect, test } from 'vitest'
import { normaliseForMatch } from '../../text/index.ts'
import { columns, keyOf, matchingForm } from './matching-form.ts'

const formOf = (text: string) => {
  const { units, length } = matchingForm(text)
  return Array.from(units.subarray(0, length), unit => String.fromCharCode(unit)).join('')
}

test('agrees with the expressions on whatever stands beside whatever', () => {
  const signs = fc.constantFrom(
    ..."aB1 2,34.5-/+=<>^'’()[]_\n\t!~×÷²³½①ßΣİ﹣−–ｶﾞガがか゚ぱは한각．，１２Ａ（）☃é\u0301\u0300\u200d\ufe0f\u00ad\u2028\u0085",
  )
  const beyond = fc.constantFrom('😀', '𠮟', '𝔸', '𝟙', '\ud800', '\udc00', '𐄇', '\u{16d67}', '\u{2f800}', '👩‍🚀')
  const text = fc.array(
    fc.oneof(
      { weight: 12, arbitrary: signs },
      beyond,
      fc.nat(0x10ffff).map(point => String.fromCodePoint(point)),
    ),
    {
      maxLength: 14,
    },
  )
  fc.assert(
    fc.property(text, parts => {
      expect(formOf(parts.join(''))).toBe(normaliseForMatch(parts.join('')))
    }),
    { numRuns: 600 },
  )
})

test('agrees with the expressions on every character of the basic plane between numbers', () => {
  let differ = ''
  for (let unit = 0; unit < 65536; unit++) {
    const text = `1${String.fromCharCode(unit)}1`
    if (formOf(text) !== normaliseForMatch(text)) differ += text
  }
  expect(differ).toBe('')
})

test('folds case, width, marks and space, and keeps what carries a value', () => {
  expect(formOf("Ｄon't  STOP -- me, it's £1,000.50 (−3)!")).toBe('dont stop me its 1000.50 -3')
  expect(formOf('x² = 4')).toBe('x^2=4')
  expect(formOf('がぎ。ﾊﾟｰ')).toBe('がぎ パー')
  expect(formOf('--- !')).toBe('')
  expect(columns(matchingForm('水 water'))).toBe(8)
})

test('keys follow the form alone, also where it takes two bytes or came on another way', () => {
  const keys = (text: string) => [keyOf(matchingForm(text)), keyOf(matchingForm(text), 1)]
  expect(keys('Caf\u00e9 NOIR.')).toEqual(keys('cafe\u0301 noir'))
  expect(keys('ガス')).toEqual(keys('ｶﾞｽ'))
  expect(new Set(['か', 'が', 'は', 'ぱ', 'ば', 'a', 'b', '\u6161', ''].flatMap(keys)).size).toBe(18)
})

test('a long text leaves nothing behind in a short one', () => {
  const short = formOf('one two')
  matchingForm('word '.repeat(500_000))
  expect(formOf('one two')).toBe(short)
})
