import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conversation, exam } from '../../test/support/curate-records.ts'
import { driveGlobal, shardsOf } from '../../test/support/drive-global.ts'
import type { Rec } from '../records/index.ts'
import type { GlobalStep } from '../steps/index.ts'
import { balanceShare } from './balance/balance.ts'
import { decontaminate } from './decontaminate/decontaminate.ts'
import { dedupeExact } from './dedupe/exact.ts'
import { dedupeNear } from './dedupe/near.ts'
import { mixShare } from './mix/mix.ts'
import { sample } from './sample/sample.ts'
import { assign } from './split/split.ts'

const word = fc.constantFrom('stir', 'Heat', 'cool', 'add,', 'water', '水', 'を', '加える')
const text = fc.array(word, { minLength: 1, maxLength: 14 }).map(words => words.join(' '))
const record = fc
  .record({
    n: fc.nat(10_000),
    asked: text,
    answered: text,
    difficulty: fc.constantFrom('easy' as const, 'medium' as const, 'hard' as const, undefined),
    overall: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    parent: fc.nat(6),
    real: fc.boolean(),
  })
  .map(({ n, asked, answered, difficulty, overall, parent, real }) =>
    conversation(`r${n}`, asked, answered, {
      facets: { difficulty },
      scores: overall === undefined ? {} : { 'judge/overall': { method: 'test', value: overall } },
      lineage: { origin: real ? 'real' : 'synthetic', parents: [{ id: `d${parent}`, role: 'subject' }] },
    }),
  )
const records = fc.uniqueArray(record, { selector: r => r.id, maxLength: 30 })
const items = [
  exam('t1', 'stir Heat cool add, water 水 を 加える stir', 'water'),
  exam('t2', 'Heat cool water stir', 'cool'),
]

const cases: [string, GlobalStep, object, ((rows: Rec[]) => { [side: string]: Rec[][] })?][] = [
  ['balance', balanceShare, { prefer: 'judge/overall' }],
  ['balance with fill', balanceShare, { size: 7, fill: true }],
  ['sample', sample, { n: 5 }],
  ['sample share', sample, { share: 0.3 }],
  ['split', assign, {}],
  ['exact', dedupeExact, { prefer: 'judge/overall' }],
  ['near', dedupeNear, { near: 0.6, shingle: 2, prefer: 'judge/overall' }],
  [
    'near against',
    dedupeNear,
    { near: 0.6, shingle: 2, against: ['old'] },
    rows => ({ old: [rows.slice(0, 3), rows.slice(3, 4)] }),
  ],
  ['mix', mixShare, { real: 0.4 }, rows => ({ with: [rows.filter(r => r.lineage.origin === 'real').slice(0, 6)] })],
  [
    'decontaminate',
    decontaminate,
    { against: ['tests'], ngram: 3, characters: 9 },
    () => ({ tests: [items.slice(0, 1), items.slice(1)] }),
  ],
]

test.each(cases)('%s decides the same however the rows are sharded and ordered', (_, step, options, side) => {
  fc.assert(
    fc.property(
      records,
      fc.array(fc.nat(9), { maxLength: 12 }),
      fc.infiniteStream(fc.nat(1000)),
      (rows, sizes, order) => {
        const sides = side?.(rows)
        const whole = driveGlobal(step, [rows], options, { side: sides })
        const parts = driveGlobal(step, shardsOf(rows, sizes), options, { side: sides })
        expect(parts.verdicts).toEqual(whole.verdicts)
        const keys = new Map(rows.map(r => [r.id, order.next().value]))
        const shuffled = [...rows].sort((a, b) => keys.get(a.id)! - keys.get(b.id)!)
        const moved = driveGlobal(step, shardsOf(shuffled, sizes), options, { side: sides })
        for (const r of rows) expect(moved.verdicts.get(r.id)).toEqual(whole.verdicts.get(r.id))
        for (const v of whole.verdicts.values()) if (v.is === 'dropped') expect(step.reasons).toContain(v.reason)
      },
    ),
    { numRuns: 60 },
  )
})

test.each(cases)('%s takes no rows at all', (_, step, options, side) => {
  expect(driveGlobal(step, [[]], options, { side: side?.([]) }).kept).toEqual([])
})
