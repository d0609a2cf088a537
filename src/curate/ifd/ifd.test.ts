import { expect, test } from 'vitest'
import { conversation } from '../../../test/support/curate-records.ts'
import { driveGlobal } from '../../../test/support/drive-global.ts'
import type { Rec } from '../../records/index.ts'
import type { Answer, Ask, Ctx } from '../../steps/index.ts'
import { difficulty, ifd, ifdAsked, ifdCut, ifdLearnt } from './ifd.ts'

type Scores = Rec['scores']
const scoresIn = (outcome: unknown): Scores => (outcome as { notes: { scores: Scores } }).notes.scores

test('both papers divide, one of them losses and the other perplexities', () => {
  const losses = { conditioned: 1.5, direct: 2 }
  expect(difficulty(losses, 'loss')).toBe(0.75)
  expect(difficulty(losses, 'perplexity')).toBeCloseTo(Math.exp(1.5) / Math.exp(2), 12)
  for (const by of ['loss', 'perplexity'] as const) {
    expect(difficulty({ conditioned: 2, direct: 2 }, by)).toBe(1)
    expect(difficulty({ conditioned: 2.1, direct: 2 }, by)).toBeGreaterThan(1)
  }
})

async function asked(
  after: Partial<Answer>,
  alone: Partial<Answer>,
  options: object = {},
  record = conversation('r', 'Why?', 'So.'),
) {
  const asks: Ask[] = []
  const outcome = await ifdAsked.run(record, {
    options: ifdAsked.options.parse({ teacher: 't', ...options }),
    call: async (_: string, ask: Ask) => {
      const reply = asks.push(ask) === 1 ? after : alone
      return { call: `c${asks.length}`, content: null, finish: 'stop', usage: {}, warnings: [], ...reply }
    },
  } as unknown as Ctx<never>)
  return { scores: scoresIn(outcome), asks }
}
const told = (...logprobs: number[]) => ({ logprobs: logprobs.map(logprob => ({ token: 'x', logprob })) })

test('the answer is scored after its prompt and by itself, over the same tokens', async () => {
  // Alone the first token has nothing before it, and so no log-probability.
  const { scores, asks } = await asked(told(-9, -1, -2), told(-2, -4))
  expect(scores).toMatchObject({ conditioned: { value: 1.5 }, direct: { value: 3 }, ifd: { value: 0.5, call: 'c1' } })
  expect(asks.map(({ form, messages }) => [form, messages.map(({ content }) => content)])).toEqual([
    ['score', ['Why?\n\n', 'So.']],
    ['score', ['So.']],
  ])
  const chat = await asked(told(-1), told(-1), { template: 'chatml' })
  expect(chat.asks[0]!.messages[0]!.content).toBe('<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n')
  const bad = { bad: { reason: 'rejected' as const, detail: '' } }
  expect((await asked(told(-1), bad)).scores.ifd).toMatchObject({ unscored: 'rejected' })
  expect((await asked(told(), told(-1))).scores.ifd).toMatchObject({ unscored: 'no-logprobs' })
  expect((await asked(told(-1, 0), told(0, 0))).scores.ifd).toMatchObject({ unscored: 'certain-answer' })
})

test('the built-in model sees that a prompt speaks of its answer, and that another does not', () => {
  const topics = ['the still heats a liquid', 'a coil cools the vapour', 'the valve holds pressure', 'burners need air']
  const rows = Array.from({ length: 40 }, (_, i) =>
    conversation(`r${i}`, `Tell me why ${topics[i % 4]} slowly.`, `Because ${topics[i % 4]} slowly it lasts.`),
  )
  const answer = 'Crocodile invoices wobble beneath purple parliaments.'
  const fits = conversation('fits', 'Do crocodile invoices wobble beneath purple parliaments?', answer)
  const apart = conversation('apart', 'What is the best way to keep bread fresh over the weekend at home?', answer)
  const { verdicts, notes } = driveGlobal(ifdLearnt, [[...rows, fits, apart]], {})
  const of = (id: string) => (scoresIn(verdicts.get(id)).ifd as { value: number }).value
  expect(of('fits')).toBeLessThan(0.95)
  expect(of('apart')).toBeGreaterThan(1)
  expect(notes[0]).toMatch(/^difficulty of 42 rows/)
  expect(
    ifdCut.test({ ...apart, scores: { 'ifd/ifd': { method: 'm', value: of('apart') } } }, { by: 'ifd/ifd' }),
  ).toMatchObject({ reason: 'prompt-does-not-help' })
})

test('what does not help goes first, and the most difficult share of the rest stays', () => {
  const steps = ifd.expand(ifd.options.parse({ teacher: 't', keep: 0.1 }), 'ifd')
  expect(steps.map(({ as, options }) => [as, options])).toEqual([
    ['score', { teacher: 't', ratio: 'loss' }],
    ['helped', { by: 'ifd/ifd' }],
    ['cut', { by: 'ifd/ifd', drop: 0.9 }],
  ])
  expect(ifd.options.safeParse({ template: 'chatml' }).success).toBe(false)
})
