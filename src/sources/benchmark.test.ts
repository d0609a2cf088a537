import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { folder } from '../../test/support/project.ts'
import { type Part, readBenchmark } from './benchmark.ts'
import { listFiles } from './files.ts'
import { findPack, writePack } from './pack.ts'

async function read(path: string, content: string | Uint8Array, mapping: { [part in Part]?: string } = {}) {
  const base = folder({ [path]: content })
  const [file] = await listFiles({ files: path }, base)
  const { taken, items, rejected } = await readBenchmark(file!, mapping)
  return { taken, items, rejected }
}
const lines = (...rows: object[]) => rows.map(row => `${JSON.stringify(row)}\n`).join('')

test('columns of public benchmarks are found by their names, in every common format', async () => {
  expect(await read('gsm8k.jsonl', lines({ question: 'How many?', answer: 'Six.\n#### 6' }))).toEqual({
    taken: { prompt: ['question'], answer: ['answer'] },
    items: [{ id: '1', prompt: 'How many?', answer: 'Six.\n#### 6' }],
    rejected: {},
  })
  const code = {
    task_id: 'HumanEval/0',
    prompt: 'def f():\n',
    entry_point: 'f',
    canonical_solution: '  return 1\n',
    test: 'assert f()',
  }
  expect(await read('HumanEval.jsonl.gz', gzipSync(lines(code)))).toMatchObject({
    items: [{ id: 'HumanEval/0', prompt: 'def f():\n', answer: '  return 1\n', test: 'assert f()' }],
  })
  const csv =
    'Type,Category,Question,Best Answer,Correct Answers,Incorrect Answers,Source\nA,B,Why?,"So, it is",So; It is,No,https://a.org\n'
  expect((await read('TruthfulQA.csv', csv)).items).toEqual([
    { id: '1', prompt: 'Why?', answer: ['So, it is', 'So; It is'], wrong: 'No' },
  ])
  const turns = lines(
    { question_id: 81, turns: ['Write.', 'Again.'] },
    { question_id: 82, turns: ['Add.', 'Up.'], reference: ['1', '2'] },
  )
  expect((await read('question.jsonl', turns)).items).toEqual([
    { id: '81', prompt: ['Write.', 'Again.'] },
    { id: '82', prompt: ['Add.', 'Up.'], answer: ['1', '2'] },
  ])
})

test('choices in columns of their own, and the answer that is the number of one', async () => {
  const row = { q_id: 8939, question: '何と言う？', choice0: '畑', choice1: '海', choice2: '田園', label: 2 }
  // Ends in .json and holds JSON Lines, as upstream has it.
  expect(await read('jcommonsenseqa.json', lines(row, { ...row, q_id: 8940, label: 0 }))).toMatchObject({
    taken: { prompt: ['question'], choices: ['choice0', 'choice1', 'choice2'], answer: ['label'] },
    items: [
      { id: '8939', choices: ['畑', '海', '田園'], answer: '田園' },
      { id: '8940', answer: '畑' },
    ],
  })
  const arc = {
    id: 'x',
    question: 'Which?',
    choices: { text: ['a tide', 'a wave'], label: ['A', 'B'] },
    answerKey: 'B',
  }
  expect((await read('arc.jsonl', lines(arc))).items[0]).toEqual({
    id: 'x',
    prompt: 'Which?',
    choices: ['a tide', 'a wave'],
  })
})

test('nested forms are unfolded: questions below paragraphs, and prompts by subject', async () => {
  const squad = {
    version: '1',
    data: [
      {
        title: 't',
        paragraphs: [
          {
            context: '梅雨は雨季の一種である。',
            qas: [
              {
                id: 'q0',
                question: '梅雨とは？',
                answers: [
                  { text: '雨季', answer_start: 3 },
                  { text: '雨季', answer_start: 3 },
                ],
              },
            ],
          },
        ],
      },
    ],
  }
  expect((await read('squad.json', JSON.stringify(squad, null, 1))).items).toEqual([
    { id: 'q0', prompt: '梅雨とは？', context: '梅雨は雨季の一種である。', answer: '雨季' },
  ])
  const cot = {
    anatomy:
      'The following are questions about anatomy.\n\nQ: Which bone\nis it?\n(A) jaw (B) hip\nA: Think. The answer is (A).\n\nQ: And this?\n(A) 1 (B) 2\nA: (B).',
  }
  expect((await read('prompts.json', JSON.stringify(cot))).items).toEqual([
    { id: 'anatomy/1', prompt: 'Which bone\nis it?', choices: ['jaw', 'hip'], answer: 'Think. The answer is (A).' },
    { id: 'anatomy/2', prompt: 'And this?', choices: ['1', '2'], answer: '(B).' },
  ])
})

test('a mapping goes before names; ids stay apart; what has no prompt or cannot be read is counted', async () => {
  const rows = `${lines({ id: 7, q: 'First?', prompt: 'not this' }, { id: 7, q: 'Second?' }, { id: 8 })}broken\n`
  expect(await read('own.jsonl', rows, { prompt: 'q' })).toEqual({
    taken: { prompt: ['q'] },
    items: [
      { id: '7', prompt: 'First?' },
      { id: '7#2', prompt: 'Second?' },
    ],
    rejected: { 'no-prompt': 1, 'invalid-json': 1 },
  })
})

test('a pack is found by its name or folder, and only as it was written', () => {
  const base = folder()
  const about = { name: 'own', license: 'MIT', files: [] }
  const manifest = writePack(join(base, 'benchmarks/own'), [{ id: '1', prompt: 'Why?' }], about)
  expect(manifest).toMatchObject({
    format: 'stillroom-benchmark-1',
    items: 1,
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  const source = { files: 'benchmarks/own/items.jsonl', license: 'MIT', origin: 'real', kind: 'row', id: 'id' }
  expect(findPack('own', base)).toEqual(source)
  expect(findPack('benchmarks/own', base)).toEqual(source)
  expect(findPack('other', base)).toBeUndefined()
  expect(writePack(join(base, 'benchmarks/own'), [{ id: '1', prompt: 'Why?' }], about)).toEqual(manifest)
  expect(() => writePack(join(base, 'benchmarks/own'), [{ id: '1', prompt: 'How?' }], about)).toThrow(
    /another benchmark/,
  )
  writeFileSync(join(base, 'benchmarks/own/items.jsonl'), '{"id":"1","prompt":"How?"}\n')
  expect(() => findPack('own', base)).toThrow(/changed after its import/)
})

test('what is no row is counted, and no two items have one id', async () => {
  expect(await read('a.json', JSON.stringify([{ question: 'One?' }, 'Two?', null, ['Three?']]))).toMatchObject({
    items: [{ prompt: 'One?' }],
    rejected: { 'no-prompt': 3 },
  })
  expect((await read('b.json', '"Only a text"')).rejected).toEqual({ 'no-prompt': 1 })
  const twice = lines(...['a', 'a#2', 'a', 'a', 'a#2'].map(id => ({ id, question: 'Why?' })))
  const { items } = await read('c.jsonl', twice)
  expect(items.map(({ id }) => id)).toEqual(['a', 'a#2', 'a#3', 'a#4', 'a#2#2'])
  const base = folder({})
  writePack(join(base, 'p'), [...items, ...items.slice(0, 1)], { name: 'p', license: 'MIT', files: [] })
  const ids = readFileSync(join(base, 'p', 'items.jsonl'), 'utf8').match(/(?<="id":")[^"]*/g)
  expect(ids).toEqual([...items.map(({ id }) => id), 'a#5'])
})
