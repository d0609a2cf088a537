import { expect, test } from 'vitest'
import { agreement, clustered, originalOf } from './cluster.ts'

test('clustering in two threads finds what was planted, and nothing else', async () => {
  const { planted, found, wrong, compared } = await clustered(200_000)
  expect(planted).toBeGreaterThan(15_000)
  expect(wrong).toBe(0)
  // 14 bands of 8 hashes find a pair of agreement 0.85 with a chance of 98.8 %, and all others more surely.
  expect(found / planted).toBeGreaterThan(0.99)
  expect(found).toBeLessThanOrEqual(planted)
  expect(compared).toBeLessThan(2 * 20_000)
})

test('what is planted has the agreement it is said to have', () => {
  for (const [copy, least] of [
    [4 * 25_000 + 9 - 1, undefined],
    [100_009, 0.9],
    [100_019, 0.78],
  ] as const) {
    const original = originalOf(copy)
    if (least === undefined) expect(original).toBeUndefined()
    else expect(agreement(copy, original!)).toBeGreaterThanOrEqual(least)
  }
})
