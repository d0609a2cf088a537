import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { commandLine } from '../support/command-line.ts'
import { folder, runIn } from '../support/project.ts'

const secret = `AKIA${'Q7RK2ZPX5MTB4WVL'}`
const line = (id: string, asked: string, answered: string) =>
  JSON.stringify({
    id,
    messages: [
      { role: 'user', content: asked },
      { role: 'assistant', content: answered },
    ],
  })
const recipe = (steps: object[]) => ({
  name: 'private',
  use: 'fine-tuning',
  language: 'en',
  seed: 7,
  sources: { rows: { files: 'rows.jsonl', license: 'CC0-1.0', origin: 'real' } },
  steps,
  release: { version: '0.1.0', license: 'cc0-1.0', date: '2026-11-20' },
})

test('personal data leaves a run neither in its rows nor in what it keeps of the rows it rejected', async () => {
  const rows = [
    line('a', 'I am ann@fernhill.test, card 4111 1111 1111 1111.', 'Thank you, ann@fernhill.test.'),
    line('b', 'Which key?', `Use ${secret} for now.`),
    line('c', 'どこですか。', '〒530-0001 大阪府大阪市北区梅田3丁目1番3号、電話06-6345-0119です。'),
    line('d', 'How does a still work?', 'It heats the wash.'),
  ]
  const files = { 'rows.jsonl': rows.join('\n'), '.stillroom/keys/personal-data': 'c0ffee'.repeat(11) }
  const dir = folder(files)
  const ran = await runIn(dir, recipe([{ 'personal-data': { from: 'rows' } }, { 'personal-data': { as: 'again' } }]))
  expect(ran.funnel['personal-data']).toMatchObject({ in: 4, passed: 1, fixed: 2, dropped: { secret: 1 } })
  expect(ran.funnel.again).toMatchObject({ in: 3, passed: 3, fixed: 0 })
  const [a, c] = ran.all.map(record => (record.kind === 'conversation' ? record.messages.map(m => m.content) : []))
  expect(a![0]).toMatch(/^I am user-\w{8}@example\.\w{3}, card 4\d{3} \d{4} \d{4} \d{4}\.$/)
  expect(a![1]).toBe(`Thank you, ${/user-\S+?@example\.\w{3}/.exec(a![0]!)![0]}.`)
  expect(c![1]).toMatch(/^〒000-\d{4} 東京都架空区見本町\d-\d+-\d+、電話06-6000-0\d{3}です。$/)
  expect(ran.all[0]!.scores).toMatchObject({
    'personal-data/email': { value: 2 },
    'personal-data/credit-card': { value: 1 },
  })
  const kept = globSync('.stillroom/tasks/**/rejects*', { cwd: dir }).map(file =>
    zstdDecompressSync(readFileSync(join(dir, file))).toString(),
  )
  expect(kept.join()).toContain('"reason":"secret"')
  expect(kept.join()).not.toContain(secret)
  // Another run of the same project gives the same values their surrogates.
  const again = await runIn(folder(files), recipe([{ 'personal-data': { from: 'rows' } }]))
  expect(again.all.map(record => record.digest)).toEqual(ran.all.map(record => record.digest))
})

test('what is shown of a rejected secret does not tell it: nor do its calls and what it was made from', async () => {
  const glossary = join(import.meta.dirname, '../../examples/quickstart/documents/cncf-glossary/en')
  const docs = globSync('a*.md', { cwd: glossary }).map(name => [
    `docs/${name}`,
    readFileSync(join(glossary, name), 'utf8').replaceAll(/, | and /g, part => ` of ${secret}${part}`),
  ])
  const dir = folder(Object.fromEntries(docs))
  const made = recipe([
    { ask: { from: 'docs', teacher: 'writer', questions: 3 } },
    { answer: { teacher: 'writer' } },
    { 'personal-data': {} },
  ])
  const source = { docs: { files: 'docs/*.md', license: 'CC0-1.0' } }
  const ran = await runIn(dir, { ...made, teachers: { writer: { model: 'builtin/extractive' } }, sources: source })
  expect(ran.funnel['personal-data']!.dropped.secret).toBeGreaterThan(0)
  const rejects = await commandLine(dir, 'show rejects --json')
  const [{ record }] = JSON.parse(rejects.out).rejects.filter((one: { conceal?: true }) => one.conceal)
  const story = await commandLine(dir, `show ${record.id} --json`)
  for (const { code, out } of [rejects, story]) {
    expect(code).toBe(0)
    expect(out).toContain('"secret"')
    expect(out).not.toContain(secret)
  }
})
