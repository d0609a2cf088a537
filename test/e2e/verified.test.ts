import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Rec } from '../../src/records/index.ts'
import { readRows } from '../../src/release/index.ts'
import { funnelErrors } from '../../src/run/index.ts'
import { startSimulator } from '../../src/testing.ts'
import { commandLine } from '../support/command-line.ts'
import { folder, runIn, write } from '../support/project.ts'

/** Problems with what the model says to them: sometimes right in two ways, always right, never right, and without a result. */
const problems = {
  mixed: {
    prompt: 'A box holds 6 rows of 7 pears. How many pears are in it?',
    reference: '6 * 7 = 42\n#### 42',
    replies: [
      'There are 6 rows of 7, and 6 * 7 = 42.\n\nAnswer: 42',
      'Six rows with seven each: 6 × 7 = 42 pears.\n\nAnswer: 42 pears',
      'Five rows hold 5 * 7 = 35, and one more makes 35 + 7 = 42.\n\nAnswer: 42',
      'There are 6 + 7 = 13 pears.\n\nAnswer: 13',
    ],
  },
  easy: { prompt: 'What is 2 + 2?', reference: '4', replies: ['2 + 2 = 4\n\nAnswer: 4'] },
  hard: { prompt: 'What is 17 * 23?', reference: '391', replies: ['17 * 23 = 381\n\nAnswer: 381'] },
  open: { prompt: 'Is it nice to add numbers?', reference: undefined, replies: ['It is.'] },
}
const all = Object.values(problems)

let simulator: Awaited<ReturnType<typeof startSimulator>>
beforeAll(async () => {
  const answers = all.map(({ prompt, replies }) => ({
    prompt,
    replies: replies.map(content => ({ content, reasoning: 'Let me see.' })),
  }))
  simulator = await startSimulator({ seed: 3, answers })
})
afterAll(() => simulator.stop())

const env = () => ({ STILLROOM_SIMULATOR: simulator.url })
const project = () =>
  folder({
    'problems.jsonl': all
      .map(({ prompt, reference }) => JSON.stringify({ prompt, ...(reference && { reference }) }))
      .join('\n'),
  })
const recipe = (verify: object, sources: object = {}, min = 1) => ({
  name: 'maths',
  use: 'fine-tuning',
  seed: 3,
  teachers: {
    one: { model: 'simulate/one', temperature: 1 },
    two: { model: 'simulate/two', temperature: 1 },
  },
  sources: { problems: { files: 'problems.jsonl', license: 'mit', kind: 'prompt' }, ...sources },
  steps: [
    { answer: { from: 'problems', teachers: ['one', 'two'], samples: 6, agree: 'none' } },
    { verify: { by: 'maths', difficulty: [0.5, 0.9], ...verify } },
    { length: { min } },
  ],
  gates: { decontaminated: { override: 'no evaluation set is used here' } },
  release: { version: '0.1.0', license: 'mit', date: '2026-11-20' },
})
const asked = (record: Rec) => (record as Rec<'conversation'>).messages[0]!.content
const of = (rows: Rec[], { prompt }: { prompt: string }) => rows.filter(row => asked(row) === prompt)
const rate = (row: Rec, aspect = 'pass-rate') => {
  const score = row.scores[`verify/${aspect}`]!
  return 'value' in score ? score.value : score.unscored
}

