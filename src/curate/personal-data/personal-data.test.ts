import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { conversation, document } from '../../../test/support/curate-records.ts'
import { checkedMakers, otherMakers, soundValue, written } from '../../../test/support/personal-values.ts'
import { type Payload, type Rec, random } from '../../records/index.ts'
import type { Ctx, Outcome } from '../../steps/index.ts'
import { luhn, verhoeff } from './checks.ts'
import { byRules, chosen, type Entity } from './entities.ts'
import { personalData, redact } from './personal-data.ts'
import { places, replaced } from './redact.ts'
import { scan } from './scan.ts'
import { sound, surrogate } from './surrogate.ts'

const folder = mkdtempSync(join(tmpdir(), 'stillroom-'))
afterAll(() => rmSync(folder, { recursive: true }))
const [one, two] = ['1', '2'].map(name => {
  writeFileSync(join(folder, name), name.repeat(64))
  return join(folder, name)
}) as [string, string]

const run = (record: Rec, options: object = {}): Promise<Outcome> =>
  redact.run(record as never, { options: redact.options.parse({ key: one, ...options }) } as Ctx<never>)
const fixed = async (record: Rec, options?: object) => {
  const outcome = await run(record, options)
  if (outcome.is !== 'fixed') throw new Error(`${outcome.is}, not fixed`)
  return outcome.payload as Payload
}
const text = async (words: string, options?: object) => {
  const payload = await fixed(document('d', words), options)
  return payload.kind === 'document' ? payload.text : ''
}
const row = (columns: object): Rec => ({ ...document('r', ''), kind: 'row', columns }) as never

const shapeOf = (value: string) =>
  value.normalize('NFKC').replace(/\d/g, '0').replace(/[A-Z]/g, 'A').replace(/[a-z]/g, 'a')

test.each(Object.keys(checkedMakers))('%s: a surrogate has the form, fails the check and is found no more', entity => {
  const name = entity as Entity
  for (let i = 0; i < 60; i++) {
    const dice = random('surrogate of', entity, i)
    const value = soundValue(entity, dice)
    const shown = written(entity, value, dice)
    const made = surrogate(name, value, shown, 'k'.repeat(64))
    expect(made).not.toBe(shown)
    if (entity !== 'crypto-address') expect(shapeOf(made)).toBe(shapeOf(shown))
    expect(sound[name]!(made.normalize('NFKC').replace(/[^0-9A-Za-z]/g, ''))).toBe(false)
    expect(surrogate(name, value, shown, 'k'.repeat(64))).toBe(made)
    expect(scan(made, { wanted: chosen([name]) })).toEqual([])
  }
})

test('other surrogates come out of ranges that belong to nobody', () => {
  for (const entity of [
    'email',
    'ip-address',
    'mac-address',
    'phone',
    'us-ssn',
    'uk-nino',
    'jp-passport',
    'jp-bank-account',
    'jp-postal-code',
    'jp-address',
  ] as const) {
    for (let i = 0; i < 40; i++) {
      const shown = otherMakers[entity]!(random('other', entity, i))
      const made = surrogate(entity, shown.replace(/[^\w@.:+]/g, ''), shown, 'k'.repeat(64))
      const around = {
        phone: 'call ',
        'us-ssn': 'SSN ',
        'uk-nino': 'NINO ',
        'jp-passport': '旅券 ',
        'jp-bank-account': '普通 ',
      } as { [entity: string]: string }
      expect([shown, made, scan(`${around[entity] ?? ''}${made}`, { wanted: chosen([...byRules]) })]).toEqual([
        shown,
        made,
        [],
      ])
    }
  }
})

test('the same value has the same surrogate in every record of a project, and another one in another project', async () => {
  const asked = 'Write to Ann.B@fernhill.test or ann.b@fernhill.test.'
  const mine = await text(asked)
  const [first, second] = mine.match(/user-\w+@example\.\w+/g)!
  expect(first).toBe(second)
  expect(await text(`again ann.b@fernhill.test`)).toBe(`again ${first}`)
  expect(await text(`again ann.b@fernhill.test`, { key: two })).not.toBe(`again ${first}`)
  // What stands in for a value is left alone when the step comes again.
  expect(await run(document('d', mine))).toEqual({ is: 'passed' })
})

