import fc from 'fast-check'
import { expect, test } from 'vitest'
import { claimedAnswer, finalAnswer, normaliseFinal, statedAnswer } from './final.ts'

test.each([
  ['Work.\nAnswer: 1,000', '1000'],
  ['**Final answer:** $1000.0', '1000'],
  ['Answer: 12\nNo, wait.\nAnswer: 13.', '13'],
  ['よって\n答え: １０００', '1000'],
  ['so \\boxed{\\frac{1}{2}} holds', '\\frac12'],
  ['#### 1e3', '1000'],
  ['The answer to that is unclear.', undefined],
  ['Answer: Paris.', 'paris'],
])('%j -> %j', (text, final) => {
  expect(finalAnswer(text)).toBe(final)
})

test('notation never matters', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e9, max: 1e9 }), n => {
      const forms = [String(n), `${n}.0`, n.toLocaleString('en-US'), `**${n}**`, `${n}.`]
      expect(new Set(forms.map(normaliseFinal))).toEqual(new Set([String(n)]))
    }),
  )
})

test('as it is written, and out of a sentence where no line states it', () => {
  expect(statedAnswer('so \\boxed{\\frac{1}{2}} holds')).toBe('\\frac{1}{2}')
  expect(claimedAnswer('First 3. So the answer is $3.50. Done')).toBe('$3.50')
  expect(claimedAnswer('したがって、答えは３個です。')).toBe('３個')
  expect(claimedAnswer('It is hard to say.')).toBeUndefined()
})

test.each([
  ['答えは東京です。理由は人口です。', '東京'],
  ['Final Answer: The final answer is $\\frac{1}{2}$. I hope it is correct.', '$\\frac{1}{2}$'],
  ['A healthy diet matters. Answer: B', 'B'],
  ['The answer is A? No wait, the answer is B.', 'B'],
  ['### Final Answer\n\n18 eggs\n\nI hope this helps!', '18 eggs'],
  ['**Answer:**\n18', '18'],
  ['【答え】B', 'B'],
  ['最終的な答え: 12', '12'],
  ['正解：イ', 'イ'],
  ['Correct option: C', 'C'],
  ['私の見解は次の通りです。', undefined],
])('%j claims %j', (text, claim) => {
  expect(claimedAnswer(text)).toBe(claim)
})
