import { expect, test } from 'vitest'
import { conversation, document } from '../../../test/support/curate-records.ts'
import type { Rec } from '../../records/index.ts'
import type { Ctx } from '../../steps/index.ts'
import { cutTokens, tokens } from './length.ts'

const count = async (record: Rec, of?: string) => {
  const ctx = { options: { of }, tokens: (text: string) => text.split(/\s+/).filter(Boolean).length } as Ctx<never>
  return ((await tokens.run(record as never, ctx)) as { notes: { facets: { tokens: number } } }).notes.facets.tokens
}

test('counts the answer unless told otherwise', async () => {
  const row = conversation('r', 'one two', 'three four five')
  expect(await count(row)).toBe(3)
  expect(await count(row, 'prompt')).toBe(2)
  expect(await count(row, 'conversation')).toBe(5)
  expect(await count(document('d', 'a b c d'))).toBe(4)
})

test('both bounds are inside', () => {
  const verdict = (tokens?: number) => {
    const v = cutTokens.test(conversation('r', 'q', 'a', { facets: { tokens } }), { min: 2, max: 4 })
    return v.is === 'dropped' ? v.reason : v.is
  }
  expect([1, 2, 4, 5, undefined].map(verdict)).toEqual(['too-short', 'passed', 'passed', 'too-long', 'uncounted'])
})
