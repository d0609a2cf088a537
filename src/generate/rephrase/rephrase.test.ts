import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { document } from '../../../test/support/curate-records.ts'
import type { Rec } from '../../records/index.ts'
import type { Answer, Ask, Ctx, MapStep } from '../../steps/index.ts'
import { namesOf, numbersOf, ownShare, shareKept } from '../kept.ts'
import { rephrase } from './index.ts'

const text =
  'The column of the still in Lyon is 12.50 m tall. It was built by Coffey in 1830, and it cools 1,000 litres of vapour in an hour until the heavier part of it runs back into the pot below.'
const still = document('d', text, { language: 'en' })
const other =
  'Coffey built a still in 1830. In Lyon, its column rises 12.5 m. Within an hour 1000 litres of vapour are cooled there, so that whatever is heavier returns to the pot.'

async function run(replies: Partial<Answer>[], options: object = {}, record: Rec = still) {
  const asked: Ask[] = []
  const [write, ...cuts] = rephrase.expand(rephrase.options.parse({ teacher: 't', ...options }), 'r')
  const { step } = write!
  const outcome = await (step as MapStep).run(record, {
    options: step.options.parse(write!.options),
    language: record.language,
    call: async (_: string, ask: Ask) => ({ call: `c${asked.push(ask)}`, content: '', ...replies[asked.length - 1] }),
  } as unknown as Ctx<never>)
  if (outcome.is !== 'made') throw new Error(outcome.is)
  return { ...outcome, asked, cuts }
}

describe('a document', () => {
  test('becomes one in each form, named by the form, with what was kept as scores', async () => {
    const { made, asked, cuts } = await run([{ content: other }, { content: text }], { styles: ['faq', 'a letter'] })
    expect(asked.map(({ messages }) => /as: (.{9})/.exec(messages[1]!.content!)![1])).toEqual([
      'questions',
      'a letter.',
    ])
    expect(made.map(({ key, calls }) => [key, calls])).toEqual([
      ['faq', ['c1']],
      ['a letter', ['c2']],
    ])
    const scores = made.map(({ notes }) =>
      Object.fromEntries(
        Object.entries(notes!.scores!).map(([aspect, score]) => [aspect, 'value' in score && score.value]),
      ),
    )
    expect(scores).toEqual([
      { numbers: 1, names: 1, own: 1 },
      { numbers: 1, names: 1, own: 0 },
    ])
    expect(cuts.map(({ as, options }) => [as, options])).toEqual([
      ['numbers', { by: 'r/numbers', below: 0.8, unscored: 'keep' }],
      ['own', { by: 'r/own', below: 0.2, unscored: 'keep' }],
    ])
  })

  test('without a usable version is lost by name, a form at a time', async () => {
    const { made, lost } = await run(
      [
        { content: ' ' },
        { content: 'Too short.' },
        { content: other.repeat(5) },
        {
          content:
            'リヨンの蒸留塔は高さ12.5メートルで、1830年にコフィーが建てた。一時間に千リットルの蒸気を冷やす。'.repeat(
              2,
            ),
        },
        { bad: { reason: 'truncated', detail: 'cap' } },
        { content: other },
      ],
      { styles: ['1', '2', '3', '4', '5', '6'] },
    )
    expect(made.map(({ index }) => index)).toEqual([5])
    expect(lost!.map(({ index, reason }) => `${index} ${reason}`)).toEqual([
      '0 empty-text',
      '1 too-short',
      '2 too-long',
      '3 other-language',
      '4 truncated',
    ])
  })

  test('of Japanese is in the register that was asked for', async () => {
    const japanese = document('j', '蒸留器は液体を分けます。蒸気が上がります。塔で冷えます。', { language: 'ja' })
    const plain = '蒸留器とは液体を分けるものだ。まず蒸気が上がる。そして塔の中で冷える。'
    const polite = '蒸留器とは液体を分けるものです。まず蒸気が上がります。そして塔の中で冷えます。'
    const options = { styles: ['wiki', 'simple'], register: 'plain' }
    const { made, lost, asked } = await run([{ content: polite }, { content: plain }], options, japanese)
    expect(asked[0]!.messages[1]!.content).toContain('文体は常体(だ・である)')
    expect(lost).toMatchObject([{ index: 0, reason: 'other-register', evidence: { found: 'polite' } }])
    expect(made).toMatchObject([{ notes: { facets: { style: 'simple', register: 'plain' } } }])
  })
})

describe('what is kept', () => {
  test('numbers are read, not spelled; code and names with digits are none', () => {
    expect([...numbersOf('１２ % of 1,000.50 in v2 and `x = 7`, 3.0 times')]).toEqual(['12', '1000.5', '3'])
    expect(shareKept(numbersOf('1 2 3 4'), numbersOf('4, 2 and 9'))).toBe(0.5)
    expect(shareKept(numbersOf('none'), numbersOf('1'))).toBeUndefined()
  })
  test('names stand in capitals inside of a sentence, or in katakana', () => {
    expect([...namesOf('Water flows. In Lyon, the HTTP server of TypeScript speaks to Coffey.')]).toEqual([
      'lyon',
      'http',
      'typescript',
      'coffey',
    ])
    expect([...namesOf('リヨンのKubernetesは、クラスターを管理します。')]).toEqual([
      'リヨン',
      'kubernetes',
      'クラスター',
    ])
  })
  test('a copy has no words of its own, wherever it begins; what is new is counted whole', () => {
    const copied = text.split(' ').slice(5, 25).join(' ')
    expect(ownShare(copied, text)).toBe(0)
    expect(ownShare(`Five words that are new ${copied}`, text)).toBeCloseTo(5 / 25, 5)
    expect(ownShare('短い文です。', '短い文です。')).toBe(1)
    fc.assert(
      fc.property(fc.lorem({ maxCount: 40 }), fc.lorem({ maxCount: 40 }), (a, b) => {
        const own = ownShare(a, b)
        expect(own >= 0 && own <= 1).toBe(true)
        if (a.split(' ').length >= 8) expect(ownShare(a, `${b} ${a}`)).toBe(0)
      }),
    )
  })
})