test('answers are graded, counted by prompt and dropped by name, whichever are chosen; rows carry their verifier', async () => {
  const dir = project()
  const graded = await runIn(dir, recipe({ keep: 'all' }), { env: env() })
  expect(graded.error).toBeUndefined()
  expect(graded.all).toHaveLength(48)
  expect(new Set(graded.all.flatMap(row => row.lineage.made!.teachers))).toEqual(
    new Set(['one', 'two'].map(name => `simulate/${name}`)),
  )
  const mixed = of(graded.all, problems.mixed)
  const right = mixed.filter(row => rate(row, 'correct') === 1)
  expect(right.length).toBeGreaterThan(4)
  expect(right.length).toBeLessThan(12)
  for (const row of mixed) expect(rate(row)).toBeCloseTo(right.length / 12)
  expect(of(graded.all, problems.easy).map(row => [rate(row), row.facets.difficulty])).toEqual(
    Array(12).fill([1, 'easy']),
  )
  expect(of(graded.all, problems.hard).map(row => [rate(row), row.facets.difficulty])).toEqual(
    Array(12).fill([0, 'hard']),
  )
  expect(of(graded.all, problems.open).map(row => rate(row))).toEqual(Array(12).fill('undecided'))

  const { calls } = simulator.stats
  const distinct = await runIn(dir, recipe({ keep: 'distinct' }), { env: env() })
  expect(funnelErrors(distinct.funnel)).toEqual([])
  expect(distinct.funnel['verify.cut']!.dropped).toEqual({ wrong: 12 + 12 - right.length, 'no-reference': 12 })
  // One way of adding, two of multiplying: words make no difference.
  expect([of(distinct.all, problems.mixed).length, of(distinct.all, problems.easy).length]).toEqual([2, 1])
  const first = await runIn(dir, recipe({ keep: 'first' }), { env: env() })
  const earliest = Math.min(...right.map(row => Number(row.facets.draw)))
  expect(first.all.map(row => [asked(row), row.facets.draw])).toEqual([
    [problems.mixed.prompt, earliest],
    [problems.easy.prompt, 0],
  ])
  expect(simulator.stats.calls).toBe(calls)

  // A row says what it can be checked by, with the reasoning apart.
  const { code, err } = await commandLine(dir, 'release')
  expect([code, err]).toEqual([0, ''])
  const rows = []
  for await (const { row } of readRows(join(dir, 'releases/maths-0.1.0'))) rows.push(row)
  expect(rows.map(({ reference, verifier, reasoning }) => [reference, verifier, reasoning])).toEqual([
    [problems.mixed.reference, '{"kind":"maths"}', ['', 'Let me see.']],
    [problems.easy.reference, '{"kind":"maths"}', ['', 'Let me see.']],
  ])
  const scores = rows.map(row => (row.scores as { name: string; value: number }[]).map(({ name }) => name))
  expect(scores[0]).toEqual(['verify/correct', 'verify/difficulty', 'verify/pass-rate'])
})

