import { expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import type { Message, Rec } from '../../records/index.ts'
import type { Answer, Ask, Ctx } from '../../steps/index.ts'
import { reward, rewardScore } from './reward.ts'

async function scored(replies: Partial<Answer>[], options: object = {}, record = conversation('r', 'q', 'a')) {
  const asked: Ask[] = []
  const outcome = await rewardScore.run(record, {
    options: rewardScore.options.parse({ teacher: 'rm', ...options }),
    call: async (_: string, ask: Ask) => {
      const reply = replies[asked.push(ask) - 1]!
      return { content: null, finish: 'stop', usage: {}, warnings: [], call: `c${asked.length}`, ...reply }
    },
  } as unknown as Ctx<never>)
  return { reward: (outcome as { notes: { scores: Rec['scores'] } }).notes.scores.reward!, asked }
}

test('the one value of a head is the score, and the last answer is what it is of', async () => {
  const messages: Message[] = [
    { role: 'user', content: 'q' },
    { role: 'assistant', content: 'a', reasoning: 'hm' },
    { role: 'user', content: 'more' },
    { role: 'assistant', content: 'b' },
  ]
  const long = { ...conversation('r', 'q', 'a'), messages }
  const last = await scored([{ marks: [{ label: 'LABEL_0', value: -2.5 }] }], {}, long)
  expect(last.reward).toMatchObject({ value: -2.5, call: 'c1' })
  expect(last.asked).toEqual([{ form: 'reward', messages: messages.map(({ role, content }) => ({ role, content })) }])
  const each = [2, 4].map(value => ({ marks: [{ label: 'LABEL_0', value }] }))
  const all = await scored(each, { of: 'all' }, long)
  expect(all.reward).toMatchObject({ value: 3, method: 'reward head, mean of 2 answers' })
  expect(all.asked.map(({ messages }) => messages.length)).toEqual([2, 4])
})

test('nothing is taken for a reward that is none: it is unscored, by name', async () => {
  const marks = [
    { label: 'safe', value: 0.9 },
    { label: 'unsafe', value: 0.1 },
  ]
  expect((await scored([{ marks }], { label: 'safe' })).reward).toMatchObject({ value: 0.9 })
  expect((await scored([{ marks }])).reward).toMatchObject({
    unscored: 'several-labels',
    why: 'the head has safe, unsafe',
  })
  expect((await scored([{ marks }], { label: 'good' })).reward).toMatchObject({ unscored: 'no-such-label' })
  const bad = { reason: 'rejected' as const, detail: '400 too long' }
  expect((await scored([{ bad }])).reward).toMatchObject({ unscored: 'rejected', why: '400 too long' })
  const silent = { ...conversation('r', 'q', 'a'), messages: [{ role: 'user' as const, content: 'q' }] }
  expect((await scored([], {}, silent)).reward).toMatchObject({ unscored: 'no-answer' })
})

test('a cut is a step of its own, by the score of this step', () => {
  const [, cut] = reward.expand(reward.options.parse({ teacher: 'rm', drop: 0.2 }), 'rm')
  expect(cut).toMatchObject({ as: 'cut', options: { by: 'rm/reward', drop: 0.2 } })
  expect(reward.options.safeParse({ teacher: 'rm', drop: 0.2, min: 1 }).success).toBe(false)
})
