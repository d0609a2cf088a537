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
  expect(advise(asked('How do I know where I can use it?'), picker('a'))).not.toMatch(/\bthis text\b|the subject/)
  expect(advise(asked('カードが届かないのはなぜですか？'), picker('a'))).toMatch(/カード.*。$/)
})

test('what a page is made of is no part of its sentences', () => {
  const page =
    '---\ntitle: Stills\n---\n\nA still heats, see [Chapter 4][pot]<!-- ignore -->. It drips into [a jar](jar.md) {{% sign cG %}}.\n::: tip\nWatch it closely at first.\n:::\n\n[pot]: ch04.html'
  expect(asked(`<document>\n${page}\n</document>\nWhy?`).sentences).toEqual([
    'A still heats, see Chapter 4.',
    'It drips into a jar .',
    'Watch it closely at first.',
  ])
  expect(asked('Somebody calls panic! for it, and shouts (stop!) twice.').sentences).toHaveLength(1)
  expect(asked('これは何に使いますか？弁は圧力を下げるものです!釜は水を温めます。').sentences).toHaveLength(3)
})
