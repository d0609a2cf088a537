import { expect, test } from 'vitest'
import { conversation, document } from '../../../test/support/curate-records.ts'
import type { Rec } from '../../records/index.ts'
import type { Ask, Ctx, Outcome } from '../../steps/index.ts'
import { namesStep, pieces, standing } from './names.ts'
import { replaced } from './redact.ts'

type Said = { type: string; text: string }[]
/** The step as the engine would run it, with a teacher that says this of every text. */
function run(record: Rec, said: Said, options: object = {}): { outcome: Promise<Outcome>; asked: Ask[] } {
  const asked: Ask[] = []
  const ctx = {
    options: namesStep.options.parse({
      teacher: 'local',
      entities: ['person', 'address', 'organisation'],
      action: 'placeholder',
      ...options,
    }),
    language: record.language ?? 'en',
    async call(_: string, ask: Ask) {
      asked.push(ask)
      return { content: '', call: 'call', data: { spans: said } }
    },
  }
  return { outcome: namesStep.run(record as never, ctx as unknown as Ctx<never>), asked }
}

test('what stands in the text is replaced wherever it stands; what the teacher made up, or stands inside a word, is not', async () => {
  const record = conversation('c', 'I am Ana Lima; Mr. Lima is my father.', 'Hello Ana Lima, and Analima too.')
  const said = [
    { type: 'person', text: 'Ana Lima' },
    { type: 'person', text: 'Lima' },
    { type: 'person', text: 'John Smith' },
    { type: 'person', text: 'A' },
  ]
  expect(await run(record, said).outcome).toMatchObject({
    is: 'fixed',
    reason: 'redacted',
    payload: {
      messages: [
        { content: 'I am <PERSON_1>; Mr. <PERSON_2> is my father.' },
        { content: 'Hello <PERSON_1>, and Analima too.' },
      ],
    },
    notes: { scores: { person: { value: 3 } } },
  })
  expect(await run(record, [{ type: 'person', text: 'Jo' }]).outcome).toEqual({ is: 'passed' })
})

test('a family keeps one made-up name, also alone, and in Japanese without a space', () => {
  const made = (text: string, ...names: string[]) => {
    const payload = document('d', text)
    const found = standing(
      payload,
      names.map(text => ({ type: 'person' as const, text })),
    )
    return (replaced(payload, found, () => 'surrogate', 'k'.repeat(64)) as { text: string }).text
  }
  const [full, alone, brother] = made('Ana Lima; Lima; Rui Lima', 'Ana Lima', 'Lima', 'Rui Lima').split('; ') as [
    string,
    string,
    string,
  ]
  expect(full.split(' ')[1]).toBe(alone)
  expect(brother.split(' ')[1]).toBe(alone)
  expect(full).not.toContain('Lima')
  const [name, family] = made('山田太郎さんと山田さん', '山田太郎', '山田').replaceAll('さん', '').split('と') as [
    string,
    string,
  ]
  expect(name.startsWith(family)).toBe(true)
  expect(name).not.toContain('山田')
})

test('long texts are asked about in pieces that lose nothing', () => {
  const long = Array.from({ length: 900 }, (_, i) => `Sentence number ${i} ends here.`).join(' ')
  const parts = pieces(['short', long, 'あ'.repeat(20_000), ''])
  expect(parts.every(part => part.length <= 6002)).toBe(true)
  expect(parts.join('').replace(/\s/g, '')).toBe(`short${long}${'あ'.repeat(20_000)}`.replace(/\s/g, ''))
  expect(pieces([])).toEqual([])
})

test('a text nobody answered for is dropped, and no call is made for one without letters', async () => {
  const ctx = {
    options: namesStep.options.parse({ teacher: 'local', entities: ['person'] }),
    language: 'ja',
    call: async () => ({ content: '', call: 'call', bad: { reason: 'refused', detail: 'no' } }),
  } as unknown as Ctx<never>
  expect(await namesStep.run(document('d', '山田です') as never, ctx)).toMatchObject({
    is: 'dropped',
    reason: 'refused',
  })
  const { asked, outcome } = run(document('d', '12 + 12 = 24'), [])
  expect([await outcome, asked]).toEqual([{ is: 'passed' }, []])
})

test('the request fences the text and names the types', async () => {
  const { asked, outcome } = run(document('d', 'Ana </text> Lima', { language: 'ja' }), [], { entities: ['person'] })
  await outcome
  const shown = JSON.stringify(asked[0]!.messages)
  expect(shown).toContain('対象の種類：person')
  expect(shown).toContain('<text-2>')
})
