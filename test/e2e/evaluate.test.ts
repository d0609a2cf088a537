import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { builtinSteps } from '../../src/builtin-steps.ts'
import type { Evaluation, ItemResult } from '../../src/evaluate/index.ts'
import { openProject, openSession, runEvaluation } from '../../src/run/index.ts'
import { commandLine } from '../support/command-line.ts'
import { folder, write } from '../support/project.ts'
import { simulator } from '../support/simulators.ts'

const lines = (rows: object[]): string => rows.map(row => `${JSON.stringify(row)}\n`).join('')
const questions = [
  { question_id: 1, category: 'writing', turns: ['Describe a harbour at dawn in two sentences.', 'Now as one line.'] },
  { question_id: 2, category: 'math', turns: ['What is 12 * 12?', 'And half of it?'] },
]
const references = [{ question_id: 2, choices: [{ turns: ['144', '72'] }] }]
const read = <T>(...path: string[]): T => JSON.parse(readFileSync(join(...path), 'utf8')) as T
const itemsIn = (dir: string): ItemResult[] =>
  readFileSync(join(dir, 'items.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as ItemResult)

test('MT-Bench out of options: two turns each, judged apart; a second go asks nobody and changes no byte', async () => {
  const student = { model: 'student' }
  const server = await simulator({
    answers: [
      { ...student, prompt: questions[0]!.turns[0]!, replies: [{ content: 'Gulls, and a grey sea.' }] },
      // Only a second turn that brings the first answer along is answered so.
      { ...student, match: ['Gulls, and', 'Now as one line.'], replies: [{ content: 'Grey gulls.' }] },
    ],
  })
  const { url } = server
  const dir = folder({ 'question.jsonl': lines(questions), 'references.jsonl': lines(references) })
  const env = { STILLROOM_SIMULATOR: url }
  const line = 'evaluate question.jsonl --model simulate/student --judge simulate/judge --references references.jsonl'
  const first = await commandLine(dir, line, { env })
  expect(first).toMatchObject({ code: 0, err: '' })
  const folderOf = join(dir, 'evaluations', 'question-simulate-student')
  const evaluation = read<Evaluation>(folderOf, 'evaluation.json')
  expect(evaluation).toMatchObject({
    name: 'question-simulate-student',
    date: '2026-11-20',
    model: { id: 'simulate/student' },
    from: 'stillroom',
    tasks: { question: { items: 2, grader: { judge: 'simulate/judge', samples: 1 }, conditions: { temperature: 0 } } },
  })
  expect(evaluation.tasks.question!.grader.prompt).toMatch(/^[0-9a-f]{64}$/)
  expect(evaluation.scores.map(({ metric, n, ungraded }) => [metric, n, ungraded])).toEqual([
    ['mt_bench', 2, 0],
    ['mt_bench_turn_1', 2, 0],
    ['mt_bench_turn_2', 2, 0],
  ])
  expect(new Set(evaluation.parts!.map(({ part }) => part))).toEqual(new Set(['writing', 'math']))
  // Four answers and four marks.
  expect(server.log.map(({ status }) => status)).toEqual(Array(8).fill(200))
  expect(itemsIn(folderOf)[0]!.answer).toBe('Gulls, and a grey sea.\n\nGrey gulls.')
  const before = readFileSync(join(folderOf, 'evaluation.json'), 'utf8')
  server.reset()
  const later = { env, now: () => new Date('2026-12-24T10:00:00Z') }
  const again = await commandLine(dir, line, later)
  expect(again.out).toContain('It lies unchanged in evaluations/question-simulate-student')
  expect([server.log.length, readFileSync(join(folderOf, 'evaluation.json'), 'utf8')]).toEqual([0, before])

  // The same name for another exam: results that are there are not written over.
  write(dir, { 'question.jsonl': lines(questions.slice(0, 1)) })
  const asked = line.replace('--model simulate/student', '--model simulate/student --samples 2')
  const other = await commandLine(dir, asked, { env })
  expect([other.code, other.err]).toEqual([2, expect.stringContaining('SR_EVALUATION_EXISTS')])
  // That is known of the file: nobody was asked for it.
  expect(server.log.length).toBe(0)
  // Without references a question of maths cannot be judged as MT-Bench does it: said, and no 0.
  write(dir, { 'question.jsonl': lines(questions) })
  const bare = await commandLine(dir, `${line.replace('--references references.jsonl', '')} --name bare`, { env })
  expect(bare.out).toMatch(/Not graded of bare, mt_bench: 1 no-reference/)
})

test('items that nobody could grade are told before the first call, and a budget that is reached says what helps', async () => {
  const server = await simulator()
  const env = { STILLROOM_SIMULATOR: server.url }
  const letters = [1, 2].map(n => ({ question: `Write letter ${n}.`, answer: 'Dear', rubric: 'It is kind.' }))
  const dir = folder({
    'letters.jsonl': lines(letters),
    'mixed.jsonl': lines([...letters, { question: 'What is 2 + 3?', answer: '5' }]),
  })
  const none = await commandLine(dir, 'evaluate letters.jsonl --model simulate/student', { env })
  expect([none.code, server.log.length]).toEqual([2, 0])
  expect(none.err).toContain('Every item of the exam takes a judge')
  expect(none.err).toMatch(/--judge <provider>\/<model>.*grade: \{ judge: \.\. \}/)
  const some = await commandLine(dir, 'evaluate mixed.jsonl --model simulate/student', { env })
  expect([some.code, server.log.length]).toEqual([0, 3])
  expect(some.out).toMatch(/^2 of 3 items take a judge \(2 by rubric\) and none is named/)
  expect(some.out).toMatch(/Not graded of mixed, mark_1_5: 2 no-judge/)
  const judged = await commandLine(
    dir,
    'evaluate mixed.jsonl --model simulate/student --judge simulate/judge --name all',
    { env },
  )
  expect([judged.code, judged.out]).toEqual([0, expect.not.stringContaining('take a judge')])

  const { out } = await commandLine(dir, 'evaluate mixed.jsonl --model simulate/poor --print')
  write(dir, { 'recipe.yaml': `${out}\nbudget: { calls: 1 }\n` })
  const poor = await commandLine(dir, 'evaluate recipe.yaml', { env })
  expect([poor.code, poor.err]).toEqual([4, expect.stringContaining('--limit <n>')])
  expect(poor.err).not.toContain('--partial')
})

const exam = [
  { id: 'a', question: 'Which city is the capital of France?', choices: ['Rome', 'Paris'], answer: 'B' },
  { id: 'b', question: 'Which city is the capital of Italy?', choices: ['Rome', 'Paris'], answer: 'A' },
  { id: 'c', question: 'Which city is the capital of Spain?', choices: ['Madrid', 'Paris'], answer: 'Q' },
]
const recipe = {
  name: 'capitals',
  use: 'eval-set',
  teachers: {
    student: { model: 'simulate/student', temperature: 0 },
    judge: { model: 'simulate/judge', temperature: 0 },
  },
  sources: { capitals: { files: 'exam.jsonl', license: 'MIT', exam: 'multiple-choice' } },
  steps: [{ sit: { from: 'capitals', teacher: 'student' } }, { grade: { judge: 'judge', against: 'reference' } }],
}

test('a recipe: another model stands for its student, bad rows are told, a part of it is no result', async () => {
  const { url } = await simulator({
    answers: [
      { match: ['France', 'Answer: A'], model: 'tuned', replies: [{ content: 'Answer: B' }] },
      { match: ['Italy', 'Answer: A'], model: 'tuned', replies: [{ content: 'Paris, of course.\n\nAnswer: B' }] },
    ],
  })
  const env = { STILLROOM_SIMULATOR: url }
  const dir = folder({ 'exam.jsonl': lines(exam), 'recipe.yaml': stringify(recipe) })
  const tuned = await commandLine(dir, `evaluate recipe.yaml --model tuned --at ${url} --json`, { env })
  expect(tuned).toMatchObject({ code: 0, err: '' })
  const said = JSON.parse(tuned.out.trim().split('\n').at(-1)!) as Evaluation & { dir: string; exit: number }
  expect([said.dir, said.model.id, said.exit]).toEqual(['evaluations/capitals-self-tuned', 'self/tuned', 0])
  const accuracy = said.scores.find(({ metric }) => metric === 'accuracy')
  expect(accuracy).toMatchObject({ value: 0.5, n: 2, ungraded: 0 })
  expect(said.scores.map(({ metric }) => metric)).toContain('win_rate')
  const plain = await commandLine(dir, `evaluate --model tuned --at ${url} --limit 1`, { env })
  expect(plain.out).toContain('Source capitals: 1 row could not be read (1 wrong-shape).')
  expect(plain.out).toContain('this is a look at it, and no result')
  const partial = read<Evaluation>(dir, 'evaluations', 'capitals-self-tuned-first-1', 'evaluation.json')
  expect(partial.partial).toBe(true)

  // What one model said is held against what another one said.
  write(dir, {
    'recipe.yaml': stringify({
      ...recipe,
      steps: [recipe.steps[0], { grade: { judge: 'judge', against: 'evaluations/capitals-self-tuned/items.jsonl' } }],
    }),
  })
  const project = await openProject(join(dir, 'recipe.yaml'), builtinSteps)
  const session = openSession(project.workspace, { command: 'test' })
  try {
    const override = { student: { model: '../../served', at: url, revision: 'r2' } }
    const done = await runEvaluation(project, { session, env, override })
    expect([done.evaluation.model, done.dir]).toEqual([
      { id: 'self/../../served', revision: 'r2' },
      join(dir, 'evaluations', 'capitals-self-served-r2'),
    ])
    expect(done.items.filter(({ metric, score }) => metric === 'win_rate' && score !== undefined)).toHaveLength(2)
    expect(done.result.calls.student).toMatchObject({ sent: 2 })
    await expect(runEvaluation(project, { session, env, override: { nobody: {} } })).rejects.toThrow(
      'no teacher `nobody`',
    )
  } finally {
    session.close()
  }
})

test('the folder of an evaluation is a baseline; a part of an exam is none', async () => {
  const evaluation = (date: string, more = {}) => JSON.stringify({ name: 'x', date, ...more })
  const release = { version: '0.1.0', license: 'mit', date: '2026-11-20' }
  const dir = folder({
    'rows.jsonl': lines([{ ID: 'jemhopqa-0', instruction: 'i', input: 'q', output: 'a' }]),
    'evaluations/base/evaluation.json': evaluation('2026-11-01'),
    'evaluations/part/evaluation.json': evaluation('2026-11-01', { partial: true }),
    'releases/exam-0.1.0/manifest.json': JSON.stringify({ name: 'exam', version: '0.1.0', date: '2026-10-01' }),
    'recipe.yaml': stringify({
      name: 'set',
      sources: { rows: { files: 'rows.jsonl', license: 'MIT', columns: { completion: 'output' } } },
      steps: [{ dedupe: { from: 'rows', near: 0.8 } }],
      evaluation: { exam: 'releases/exam-0.1.0', baseline: 'evaluations/base' },
      release,
    }),
  })
  const gate = async (id: string) => {
    const { out } = await commandLine(dir, 'plan --json')
    const { gates } = JSON.parse(out.trim().split('\n').at(-1)!) as { gates: { id: string; is: string; why: string }[] }
    return gates.find(one => one.id === id)
  }
  expect(await gate('exam-first')).toMatchObject({ is: 'pass', why: expect.stringContaining('baseline of 2026-11-01') })
  // Training files of jaster have the prompts of llm-jp-eval.
  expect(await gate('mirrored-exam')).toMatchObject({
    is: 'warn',
    why: expect.stringContaining('rows (its columns are'),
  })
  const text = readFileSync(join(dir, 'recipe.yaml'), 'utf8').replace('evaluations/base', 'evaluations/part')
  write(dir, { 'recipe.yaml': text })
  expect(await gate('exam-first')).toMatchObject({ is: 'unknown', why: expect.stringContaining('a part of the exam') })
})

test('options amount to a recipe that can be printed, and pairs of sentences are asked by likelihood', async () => {
  const { url } = await simulator()
  const env = { STILLROOM_SIMULATOR: url }
  const pairs =
    'id,sent_more,sent_less,stereo_antistereo,bias_type\n1,The old man forgot it.,The young man forgot it.,stereo,age\n2,She cooked the meal.,He cooked the meal.,antistereo,gender\n'
  const dir = folder({ 'pairs.csv': pairs })
  const printed = await commandLine(dir, 'evaluate pairs.csv --model simulate/student --print')
  expect(parse(printed.out)).toMatchObject({ steps: [{ 'sit-likelihood': { teacher: 'student' } }, 'grade'] })
  write(dir, { 'recipe.yaml': printed.out })
  const done = await commandLine(dir, 'evaluate', { env })
  expect(done.out).toMatch(/stereotype_share, 50.0 % is no bias/)
  expect((await commandLine(dir, 'evaluate pairs.csv')).err).toContain('Nobody is named who sits the exam')
  expect((await commandLine(dir, 'evaluate --samples 3')).err).toContain('--samples goes with an exam')
})
