import fc from 'fast-check'
import { expect, test } from 'vitest'
import { record } from '../../test/support/handmade-release.ts'
import { trainingRecords } from '../../test/support/training-release.ts'
import type { Message, Rec } from '../records/index.ts'
import type { Tokenizer } from '../text/index.ts'
import { cutAt, lengthsOf, paddedTo, traitsOf } from './traits.ts'

/** A token for each word. */
const words: Tokenizer = {
  name: 'words',
  count: text => text.split(' ').filter(Boolean).length,
  encode: text => text.split(' ').map(word => [...word].reduce((n, char) => 31 * n + char.charCodeAt(0), 7)),
  decode: () => '',
}
const looked = (rows: Rec[], more: { context?: number; reasoning?: 'inline' | 'drop' } = {}) =>
  traitsOf(
    (async function* () {
      yield* rows
    })(),
    { tokenizer: words, context: 100, reasoning: 'inline', ...more },
  )
const turn = (role: 'user' | 'assistant', content: string, more: Partial<Message> = {}): Message => ({
  role,
  content,
  ...more,
})

test('a row is as long as what a trainer reads of it: turns with what stands around them, thoughts, calls and tools', async () => {
  const call = { type: 'function' as const, function: { name: 'f', arguments: {} } }
  const messages = [
    turn('user', 'one two three'),
    turn('assistant', 'four five', { reasoning: 'six seven eight', tool_calls: [call] }),
  ]
  const plain = record('a', { kind: 'conversation', messages: messages.slice(0, 1) }, {})
  const whole = record('b', { kind: 'conversation', messages }, {})
  const pair = record(
    'c',
    {
      kind: 'preference',
      prompt: [turn('user', 'one two')],
      chosen: [turn('assistant', 'a b c d')],
      rejected: [turn('assistant', 'e')],
    },
    {},
  )
  const at = async (row: Rec, reasoning: 'inline' | 'drop') => {
    const { kinds } = await looked([row], { reasoning })
    return kinds[row.kind]!.lengths.total
  }
  expect(await at(plain, 'inline')).toBe(5 + 3)
  expect(await at(whole, 'inline')).toBe(5 + 3 + 5 + 2 + 3 + 1)
  expect(await at(whole, 'drop')).toBe(5 + 3 + 5 + 2 + 1)
  // Both sides are read with the prompt before them.
  expect(await at(pair, 'inline')).toBe(2 * (5 + 2) + (5 + 4) + (5 + 1))
})

test('rows by split, those over the context, and what they hold', async () => {
  const rows = trainingRecords({ conversations: 40, prompts: 10, heldOut: 10, words: i => (i === 7 ? 200 : 20) })
  const { kinds } = await looked([
    ...rows,
    record('x', { kind: 'conversation', messages: [turn('user', 'a')] }, {}, { facets: { split: 'validation' } }),
  ])
  const { conversation, prompt } = kinds
  // Where a kind has a validation split, its rows of `test` are for the end.
  expect(prompt).toMatchObject({ heldOut: 1, splits: { test: 1 } })
  expect(conversation).toMatchObject({
    rows: 36,
    heldOut: 1,
    splits: { train: 36, test: 4, validation: 1 },
    repeated: 0,
  })
  expect(conversation!.tooLong).toEqual([{ id: rows[7]!.id, tokens: 200 + 5 + (7 + 5) }])
  expect([conversation!.lengths.sequences, conversation!.fitting.sequences]).toEqual([36, 35])
  expect(prompt).toMatchObject({ rows: 9, verifiable: 9, verifiers: { number: 9 }, checked: { max: 12 } })
})

test('pairs: equal sides, margins, how alike the sides are and which is longer; a lone margin says nothing of the rest', async () => {
  const pairs = async (margin: (i: number) => number | undefined, equal = (i: number) => i < 3) =>
    (await looked(trainingRecords({ pairs: 20, margin, equal }))).kinds.preference!.pairs!
  const sure = await pairs(i => (i % 4 === 0 ? 1 : 4))
  expect(sure).toMatchObject({
    equal: { rows: 3 },
    margins: { known: 20, largest: 4, atLargest: 0.75 },
    nearDeterministic: true,
  })
  expect(sure.bias.longer).toMatchObject({ share: 1, of: 17 })
  expect(sure.similarity).toBeGreaterThan(0.5)
  expect((await pairs(i => i)).nearDeterministic).toBe(false)
  expect((await pairs(i => (i === 0 ? 3 : undefined))).nearDeterministic).toBe('unknown')
  expect((await pairs(() => undefined)).margins).toBeUndefined()
})

test('padding: the longest of a micro-batch, by the parts of the lengths', () => {
  const even = lengthsOf([100, 100, 100, 100])
  expect(paddedTo(even, 8)).toBe(100)
  const half = lengthsOf([...Array(50).fill(100), ...Array(50).fill(300)])
  // Of two rows one is long in three cases of four.
  expect(paddedTo(half, 2)).toBeCloseTo(0.25 * 100 + 0.75 * 300)
  expect(cutAt(half, 200)).toMatchObject({ mean: 150, total: 15_000, max: 200 })
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 300 }), tokens => {
      const lengths = lengthsOf(tokens)
      const padded = [1, 2, 4, 8].map(n => paddedTo(lengths, n))
      for (const [i, one] of padded.entries()) {
        expect(one).toBeGreaterThanOrEqual(i === 0 ? Math.min(...tokens) : padded[i - 1]! - 1e-6)
        expect(one).toBeLessThanOrEqual(lengths.max + 1e-6)
      }
    }),
  )
})
