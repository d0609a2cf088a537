import { expect, test } from 'vitest'
import { materialOf, picker } from './prose.ts'
import { plainly, reworded, wantsOtherWords } from './reword.ts'

const asked = (text: string) => materialOf([{ role: 'user', text }])

test('other words are given where they are asked for, with every sentence and number of the text', () => {
  const text =
    'When the still is cold, it must be heated for 12 minutes. It is often called a pot, for example in Lyon.'
  const material = asked(`<document>\n${text}\n</document>\nRewrite the document above.`)
  expect(wantsOtherWords(material)).toBe(true)
  expect(wantsOtherWords(asked(`<document>\n${text}\n</document>\nAsk a question.`))).toBe(false)
  expect(reworded(material, picker('x'))).toBe(
    "It has to be heated for 12 minutes when the still is cold. It's frequently named a pot, for instance in Lyon.",
  )
})

test.each([
  ['液体を分けます。', '液体を分ける。'],
  ['蒸気が上がり、塔で冷えています。', '蒸気が上がり、塔で冷えている。'],
  ['これは利用できます。', 'これは利用できる。'],
  ['加熱します。', '加熱する。'],
  ['熱を動かします。', '熱を動かす。'],
  ['水になります。', '水になる。'],
  ['塔は高いです。', '塔は高い。'],
  ['それは釜です。', 'それは釜である。'],
])('%s is made plain', (polite, plain) => {
  expect(plainly(polite)).toBe(plain)
})
