import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { commandLine } from '../../../test/support/command-line.ts'
import { folder } from '../../../test/support/project.ts'
import { requiredGates, strategies, type Use } from '../../govern/index.ts'
import { provenanceOf } from '../../release/index.ts'
import { builtinPrices, priceOf, resolveTeacher } from '../../teachers/index.ts'
import { satisfied } from '../init/gate-notes.ts'
import { proposals } from '../init/teachers.ts'

const from = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
const golden = (ending: string) => readFileSync(new URL(`./init.golden.${ending}`, import.meta.url), 'utf8')
const lines = (...rows: object[]) => rows.map(row => JSON.stringify(row)).join('\n')
const turns = (...said: string[]) => said.map((content, i) => ({ role: i % 2 ? 'assistant' : 'user', content }))
const long = 'A still separates what boils early from what boils late. '.repeat(6)

/** Pages of the glossary of cloud native computing, with its license. */
function glossary(language: 'en' | 'ja', most = 100): string {
  const dir = folder({ LICENSE: readFileSync(from('examples/quickstart/documents/cncf-glossary/LICENSE')) })
  const pages = from(`examples/quickstart/documents/cncf-glossary/${language}`)
  mkdirSync(join(dir, 'docs'))
  for (const name of readdirSync(pages).sort().slice(0, most)) copyFileSync(join(pages, name), join(dir, 'docs', name))
  return dir
}

/** A table of people: rows of the census, each with a number and an address. */
function customers(n: number): string {
  const [head, ...rows] = readFileSync(from('recipes/data/adult.csv'), 'utf8').trim().split('\n')
  const named = rows.slice(0, n).map((row, i) => `${7000 + 3 * i},c${i}@example.com,${row}`)
  // The noise of a known key is always the same.
  const key = { '.stillroom/keys/noise': '0123456789abcdef'.repeat(4) }
  return folder({ ...key, 'customers.csv': [`customer_id,email,${head}`, ...named].join('\n') })
}

async function init(files: { [path: string]: string }, more = '') {
  const dir = folder(files)
  const said = await commandLine(dir, `init --yes --json --no-preview ${more}`)
  if (said.code !== 0) return { ...said, dir, text: '', sources: {}, result: undefined }
  const text = readFileSync(join(dir, 'recipe.yaml'), 'utf8')
  expect((await commandLine(dir, 'plan')).code).toBe(0)
  return { ...said, dir, text, sources: parse(text).sources, result: JSON.parse(said.out) }
}

async function released(dir: string, recipe = 'recipe.yaml') {
  const ran = await commandLine(dir, `run ${recipe} --json`)
  expect([ran.code, ran.err]).toEqual([0, ''])
  const summary = JSON.parse(ran.out.trim().split('\n').at(-1)!)
  const gates = Object.fromEntries(summary.gates.map((gate: { id: string; is: string }) => [gate.id, gate.is]))
  return { summary, gates, folder: join(dir, 'releases', readdirSync(join(dir, 'releases')).at(-1)!) }
}

async function sourcesOf(release: string): Promise<Set<string>> {
  const uris = new Set<string>()
  for await (const { lineage } of provenanceOf(release)) if (lineage.source?.uri) uris.add(lineage.source.uri)
  return uris
}

test('English documents: the recipe word for word, an exam and the set, which share no document', async () => {
  const dir = glossary('en', 14)
  const said = await commandLine(dir, 'init --yes --name glossary')
  expect([said.code, said.err]).toEqual([0, ''])
  expect(readFileSync(join(dir, 'recipe.yaml'), 'utf8')).toBe(golden('yaml'))
  expect(said.out).toContain('3 of ')
  expect(said.out).toMatch(/conversation [0-9a-f]{12}\n {2}user/)
  const exam = await released(dir, 'exam.yaml')
  const asked = await sourcesOf(join(dir, 'releases/glossary-exam-0.1.0'))
  const set = await released(dir)
  expect(set.gates).toMatchObject({ terms: 'pass', licenses: 'pass', decontaminated: 'pass', 'personal-data': 'pass' })
  const learnt = await sourcesOf(join(dir, 'releases/glossary-0.1.0'))
  expect([exam.summary.rows > 0, set.summary.rows > 8]).toEqual([true, true])
  expect([...asked].filter(uri => learnt.has(uri))).toEqual([])
})

