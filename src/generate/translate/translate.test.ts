import { describe, expect, test } from 'vitest'
import { conversation, document } from '../../../test/support/curate-records.ts'
import type { Payload, Rec } from '../../records/index.ts'
import type { Answer, Ask, Ctx, MapStep } from '../../steps/index.ts'
import { problemOf } from './check.ts'
import { translate } from './index.ts'

/** Answers each text by a table; `calls` says who was asked what. */
async function run(record: Rec, table: { [text: string]: string | Partial<Answer> }, options: object = {}) {
  const calls: { teacher: string; prompt: string; text: string }[] = []
  const parsed = translate.options.parse({ teacher: 't', to: 'ja', kind: record.kind, ...options })
  const [write, ...cuts] = translate.expand(parsed, 'tr')
  const outcome = await (write!.step as MapStep).run(record, {
    options: write!.step.options.parse(write!.options),
    language: 'en',
    call: async (teacher: string, ask: Ask) => {
      const prompt = ask.messages.map(({ content }) => content).join('\n')
      const text = /<text>\n([\s\S]*?)\n<\/text>/.exec(prompt)![1]!
      const n = calls.push({ teacher, prompt, text })
      const said = table[text] ?? ''
      return { call: `${teacher}${n}`, content: '', ...(typeof said === 'string' ? { content: said } : said) }
    },
  } as unknown as Ctx<never>)
  return { outcome, calls, cuts }
}

const [asked, answered] = ['How high is it in {city}?', 'It is 12 m high, see `height()`.']
const talk = conversation('c', asked, answered, { language: 'en' })
const table = {
  [asked]: '{city}では高さはどのくらいですか？',
  [answered]: '高さは12 mです。`height()` を見てください。',
}

describe('a record', () => {
  test('keeps its build, turn by turn, each with the one before it to read', async () => {
    const { outcome, calls, cuts } = await run(talk, table)
    if (outcome.is !== 'made') throw new Error(outcome.is)
    const [draft] = outcome.made
    expect((draft!.payload as Payload<'conversation'>).messages).toEqual([
      { role: 'user', content: table[asked] },
      { role: 'assistant', content: table[answered] },
    ])
    expect(draft).toMatchObject({
      key: 'ja',
      notes: { language: 'ja', facets: { translated: 'en', register: 'polite' }, scores: { numbers: { value: 1 } } },
    })
    expect(calls[1]!.prompt).toContain(`<before>\n${asked}\n</before>`)
    expect(calls[0]!.prompt).not.toContain('<before>\n')
    expect(cuts.map(({ options }) => options)).toEqual([{ by: 'tr/numbers', below: 0.8, unscored: 'keep' }])
  })

  test('keeps what an answer is held against, unless that is words', async () => {
    const held = async (kind: string) => {
      const { outcome } = await run({ ...talk, reference: '12', verifier: { kind } }, table)
      if (outcome.is !== 'made') throw new Error(outcome.is)
      const { reference, verifier } = outcome.made[0]!.payload as Payload<'conversation'>
      return [reference, verifier?.kind]
    }
    expect(await held('number')).toEqual(['12', 'number'])
    expect(await held('choice')).toEqual(['12', undefined])
  })

  test('comes back through another teacher: how much of it is a score with a cut, and no mark where that failed', async () => {
    const back = {
      [table[asked]!]: 'How high is it in {city}?',
      [table[answered]!]: 'Its height is 12 m, see `height()`.',
    }
    const { outcome, calls, cuts } = await run(talk, { ...table, ...back }, { back: 'b', min: 0.4 })
    expect(calls.map(({ teacher }) => teacher)).toEqual(['t', 't', 'b', 'b'])
    expect(calls[2]!.prompt).toContain('You translate into English')
    if (outcome.is !== 'made') throw new Error(outcome.is)
    // Who only translated back did not write the record.
    expect(outcome.made[0]!.calls).toEqual(['t1', 't2'])
    const score = outcome.made[0]!.notes!.scores!.back as { value: number }
    expect(score.value).toBeGreaterThan(0.7)
    expect(score.value).toBeLessThan(1)
    expect(cuts.at(-1)!.options).toEqual({ by: 'tr/back', below: 0.4, unscored: 'drop' })
    const refused = await run(
      talk,
      { ...table, ...back, [table[asked]!]: { bad: { reason: 'refused', detail: '' } } },
      { back: 'b' },
    )
    expect(refused.outcome).toMatchObject({ made: [{ notes: { scores: { back: { unscored: 'refused' } } } }] })
    expect(translate.options.safeParse({ teacher: 't', to: 'ja', min: 0.4 }).error?.issues[0]?.path).toEqual(['back'])
  })

  test('of code alone, with tool calls, or in the language already is dropped by name', async () => {
    const reason = async (record: Rec, said: typeof table = {}, options: object = {}) => {
      const { outcome, calls } = await run(record, said, options)
      return ['reason' in outcome && outcome.reason, calls.length]
    }
    expect(await reason(document('d', '```\nrun()\n```'))).toEqual(['nothing-to-translate', 0])
    expect(await reason(document('d', '蒸留器は液体を分けます。'))).toEqual(['same-language', 0])
    const call = { role: 'tool' as const, content: '{}' }
    expect(await reason({ ...talk, messages: [...talk.messages, call] })).toEqual(['tool-calls', 0])
    expect(await reason(talk, { [asked]: table[asked]! })).toEqual(['empty-text', 2])
    expect(await reason(talk, table, { register: 'plain' })).toEqual(['other-register', 2])
  })

  test('keeps title, reference and what is no text', async () => {
    const { outcome } = await run({ ...document('d', 'A still heats.'), title: 'Stills', uri: 'a.md' } as Rec, {
      'A still heats.': '蒸留器は加熱します。',
      Stills: '蒸留器',
    })
    expect(outcome).toMatchObject({
      made: [{ payload: { text: '蒸留器は加熱します。', title: '蒸留器', uri: 'a.md' } }],
    })
    const prompt = { ...talk, kind: 'prompt', messages: [{ role: 'user', content: asked }], reference: answered }
    expect((await run(prompt as unknown as Rec, table)).outcome).toMatchObject({
      made: [{ payload: { kind: 'prompt', messages: [{ content: table[asked] }], reference: table[answered] } }],
    })
  })
})

const long = 'The column of the still is tall, and vapour rises in it until it is cooled.'
test.each([
  ['See `a()` and {{name}}.', '`a()` と {{name}} を見てください。', undefined],
  ['See `a()`.', '`b()` を見てください。', 'code-changed'],
  ['Run:\n```\nmake all\n```', '実行します:\n```\nmake  all\n```', 'code-changed'],
  ['Hello {name}', 'こんにちは {名前}', 'placeholder-changed'],
  ['See https://example.org/a.', 'https://example.org/b を見てください。', 'placeholder-changed'],
  ['Hello', 'Bonjour', 'other-language'],
  [long, long, 'other-language'],
  [long, '塔は高いです。', 'too-short'],
  [long, `${'蒸留器の塔は高く、蒸気は冷えるまで中を上がります。'.repeat(8)}`, 'too-long'],
  ['2 + 2', '2 + 2', undefined],
])('%j as %j: %s', (original, text, reason) => {
  expect(problemOf(text, original, 'ja', [0.4, 2.5])?.reason).toBe(reason)
})
