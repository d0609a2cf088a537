import { expect, test } from 'vitest'
import { driveGlobal, droppedBy } from '../../../test/support/drive-global.ts'
import type { Json, Rec } from '../../records/index.ts'
import type { GlobalStep, MapStep } from '../../steps/index.ts'
import { preferred } from './read.ts'
import { thumbs } from './thumbs.ts'

type Columns = { [name: string]: Json }
const row = (id: string, columns: Columns): Rec<'row'> => ({
  kind: 'row',
  id: `row-${id}`,
  digest: id,
  columns: { id, prompt: 'How do I reset it?', completion: `Reply ${id}`, ...columns },
  facets: {},
  scores: {},
  lineage: { origin: 'real', generation: 0, parents: [] },
})

/** The log through the steps of the verb, in the shards given. */
async function run(log: Rec[], options: object = {}, cut = log.length) {
  const steps = thumbs.expand(thumbs.options.parse(options), 'thumbs')
  const [join, read, balance] = steps.map(({ step, options: own }) => ({ step, options: step.options.parse(own) }))
  const joined = driveGlobal(join!.step as GlobalStep, [log.slice(0, cut), log.slice(cut)], join!.options)
  const ctx = { options: read!.options, tokens: (text: string) => text.split(' ').length, tokenizer: 'words' }
  const made: string[] = []
  const records: Rec[] = []
  const dropped: { [id: string]: string } = {}
  for (const record of joined.kept) {
    const outcome = await (read!.step as MapStep).run(record, ctx as never)
    if (outcome.is === 'dropped') dropped[record.id] = outcome.reason
    if (outcome.is === 'passed') records.push(record)
    if (outcome.is !== 'made') continue
    for (const { reason } of outcome.lost ?? []) made.push(`lost ${reason}`)
    for (const { payload, notes, key } of outcome.made) {
      records.push({ ...payload, id: `${record.id} ${key}`, lineage: { members: notes?.members } } as Rec)
      if (payload.kind === 'feedback') made.push(`${payload.label ? '+' : '-'} ${payload.completion[0]!.content}`)
      if (payload.kind === 'preference')
        made.push(`${payload.chosen[0]!.content} > ${payload.rejected[0]!.content} (${notes!.facets!.signal})`)
    }
  }
  const notes = balance ? driveGlobal(balance.step as GlobalStep, [records], balance.options).notes : []
  return { made, dropped, verdicts: joined.verdicts, notes: [...joined.notes, ...notes], records }
}

test('votes become feedback, an edit is preferred to what it was made from', async () => {
  const { made, dropped } = await run([
    row('a', { vote: 'up' }),
    row('b', {
      vote: '👎',
      prompt: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Hi' },
      ],
    }),
    row('c', { edited: 'Reply c, but right' }),
    row('d', { vote: 'down', edited: 'Reply d, mended', prompt: 'Why?' }),
    row('e', { edited: 'Reply e ', vote: null }),
    row('f', { vote: '' }),
  ])
  expect(made).toEqual([
    '+ Reply a',
    '- Reply b',
    'Reply c, but right > Reply c (edit)',
    '- Reply d',
    'Reply d, mended > Reply d (edit)',
    'lost unchanged',
  ])
  expect(dropped).toEqual({ 'row-f': 'no-signal' })
})

test.each([
  // before, after, replaced again: the later reply is preferred (1), the earlier one (-1), or nothing is known (0)
  ['none', 'up', false, 1, 'vote'],
  ['down', 'up', true, 1, 'vote'],
  ['up', 'up', false, 0, ''],
  ['up', 'down', false, -1, 'vote'],
  ['down', 'down', false, 0, ''],
  ['none', 'down', false, 0, ''],
  ['none', 'none', false, 1, 'kept'],
  ['none', 'none', true, 0, ''],
  ['down', 'none', false, 1, 'kept'],
  ['up', 'none', false, 0, ''],
] as const)(
  'of a reply voted %s and its regeneration voted %s, replaced %s: %i',
  (before, after, replaced, later, signal) => {
    const found = preferred(before, after, replaced, true)
    expect(found ? (found.later ? 1 : -1) : 0).toBe(later)
    if (found) expect(found.signal).toBe(signal)
  },
)

