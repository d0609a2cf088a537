import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Candidate } from './candidate.ts'
import { byRules, chosen } from './entities.ts'
import { normal } from './normal.ts'
import { apart, scan } from './scan.ts'

const all = chosen([...byRules])
const found = (text: string, wanted = chosen(undefined)) =>
  scan(text, { wanted }).map(one => `${one.entity}: ${text.slice(one.start, one.end)}`)

test.each([
  ['Card 4111 1111 1111 1111, thanks', 'credit-card: 4111 1111 1111 1111'],
  ['to gb82 west 1234 5698 7654 32 please', 'iban: gb82 west 1234 5698 7654 32'],
  ['mail <ann.b+x@mail.fernhill.test>, please', 'email: ann.b+x@mail.fernhill.test'],
  // Endings of files that are countries too, and letters of Europe.
  ['write to petar@telekom.rs today', 'email: petar@telekom.rs'],
  ['josé.garcía@correo.es', 'email: josé.garcía@correo.es'],
  // `Server` ends like `ver.`, after which a version stands.
  ['Server 81.2.69.142 fell over', 'ip-address: 81.2.69.142'],
  // Two slashes make no path of it.
  [
    'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYQz83kLm2vt',
    'secret: wJalrXUtnFEMI/K7MDENG/bPxRfiCYQz83kLm2vt',
  ],
  ['Authorization: Bearer kX9vT2pQ8zLmN4wE7', 'secret: kX9vT2pQ8zLmN4wE7'],
  ['reach me: ann (at) fernhill.test', 'email: ann (at) fernhill.test'],
  ['from 2a02:6379::3a26 at 9:01', 'ip-address: 2a02:6379::3a26'],
  ['the card 96-70-30-0e-fa-d2', 'mac-address: 96-70-30-0e-fa-d2'],
  ['NI number AB 12 34 56 C', 'uk-nino: AB 12 34 56 C'],
  ['call (415) 867-2671 x12 now', 'phone: (415) 867-2671 x12'],
  ['+46 (0)8 928 571 38', 'phone: +46 (0)8 928 571 38'],
  ['born on 2 March 1980 in Leeds', 'date-of-birth: 2 March 1980'],
  ['昭和五十年ではなく昭和50年3月2日生まれ', 'date-of-birth: 昭和50年3月2日'],
  // Full-width digits, an ideographic space and long vowel marks for dashes.
  ['個人番号：１２３４ー５６７８ー９０１８です', 'jp-my-number: １２３４ー５６７８ー９０１８'],
  [
    '住所は大阪府大阪市北区梅田３丁目１番３号　ノースゲートビル10階です',
    'jp-address: 大阪府大阪市北区梅田３丁目１番３号　ノースゲートビル10階',
  ],
  ['さいたま市大宮区桜木町1-7-5に移転', 'jp-address: さいたま市大宮区桜木町1-7-5'],
  ['〒530-0001', 'jp-postal-code: 530-0001'],
  // A zero-width space inside is no way out.
  ['card 4111\u200b1111\u200b1111\u200b1111!', 'credit-card: 4111\u200b1111\u200b1111\u200b1111'],
  ['カード番号は４１１１１１１１１１１１１１１１です', 'credit-card: ４１１１１１１１１１１１１１１１'],
])('%s', (text, expected) => {
  expect(found(text)).toEqual([expected])
})

test.each([
  'Card 4111 1111 1111 1112, thanks',
  'Write to support@example.com or user@host.invalid from 192.0.2.7 or 2001:db8::1',
  'On 127.0.0.1 and 255.255.255.0, see section 1.2.3.4 and version 10.20.30.40',
  'In the film they dial 555-0123 and 415-555-0123',
  'ISBN 978-4-7741-9218-5 came out 2019-03-02 10:20:30 and sold 1,234,567',
  'a::b, std::fmt, dead::beef, aa:bb',
  'Rows 2019 2020 2021 2022 2023; 3.14159265358979; 1700000000000',
  '法人番号7000012050002、T7000012050002',
  '第12回、1丁目の角、2020年3月2日',
  'photo@2x.png and decorators such as @media or @app.route',
  'b645d0b8-8d3d-4967-9477-b7abf4be37da: call it',
])('nobody: %s', text => {
  expect(found(text)).toEqual([])
})