test('Japanese documents: an audience and a register in Japanese, to a release', async () => {
  const dir = glossary('ja')
  expect((await commandLine(dir, 'init --yes --no-preview --name glossary')).code).toBe(0)
  const recipe = parse(readFileSync(join(dir, 'recipe.yaml'), 'utf8'))
  expect(recipe.language).toBe('ja')
  expect(JSON.stringify(recipe.steps)).toContain('この分野を学び始めた人')
  expect((await released(dir)).summary.rows).toBeGreaterThan(10)
})

test('a table of people becomes a table of nobody, and of few people it says that nothing can be told', async () => {
  const dir = customers(600)
  const said = await commandLine(dir, 'init --yes')
  expect([said.code, said.err]).toEqual([0, ''])
  expect(said.out).toContain('customers names people: customer_id, email.')
  // Rows of real people stand nowhere in it.
  expect(said.out).not.toContain('@example.com')
  const recipe = parse(readFileSync(join(dir, 'recipe.yaml'), 'utf8'))
  expect(recipe.use).toBe('privacy')
  const { columns } = recipe.steps.find((step: object) => 'mst' in step).mst
  expect([columns.customer_id, columns.email, columns.age]).toEqual(['id', 'id', { missing: false }])
  const { gates, summary } = await released(dir)
  // Copies would block; a figure near its limit warns.
  expect([['pass', 'warn'].includes(gates.privacy), summary.rows > 300]).toEqual([true, true])
  const few = customers(40)
  expect((await commandLine(few, 'init --yes --no-preview')).code).toBe(0)
  expect(readFileSync(join(few, 'recipe.yaml'), 'utf8').replace(/\s*# */g, ' ')).toContain(
    'of 40 the release says that it cannot be told',
  )
  expect((await released(few)).gates.privacy).toBe('unknown')
})

test('the dialogue at 80 columns, question by question: what changes is looked up, and the terms are shown', async () => {
  const dir = glossary('en', 9)
  const answers = [
    'fine',
    'weekly',
    'train',
    'gloss ary',
    'no/such/exam',
    'none',
    '',
    'assistant',
    'y',
    '',
    '',
    'nobody',
    'openai/gpt-6-luna',
    '5',
  ]
  let shown = ''
  const io = {
    ...{ tty: true, width: 80, env: { DEEPSEEK_API_KEY: 'x' } },
    out(text: string) {
      shown += text
    },
    question: async (text: string) => {
      const answer = answers.shift()!
      shown += `${text}${answer}\n`
      return answer
    },
  }
  const said = await commandLine(dir, 'init', io)
  expect([said.code, said.err, answers]).toEqual([0, '', []])
  expect(shown.replace(/\[stillroom-\w+\]/g, '[<folder>]').replace(/stays stillroom-\w+/, 'stays <folder>')).toBe(
    golden('txt'),
  )
  const recipe = parse(readFileSync(join(dir, 'recipe.yaml'), 'utf8'))
  expect(recipe).toMatchObject({
    purpose: { product: 'assistant', commercial: true, distribute: 'private' },
    teachers: {
      writer: { model: 'openai/gpt-6-luna' },
      judge: { model: 'deepseek/deepseek-v4-flash', temperature: 0 },
    },
    budget: { usd: 5 },
  })
  // The exam is by another maker; nothing was accepted and nobody was asked.
  expect(parse(readFileSync(join(dir, 'exam.yaml'), 'utf8')).teachers.examiner.model).toBe('deepseek/deepseek-v4-flash')
  expect(existsSync(join(dir, '.stillroom'))).toBe(false)
})

test('a paid judge that nobody named beside a free writer: named, within a budget, and asked by no preview', async () => {
  const dir = glossary('en', 9)
  const env = { DEEPSEEK_API_KEY: 'x' }
  const model = '--teacher qwen3-32b --at http://127.0.0.1:9/v1'
  const { code, out } = await commandLine(dir, `init --yes ${model}`, { env })
  expect(code).toBe(0)
  expect(out).toContain('The judge is deepseek/deepseek-v4-flash, which nobody named')
  expect(out.replace(/\s+/g, ' ')).toMatch(/No preview: the judge, .* costs money and nobody named it/)
  const recipe = parse(readFileSync(join(dir, 'recipe.yaml'), 'utf8'))
  expect(recipe).toMatchObject({ teachers: { judge: { model: 'deepseek/deepseek-v4-flash' } }, budget: { usd: 20 } })
})

test('knowledge that changes: an evaluation set instead, and an error for whoever asked for training', async () => {
  const files = { 'docs/a.md': `# Stills\n\n${long}`, 'docs/b.md': `# Wash\n\n${long}` }
  const model = '--teacher deepseek/deepseek-v4-flash'
  const { text, result } = await init(files, `--changes monthly ${model}`)
  expect(parse(text).use).toBe('eval-set')
  expect(text).toContain('# Retrieve instead of training.')
  expect(result.decision).toMatchObject({ is: 'retrieve', use: 'eval-set', way: 'exam-documents' })
  const stopped = await init(files, `--changes weekly --use fine-tuning ${model}`)
  expect(stopped.code).toBe(2)
  expect(stopped.out + stopped.err).toContain('arXiv 2312.05934')
  expect(existsSync(join(stopped.dir, 'recipe.yaml'))).toBe(false)
  const forced = await init(files, '--changes weekly --use fine-tuning --force')
  expect(parse(forced.text).use).toBe('fine-tuning')
})

test('unlike files of one folder and ending become sources of their own, like ones stay together', async () => {
  const { sources, text, result } = await init(
    {
      'docs/a.md': '# Stills\n\nA still boils.',
      'docs/LICENSE.md': 'SPDX-License-Identifier: MIT',
      'README.md': 'about the project',
      'logs/a.jsonl': lines({ messages: turns('q', 'a'), user: 1 }),
      'logs/b.jsonl': lines({ messages: turns('q', 'a'), user: 2, rare: true }, { messages: turns('q', 'a'), user: 3 }),
      'logs/pairs.jsonl': lines({ prompt: 'p', chosen: 'c', rejected: 'r' }),
      'old/rows.jsonl': lines({ messages: turns('q', 'a'), origin: 'synthetic', generation: 2, licenses: ['MIT'] }),
      'queries.csv': 'text,day,intent\nwhy does it drip?,1,x\nhow hot is it?,2,x\n',
      'figures.csv': 'a,b\n1,2\n',
      'data/config.json': '{\n "name": "x"\n}\n',
      'data/empty.jsonl': '',
      'photo.png': 'x',
      'old.doc': 'x',
    },
    '--teacher deepseek/deepseek-v4-flash',
  )
  expect(sources).toEqual({
    docs: { files: 'docs/a.md', license: 'MIT' },
    a: { files: ['logs/a.jsonl', 'logs/b.jsonl'], license: 'unknown' },
    queries: { files: 'queries.csv', license: 'unknown', kind: 'prompt', columns: { prompt: 'text', topic: 'intent' } },
  })
  expect(text).toContain('like: queries')
  expect(text).toContain('mix: { with: a, real: 10% }')
  expect(text).toMatch(/# Not used here:[\s\S]*figures[\s\S]*pairs/)
  const found = Object.fromEntries(
    result.seen.groups.map((g: { name: string; material: string }) => [g.name, g.material]),
  )
  expect(found).toMatchObject({
    docs: 'documents',
    a: 'conversations',
    pairs: 'preferences',
    queries: 'queries',
    figures: 'tables',
  })
  expect(result.seen.passed).toEqual([
    { files: ['README.md'], why: 'beside the documents' },
    { files: ['data/config.json'], why: 'no row to use: 1 wrong-shape' },
    { files: ['data/empty.jsonl'], why: 'empty' },
    { files: ['old.doc'], why: 'no reader for .doc; save as .docx' },
    { files: ['photo.png'], why: 'no reader for .png' },
  ])
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
  const said = await commandLine(dir, 'init --yes --json --no-preview --teacher deepseek/deepseek-v4-flash')
  expect(said.code).toBe(0)
  const { sources } = parse(readFileSync(join(dir, 'recipe.yaml'), 'utf8'))
  expect(sources).toEqual({
    docs: { files: 'docs/a.md', license: 'unknown' },
    articles: { files: 'help.sqlite', table: 'articles', license: 'unknown' },
    chats: { files: 'help.sqlite', table: 'chats', license: 'unknown' },
  })
  const { passed } = JSON.parse(said.out).seen
  expect(passed.map(({ files }: { files: string[] }) => files).sort()).toEqual([['old.db'], ['unused of help.sqlite']])
  expect((await commandLine(dir, 'plan')).code).toBe(0)
})

// What else a folder may hold alone, each with a language model and, where rules can, without: the recipe is accepted.
test.each([
  ['queries', { 'log.csv': 'query\nwhy does it drip\nhow hot is it\n' }, 'from-queries', 'keep-queries'],
  [
    'alpaca',
    {
      'set.json': JSON.stringify([
        { instruction: 'q', input: '', output: long },
        { instruction: 'r', input: 'x', output: 'a' },
      ]),
    },
    'clean',
    'curate-conversations',
  ],
  [
    'pairs',
    { 'pairs.jsonl': lines({ prompt: 'p', chosen: 'c', rejected: 'r' }) },
    'preference-bias',
    'curate-preferences',
  ],
  ['votes', { 'log.jsonl': lines({ prompt: 'p', completion: 'c', rating: 'up' }) }, 'thumbs', 'curate-votes'],
  ['thumbs', { 'kto.jsonl': lines({ messages: turns('q', 'a'), label: true }) }, 'thumbs', 'curate-votes'],
  [
    'exam',
    { 'test.jsonl': lines({ question: 'q', choices: ['a', 'b', 'c', 'd'], answer: 1 }) },
    'dedupe',
    'exam-items',
  ],
] as [string, { [path: string]: string }, string, string][])('a folder of %s alone', async (_, files, verb, way) => {
  const rules = await init(files)
  expect([rules.code, rules.result?.decision.way]).toEqual([0, way])
  const model = await init(files, '--teacher deepseek/deepseek-v4-flash')
  const steps = parse(model.text).steps.flatMap((step: string | object) =>
    typeof step === 'string' ? step : Object.keys(step),
  )
  expect(steps).toContain(verb)
})

test('documents that the built-in teacher has nothing to ask of are kept, and a model would ask', async () => {
  const lists = { 'docs/a.txt': long, 'docs/b.txt': 'Bolts: M4, M5, M6.', 'docs/c.txt': 'Nuts: M4, M5, M6.' }
  const { text, result, dir } = await init(lists)
  expect(result.decision.way).toBe('keep-documents')
  expect(text).toContain('#   - ask: { teacher: writer, questions: 10 }')
  expect((await released(dir)).gates.decontaminated).toBe('pass')
})

test('an empty folder, and one that nothing can be made of, say what to do', async () => {
  const none = await init({ 'photo.png': 'x' })
  expect([none.code, none.out + none.err]).toEqual([2, expect.stringContaining('photo.png (no reader for .png)')])
  const edge = await init({ 'docs/a.md': long }, '--use edge-cases')
  expect(edge.out + edge.err).toContain('stillroom init --use fine-tuning')
  const table = await commandLine(folder({ 'parts.csv': 'bolt,nut\n1,2\n' }), 'init --yes')
  expect(table.out).toContain('parts has the columns bolt, nut')
  expect(table.err).toContain('--use privacy')
  const model = await init({ 'log.csv': 'query\nwhy does it drip\n' }, '--use edge-cases')
  expect(model.out + model.err).toContain('--teacher')
})

test('every proposed model has a price, and every gate that may stop a release says what satisfies it', () => {
  for (const model of Object.values(proposals)) {
    const config = { model } as Parameters<typeof priceOf>[0]
    expect(priceOf(config, resolveTeacher('t', config), builtinPrices)).toBeDefined()
  }
  for (const use of Object.keys(strategies) as Use[]) {
    for (const { id } of requiredGates(use)) expect(satisfied[id], id).toBeDefined()
  }
})
