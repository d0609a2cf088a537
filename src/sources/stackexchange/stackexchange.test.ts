import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Item, listFiles, readSource, sourceConfig, sourceKind } from '../index.ts'
import { pairsOf } from './pairs.ts'
import { attributesOf, rootOf, stretches } from './rows.ts'

const real = readFileSync('test/fixtures/stackexchange/Posts.xml')

async function read(bytes: Uint8Array | string, options: object = {}, bound?: number, name = 'Posts.xml') {
  const base = mkdtempSync(join(tmpdir(), 'posts-'))
  writeFileSync(join(base, name), bytes)
  const config = sourceConfig.parse({ files: name, license: 'CC-BY-SA-3.0', ...options })
  const files = await listFiles(config, base)
  const items: Item[] = []
  for await (const item of readSource('site', config, files[0]!, bound === undefined ? {} : { bound })) items.push(item)
  return { items, config, files }
}
const told = (items: Item[]) => items.map(item => (item.is === 'record' ? item.rowId : [item.reason, item.row]))
const attribute = (value: string) => value.replace(/[&<>"\t\n\r]/g, sign => `&#${sign.charCodeAt(0)};`)
const post = (given: { [name: string]: string | number }) =>
  `  <row ${Object.entries(given)
    .map(([name, value]) => `${name}="${attribute(String(value))}"`)
    .join(' ')} />\n`
const dump = (...posts: string[]) => `<?xml version="1.0" encoding="utf-8"?>\n<posts>\n${posts.join('')}</posts>\n`
const question = (Id: number, more = {}) =>
  post({ Id, PostTypeId: 1, Score: 3, Title: `Title ${Id}`, Body: '<p>asked</p>', ...more })
const answer = (Id: number, ParentId: number, Score = 1, more = {}) =>
  post({ Id, PostTypeId: 2, ParentId, Score, Body: `<p>answer ${Id}</p>`, ...more })

describe('a real dump', () => {
  test('one conversation for each answer, in order of questions, with votes, tags, authors by number and address', async () => {
    const { items, config, files } = await read(real, { uri: 'https://meta.example.org/' })
    expect(await sourceKind(config, files)).toBe('conversation')
    expect(told(items)).toEqual(['2', '4', '18', ['unanswered', 5], '10', '11', '20', '81', '82', '1126'])
    expect(items[2]).toMatchObject({
      ...{ row: 9, part: 'answer 18 of question 3', uri: 'https://meta.example.org/a/18' },
      facets: { conversation: '3', topic: 'discussion', tags: 'discussion, tags', author: '61', asker: '5' },
      scores: { question: { method: 'votes', value: 16 }, answer: { value: 8 }, accepted: { value: 1 } },
    })
    const { messages } = (items[0] as Item & { payload: { messages: { role: string; content: string }[] } }).payload
    expect(messages.map(({ role, content }) => [role, content.slice(0, 70)])).toEqual([
      ['user', 'Are questions about structuring data for storage in databases/reposito'],
      ['assistant', "If it's extremely specific to a single platform and the question is mo"],
    ])
    expect(messages[0]!.content).toMatch(/systems on topic\?\n\nOne of the areas/)
  })
  test('the same rows from a packed dump, one in UTF-16, and one in which answers come first', async () => {
    const rows = real.toString().match(/^ {2}<row .*\n/gm)!
    const all = told((await read(real)).items)
      .flat()
      .filter(one => typeof one === 'string')
    const turned = dump(...rows.toReversed())
    const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(real.toString(), 'utf16le')])
    for (const [bytes, name] of [
      [gzipSync(real), 'Posts.xml.gz'],
      [wide, 'Posts.xml'],
      [turned, 'Posts.xml'],
    ] as const)
      expect(
        told((await read(bytes, {}, undefined, name)).items)
          .flat()
          .filter(one => typeof one === 'string'),
      ).toEqual(all)
  })
  test('prompts with the accepted answer, pairs, and whole threads', async () => {
    const prompts = (await read(real, { kind: 'prompt' })).items
    expect(told(prompts)).toEqual([['unanswered', 1], '3', ['unanswered', 5], ['unanswered', 6]])
    const pairs = (await read(real, { kind: 'preference' })).items
    expect(told(pairs)).toEqual([['no-pair', 1], '18-4', ['unanswered', 5], '10-11', '10-1126', '10-82'])
    expect(pairs[3]).toMatchObject({
      scores: { chosen: { value: 17 }, rejected: { value: 6 }, margin: { value: 11 }, accepted: { value: 0 } },
    })
    const [first, second] = (await read(real, { kind: 'document' })).items
    expect(first).toMatchObject({
      payload: { title: expect.stringContaining('structuring data') },
      language: 'en',
      format: 'markdown',
    })
    expect((second as Item & { payload: { text: string } }).payload.text.match(/^##? .*$/gm)).toEqual([
      ...['# What is the point of the [data-science] tag?', '## Answer (accepted, 8 votes)', '## Answer (2 votes)'],
    ])
  })
})