test('a weak form counts with a word near it, also one of your own or the name of a column', () => {
  expect(found('Number 1234567893.')).toEqual([])
  expect(found('Provider NPI: 1234567893.')).toEqual(['us-npi: 1234567893'])
  const wanted = chosen(['us-npi'])
  expect(scan('doctor 1234567893', { wanted, near: { 'us-npi': ['doctor'] } })).toHaveLength(1)
  expect(scan('1234567893', { wanted, hint: 'renderingProvider_id' })).toHaveLength(1)
})

test('what is asked for alone is looked for alone; secrets always', () => {
  const text = 'ann@fernhill.test, 2020-03-02, https://fernhill.test/a, 4111111111111111'
  expect(found(text, chosen(['email']))).toEqual(['email: ann@fernhill.test'])
  expect(found(text, chosen(['jp']))).toEqual([])
  expect(found(text, chosen(['date', 'url']))).toEqual(['date: 2020-03-02', 'url: https://fernhill.test/a'])
  expect(chosen(['email']).has('secret')).toBe(true)
})

/** Put together here, so that no scanner takes this file for a leak. */
const letters = 'q7Rk2ZpX9mTb4WvLs8Nc1JdHy6GfEa3UoBi5KxPw0QzSrMtVnCl'
const key = (n: number) => letters.repeat(4).slice(0, n)
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
test.each([
  ['github-token', `ghp_${key(36)}`],
  ['aws-key', `AKIA${'Q7RK2ZPX5MTB4WVL'}`],
  ['openai-key', `sk-proj-${key(48)}`],
  ['anthropic-key', `sk-ant-api03-${key(95)}`],
  ['slack-token', `xoxb-123456789012-${key(24)}`],
  ['google-key', `AIza${key(35)}`],
  ['sendgrid-key', `SG.${key(22)}.${key(43)}`],
  ['stripe-key', `sk_live_${key(24)}`],
  ['jwt', `${base64({ alg: 'HS256', typ: 'JWT' })}.${base64({ sub: '1', name: 'q7Rk2' })}.${key(43)}`],
  ['private-key', `-----BEGIN RSA PRIVATE KEY-----\n${key(64)}\n${key(64)}\n-----END RSA PRIVATE KEY-----`],
  ['url-password', 'postgres://app:q7Rk2ZpX9m@db.fernhill.test:5432'],
  ['assigned', key(20)],
])('secret: %s', (rule, secret) => {
  const text = rule === 'assigned' ? `password: "${secret}"` : `use ${secret} here`
  const some = scan(text, { wanted: chosen(['email']) })
  expect(some.map(one => [one.rule, text.slice(one.start, one.end)])).toEqual([[rule, secret]])
})

test.each([
  'AKIAIOSFODNN7EXAMPLE',
  `ghp_${'x'.repeat(36)}`,
  'postgres://user:password@localhost/db',
  'password = os.environ["DB_PASSWORD"]',
  'password: correct-horse (see the comic)',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder is the case
  'api_key: ${API_KEY_2}',
  'secret: /run/secrets/db_key_1',
  'token = tokens[1] and the secret is patience',
  '-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----',
  'パスワードは8文字以上にしてください',
])('no secret: %s', text => {
  expect(scan(text, { wanted: chosen(['email']) })).toEqual([])
})

const spans = fc.array(
  fc.record({
    start: fc.nat(60),
    length: fc.integer({ min: 1, max: 20 }),
    score: fc.constantFrom(0.5, 0.6, 1),
    entity: fc.constantFrom('email' as const, 'phone' as const, 'public' as const),
  }),
  { maxLength: 14 },
)
const candidates = (list: { start: number; length: number; score: number; entity: Candidate['entity'] }[]) =>
  list.map(({ start, length, ...rest }): Candidate => ({ ...rest, start, end: start + length, value: '' }))

