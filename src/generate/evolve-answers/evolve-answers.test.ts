import { expect, test } from 'vitest'
import type { Rec } from '../../records/index.ts'
import type { Answer, Ask } from '../../steps/index.ts'
import { evolveAnswers } from './evolve-answers.ts'
import { improve } from './improve.ts'

const record = {
  kind: 'conversation',
  id: 'c',
  digest: 'x',
  messages: [
    { role: 'user', content: 'How do I pump up a tyre?' },
    { role: 'assistant', content: 'With a pump.', reasoning: 'Air goes in.' },
  ],
  facets: { rewritings: 1, depth: 2 },
  scores: {},
  lineage: { origin: 'synthetic', generation: 1, parents: [] },
} as unknown as Rec<'conversation'>
const run = async (reply: Partial<Answer>, of: Rec<'conversation'> = record, language = 'en') => {
  const asked: Ask[] = []
  const ctx = {
    options: improve.options.parse({ teacher: 't', qualities: ['details'] }),
    language,
    random: () => 0,
    call: async (_: string, ask: Ask) => {
      asked.push(ask)
      return { call: 'k', content: '', finish: 'stop', usage: {}, warnings: [], ...reply }
    },
  } as never
  return { outcome: await improve.run(of, ctx), text: asked[0]?.messages.map(m => m.content).join('\n') ?? '' }
}

test('the last answer alone is replaced, without what led to the old one', async () => {
  const improved = 'Unscrew the valve cap, press the pump head on and pump to four bar.'
  const { outcome, text } = await run({ data: { improved } })
  if (outcome.is !== 'made') throw new Error(outcome.is)
  expect(outcome.made[0]!.payload).toEqual({
    kind: 'conversation',
    messages: [record.messages[0], { role: 'assistant', content: improved }],
  })
  expect(outcome.made[0]!.notes).toEqual({ facets: { quality: 'details', rewritings: 2, root: 'c' } })
  expect(text).toContain('<answer>\nWith a pump.\n</answer>')
  expect(text).toContain('steps, numbers, names, exceptions')
  expect((await run({ data: { improved } }, record, 'ja')).text).toContain('手順、数値、名称')
})

test.each([
  ['With a pump!', 'no-information'],
  ['Sorry, I can not improve on this one at all today.', 'refusal'],
  ['The rewritten answer: with a floor pump, after unscrewing the cap.', 'leaked-words'],
])('%j: %s', async (improved, reason) => {
  const { outcome } = await run({ data: { improved } })
  expect(outcome).toMatchObject({ is: 'dropped', reason, evidence: { quality: 'details', call: 'k' } })
})

test('a conversation that ends with the user has no answer to improve', async () => {
  const open = { ...record, messages: record.messages.slice(0, 1) } as Rec<'conversation'>
  expect((await run({}, open)).outcome).toEqual({ is: 'dropped', reason: 'no-answer' })
})

test('rounds are those of evolve', () => {
  const steps = evolveAnswers.expand(evolveAnswers.options.parse({ teacher: 't', waves: 2, keep: 'last' }), 'e')
  expect(steps.map(({ as, from }) => [as, ...from!].join(' '))).toEqual([
    ...['w1 $in', 'w1-newest $in w1', 'w2 w1-newest', ' w1-newest w2'],
  ])
  for (const { step, options } of steps) expect(step.options.safeParse(options).success).toBe(true)
})
