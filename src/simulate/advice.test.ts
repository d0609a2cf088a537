import { expect, test } from 'vitest'
import { advise, isLoneQuestion, materialOf, picker } from './prose.ts'

const asked = (text: string) => materialOf([{ role: 'user', text }])

test('a question with nothing behind it is advised about, not said over again', () => {
  const lone = asked('Why is my cash withdrawal pending?')
  expect(isLoneQuestion(lone)).toBe(true)
  expect(isLoneQuestion(asked('<document>\nA still heats.\n</document>\nWhy?'))).toBe(false)
  const [one, again, other] = ['a', 'a', 'b'].map(root => advise(lone, picker(root)))
  expect(one).toBe(again)
  expect(one).not.toBe(other)
  expect(one).toContain('cash withdrawal')
  expect(one).not.toMatch(/Why is my|\{[pq]\}/)
  expect(advise(asked('カードが届かないのはなぜですか？'), picker('a'))).toMatch(/カード.*。$/)
})
