import { expect, test } from 'vitest'
import { type Rec, sha256 } from '../records/index.ts'
import { openPools } from './pools.ts'

const row = (n: number) => ({ id: sha256(`row ${n}`) }) as Rec
const numbers = Array.from({ length: 45_000 }, (_, n) => n)

test('of a pool larger than is held the rows with the smallest ids are drawn from, in whatever order it comes', () => {
  const smallest = new Set(
    numbers
      .map(n => row(n).id)
      .sort()
      .slice(0, 10_000),
  )
  const drawn = [numbers, numbers.toReversed()].map(order =>
    openPools([{ name: 'like', records: order.values().map(row) }])('like', sha256('record'), 20),
  )
  expect(drawn[1]).toEqual(drawn[0])
  expect(drawn[0]).toHaveLength(20)
  expect(drawn[0]!.every(({ id }) => smallest.has(id))).toBe(true)
})
