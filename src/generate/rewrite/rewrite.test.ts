import { expect, test } from 'vitest'
import { document } from '../../../test/support/curate-records.ts'
import type { Answer, Ask, Ctx, MapStep } from '../../steps/index.ts'
import { rewrite } from './index.ts'

const real = document(
  'd',
  'Last May I moved from Leeds to Bristol, and the bank sent my new card to the old flat. Since then I have called four times, and each time somebody else promises that a new one is on its way.',
  { language: 'en' },
)
const other =
  'When we left our house by the sea in autumn, the letter with my card went to the people who live there now. Whenever I ring, another voice tells me that a second one has been posted, but nothing has come in six weeks.'

async function run(content: string, options: object = {}) {
  const [write, cut] = rewrite.expand(rewrite.options.parse({ teacher: 't', ...options }), 'r')
  const { step } = write!
  let asked: Ask | undefined
  const outcome = await (step as MapStep).run(real, {
    options: step.options.parse(write!.options),
    language: 'en',
    call: async (_: string, ask: Ask) => {
      asked = ask
      return { call: 'c', content, finish: 'stop', usage: {}, warnings: [] } as Answer
    },
  } as unknown as Ctx<never>)
  return { outcome, cut: cut!, asked: asked! }
}

test('another text of the same kind is made, with what it took over as scores', async () => {
  const { outcome, asked } = await run(other)
  expect(asked.messages[1]!.content).toContain('Last May I moved from Leeds')
  expect(outcome).toMatchObject({
    is: 'made',
    made: [
      { payload: { kind: 'document', text: other }, notes: { scores: { own: { value: 1 }, changed: { value: 1 } } } },
    ],
  })
})

test.each([
  ['', 'empty-text'],
  ['A card went astray.', 'too-short'],
  [`${other} `.repeat(4), 'too-long'],
  [
    'Als wir im Herbst aus dem Haus am Meer auszogen, ging der Brief mit der Karte an die Leute, die nun dort wohnen, und niemand hilft.',
    'other-language',
  ],
  [`${other} Since then I have called four times, and each time somebody promises me things.`, 'copied-run'],
])('%j ends as %s', async (content, reason) => {
  expect((await run(content)).outcome).toMatchObject({ is: 'dropped', reason })
})

test('as many names and numbers may be carried over as the cut allows, and no more', async () => {
  const named = other.replace('by the sea', 'near Bristol').replace('in autumn', 'for Leeds')
  const { outcome, cut } = await run(named)
  if (outcome.is !== 'made') throw new Error(outcome.is)
  const { value } = outcome.made[0]!.notes!.scores!.changed as { value: number }
  const allowed = (carried: number) => {
    const [, cut] = rewrite.expand(rewrite.options.parse({ teacher: 't', carried }), 'r')
    return value >= (cut!.options as { below: number }).below
  }
  expect([allowed(0), allowed(1), allowed(2)]).toEqual([false, false, true])
  expect(cut.options).toEqual({ by: 'r/changed', below: 0.5 })
})