test('forms stay: width, groups, and the year of a birth', async () => {
  expect(await text('個人番号は１２３４－５６７８－９０１８です')).toMatch(
    /^個人番号は[０-９]{4}－[０-９]{4}－[０-９]{4}です$/,
  )
  expect(await text('born 3 March 1980, 昭和50年3月12日生まれ')).toBe('born 1 January 1980, 昭和50年1月1日生まれ')
  expect(await text('call (415) 867-2671')).toMatch(/^call \(415\) 555-01\d\d$/)
  expect(await text('from 81.2.69.144', { action: 'mask' })).toBe('from **.*.**.***')
})

test('placeholders are numbered by record, and go on where an earlier pass ended', async () => {
  const asked = conversation(
    'c',
    'I am ann@fernhill.test, not <EMAIL_3>; Bob is bob@fernhill.test.',
    'Fine, ann@fernhill.test.',
  )
  const payload = await fixed(asked, { action: 'placeholder' })
  expect(payload.kind === 'conversation' && payload.messages.map(m => m.content)).toEqual([
    'I am <EMAIL_4>, not <EMAIL_3>; Bob is <EMAIL_5>.',
    'Fine, <EMAIL_4>.',
  ])
})

test('every field is read: columns with their names, numbers, arguments of calls, reasoning', async () => {
  const columns = {
    id: 7,
    'provider NPI': 1234567893,
    note: 'mail ann@fernhill.test',
    deep: [{ card: '4111111111111111' }],
  }
  const payload = await fixed(row(columns), { action: 'placeholder' })
  expect(payload).toMatchObject({
    columns: { id: 7, 'provider NPI': '<NPI_1>', note: 'mail <EMAIL_1>', deep: [{ card: '<CARD_1>' }] },
  })
  const numbered = await fixed(row({ npi: 1234567893 }))
  expect(numbered.kind === 'row' && typeof numbered.columns.npi).toBe('number')
  const calling: Rec = {
    ...conversation('c', 'Look it up', 'Done'),
    messages: [
      { role: 'user', content: 'Look it up' },
      {
        role: 'assistant',
        content: null,
        reasoning: 'The user is ann@fernhill.test.',
        tool_calls: [
          {
            id: 'ann',
            type: 'function',
            function: { name: 'find', arguments: { by: { email: 'ann@fernhill.test' } } },
          },
        ],
      },
    ],
  } as never
  const said = JSON.stringify(await fixed(calling, { action: 'mask' }))
  expect(said).not.toContain('ann@')
  expect(said).toContain('"by":{"email":"***@********.****"}')
})

test('no kind of record has a field that is not read', async () => {
  let n = 0
  const mail = () => `u${n++}@fernhill.test`
  const said = () => [{ role: 'user' as const, content: mail(), name: mail() }]
  const tools = () => [
    { type: 'function' as const, function: { name: 'find', description: mail(), parameters: { note: mail() } } },
  ]
  const verifier = () => ({ kind: 'exact', answer: mail() })
  const payloads: Payload[] = [
    { kind: 'document', text: mail(), title: mail(), uri: mail() },
    { kind: 'prompt', messages: said(), reference: mail(), verifier: verifier(), tools: tools() },
    { kind: 'conversation', messages: said(), tools: tools() },
    { kind: 'preference', prompt: said(), chosen: said(), rejected: said(), tools: tools() },
    { kind: 'feedback', prompt: said(), completion: said(), label: true },
    { kind: 'exam', prompt: said(), target: mail(), choices: [mail(), mail()], rubric: mail(), verifier: verifier() },
    { kind: 'row', columns: { a: mail(), b: [mail()], c: { d: mail() } } },
  ]
  let replacedMails = 0
  for (const payload of payloads) {
    const made = JSON.stringify(await fixed({ ...document('d', ''), ...payload } as Rec, { action: 'placeholder' }))
    expect(made).not.toContain('fernhill')
    replacedMails += made.match(/<EMAIL_\d+>/g)!.length
  }
  expect(replacedMails).toBe(n)
})