test('what is no pair of question and answer has a reason, and harms no other', async () => {
  const bad = [
    '  <row Id="20" PostTypeId="2" ParentId="1" Body="never ends>\n',
    '  <row Id="21" PostTypeId="2" ParentId="1" Body="&nothing;" />\n',
    '  <row Id="22" Id="22" PostTypeId="2" ParentId="1" Body="twice" />\n',
  ]
  const rest = [
    answer(2, 1),
    answer(3, 99),
    answer(4, 1, 1, { DeletionDate: '2020-01-01' }),
    answer(5, 1, 1, { Body: ' <p> </p>' }),
    post({ Id: 6, PostTypeId: 5, Body: 'about a tag' }),
    post({ PostTypeId: 1, Body: 'no id' }),
    answer(2, 1),
    question(9),
    question(8, { Body: '' }),
    answer(10, 8),
    answer(11, 1, 1, { Body: 'x'.repeat(5000) }),
    post({ Id: 12, PostTypeId: 2, Body: 'of nothing' }),
  ]
  const { items } = await read(dump(question(1), ...bad, ...rest), {}, 4096)
  expect(told(items)).toEqual([
    ...[
      ['invalid-xml', 2],
      ['invalid-xml', 3],
      ['invalid-xml', 4],
      ['deleted', 7],
      ['wrong-shape', 9],
    ],
    ...[
      ['missing-column', 10],
      ['duplicate-id', 11],
      ['line-too-long', 15],
      ['no-question', 16],
    ],
    ...[
      ['missing-column', 8],
      '2',
      ['missing-column', 13],
      ['no-question', 14],
      ['unanswered', 12],
      ['no-question', 6],
    ],
  ])
  expect(told((await read('<users>\n<row Id="1"/></users>')).items)).toEqual([['unknown-format', undefined]])
  expect((await read('<?xml version="1.0"?><!-- a --><project/>')).items[0]).toMatchObject({
    evidence: { root: 'project' },
  })
  expect(told((await read('no markup')).items)).toEqual([['unknown-format', undefined]])
  expect(told((await read(dump())).items)).toEqual([['empty-file', undefined]])
})

test('a question with more answers than fit is refused with each of them', async () => {
  const long = (id: number) => answer(id, 1, 1, { Body: 'x'.repeat(3000) })
  const { items } = await read(dump(question(1), long(2), long(3), question(4), answer(5, 4)), {}, 4096)
  expect(told(items)).toEqual([['over-limit', 1], ['no-question', 2], ['no-question', 3], '5'])
})

test('the license is that of the posts where they state it, all of them together', async () => {
  const license = { ContentLicense: 'CC BY-SA 4.0' }
  const { items } = await read(
    dump(question(1), answer(2, 1), answer(3, 1, 1, license), question(4, license), answer(5, 4, 1, license)),
  )
  expect(items.map(item => item.is === 'record' && item.license)).toEqual([
    undefined,
    'CC-BY-SA-3.0 AND CC-BY-SA-4.0',
    'CC-BY-SA-4.0',
  ])
})

test('pairs: two votes apart or accepted, never against the asker, each the worse one once, three at most', () => {
  const votes = (...scores: number[]) => scores.map((score, i) => ({ id: i + 1, score }))
  const ids = (...given: Parameters<typeof pairsOf>) => pairsOf(...given).map(([a, b]) => [a.id, b.id])
  expect(ids(votes(3, 2, 2), undefined)).toEqual([])
  expect(ids(votes(3, 2), 1)).toEqual([[1, 2]])
  expect(ids(votes(9, 2), 2)).toEqual([])
  expect(ids(votes(5, 5), 1)).toEqual([])
  expect(ids(votes(9, 1, 2, 3, 4, 5), undefined)).toEqual([
    [1, 2],
    [1, 3],
    [1, 4],
  ])
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -3, max: 9 }), { maxLength: 7 }),
      fc.option(fc.nat(7), { nil: undefined }),
      (scores, accepted) => {
        const pairs = pairsOf(votes(...scores), accepted)
        expect(pairs.length).toBeLessThanOrEqual(3)
        for (const [a, b] of pairs) expect(a.score > b.score && b.id !== accepted).toBe(true)
      },
    ),
  )
})

test('attributes: what is written comes back, and places in the file are those of the rows', async () => {
  const kept = (text: string) => [...text].every(sign => sign >= ' ' || '\t\n\r'.includes(sign))
  const value = fc.string({ unit: 'grapheme' }).filter(kept)
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 5 }), async values => {
      const base = mkdtempSync(join(tmpdir(), 'posts-'))
      const bytes = Buffer.from(dump(...values.map((Body, i) => post({ Id: i, Body }))))
      writeFileSync(join(base, 'p.xml'), bytes)
      const found: unknown[] = []
      for await (const { at, length, bytes: own } of stretches(join(base, 'p.xml'), 1 << 20)) {
        expect(bytes.subarray(at, at + length).equals(own!)).toBe(true)
        found.push({ ...(attributesOf(own!) as object) })
      }
      expect(found).toEqual(values.map((Body, i) => ({ Id: String(i), Body })))
    }),
    { numRuns: 20 },
  )
  expect(rootOf('\ufeff<?xml?>\n<!DOCTYPE posts [<!ENTITY a "b">]>\n<posts>')).toBe('posts')
})