test('prompts that all teachers failed go to people, and what people wrote comes back as real rows', async () => {
  const dir = project()
  const told = async (line: string) => {
    const { code, out, err } = await commandLine(dir, line)
    expect([code, err]).toEqual([0, ''])
    return out
  }
  // What a later step drops, in one stage with the last of `verify`, had been answered.
  const before = await runIn(dir, recipe({ keep: 'first' }, {}, 16), { env: env() })
  expect(before.all.map(asked)).toEqual([problems.mixed.prompt])
  expect(await told('export csv --unanswered length --out more.csv')).toContain('3 prompts')
  expect(await told('export csv --unanswered verify --out queue.csv')).toContain('2 prompts of which nothing is left')
  const rows = parse(readFileSync(join(dir, 'queue.csv')), { columns: true, bom: true }) as {
    [column: string]: string
  }[]
  expect(rows.map(row => [row.prompt, row.completion])).toEqual([
    [problems.hard.prompt, ''],
    [problems.open.prompt, ''],
  ])
  // As a spreadsheet leaves it: one row answered, one left open, one of nobody's prompt.
  const cell = (text: string) => `"${text.replaceAll('"', '""').replaceAll('\n', '\r\n')}"`
  const names = Object.keys(rows[0]!)
  const filled = [
    {
      ...rows[0]!,
      completion: '17 * 20 = 340 and 17 * 3 = 51, which is 391.\n\nAnswer: 391',
      reasoning: 'Twenty and three.',
    },
    rows[1]!,
    { ...rows[1]!, id: '0'.repeat(32), completion: 'Yes.' },
  ]
  const lines = [names, ...filled.map(row => names.map(name => row[name]!))].map(cells => cells.map(cell).join(','))
  writeFileSync(join(dir, 'queue.csv'), lines.join('\r\n'))
  expect((await commandLine(dir, 'import answers queue.csv')).err).toContain('--by is missing')
  const said = await told('import answers queue.csv --by Ada --license CC0-1.0')
  expect(said).toContain('1 answer in answers/queue.jsonl, 1 left open.')
  expect(said).toContain('row 3 the last run has no prompt 000000000000')
  const written = readFileSync(join(dir, 'answers/queue.jsonl'), 'utf8')
  expect(JSON.parse(written)).toMatchObject({
    ...{
      origin: 'real',
      generation: 0,
      prompt_origin: 'real',
      by: 'Ada',
      licenses: ['CC0-1.0', 'MIT'],
      reference: '391',
    },
  })
  // The same file once more changes nothing.
  await told('import answers queue.csv --by Ada --license CC0-1.0')
  expect(readFileSync(join(dir, 'answers/queue.jsonl'), 'utf8')).toBe(written)

  const { calls } = simulator.stats
  const authored = { authored: { files: 'answers/queue.jsonl', license: 'CC0-1.0', kind: 'conversation', id: 'id' } }
  const after = await runIn(dir, recipe({ keep: 'first', from: ['answer', 'authored'] }, authored, 16), {
    env: env(),
  })
  expect(after.error).toBeUndefined()
  expect(simulator.stats.calls).toBe(calls)
  expect(await told('export csv --unanswered verify --out queue-2.csv')).toContain('1 prompt of which')
  const own = after.all.filter(row => row.lineage.origin === 'real')
  expect(after.all).toHaveLength(before.all.length + 1)
  expect(
    own.map(row => [(row as Rec<'conversation'>).messages, rate(row, 'correct'), row.lineage.source!.license]),
  ).toEqual([
    [
      [
        { role: 'user', content: problems.hard.prompt },
        { role: 'assistant', content: filled[0]!.completion, reasoning: 'Twenty and three.' },
      ],
      1,
      'CC0-1.0 AND MIT',
    ],
  ])
})

test('a prompt that a model wrote keeps its generation under an answer that a person wrote', async () => {
  const glossary = join(import.meta.dirname, '../../examples/quickstart/documents/cncf-glossary/en')
  const dir = folder({ 'docs/cluster.md': readFileSync(join(glossary, 'cluster.md')) })
  const teachers = { writer: { model: 'builtin/extractive' } }
  await runIn(dir, {
    name: 'tutor',
    teachers,
    sources: { docs: { files: 'docs/*.md', license: 'CC-BY-4.0' } },
    steps: [
      { ask: { teacher: 'writer', questions: 1 } },
      { answer: { teacher: 'writer' } },
      { length: { min: 10_000 } },
    ],
  })
  expect((await commandLine(dir, 'export jsonl --unanswered length --out queue.jsonl')).err).toBe('')
  const [row] = readFileSync(join(dir, 'queue.jsonl'), 'utf8').trimEnd().split('\n')
  write(dir, {
    'queue.jsonl': JSON.stringify({ ...JSON.parse(row!), completion: 'It boils off what boils first.', by: 'Ada' }),
  })
  expect((await commandLine(dir, 'import answers queue.jsonl')).err).toBe('')
  expect(JSON.parse(readFileSync(join(dir, 'answers/queue.jsonl'), 'utf8'))).toMatchObject({
    ...{ origin: 'real', generation: 1, prompt_origin: 'synthetic', licenses: ['CC-BY-4.0'] },
  })
})

test('several samples of one of several teachers at temperature 0 are a mistake', async () => {
  const cold = recipe({})
  cold.teachers.two.temperature = 0
  const dir = project()
  await expect(runIn(dir, cold)).rejects.toThrow(/`samples: 6` of `two` at temperature 0/)
})