const secret = `AKIA${'Q7RK2ZPX5MTB4WVL'}`
test('a secret drops the row whatever the action, and nothing that is kept of it tells a value', async () => {
  const record = conversation('c', 'My key?', `It is ${secret}, and mine is ann@fernhill.test.`)
  for (const action of ['mask', 'placeholder', { others: 'surrogate' }]) {
    const outcome = await run(record, { action })
    expect(outcome).toMatchObject({
      is: 'dropped',
      reason: 'secret',
      evidence: { found: [{ entity: 'secret', rule: 'aws-key', at: 'messages[1].content', span: [6, 26] }], total: 1 },
    })
    expect(JSON.stringify(outcome)).not.toContain(secret)
  }
  const hash = async (key: string, words: string) => {
    const outcome = await run(document('d', words), { key, action: { email: 'drop' } })
    return (outcome as unknown as { evidence: { found: { hash: string }[] } }).evidence.found[0]!.hash
  }
  expect(await hash(one, 'ann@fernhill.test')).toBe(await hash(one, 'or ANN@fernhill.test?'))
  expect(await hash(one, 'ann@fernhill.test')).not.toBe(await hash(two, 'ann@fernhill.test'))
})

test('actions by entity, values that stay, counts without values', async () => {
  const words = 'ann@fernhill.test and bob@fernhill.test from 81.2.69.144'
  const outcome = await run(document('d', words), {
    action: { email: 'placeholder', others: 'mask' },
    allow: ['Bob@fernhill.test'],
  })
  expect(outcome).toEqual({
    is: 'fixed',
    reason: 'redacted',
    payload: expect.objectContaining({ text: '<EMAIL_1> and bob@fernhill.test from **.*.**.***' }),
    notes: {
      scores: { email: { method: 'found by rules', value: 1 }, 'ip-address': { method: 'found by rules', value: 1 } },
    },
  })
  expect(await run(document('d', words), { action: { 'ip-address': 'drop' } })).toMatchObject({
    reason: 'personal-data',
  })
  expect(await run(document('d', words), { entities: ['uk'] })).toEqual({ is: 'passed' })
})

test('the verb asks a teacher for names in a step of its own, after the rules', () => {
  const options = personalData.options.parse({ ner: 'local', action: 'mask' })
  expect(personalData.expand(options, 'personal-data').map(({ as, step }) => [as, step.verb])).toEqual([
    ['', 'personal-data-rules'],
    ['names', 'personal-data-names'],
  ])
  expect(personalData.expand(personalData.options.parse({}), 'p')).toHaveLength(1)
  expect(personalData.options.safeParse({ entities: ['person'] }).success).toBe(false)
})

test('surrogates without a key are refused by name', async () => {
  await expect(run(document('d', 'ann@fernhill.test'), { key: join(folder, 'none') })).rejects.toMatchObject({
    code: 'SR_KEY_MISSING',
  })
  const found = places(document('d', 'ann@fernhill.test'), words => scan(words, { wanted: chosen(['email']) }))
  expect(() => replaced(document('d', 'ann@fernhill.test'), found, () => 'surrogate', undefined)).toThrow(/key/)
})

test('keys that look like paths keep their values apart', async () => {
  const columns = {
    'a.b': 'mail ann@fernhill.test',
    a: { b: 'to bob@fernhill.test, please', 'x"]': ['cy@fernhill.test'] },
  }
  const payload = await fixed(row(columns), { action: 'placeholder' })
  expect(payload).toMatchObject({
    columns: { 'a.b': 'mail <EMAIL_1>', a: { b: 'to <EMAIL_2>, please', 'x"]': ['<EMAIL_3>'] } },
  })
})

test('a surrogate fails the plain sum too, whatever its issuer and first digit', () => {
  for (let i = 0; i < 300; i++) {
    const key = `${i}`.padEnd(64, 'k')
    expect(luhn(surrogate('credit-card', '3530111333300000', '3530111333300000', key))).toBe(false)
    expect(verhoeff(surrogate('in-aadhaar', '234123412346', '234123412346', key))).toBe(false)
  }
})
