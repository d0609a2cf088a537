import { expect, test } from 'vitest'
import { conversation, document } from '../../../test/support/curate-records.ts'
import type { Rec } from '../../records/index.ts'
import type { Ctx, Outcome } from '../../steps/index.ts'
import { clean, refusal, truncation, unframed } from './clean.ts'

const run = (record: Rec, source?: Rec<'document'>): Promise<Outcome> =>
  clean.run(
    record as never,
    {
      options: clean.options.parse({}),
      ancestor: () => source,
    } as unknown as Ctx<never>,
  )
const answer = (text: string, asked = 'How does a still work?') => run(conversation('r', asked, text))
const reason = async (text: string, asked?: string) => {
  const outcome = await answer(text, asked)
  return 'reason' in outcome ? `${outcome.is} ${outcome.reason}` : outcome.is
}

test.each([
  "I'm sorry, but I can't help with that request.",
  'I apologize, but I cannot provide instructions for this.',
  "Unfortunately, I don't have access to real-time information.",
  'As an AI language model, I cannot give an opinion on this.',
  'I’m unable to browse the web.',
  '申し訳ありませんが、そのご質問にはお答えできません。',
  'すみませんが、その依頼には対応できません。',
  '私はAIアシスタントですので、個人的な意見は持っていません。',
])('declines: %s', async text => {
  expect(await reason(text)).toBe('dropped refusal')
})

test.each([
  'A refusal such as "I cannot help with that" tells the user nothing; say what you can do instead.',
  'A still cannot separate liquids that form an azeotrope.',
  'I cannot stress enough how useful a thermometer is here.',
  'サーバーが「申し訳ありませんが、接続できません」と返す場合は、設定を確認します。',
])('speaks about declining: %s', async text => {
  expect(refusal(text)).toBeUndefined()
  expect(await reason(text)).toBe('passed')
})

test.each([
  ['The vapour rises in the column and is cooled there until some of it', 'cooled there until some of it'],
  ['It has three parts: the pot, the column, and', 'the column, and'],
  ['Run this:\n\n```sh\nmake', undefined],
  ['蒸気は冷却器に入り、水で冷やされて液体に戻り、そのあと受け器に', undefined],
  ['- One is heated.\n- Two is cooled.\n- Three is', undefined],
])('stops in the middle: %s', (text, last) => {
  const found = truncation(text)
  expect(found).toBeDefined()
  if (last) expect(found).toContain(last)
})

test.each([
  '42',
  'Paris',
  'It boils at 78 °C.',
  'Parts:\n- pot\n- column\n- condenser',
  'Use this:\n\n```sh\nmake\n```',
  '| a | b |\n|---|---|\n| 1 | 2 |',
  'See https://example.org/stills',
  '液体を加熱し、蒸気を冷やして集めます。',
  '彼は「熱い」と言った（少なくともそう聞こえた）',
  'The answer is therefore 12 * 3 + 6 = 42',
])('is whole: %s', text => {
  expect(truncation(text)).toBeUndefined()
})

test('polite frames come off, whatever stands between stays as it was', async () => {
  const body = 'Heat the wash. The vapour is cooled, and:\n\n- heads come first.\n- tails come last.'
  const framed = `Certainly! Here is a step-by-step explanation of stills: ${body}\n\nI hope this helps! Let me know if you have any other questions.`
  const outcome = await answer(framed)
  expect(outcome).toMatchObject({ is: 'fixed', reason: 'boilerplate' })
  const { payload, notes } = outcome as Extract<Outcome, { is: 'fixed' }>
  expect(payload).toEqual({
    kind: 'conversation',
    messages: [
      { role: 'user', content: 'How does a still work?' },
      { role: 'assistant', content: body },
    ],
  })
  expect(notes?.facets?.cleaned).toContain('Certainly!')
  expect(notes?.facets?.cleaned).toContain('Let me know if you have any other questions.')
  expect(
    unframed('もちろんです！蒸留は成分を分ける操作です。ご不明な点がありましたら、お気軽にお尋ねください。').text,
  ).toBe('蒸留は成分を分ける操作です。')
  expect(unframed('Certainly not: water boils later.').removed).toEqual([])
  expect(unframed('Cool it. If you have v1.2 (see above), feel free to ask!').text).not.toMatch(/If you have v1\.2 \($/)
})

test('broken format, each under its own name', async () => {
  expect(await reason('A still heats.<|im_end|>')).toBe('fixed template-token')
  expect(await reason('A still heats.<|im_end|>\n<|im_start|>user\nAnd then?')).toBe('dropped template-token')
  expect(await reason('Templates use `<|im_start|>` to open a turn.')).toBe('passed')
  expect(await reason('It heats.\n\n### Response:\nIt heats.')).toBe('dropped prompt-marker')
  expect(await reason('{"answer": "It heats the wash."}')).toBe('dropped stray-json')
  expect(await reason('{"answer": "It heats the wash."}', 'Answer as JSON.')).toBe('passed')
  expect(await reason('```sh\nmake')).toBe('dropped open-fence')
})

test('a reference to a text that the row does not hold', async () => {
  expect(await reason('According to the document, the pot is heated.')).toBe('dropped missing-reference')
  expect(await reason('The pot is heated.', 'What does the passage say about the pot?')).toBe('passed')
  expect(await reason('本文によると、釜を加熱します。')).toBe('dropped missing-reference')
  expect(await reason('The document object is the root of the tree.')).toBe('passed')
  expect(await reason('According to the document, the pot is heated.', 'Sum up:\n"""\nThe pot is heated.\n"""')).toBe(
    'passed',
  )
  const source = document('d', 'The pot is heated by steam that is led through a coil at its bottom.')
  const quoting = conversation('r', `${source.text} What is heated?`, 'According to the text, the pot.')
  expect((await run(quoting, source)).is).toBe('passed')
})

test('evidence holds the phrase and the turn', async () => {
  expect(await answer('According to the document, the pot is heated.')).toMatchObject({
    evidence: { turn: 1, matched: 'According to the document' },
  })
})

test('documents are held to their format alone', async () => {
  expect(await run(document('d', 'Sure! I cannot help with that and'))).toEqual({ is: 'passed' })
  expect(await run(document('d', '```\nopen'))).toMatchObject({ reason: 'open-fence' })
  expect(await run(document('d', ' \n'))).toMatchObject({ reason: 'empty' })
})
