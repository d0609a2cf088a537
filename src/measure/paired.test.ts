import { expect, test } from 'vitest'
import { random } from '../records/index.ts'
import {
  bootstrap,
  detectableMean,
  detectableShare,
  flipInterval,
  holm,
  mcNemar,
  mcNemarPower,
  meanDifference,
  signFlip,
} from './index.ts'

const flips = (n: number, gained: number, lost: number) =>
  Array.from({ length: n }, (_, i) => (i < gained ? 1 : i < gained + lost ? -1 : 0))

test('McNemar: the mid-p of 32 against 12, between the exact p and the half of it; worked by hand for five', () => {
  // All binomial terms up to 12 of 44: the exact p is 0.00366, and the term of 12 itself counts half.
  expect(mcNemar({ gained: 32, lost: 12 })).toBeCloseTo(0.0024589, 7)
  expect(mcNemar({ gained: 12, lost: 32 })).toBe(mcNemar({ gained: 32, lost: 12 }))
  expect(mcNemar({ gained: 5, lost: 0 })).toBeCloseTo(1 / 32, 12)
  expect(mcNemar({ gained: 1, lost: 1 })).toBe(1)
  expect(mcNemar({ gained: 0, lost: 0 })).toBe(1)
})

test('turning signs comes to the exact test of McNemar for right and wrong, and to the normal limit for many marks', () => {
  // Twice the binomial tail: 2 P(X <= 12), X of 44.
  expect(Math.abs(signFlip(flips(400, 32, 12), 'a') - 0.00366)).toBeLessThan(0.002)
  expect(signFlip(flips(10, 3, 0), 'a')).toBeCloseTo(0.25, 1)
  expect(signFlip([0.1, 0.2, -0.3], 'a')).toBe(1)
  const next = random('marks')
  const marks = Array.from({ length: 1900 }, () => next() - 0.494)
  expect(signFlip([...marks, ...marks.slice(0, 99)], 'a')).toBeCloseTo(
    signFlip([...marks, ...marks.slice(0, 101)], 'a'),
    1,
  )
})

test('the interval of right and wrong is what bootstrap draws come to', () => {
  const all = flips(400, 32, 12)
  const drawn = bootstrap(400, rows => rows.reduce((sum, row) => sum + all[row]!, 0) / 400, 'x', 20_000)!
  const { low, high } = flipInterval(400, { gained: 32, lost: 12 })!
  expect(Math.abs(low - drawn.low)).toBeLessThanOrEqual(0.00251)
  expect(Math.abs(high - drawn.high)).toBeLessThanOrEqual(0.00251)
  expect(flipInterval(50, { gained: 0, lost: 0 })).toEqual({ low: 0, high: 0 })
  expect(meanDifference([1], 'x')).toBeUndefined()
})

test('power and what is detectable fit each other, and are near the normal formula', () => {
  // 400 items, 8 % gained and 3 % lost.
  expect(mcNemarPower(400, 0.08, 0.03)).toBeCloseTo(0.87, 2)
  // Without a difference it is the level of the test, which the mid-p keeps.
  expect(mcNemarPower(400, 0.055, 0.055)).toBeLessThan(0.05)
  const least = detectableShare(400, { gained: 22, lost: 22 })!
  expect(mcNemarPower(400, (45 / 402 + least) / 2, (45 / 402 - least) / 2)).toBeCloseTo(0.8, 2)
  expect(least).toBeCloseTo(2.8 * Math.sqrt(0.112 / 400), 2)
  // Thirty items that all came out alike: a fifth of them would have had to flip the same way.
  expect(detectableShare(30, { gained: 0, lost: 0 })).toBeGreaterThan(0.2)
  expect(detectableShare(3, { gained: 0, lost: 0 })).toBeUndefined()
  // (1.96 + 0.8416) times the standard error: 2.8016 x 1 / 10.
  expect(detectableMean(Array.from({ length: 100 }, (_, i) => (i % 2 ? 0.995 : -0.995)))).toBeCloseTo(0.28, 3)
})

test('Holm: each p times how many are left, never less than one before it', () => {
  expect(holm([0.04, 0.01, 0.02])).toEqual([0.04, 0.03, 0.04])
  expect(holm([0.9, 0.6])).toEqual([1, 1])
})