test('regenerations are found across shards, in either order, and name the reply they replaced', async () => {
  const log = [
    row('a', {}),
    row('b', { regenerated_from: 'a', prompt: 'How do I reset it?' }),
    row('c', { regenerated_from: 'b', vote: 'up' }),
    row('z', { regenerated_from: 'gone', vote: 'up' }),
  ]
  const { made, dropped, verdicts, notes, records } = await run(log, { give: 'pairs' })
  // b was replaced in its turn, so that nobody kept it.
  expect(made).toEqual(['Reply c > Reply b (vote)'])
  expect(dropped).toEqual({ 'row-a': 'no-signal', 'row-b': 'no-signal', 'row-z': 'no-signal' })
  expect(verdicts.get('row-c')).toMatchObject({ is: 'fixed', reason: 'joined' })
  expect(records.map(({ lineage }) => lineage.members)).toEqual([['row-b']])
  expect(notes).toEqual(['1 regenerations name a reply that is not in the log'])
  const backwards = await run(log.toReversed(), { give: 'pairs' }, 2)
  expect(backwards.made).toEqual(made)
})

test('a regeneration that was kept is a weaker sign, and can be left out; what was edited after it counts as edited', async () => {
  const log = [row('a', { vote: 'down' }), row('b', { regenerated_from: 'a' })]
  expect((await run(log)).made).toEqual(['- Reply a', 'Reply b > Reply a (kept)'])
  expect((await run(log, { kept: false })).made).toEqual(['- Reply a'])
  const edited = [row('a', {}), row('b', { regenerated_from: 'a', edited: 'Mine' })]
  expect((await run(edited)).made).toEqual(['Mine > Reply b (edit)', 'Mine > Reply a (kept)'])
})

test('where people disagree over one reply the majority counts, and a draw says nothing', async () => {
  const same = { completion: 'Turn it off.' }
  const votes = ['up', 'down', 'up'].map((vote, n) => row(`v${n}`, { ...same, vote }))
  const three = await run([...votes, row('other', { ...same, prompt: 'Why?', vote: 'down' })])
  expect(three.made).toEqual(['+ Turn it off.', '+ Turn it off.', '- Turn it off.'])
  expect(three.dropped).toEqual({ 'row-v1': 'outvoted' })
  expect((await run(votes.slice(0, 2))).dropped).toEqual({ 'row-v0': 'contradicted', 'row-v1': 'contradicted' })
})

test('rows that are no replies leave by name, and a source of feedback passes as it is', async () => {
  const liked = { ...row('l', {}), kind: 'feedback', prompt: [], completion: [], label: true } as unknown as Rec
  const { dropped, records } = await run([
    row('a', { prompt: ' ', vote: 'up' }),
    row('b', { completion: '', vote: 'up' }),
    row('c', { vote: 'meh' }),
    row('d', { prompt: [{ role: 'assistant', content: 'Hello' }], vote: 'up' }),
    liked,
  ])
  expect(dropped).toEqual({
    'row-a': 'no-prompt',
    'row-b': 'no-completion',
    'row-c': 'unknown-vote',
    'row-d': 'no-prompt',
  })
  expect(records).toEqual([liked])
})

test('columns may have other names, and a whole conversation ends in the reply', async () => {
  const turns = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello.' },
  ]
  const log = [row('a', { prompt: null, completion: null, messages: turns, rating: 1, who: 'u1' })]
  const { made, notes } = await run(log, { columns: { vote: 'rating', user: 'who' } })
  expect(made).toEqual(['+ Hello.'])
  expect(notes[0]).toBe('1 votes of 1 users; the most active one gave 100.0 % of them')
})

test('the balance is told with the weights that a KTO trainer needs', async () => {
  const log = Array.from({ length: 8 }, (_, n) => row(String(n), { vote: n < 6 ? 'up' : 'down' }))
  const { notes } = await run(log)
  expect(notes).toEqual([
    '6 liked and 2 disliked replies: for KTO desirable_weight 1 and undesirable_weight 3; undesirable_weight may lie from 2.25 to 3',
  ])
  expect((await run(log.slice(0, 3))).notes).toEqual([
    '3 liked and 0 disliked replies: KTO takes one side alone, but is not advised to',
  ])
  expect(droppedBy((await run(log)).verdicts)).toEqual({})
})
