import { expect, test } from 'vitest'
import { registerOf, stylesOf } from './register.ts'

test.each([
  ['カードが届きません。いつ届きますか？', 'polite'],
  ['カードが届かない。いつ届く？', 'plain'],
  ['お世話になっております。カードの件でご連絡いたしました。', 'honorific'],
  ['彼は「届きません」と言った。', 'plain'],
  ['カード 届かない 理由', undefined],
  ['なぜ？', undefined],
])('%s is %s', (text, register) => {
  expect(registerOf(stylesOf(text), 1)).toBe(register)
})
