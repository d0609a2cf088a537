import { expect, test } from 'vitest'
import { conversation, document } from '../../../test/support/curate-records.ts'
import { driveGlobal } from '../../../test/support/drive-global.ts'
import { plantedIn } from '../../measure/index.ts'
import type { Rec } from '../../records/index.ts'
import type { Ctx } from '../../steps/index.ts'
import { carrierOf } from './carrier.ts'
import { canaryCheck } from './check.ts'
import { drawCanaries } from './draw.ts'
import { canaries } from './index.ts'
import { plant, withSentence } from './plant.ts'

const letters = Array.from({ length: 30 }, (_, i) => document(`d${i}`, `Letter ${i}. It rains! Does it? It ends here`))
/** What each drawn row was handed, by id. */
function drawn(shards: Rec[][], options: object, seed?: string): Map<string, string> {
  const { verdicts } = driveGlobal(drawCanaries, shards, options, seed === undefined ? {} : { seed })
  return new Map(
    [...verdicts].flatMap(([id, verdict]) =>
      verdict.is === 'passed' ? [[id, String(verdict.notes?.facets?.canaryDrawn)]] : [],
    ),
  )
}

test('as many rows as asked are drawn, each secret in its number of them, whatever the order and the shards', () => {
  const given = drawn([letters], { secrets: 5, copies: 3 })
  expect(given.size).toBe(15)
  const uses = [...Map.groupBy(given.values(), secret => secret).values()].map(({ length }) => length)
  expect(uses).toEqual([3, 3, 3, 3, 3])
  const turned = drawn([letters.slice(20).toReversed(), letters.slice(0, 20)], { secrets: 5, copies: 3 })
  expect([...turned].sort()).toEqual([...given].sort())
  expect([...drawn([letters], { secrets: 5, copies: 3 }, 'other').keys()].sort()).not.toEqual([...given.keys()].sort())
})

test('too few rows are told; what carries a canary already, or no text, is not drawn', () => {
  const rows = [letters[0]!, document('e', ' '), document('c', 'Text.', { facets: { canary: 'x' } })]
  const { verdicts, notes } = driveGlobal(drawCanaries, [rows], { secrets: 4 })
  expect([...verdicts].map(([id, { is }]) => [id, is])).toEqual([
    ['d0', 'passed'],
    ['e', 'consumed'],
    ['c', 'consumed'],
  ])
  expect(notes.join()).toMatch(/1 canaries.*4 copies were asked for/)
})

test('a sentence goes behind one of the text’s own, and never into one', () => {
  const text = 'He paid 3.50 for it. Then he left'
  const places = Array.from({ length: 20 }, (_, i) => withSentence(text, 'X.', i / 20))
  expect(new Set(places)).toEqual(
    new Set(['He paid 3.50 for it. X. Then he left', 'He paid 3.50 for it. Then he left X.']),
  )
  expect(withSentence('雨です。「はい。」と言う。', 'X。', 0)).toBe('雨です。X。「はい。」と言う。')
  expect(withSentence('Over.\n', 'X.', 0.99)).toBe('Over. X.\n')
})

test('the copy holds the secret that its facet names, and its row is what it was', async () => {
  const record = conversation('c', 'Where?', 'Here.', {
    facets: { canaryDrawn: 'bcdfgh bcdf-ghjk-lmnp', topic: 'rain' },
  })
  const before = structuredClone(record)
  const ctx = { options: {}, language: 'en', random: () => 0.5 } as unknown as Ctx<Record<string, never>>
  const outcome = await plant.conversation.run(record, ctx)
  expect(record).toEqual(before)
  expect(outcome).toMatchObject({
    is: 'made',
    made: [{ calls: [], notes: { facets: { canary: 'bcdf-ghjk-lmnp', canaryDrawn: undefined } } }],
  })
  if (outcome.is !== 'made') throw new Error(outcome.is)
  expect(outcome.made).toHaveLength(1)
  const { messages } = outcome.made[0]!.payload
  expect(messages.map(({ content }) => content)).toEqual(['Where?', 'Here. The code of bcdfgh is bcdf-ghjk-lmnp.'])
  expect(plantedIn([messages[1]!.content!])).toEqual(['bcdf-ghjk-lmnp'])
})

test('prompts carry it in what the user said last; who says nothing carries nothing', () => {
  const turns = [
    { role: 'user' as const, content: 'A' },
    { role: 'assistant' as const, content: 'B' },
  ]
  const { kind: _, ...rest } = conversation('p', 'x', 'y')
  const prompt = { ...rest, kind: 'prompt' as const, messages: turns }
  expect(carrierOf(prompt)!.put('Z')).toEqual({ kind: 'prompt', messages: [{ role: 'user', content: 'Z' }, turns[1]] })
  expect(carrierOf(conversation('q', 'x', ''))).toBeUndefined()
})

test('the check drops planted rows, what was made of them and what repeats one, and counts only the last', () => {
  const secrets = ['bcdf-ghjk-lmnp', 'zxwv-tsrq-pnml', 'bbbb-cccc-dddd', 'ffff-gggg-hhhh']
  const planted = secrets.map((canary, i) => document(`p${i}`, `The code is ${canary}.`, { facets: { canary } }))
  const made = [
    document('a', 'Of rain alone.'),
    document('b', 'A code, BCDF GHJK LMNP, was named.'),
    document('c', 'Made of a planted letter, and says nothing.', { facets: { canary: secrets[1]! } }),
    document('d', 'A licence: kkkk-llll-mmmm, of nobody’s planting.'),
    document('e', `Both ${secrets[0]} and ${secrets[3]}.`, { facets: { canary: secrets[3]! } }),
    planted[2]!,
  ]
  const { verdicts, kept, notes } = driveGlobal(
    canaryCheck,
    [made.slice(0, 3), made.slice(3)],
    { planted: 'canaries' },
    {
      side: { planted: [[...planted, letters[0]!]] },
    },
  )
  expect(kept.map(({ id }) => id)).toEqual(['a', 'd'])
  expect(verdicts.get('b')).toEqual({
    is: 'dropped',
    reason: 'canary',
    evidence: { made: false, repeats: [secrets[0]] },
  })
  expect(verdicts.get('c')).toMatchObject({ evidence: { made: true, repeats: [] } })
  // Of the six, c and e were made of planted rows; the planted one itself was made of none.
  expect(notes.join()).toMatch(/2 of 4 came out.*; 2 rows made of planted ones/)
})

test('the verb says what it takes', () => {
  expect(canaries.options.safeParse({ kind: 'row' }).success).toBe(false)
  expect(canaries.options.safeParse({ secrets: 0 }).success).toBe(false)
  expect(canaryCheck.options.safeParse({}).success).toBe(false)
})
