import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { commandLine } from '../../../test/support/command-line.ts'
import { folder } from '../../../test/support/project.ts'

const lines = (...rows: object[]) => rows.map(row => JSON.stringify(row)).join('\n')
const turns = (...said: string[]) => said.map((content, i) => ({ role: i % 2 ? 'assistant' : 'user', content }))
const long = 'A still separates what boils early from what boils late. '.repeat(6)

async function init(files: { [path: string]: string }) {
  const dir = folder(files)
  const said = await commandLine(dir, 'init --yes --json')
  if (said.code !== 0) return { ...said, text: '', sources: {}, result: undefined }
  const text = readFileSync(join(dir, 'recipe.yaml'), 'utf8')
  expect((await commandLine(dir, 'plan')).code).toBe(0)
  return { ...said, text, sources: parse(text).sources, result: JSON.parse(said.out.trim().split('\n').at(-1)!) }
}

test('unlike files of one folder and ending become sources of their own, like ones stay together', async () => {
  const { sources, text } = await init({
    'docs/a.md': '# Stills\n\nA still boils.',
    'logs/a.jsonl': lines({ messages: turns('q', 'a'), user: 1 }),
    'logs/b.jsonl': lines({ messages: turns('q', 'a'), user: 2, rare: true }, { messages: turns('q', 'a'), user: 3 }),
    'logs/pairs.jsonl': lines({ prompt: 'p', chosen: 'c', rejected: 'r' }),
    'more/a.jsonl': lines({ prompt: 'p', completion: 'c' }),
    'more/b.jsonl': lines({ prompt: 'p', completion: 'c' }),
    'old/rows.jsonl': lines({ messages: turns('q', 'a'), origin: 'synthetic', generation: 2, licenses: ['MIT'] }),
  })
  expect(sources).toEqual({
    docs: { files: 'docs/a.md', license: 'unknown' },
    a: { files: ['logs/a.jsonl', 'logs/b.jsonl'], license: 'unknown' },
    pairs: { files: 'logs/pairs.jsonl', license: 'unknown' },
    'a-2': { files: 'more/*.jsonl', license: 'unknown' },
    rows: { files: 'old/rows.jsonl', license: 'unknown', origin: 'synthetic' },
  })
  expect(text).toContain('like: a ')
})

test('short texts of a table are proposed as real queries, long ones are documents', async () => {
  const { sources, text } = await init({
    'articles.json': JSON.stringify([{ text: long }, { text: long }], null, 2),
    'queries.csv': 'text,day\nwhy does it drip,1\nhow hot is it,2\n',
    'chat.jsonl': lines({ message: 'hello there', at: 1 }),
    'figures.csv': 'a,b\n1,2\n',
  })
  expect(sources).toEqual({
    articles: { files: 'articles.json', license: 'unknown' },
    chat: { files: 'chat.jsonl', license: 'unknown', kind: 'prompt', columns: { prompt: 'message' } },
    queries: { files: 'queries.csv', license: 'unknown', kind: 'prompt', columns: { prompt: 'text' } },
  })
  expect(text).toContain('# Short texts, taken for real queries')
  expect(text).toMatch(/# figures: .*kind: and columns:/)
  expect(text).toContain('from: articles,')
})

test('without other documents short texts are documents, with the proposal beside them', async () => {
  const { sources, text } = await init({ 'terms.csv': 'text\nA still boils wash.\n' })
  expect(sources).toEqual({ terms: { files: 'terms.csv', license: 'unknown' } })
  expect(text).toContain('# Short texts. Queries? Then add: kind: prompt, columns: { prompt: text }')
})

test('what is passed over is named with its reason, and never matched by a pattern', async () => {
  const { sources, result } = await init({
    'docs/a.md': '# Stills\n\nA still boils.',
    'README.md': 'about the project',
    'paper.doc': 'words',
    'data/config.json': '{\n "name": "x"\n}\n',
    'data/a.json': JSON.stringify([{ prompt: 'p' }]),
    'data/b.json': JSON.stringify([{ prompt: 'q' }]),
    'data/empty.jsonl': '',
  })
  expect(sources.a.files).toEqual(['data/a.json', 'data/b.json'])
  expect(result.passed).toEqual([
    { files: ['README.md'], why: 'beside folders of documents' },
    { files: ['data/config.json'], why: 'no row to use: 1 wrong-shape' },
    { files: ['data/empty.jsonl'], why: 'no row to use: 1 empty-file' },
    { files: ['paper.doc'], why: 'no reader; make it Markdown or plain text' },
  ])
  const none = await init({ 'paper.doc': 'words' })
  expect(none.code).toBe(2)
  expect(none.out + none.err).toContain('paper.doc (no reader')
})

test('a database gives a source for each of its tables; one that cannot be read is named', async () => {
  const dir = folder({ 'old.db': `${'no database at all '.repeat(60)}`, 'docs/a.md': '# Stills\n\nA still boils.' })
  const database = new DatabaseSync(join(dir, 'help.sqlite'))
  database.exec(`
    create table articles (text text); insert into articles values ('${long}');
    create table chats (prompt text, completion text); insert into chats values ('p', 'c');
    create table unused (text text);
  `)
  database.close()
  const said = await commandLine(dir, 'init --yes --json')
  expect(said.code).toBe(0)
  const { sources } = parse(readFileSync(join(dir, 'recipe.yaml'), 'utf8'))
  expect(sources).toEqual({
    docs: { files: 'docs/a.md', license: 'unknown' },
    articles: { files: 'help.sqlite', table: 'articles', license: 'unknown' },
    chats: { files: 'help.sqlite', table: 'chats', license: 'unknown' },
  })
  const { passed } = JSON.parse(said.out.trim().split('\n').at(-1)!)
  expect(passed.map(({ files }: { files: string[] }) => files).sort()).toEqual([['old.db'], ['unused of help.sqlite']])
  expect((await commandLine(dir, 'plan')).code).toBe(0)
})
