import { expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import type { Rec } from '../../records/index.ts'
import type { Answer, Ask } from '../../steps/index.ts'
import { likeness, selfPlay } from './self-play.ts'

const given = conversation('c', 'How do I descale a kettle?', 'Boil vinegar and water, then rinse twice.', {
  lineage: { origin: 'real', generation: 0 },
})

async function play(reply: Partial<Answer>, record: Rec<'conversation'> = given, options: object = {}) {
  let asked: Ask | undefined
  const outcome = await selfPlay.run(record, {
    options: selfPlay.options.parse({ teacher: 'student', ...options }),
    language: 'en',
    tokens: (text: string) => text.split(' ').length,
    tokenizer: 'words',
    call: async (_: string, ask: Ask) => {
      asked = ask
      return { call: 'c1', content: '', finish: 'stop', usage: {}, warnings: [], ...reply }
    },
  } as never)
  return { outcome, asked }
}

test('the given answer is chosen over what the student says, asked with the bare conversation', async () => {
  const { outcome, asked } = await play({ content: '<think>lime</think>Use soap.', by: 'self/small' })
  expect(asked!.messages).toEqual([{ role: 'user', content: 'How do I descale a kettle?' }])
  expect(outcome).toMatchObject({
    is: 'made',
    made: [
      {
        payload: {
          prompt: [{ role: 'user', content: 'How do I descale a kettle?' }],
          chosen: [{ role: 'assistant', content: 'Boil vinegar and water, then rinse twice.' }],
          rejected: [{ role: 'assistant', content: 'Use soap.' }],
        },
        notes: { facets: { chosenBy: 'people', rejectedBy: 'self/small', chosenTokens: 7, rejectedTokens: 2 } },
      },
    ],
  })
})

test('the last answer of several turns is played for; what came before is the prompt', async () => {
  const longer = {
    ...given,
    messages: [
      ...given.messages,
      { role: 'user' as const, content: 'And a pot?' },
      { role: 'assistant' as const, content: 'The same.' },
    ],
  }
  const { outcome, asked } = await play({ content: 'Scour it.' }, longer)
  expect(asked!.messages).toHaveLength(3)
  expect(outcome).toMatchObject({ made: [{ payload: { chosen: [{ content: 'The same.' }] } }] })
})

test('nothing is learnt where the student says the same, and nothing is made of no answer', async () => {
  const near = await play({ content: 'boil vinegar and water; then rinse twice!' })
  expect(near.outcome).toMatchObject({ is: 'dropped', reason: 'same-answer', evidence: { like: 1 } })
  expect((await play({ content: ' ' })).outcome).toMatchObject({ reason: 'empty-answer' })
  expect((await play({ bad: { reason: 'truncated', detail: 'cap' } })).outcome).toMatchObject({ reason: 'truncated' })
  const refused = await play({ content: 'I cannot help with that.', bad: { reason: 'refused', detail: '' } })
  expect(refused.outcome).toMatchObject({
    made: [{ payload: { rejected: [{ content: 'I cannot help with that.' }] } }],
  })
})

test('answers of models are not played for unless the recipe says so, and nobody is asked about them', async () => {
  const synthetic = { ...given, lineage: { ...given.lineage, origin: 'synthetic' as const } }
  const { outcome, asked } = await play({ content: 'Use soap.' }, synthetic)
  expect(outcome).toMatchObject({ reason: 'not-real' })
  expect(asked).toBeUndefined()
  expect((await play({ content: 'Use soap.' }, synthetic, { real: false })).outcome).toMatchObject({ is: 'made' })
})

test('likeness counts edits', () => {
  // kitten, sitting: three edits, seven letters.
  expect(likeness('kitten', 'Sitting')).toBeCloseTo(4 / 7)
  expect(likeness('', '')).toBe(1)
  expect(likeness('水を沸かす。', '水を沸かす')).toBe(1)
})
