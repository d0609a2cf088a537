import { describe, expect, test } from 'vitest'
import { document } from '../../../test/support/curate-records.ts'
import type { Payload, Rec } from '../../records/index.ts'
import type { Answer, Ask, Ctx, MapStep, Pure } from '../../steps/index.ts'
import { multiDocument } from './index.ts'
import { beginning, kinship } from './multi-document.ts'

const [pot, column, eel] = [
  document('pot', 'The pot of a still is heated from below.\n\nIts [vapour](vapour.md) rises into the *column*.', {
    language: 'en',
  }),
  document('column', 'The column of a still cools vapour until the heavier part is liquid again.'),
  document('eel', 'The eel swims up the river in spring.'),
]
const quotes = [
  { document: 1, quote: 'Its vapour rises into the column' },
  { document: 2, quote: 'cools vapour until the heavier part is liquid' },
]
const item = (question: string, evidence = quotes, answer = 'It is cooled there.') => ({ question, answer, evidence })

async function run(items: unknown[], options: object = {}, pool: Rec[] = [eel, column]) {
  const asked: Ask[] = []
  const [primitive] = multiDocument.expand(multiDocument.options.parse({ teacher: 't', documents: 2, ...options }), 'm')
  const { step } = primitive!
  const draw: Pure<never>['draw'] = (_, n, { by } = {}) =>
    (by ? [...pool].sort((a, b) => by(b) - by(a)) : pool).slice(0, n)
  const outcome = await (step as MapStep).run(pot, {
    options: step.options.parse(primitive!.options),
    language: 'en',
    draw,
    call: async (_: string, ask: Ask) => {
      asked.push(ask)
      return { call: 'c', data: { items } } as unknown as Answer
    },
  } as unknown as Ctx<never>)
  return { outcome, asked, side: primitive!.side }
}

describe('questions', () => {
  test('stand beside the documents they need, with the sketch of an answer and what it rests on', async () => {
    const { outcome, asked, side } = await run([item('What becomes of the vapour of a heated still?')])
    expect(side).toEqual({ companions: ['$in'] })
    expect(asked[0]!.messages[1]!.content).toContain(`<document-2>\n${(column as Rec<'document'>).text}\n</document-2>`)
    if (outcome.is !== 'made') throw new Error(outcome.is)
    const { messages, reference } = outcome.made[0]!.payload as Payload<'prompt'>
    expect(messages[0]!.content).toMatch(/^<document-1>\nThe pot[\s\S]*<document-2>\nThe column[\s\S]*heated still\?$/)
    expect(reference).toBe('It is cooled there.')
    expect(outcome.made[0]!.notes!.facets).toMatchObject({
      documents: 2,
      evidence: expect.stringContaining('vapour rises'),
    })
    const alone = await run([item('What becomes of the vapour?')], { include: false })
    expect(alone.outcome).toMatchObject({
      made: [{ payload: { messages: [{ content: 'What becomes of the vapour?' }] } }],
    })
  })

  test('each that does not hold is lost by name', async () => {
    const [first, second] = quotes as [(typeof quotes)[0], (typeof quotes)[1]]
    const { outcome } = await run(
      [
        item('Good one?'),
        item(' '),
        item('No answer?', quotes, ''),
        item('Made up?', [first, { document: 2, quote: 'heats vapour until the lighter part is gone' }]),
        item('Swapped?', [{ ...first, document: 2 }, second]),
        item('One only?', [first, { document: 1, quote: 'is heated from below' }]),
        item('None?', []),
        item('Too short?', [first, { document: 2, quote: 'vapour' }]),
        item('good ONE?'),
        item('What does the document say of vapour?'),
        item('Third?'),
      ],
      { questions: 1, include: false },
    )
    if (outcome.is !== 'made') throw new Error(outcome.is)
    expect(outcome.made.map(draft => draft.index)).toEqual([0])
    expect(outcome.lost!.map(({ index, reason }) => `${index} ${reason}`)).toEqual([
      '1 empty-question',
      '2 empty-answer',
      '3 quote-not-found',
      '4 quote-not-found',
      '5 one-document',
      '6 one-document',
      '7 short-quote',
      '8 duplicate-question',
      '9 refers-to-document',
      '10 surplus',
    ])
  })

  test('need a companion', async () => {
    const { outcome, asked } = await run([], {}, [])
    expect([outcome, asked.length]).toEqual([{ is: 'dropped', reason: 'no-companion' }, 0])
  })
})

test('companions share words and are no versions of the same text', () => {
  const text = (record: Rec) => (record as Rec<'document'>).text
  expect(kinship(text(pot), text(column))).toBeGreaterThan(kinship(text(pot), text(eel)))
  expect(kinship(text(pot), `${text(pot)} Again.`)).toBe(-1)
})

test('a document is shown up to a paragraph, a line or a word', () => {
  expect(beginning('one two\n\nthree four', 14)).toBe('one two')
  expect(beginning('one two three', 9)).toBe('one two')
  expect(beginning('一つ。二つ。三つ。', 7)).toBe('一つ。二つ。')
  expect(beginning(' all ', 10)).toBe('all')
})