test('of what overlaps one stays, whatever the order, and nothing better was thrown out for it', () => {
  fc.assert(
    fc.property(spans, list => {
      const kept = apart(candidates(list))
      expect(apart(candidates(list).reverse())).toEqual(kept)
      for (let i = 1; i < kept.length; i++) expect(kept[i]!.start).toBeGreaterThanOrEqual(kept[i - 1]!.end)
      for (const one of candidates(list)) {
        const over = kept.filter(other => other.start < one.end && one.start < other.end)
        expect(over.length).toBeGreaterThan(0)
        expect(Math.max(...over.map(other => other.score))).toBeGreaterThanOrEqual(one.score)
      }
    }),
    { numRuns: 300 },
  )
})

test('positions in the normal form lead back to whole characters of the text', () => {
  const pieces = fc.constantFrom(
    'a',
    '1',
    '４',
    '－',
    '\u200b',
    'ﬁ',
    '㍿',
    'か\u3099',
    'e\u0301',
    '𝟏',
    '😀',
    'ー',
    ' ',
    '\u3000',
    '٣',
    '\ud800',
    '\ud835',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), parts => {
      const source = parts.join('')
      const { text, original } = normal(source)
      let last = 0
      for (let i = 0; i < text.length; i++) {
        const [start, end] = original(i, i + 1)
        expect(start).toBeGreaterThanOrEqual(last)
        expect(end).toBeGreaterThan(start)
        last = start
        const form = normal(source.slice(start, end)).text
        // What neighbours decide, and halves of pairs, are not told alone.
        if (!/[-ー\ufffd\ud800-\udfff]/.test(text[i]!)) expect(form).toContain(text[i]!)
      }
      expect(normal(text).text).toBe(text)
    }),
    { numRuns: 500 },
  )
})

test('a long text is read in pieces, and nothing is lost or found twice where they meet', () => {
  const filler = 'The still heats the wash. '
  const lead = filler.repeat(Math.floor((1 << 20) / filler.length) - 1)
  for (let shift = 0; shift < 60; shift += 7) {
    const head = lead + 'x'.repeat(shift)
    const text = `${head} mail ann@fernhill.test and 4111 1111 1111 1111 ${filler.repeat(2000)} bob@fernhill.test`
    expect(found(text)).toEqual([
      'email: ann@fernhill.test',
      'credit-card: 4111 1111 1111 1111',
      'email: bob@fernhill.test',
    ])
  }
})

test('empty, single and endless texts', () => {
  for (const text of ['', 'a', '1', '@', '４', '\ud800']) expect(scan(text, { wanted: all })).toEqual([])
  const units = [
    'a',
    '1',
    '1 ',
    '4111 ',
    'a@',
    '::',
    '0-',
    '12-34-',
    '(',
    '+1',
    'born 1 ',
    '４',
    'あ1',
    '一丁目',
    'sk-',
    'eyJa.',
    '-----BEGIN PRIVATE KEY-----\n',
    'a://b:c@',
    'password=',
    '1.1.',
    'か\u3099',
  ]
  for (const unit of units) scan(unit.repeat(60_000 / unit.length), { wanted: all })
})

test('a field that is called a secret holds one', () => {
  const of = (text: string, hint: string) => scan(text, { wanted: chosen(undefined), hint }).map(one => one.rule)
  expect(of('kX9vT2pQ8z', 'dbPassword')).toEqual(['assigned'])
  expect(of('9f8a7b6c5d4e3f2a1b0c9d8e', 'api_key')).toEqual(['assigned'])
  expect(of('kX9vT2pQ8z', 'password_hint')).toEqual([])
  expect(of('your-key-1234', 'api_key')).toEqual([])
})

test('a number has one value with and without the code of its country', () => {
  const value = (text: string) => scan(text, { wanted: chosen(undefined) })[0]!.value
  expect(value('+81 90-1234-5678')).toBe(value('090-1234-5678'))
  expect(value('+44 (0)7911 123456')).toBe(value('07911 123456'))
})
