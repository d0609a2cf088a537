import { describe, expect, it, test } from 'vitest'
import { conversation, document } from '../../../test/support/curate-records.ts'
import type { Message, Rec } from '../../records/index.ts'
import type { Ctx, FilterStep, MapStep, Outcome } from '../../steps/index.ts'
import { registerOf, stylesOf } from '../../text/index.ts'
import { clean } from './clean.ts'
import { echo } from './echo.ts'
import { truncation } from './endings.ts'
import { refusal, unframed } from './habits.ts'
import { loop, repeats } from './loops.ts'
import { mojibake } from './mojibake.ts'

/** What becomes of a record: read, then held against the limits. */
async function run(record: Rec, source?: Rec<'document'>, options: object = {}): Promise<Outcome> {
  const [look, cut] = clean.expand(clean.options.parse(options), 'clean')
  const ctx = { options: look!.options, ancestor: () => source } as unknown as Ctx<never>
  const read: Outcome = await (look!.step as MapStep).run(record, ctx)
  if (read.is === 'dropped' || !cut) return read
  const counted = 'notes' in read ? (read.notes?.scores ?? {}) : {}
  const scores = Object.fromEntries(Object.entries(counted).map(([name, score]) => [`clean/${name}`, score]))
  const verdict = (cut.step as FilterStep).test({ ...record, scores } as Rec, cut.options)
  return verdict.is === 'dropped' ? verdict : read
}
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
  expect(await reason('Run it.\n\n### Output\n\n3')).toBe('passed')
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
  expect(await run(document('d', 'Heading\n~~~~~~~\n\nText below a heading of reStructuredText.'))).toEqual({
    is: 'passed',
  })
  expect(await run(document('d', '```\nopen'))).toMatchObject({ reason: 'open-fence' })
  expect(await run(document('d', ' \n'))).toMatchObject({ reason: 'empty' })
})

test('an end is no cut where nothing says so: enumerations, tags, cells, and who writes no full stops', () => {
  for (const whole of [
    'Steady progress on all fronts this year. #NewBeginnings #CareerGrowth',
    'obstruct, deduct, abduct, erupt, corrupt, interrupt, disrupt, bankrupt, construct, instruct',
    'Games of the season.\n2011\t1:00 PM\tRavens against Bengals at home in the stadium of the city\t31-24',
    'i do not quite get what you mean because your statement can mean several different things',
  ])
    expect(truncation(whole), whole).toBeUndefined()
  expect(truncation('蒸留は加熱から始まります。次に、蒸気を集めて冷やしていくことが必要')).toBeDefined()
})

describe('what an answer says twice', () => {
  const one = 'The vapour is cooled in the coil until it is liquid again.'

  it('is dropped from the third time on, but not in verse, choices or labels', async () => {
    const thrice = `${one} Heat comes first. ${one} Then comes the cut. ${one}`
    expect(await reason(thrice)).toBe('dropped repeated-sentence')
    expect(await reason(thrice.replace(one, ''))).toBe('passed')
    expect(await reason(thrice, 'Write a song about a still.')).toBe('passed')
    expect(repeats('', 'a. To cool the vapour in the coil\n'.repeat(5)).value).toBe(0)
    expect((await run(conversation('r', 'How?', thrice), undefined, { repeats: 4 })).is).toBe('passed')
    expect(await reason('蒸気は冷却管で冷やされて液体に戻ります。'.repeat(4), '蒸留とは？')).toBe(
      'dropped repeated-sentence',
    )
  })

  it('is a loop where it is the end, begun and broken off wherever', () => {
    // Three whole phrases of three words and two words of the fourth.
    const looped = `It begins well. ${'and so on '.repeat(3)}and so`
    expect(loop(looped)).toMatchObject({ value: 11 })
    expect(loop(`${one} ${one}`).value).toBe(0)
    expect(loop(`Results:\n${'-'.repeat(200)}`).value).toBe(0)
    expect(loop(`${one}${' 0.00'.repeat(40)}`).value).toBe(0)
    expect(loop('').value).toBe(0)
  })
})

test.each([
  [
    'As told before, as an AI language model, I find stills useful.',
    'How does a still work?',
    'dropped self-reference',
  ],
  ["Stills are old. I'm just an AI, so ask a distiller.", 'How does a still work?', 'dropped self-reference'],
  ['蒸留は古い技術です。私はAIなので、味は分かりません。', '蒸留とは何ですか？', 'dropped self-reference'],
  ['I am an AI and have no name of my own.', 'Who are you?', 'passed'],
  ['An AI can control the heat of a still.', 'How does a still work?', 'passed'],
  ['She said: "I am an AI", and everybody laughed.', 'How does the story end?', 'passed'],
])('%s', async (text, asked, outcome) => {
  expect(await reason(text, asked)).toBe(outcome)
})

