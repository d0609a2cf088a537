import { expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import type { Message, Rec } from '../../records/index.ts'
import type { Answer, Ask, Ctx } from '../../steps/index.ts'
import { deita, deitaScore, expectation } from './deita.ts'

const chat: Message[] = [
  { role: 'user', content: 'first question' },
  { role: 'assistant', content: 'first answer' },
  { role: 'user', content: 'second question' },
  { role: 'assistant', content: 'second answer' },
]

async function scored(say: (text: string) => Partial<Answer>, options: object = {}, messages = chat) {
  const asked: Ask[] = []
  const outcome = await deitaScore.run({ ...conversation('r', 'q', 'a'), messages }, {
    options: deitaScore.options.parse({ teacher: 't', ...options }),
    language: 'en',
    call: async (_: string, ask: Ask) => {
      asked.push(ask)
      return { call: `c${asked.length}`, content: null, usage: {}, ...say(ask.messages.at(-1)!.content!) }
    },
  } as unknown as Ctx<never>)
  return { scores: (outcome as { notes: { scores: Rec['scores'] } }).notes.scores, asked }
}

const mark = (score: number) => ({ data: { rationale: 'r', score } })

test('complexity times quality, summed over the turns', async () => {
  const marks = (text: string) => {
    const quality = text.includes('<answer>')
    return text.includes('first question') ? mark(quality ? 5 : 2) : mark(quality ? 4 : 6)
  }
  const { scores, asked } = await scored(marks)
  expect(scores).toMatchObject({ complexity: { value: 4 }, quality: { value: 4.5 }, score: { value: 2 * 5 + 6 * 4 } })
  expect(asked).toHaveLength(4)
  // The question alone is rated for its complexity, and its answer for quality.
  expect(asked.filter(({ messages }) => messages.at(-1)!.content!.includes('first answer'))).toHaveLength(1)
  expect(asked[0]!.reply!.safeParse({ rationale: '', score: 10 }).success).toBe(false)
  const bad = await scored(text =>
    text.includes('second answer') ? { bad: { reason: 'truncated', detail: '' } } : mark(3),
  )
  expect(bad.scores).toEqual({ score: { method: 'complexity x quality', unscored: 'truncated', call: 'c1' } })
  expect((await scored(() => mark(1), {}, [chat[0]!])).scores.score).toMatchObject({ unscored: 'no-answer' })
})

test('the expected mark is the mean of the digits by their probabilities', async () => {
  const top = [
    { token: '4', logprob: Math.log(0.5) },
    { token: ' 4', logprob: Math.log(0.1) },
    { token: '5', logprob: Math.log(0.2) },
    { token: 'The', logprob: Math.log(0.1) },
    { token: '10', logprob: Math.log(0.1) },
  ]
  const reply = { content: '4', logprobs: [{ token: '4', logprob: Math.log(0.5), top }] }
  const value = (4 * 0.6 + 5 * 0.2) / 0.8
  expect(expectation(reply)).toEqual({ value: expect.closeTo(value, 12), exact: false })
  const { scores, asked } = await scored(() => reply, { by: 'expectation' }, chat.slice(0, 2))
  expect(scores.score).toMatchObject({
    value: expect.closeTo(value ** 2, 12),
    method: expect.stringContaining('expected'),
  })
  expect(asked[0]).toMatchObject({ logprobs: 10 })
  expect(asked[0]!.reply).toBeUndefined()
  expect(expectation({ content: ' 3\n' })).toEqual({ value: 3, exact: true })
})

test.each(['10', '1/6', 'Rating: 1', '7', '0', '', '3.5'])('%j is no mark', content => {
  expect(expectation({ content, logprobs: [{ token: '1', logprob: 0, top: [{ token: '1', logprob: 0 }] }] })).toEqual({
    unscored: 'unparseable',
  })
})

test('a cut goes by the score', () => {
  expect(deita.expand(deita.options.parse({ teacher: 't', drop: 0.5 }), 'd')[1]!.options).toEqual({
    by: 'd/score',
    drop: 0.5,
  })
})
