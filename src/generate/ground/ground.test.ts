import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Rec } from '../../records/index.ts'
import type { Answer, Ask } from '../../steps/index.ts'
import { normaliseForMatch } from '../../text/index.ts'
import { ground, groundWrite, stands } from './index.ts'

const text =
  'A still heats a liquid until it boils. The vapour is led off, cooled with 12.5 litres of water and collected.\n\n蒸気は管を通って冷却器に入り、水に戻る。'
const whole = normaliseForMatch(text)

describe('a quotation', () => {
  test.each([
    ['heats a liquid until it boils', true],
    ['HEATS a   liquid, until it', true],
    ['the vapour is led off … and collected', true],
    ['and collected ... The vapour is led off', false],
    ['cooled with 12.5 litres', true],
    ['cooled with 125 litres', false],
    ['eats a liquid until it boi', false],
    ['liquid', false],
    ['', false],
    ['…', false],
    ['管を通って冷却器に入り', true],
    ['管を通って冷却器を出て', false],
    ['蒸気は', false],
  ])('%j stands in the text: %s', (quote, expected) => {
    expect(stands(quote, whole)).toBe(expected)
  })
  test('stands wherever its words follow one another in a text, and nowhere else', () => {
    const words = fc.array(fc.constantFrom('alpha', 'bravo', 'charlie', 'delta'), { minLength: 4, maxLength: 12 })
    fc.assert(
      fc.property(words, words, (all, some) => {
        const [long, short] = [all.join(' '), some.slice(0, 3).join(' ')]
        expect(stands(short, normaliseForMatch(long))).toBe(` ${long} `.includes(` ${short} `))
      }),
    )
  })
})

const prompt = { kind: 'prompt', id: 'p', messages: [{ role: 'user', content: 'What does a still do?' }], facets: {} }
type Claims = { sentence: string; quotes: string[] }[]
async function answered(
  claims: Claims | Partial<Answer>,
  options: object = {},
  check: Partial<Answer> = {},
  source = true,
) {
  const asked: (Ask & { teacher: string })[] = []
  const outcome = await groundWrite.run(
    prompt as unknown as Rec<'prompt'>,
    {
      options: groundWrite.options.parse({ teacher: 'writer', ...options }),
      language: 'en',
      ancestor: () => (source ? { kind: 'document', text } : undefined),
      call: async (teacher: string, ask: Ask) => {
        asked.push({ ...ask, teacher })
        const reply = asked.length > 1 ? check : Array.isArray(claims) ? { data: { claims } } : claims
        return { call: `c${asked.length}`, content: '', finish: 'stop', usage: {}, warnings: [], ...reply }
      },
    } as never,
  )
  return { outcome, asked }
}
const made = async (...given: Parameters<typeof answered>) => {
  const { outcome, asked } = await answered(...given)
  if (outcome.is !== 'made') throw new Error(outcome.is)
  const [draft] = outcome.made
  const content = (draft?.payload as Rec<'conversation'> | undefined)?.messages.at(-1)?.content
  return {
    content,
    scores: draft?.notes?.scores,
    lost: outcome.lost!.map(({ index, reason }) => [index, reason]),
    asked,
  }
}

const claims = [
  { sentence: 'It boils a liquid.', quotes: ['heats a liquid until it boils'] },
  { sentence: 'It was invented in Egypt.', quotes: ['invented in Egypt long ago'] },
  { sentence: 'Water cools the vapour.', quotes: ['made up by me', 'cooled with 12.5 litres of water'] },
  { sentence: 'It is useful.', quotes: [] },
  { sentence: ' ', quotes: ['heats a liquid until it boils'] },
]

describe('an answer', () => {
  test('loses what does not stand on the document by name, and keeps the share that does as its score', async () => {
    const { content, scores, lost } = await made(claims)
    expect(content).toBe('It boils a liquid. Water cools the vapour.')
    expect(lost).toEqual([
      [1, 'not-in-document'],
      [3, 'no-quote'],
      [4, 'empty-claim'],
    ])
    expect(scores).toEqual({
      support: { method: 'sentences with a quotation of the document', value: 2 / 5 },
    })
    const [, cut] = ground.expand(ground.options.parse({ teacher: 't', support: 0.6 }), 'g')
    expect(cut!.options).toEqual({ by: 'g/support', below: 0.6 })
  })

  test('keeps the quotations that were found, numbered, where it is asked to', async () => {
    const again = [...claims, { sentence: 'Boiling comes first.', quotes: ['heats a liquid until it boils'] }]
    expect((await made(again, { citations: 'keep' })).content).toBe(
      'It boils a liquid. [1] Water cools the vapour. [2] Boiling comes first. [1]\n\n[1] “heats a liquid until it boils”\n[2] “cooled with 12.5 litres of water”',
    )
  })

  test('a check takes out what does not follow; a check that cannot be read takes nothing, and leaves the support unknown', async () => {
    const { content, scores, lost, asked } = await made(claims, { entailment: 'judge' }, { data: { entailed: [2, 9] } })
    expect(content).toBe('Water cools the vapour.')
    expect(lost).toContainEqual([0, 'not-entailed'])
    expect(scores).toMatchObject({ entailed: { value: 0.5, call: 'c2' }, support: { value: 1 / 5 } })
    expect(asked[1]!.messages.at(-1)!.content).toContain(
      '<claim-2>\nWater cools the vapour.\n> cooled with 12.5 litres of water\n</claim-2>',
    )
    const unread = await made(claims, { entailment: 'judge' }, { bad: { reason: 'unparseable', detail: '' } })
    expect(unread.content).toBe('It boils a liquid. Water cools the vapour.')
    expect(unread.scores).toMatchObject({ entailed: { unscored: 'unparseable' }, support: { unscored: 'unparseable' } })
  })

  test.each([
    ['empty', claims.slice(3), true, { is: 'made', made: [] }],
    ['no claims', [], true, { is: 'dropped', reason: 'no-claims' }],
    ['no document', claims, false, { is: 'dropped', reason: 'no-document' }],
    ['refused', { bad: { reason: 'refused', detail: 'no' } }, true, { is: 'dropped', reason: 'refused' }],
  ] as const)('%s', async (_, given, source, expected) => {
    expect((await answered(given as Claims, {}, {}, source)).outcome).toMatchObject(expected)
  })
})
