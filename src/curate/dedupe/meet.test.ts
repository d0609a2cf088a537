import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Components } from '../components.ts'
import { groupEqual, openForest, rootOf, unite, uniteGroups } from './meet.ts'

const listed = ({ rows, ends }: ReturnType<typeof groupEqual>) =>
  Array.from(ends, (end, i) => [...rows.subarray(i === 0 ? 0 : ends[i - 1], end)]).sort((a, b) => a[0]! - b[0]!)

function naive(keys: bigint[]): number[][] {
  const rows = new Map<bigint, number[]>()
  for (const [row, key] of keys.entries()) rows.set(key, [...(rows.get(key) ?? []), row])
  return [...rows.values()].filter(group => group.length > 1)
}

test('groups are those of a map, whatever the keys look like', () => {
  const key = fc.oneof(
    fc.bigInt({ min: 0n, max: 5n }),
    fc.bigInt({ min: 0n, max: 5n }).map(n => n << 61n),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  )
  fc.assert(
    fc.property(fc.array(key, { maxLength: 60 }), keys => {
      expect(listed(groupEqual(BigUint64Array.from(keys)))).toEqual(naive(keys))
    }),
  )
})

test('many keys in many partitions', () => {
  const keys = BigUint64Array.from(
    { length: 40_000 },
    (_, i) => BigInt(i % 3 === 0 ? i % 999 : i) * 0x9e3779b97f4a7c15n,
  )
  expect(listed(groupEqual(keys))).toEqual(naive([...keys]))
})

test('equal keys take linear time: a million of them are one group', () => {
  const { rows, ends } = groupEqual(new BigUint64Array(1_000_000))
  expect([...ends]).toEqual([1_000_000])
  expect(rows.every((row, i) => row === i)).toBe(true)
})

test('the forest joins what names joined by name join', () => {
  const pair = fc.tuple(fc.nat(30), fc.nat(30))
  fc.assert(
    fc.property(fc.array(pair), pairs => {
      const forest = openForest(31)
      const components = new Components()
      const name = (row: number) => String(row).padStart(2, '0')
      for (const [a, b] of pairs) {
        unite(forest, a, b)
        components.join(name(a), name(b))
      }
      for (let row = 0; row < 31; row++) expect(name(rootOf(forest, row))).toBe(components.find(name(row)))
    }),
  )
})

test('within a group only what is near is united, and what is together is not compared again', () => {
  const forest = openForest(6)
  unite(forest, 1, 4)
  const alike = [0, 1, 0, 1, 0]
  const compared: string[] = []
  uniteGroups(forest, { rows: Int32Array.of(0, 1, 2, 3, 4), ends: Int32Array.of(5) }, (a, b) => {
    compared.push(`${a}${b}`)
    return alike[a] === alike[b]
  })
  expect(Array.from(forest, (_, row) => rootOf(forest, row))).toEqual([0, 1, 0, 1, 1, 5])
  expect(compared).toEqual(['01', '02', '03', '13'])
})
