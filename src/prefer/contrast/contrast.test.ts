import { expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import type { Rec } from '../../records/index.ts'
import { contrast } from './contrast.ts'

const revision = (n: number, answer: string, asked = 'How do I open a lock?') =>
  conversation(`r${n}${asked.length}`, asked, answer, { facets: { revision: n } })

async function run(records: Rec<'conversation'>[]) {
  const ctx = { options: contrast.options.parse({}), tokens: (t: string) => t.length, tokenizer: 'letters' }
  const { each, made = [] } = await contrast.run(records, ctx as never)
  return {
    pairs: made.map(({ payload }) => [payload.chosen[0]!.content, payload.rejected[0]!.content]),
    from: made.map(({ from }) => from),
    ended: [...each.values()].map(end => (end.is === 'dropped' ? end.reason : end.is)).sort(),
  }
}

test('the last revision is chosen over the original, in whatever order they come; those between leave by name', async () => {
  const records = [revision(2, 'Call a locksmith.'), revision(0, 'Break it.'), revision(1, 'Ask somebody.')]
  const { pairs, from, ended } = await run(records)
  expect(pairs).toEqual([['Call a locksmith.', 'Break it.']])
  expect(from).toEqual([['r221', 'r021']])
  expect(ended).toEqual(['between', 'consumed', 'consumed'])
  expect(await run(records.toReversed())).toEqual({ pairs, from, ended })
})

test('no pair without a change, a revision or an original', async () => {
  expect((await run([revision(0, 'Break it.'), revision(1, ' Break it. \n')])).ended).toEqual([
    'unchanged',
    'unchanged',
  ])
  expect((await run([revision(0, 'Break it.')])).ended).toEqual(['no-revision'])
  expect((await run([revision(1, 'Ask.'), revision(2, 'Call.')])).ended).toEqual(['no-original', 'no-original'])
})

test('revisions of one prompt are never set against the original of another', async () => {
  const { pairs } = await run([
    revision(0, 'Break it.'),
    revision(1, 'Call.', 'What now?'),
    revision(0, 'Nothing.', 'What now?'),
    revision(1, 'Ask.'),
  ])
  expect(pairs).toEqual([
    ['Ask.', 'Break it.'],
    ['Call.', 'Nothing.'],
  ])
})
