import { expect, test } from 'vitest'
import { type Counter, sequencesOf } from './length.ts'
import type { Content } from './target.ts'

/** One token a word, so that sums can be done by hand. */
const words: Counter = {
  name: 'words',
  count: text => text.split(' ').length,
  encode: text => text.split(' ').map((_, i) => i),
  decode: ids => ids.join(' '),
}

test('a pair is as long as its longer side with the prompt, and a trainer reads both sides, each behind the prompt', () => {
  const pair: Content = {
    ...{ kind: 'preference', id: 'p' },
    prompt: [{ role: 'user', content: 'one two three' }],
    chosen: [{ role: 'assistant', content: 'four five' }],
    rejected: [{ role: 'assistant', content: 'six' }],
  }
  // Five for each turn: 8 of the prompt, 7 and 6 of the sides.
  expect(sequencesOf(pair, words)).toEqual([15, 14])
  const { prompt: messages, id } = pair
  expect(sequencesOf({ kind: 'conversation', id, messages }, words)).toEqual([8])
})