describe('encodings', () => {
  it.each([
    ['The cafÃ© has a naÃ¯ve charm.', 2],
    ['Itâ€™s a â€œstillâ€\u009d.', 3],
    // "蒸留" read as Windows-1252: two characters of three bytes each.
    ['è’¸ç•™', 2],
    ['lak\ufffdsd\ufffdsz', 2],
    ['縺薙ｌ縺ｯ闥ｸ逡吶〒縺吶', 3],
    ['Itï¿½s lost.', 1],
  ])('read wrong are counted: %s', (text, value) => {
    expect(mojibake(text).value).toBe(value)
  })

  it.each([
    'Der Spaß” war groß… und die CAFÉ” zu.',
    'Ärger über Öl, naïve café, São Paulo, Señor Ñandú, Æsir — “façade”.',
    'これは「縺れた」糸の話です。…………',
    '© 2024 ® ™ ½ ¾ ° ± µ ¶ §',
  ])('read right are not: %s', text => {
    expect(mojibake(text).value).toBe(0)
  })

  it('count in the question too, and in a document from the second place on', async () => {
    expect(await reason('It means a betrothed man.', 'What does fiancÃ© mean in this text?')).toBe('dropped mojibake')
    expect((await run(document('d', 'Its name is ker_181905Ã¦ in the log.'))).is).toBe('passed')
    expect(await run(document('d', 'my mother\ufffds house, my father\ufffds car'))).toMatchObject({
      reason: 'mojibake',
    })
  })
})

describe('languages', () => {
  const english = 'A still heats the wash, and the vapour that rises from it is led through a coil and cooled down.'
  const japanese = '蒸留器は醪を加熱し、立ち上る蒸気を蛇管に通して冷やします。'

  it.each([
    [english, '蒸留器はどのように働きますか？', 'dropped wrong-language'],
    [japanese, 'How does a still work, and what is it used for?', 'dropped wrong-language'],
    [
      '蒸馏器加热酒醪，升起的蒸汽经过冷却管，我们就得到了液体。',
      '蒸留器はどのように働きますか？',
      'dropped wrong-language',
    ],
    [english, '英語で説明してください。蒸留器はどのように働きますか？', 'passed'],
    [english, 'What does this mean?\n\n蒸留器は醪を加熱します。', 'passed'],
    // Names and lists need no kana.
    [
      '1. 文学 - 三島由紀夫\n2. 歴史 - 織田信長\n3. 芸術 - 鳥居清長',
      '三人の人物を分野とともに挙げてもらえますか？',
      'passed',
    ],
  ])('%s', async (text, asked, outcome) => {
    expect(await reason(text, asked)).toBe(outcome)
  })

  it.each([
    [`${japanese}这个系统很好。`, 'dropped leaked-script'],
    [`${japanese}그러나 열이 필요합니다。`, 'dropped leaked-script'],
    [`${japanese}「这个」は中国の言い方です。`, 'passed'],
    [`${japanese}It is then led into the receiver and weighed by the distiller.`, 'dropped untranslated'],
    [`${japanese}『The Art of the Still and of the Distiller in the North』に詳しいです。`, 'passed'],
    [`${english} 因此 it is liquid.`, 'dropped leaked-script'],
    [`${english} The word for it is jōryū (蒸留).`, 'passed'],
    [`${english} Its efficiency is η = Q/W.`, 'passed'],
  ])('of slips: %s', async (text, outcome) => {
    expect(await reason(text, text.startsWith('蒸') ? '蒸留器とは何ですか？' : 'What is a still?')).toBe(outcome)
  })
})

test('a question over again, but not its words in a good answer', async () => {
  const asked = 'What is the boiling point of ethanol at sea level?'
  expect(await reason(asked, asked)).toBe('dropped echo')
  expect(await reason(`${asked} It is 78 °C.`, asked)).toBe('dropped echo')
  expect(await reason('The boiling point of ethanol at sea level is 78 °C.', asked)).toBe('passed')
  const text =
    'The pot is filled with wash and heated from below until vapour rises into the column and is cooled there.'
  expect(await reason(text, `Tell me about this. ${text}`)).toBe('dropped echo')
  expect(await reason(text, `Correct the grammar: ${text}`)).toBe('passed')
  expect(echo('', '').value).toBe(0)
})

test('tables and JSON that do not hold', async () => {
  const table = (row: string) => `Figures:\n\n| a | b |\n|---|---|\n${row}\n| 1 | 2 |`
  expect(await reason(table('| 1 |'))).toBe('dropped ragged-table')
  expect(await reason(table('| 1 \\| 2 | `a|b` |'))).toBe('passed')
  const fence = (json: string) => `Here it is.\n\n\`\`\`json\n${json}\n\`\`\``
  expect(await reason(fence('{"a": 1,}'))).toBe('dropped bad-json')
  expect(await reason(fence('{"a": 1, ...}'))).toBe('passed')
  expect(await reason(fence('{"a": 1}\n{"a": 2}'))).toBe('passed')
  expect(await reason('{"a": [1, 2}', 'Reply as JSON.')).toBe('dropped bad-json')
  expect(await reason('[Verse] Rise.', 'Is this JSON?')).toBe('passed')
})

