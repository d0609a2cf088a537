import { expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import type { Rec } from '../../records/index.ts'
import { unit } from '../../records/index.ts'
import { matched, verifiedPairs } from './verified-pairs.ts'

const sample = (id: string, correct: number | undefined, words: number) =>
  conversation(id, 'What is 6 x 7?', Array(words).fill('so').join(' '), {
    scores: {
      'verify/correct':
        correct === undefined ? { method: 'number', unscored: 'undecided' } : { method: 'number', value: correct },
      'verify/pass-rate': { method: 'share of right samples', value: 0.4 },
    },
  })

async function run(records: Rec<'conversation'>[], options: object = {}) {
  const ctx = {
    options: verifiedPairs.options.parse(options),
    tokens: (text: string) => text.split(' ').length,
    tokenizer: 'words',
  }
  const { each, made = [] } = await verifiedPairs.run(records, ctx as never)
  return {
    made,
    pairs: made.map(({ from }) => from.join('>')),
    ended: Object.fromEntries([...each].map(([id, end]) => [id, end.is === 'dropped' ? end.reason : end.is])),
  }
}

const mixed = [
  sample('r1', 1, 100),
  sample('r2', 1, 40),
  sample('w1', 0, 42),
  sample('w2', 0, 300),
  sample('w3', 0, 110),
  sample('u', undefined, 40),
]

test('right over wrong, those of like length first, each sample once, whatever order they come in', async () => {
  const one = await run(mixed)
  expect(one.pairs).toEqual(['r2>w1'])
  expect(one.ended).toEqual({
    ...{ r1: 'not-paired', r2: 'consumed', w1: 'consumed', w2: 'not-paired', w3: 'not-paired', u: 'undecided' },
  })
  expect(one.made[0]!.notes!.scores).toMatchObject({
    chosen: { value: 1 },
    rejected: { value: 0 },
    'pass-rate': { value: 0.4 },
  })
  expect((await run(mixed, { most: 5 })).pairs).toEqual(['r2>w1', 'r1>w3'])
  expect((await run(mixed.toReversed(), { most: 5 })).pairs).toEqual(['r2>w1', 'r1>w3'])
})

test('without regard to length the pairs follow ids and seed', async () => {
  const found = new Set<string>()
  for (let seed = 0; seed < 20; seed++) {
    const { pairs } = await run(mixed, { length: 'any', seed })
    expect((await run(mixed.toReversed(), { length: 'any', seed })).pairs).toEqual(pairs)
    found.add(pairs[0]!)
  }
  expect(found.size).toBeGreaterThan(3)
})

test('a prompt that is solved always or never teaches nothing here, and what nobody decided is no wrong sample', async () => {
  expect((await run([sample('a', 1, 4), sample('b', 1, 5)])).ended).toEqual({ a: 'all-right', b: 'all-right' })
  const never = await run([sample('a', 0, 4), sample('u', undefined, 5)])
  expect(never.ended).toEqual({ a: 'all-wrong', u: 'undecided' })
  expect((await run([sample('a', 1, 4), sample('u', undefined, 5)])).ended).toEqual({ a: 'all-right', u: 'undecided' })
  expect((await run([sample('u', undefined, 5)])).ended).toEqual({ u: 'undecided' })
})

test('a pass rate is no verdict: 0.5 is neither right nor wrong', async () => {
  expect((await run([sample('a', 0.5, 4), sample('b', 1, 5)])).ended).toEqual({ a: 'undecided', b: 'all-right' })
})

test('the matching takes the closest two left, and ties by lot', () => {
  const distance = (a: number, b: number) => Math.abs(a - b)
  expect(matched([1, 5, 9], [6, 8], 9, distance, () => 0)).toEqual([
    [5, 6],
    [9, 8],
  ])
  const first = (lot: number) =>
    matched(
      ['a', 'b'],
      ['x', 'y'],
      1,
      () => 0,
      (a, b) => unit(lot, a, b),
    )[0]!.join('')
  expect(new Set(Array.from({ length: 30 }, (_, lot) => first(lot))).size).toBe(4)
})