test('reasoning that says nothing, and reasoning that is missing where it is required', async () => {
  const with_ = (more: Partial<Message>) => {
    const record = conversation('r', 'How does a still work?', 'It heats the wash.')
    return { ...record, messages: [record.messages[0]!, { ...record.messages[1]!, ...more }] }
  }
  expect(await run(with_({ reasoning: ' ... ' }))).toMatchObject({ reason: 'empty-reasoning' })
  expect(await run(with_({ content: '<think>\n\n</think>It heats.' }))).toMatchObject({ reason: 'empty-reasoning' })
  expect((await run(with_({ reasoning: 'Heat, then cool.' }))).is).toBe('passed')
  expect((await run(with_({}))).is).toBe('passed')
  expect(await run(with_({}), undefined, { reasoning: 'required' })).toMatchObject({ reason: 'empty-reasoning' })
})

describe('Japanese registers', () => {
  const polite = '蒸留器は加熱します。蒸気が上がります。蒸気は冷えます。液体になりました。'
  const plain = '蒸留器は加熱する。蒸気が上がる。蒸気は冷える。液体になった。'

  it('are told by the ends of sentences, and noted unless they were asked for', async () => {
    expect(registerOf(stylesOf(polite))).toBe('polite')
    expect(registerOf(stylesOf(plain))).toBe('plain')
    expect(registerOf(stylesOf('私どもが承ります。ご案内いたします。お待ちしております。よろしいです。'))).toBe(
      'honorific',
    )
    expect(registerOf(stylesOf('はい。加熱します。'))).toBeUndefined()
    expect(await answer(polite, '蒸留とは？')).toMatchObject({ notes: { facets: { register: 'polite' } } })
    const asked = { ...conversation('r', '蒸留とは？', polite), facets: { register: 'plain' } }
    expect(await run(asked)).toEqual({ is: 'passed' })
  })

  it('are mixed in prose, not in quotations, lists or between rules', async () => {
    expect(await reason(`${polite}${plain}`, '蒸留とは？')).toBe('dropped mixed-register')
    expect(await reason(`${polite}「${plain}」と書きました。`, '蒸留とは？')).toBe('passed')
    expect(await reason(`${polite}\n\n${plain.replaceAll('。', '。\n- ')}以上です。`, '蒸留とは？')).toBe('passed')
    expect(await reason(`${polite}\n\n---\n${plain}\n---\n\n以上です。`, '蒸留とは？')).toBe('passed')
  })

  it('and phrases that were translated word by word', async () => {
    expect(await reason(`${polite}これが役に立つことを願っています。`, '蒸留とは？')).toBe('dropped translationese')
  })
})

test('the chosen answer of a preference is looked at and never mended, a disliked one is not', async () => {
  const prompt = [{ role: 'user' as const, content: 'How does a still work?' }]
  const say = (content: string) => [{ role: 'assistant' as const, content }]
  const base = conversation('r', '', '')
  const pair = (chosen: string, rejected: string) =>
    ({
      ...base,
      kind: 'preference',
      messages: undefined,
      prompt,
      chosen: say(chosen),
      rejected: say(rejected),
    }) as never
  const no = "I'm sorry, but I can't help with that."
  expect(await run(pair(no, 'It heats.'))).toMatchObject({ reason: 'refusal' })
  expect(await run(pair('Certainly! It heats the wash.', no))).toEqual({ is: 'passed' })
  const liked = (label: boolean) =>
    ({ ...base, kind: 'feedback', messages: undefined, prompt, completion: say(no), label }) as never
  expect(await run(liked(true))).toMatchObject({ reason: 'refusal' })
  expect((await run(liked(false))).is).toBe('passed')
})

test('limits are over what is stored: another limit looks at no text, and a check that is off stores nothing', () => {
  const [look, cut] = clean.expand(clean.options.parse({ checks: ['echo'], echo: 0.5 }), 'tidy')
  expect(look!.options).toEqual({ checks: ['echo'], reasoning: 'if-present' })
  expect(cut!.options).toEqual({ by: 'tidy', echo: 0.5 })
  expect(clean.expand(clean.options.parse({ checks: ['refusals'] }), 'tidy')).toHaveLength(1)
})

test('an answer of one character, of one line for ever, and none', async () => {
  for (const text of ['x', '。', '(', 'a'.repeat(300_000), '```\n'.repeat(30_000), '「'.repeat(100_000)])
    expect((await run(conversation('r', text, text))).is).toBeDefined()
  expect(await run(conversation('r', 'x', ''))).toMatchObject({ reason: 'empty' })
})

test('Thai sets no full stop', async () => {
  const thai = 'การเรียนรู้ของเครื่องคือสาขาหนึ่งของปัญญาประดิษฐ์ที่ช่วยให้คอมพิวเตอร์เรียนรู้จากข้อมูลได้เอง'
  expect(await reason(thai, 'การเรียนรู้ของเครื่องคืออะไร')).toBe('passed')
})
