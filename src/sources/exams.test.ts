import { expect, test } from 'vitest'
import { folder } from '../../test/support/project.ts'
import type { Payload } from '../records/index.ts'
import { listFiles, readSource, sourceConfig, sourceKind } from './index.ts'

/** What a file comes to under `exam:`, and why the rest of it does not. */
async function read(name: string, content: unknown, exam: unknown = 'auto') {
  const rows = Array.isArray(content)
    ? content.map(row => JSON.stringify(row)).join('\n')
    : JSON.stringify(content, null, 1)
  const dir = folder({ [name]: typeof content === 'string' ? content : rows })
  const config = sourceConfig.parse({ files: name, license: 'x', exam })
  const files = await listFiles(config, dir)
  const found: { payload: Payload<'exam'>; rowId?: string; topic?: unknown }[] = []
  const rejected: string[] = []
  for await (const item of readSource('set', config, files[0]!)) {
    if (item.is === 'rejected') rejected.push(`${item.row} ${item.reason}`)
    else
      found.push({
        payload: item.payload as Payload<'exam'>,
        ...(item.rowId ? { rowId: item.rowId } : {}),
        topic: item.facets?.topic,
      })
  }
  return { found, rejected, kind: found.length > 0 ? await sourceKind(config, files) : undefined }
}

test('MT-Bench: two turns, the category and the id; a row without turns is rejected, the rest goes on', async () => {
  const { found, rejected, kind } = await read('q.jsonl', [
    { question_id: 31, category: 'math', turns: ['1 + 1?', 'And 2 more?'], reference: ['2', '4'] },
    { question_id: 32, category: 'math', turns: [] },
    { question_id: 31, category: 'math', turns: ['again'] },
    'no row',
  ])
  expect(found).toEqual([
    {
      payload: {
        kind: 'exam',
        prompt: ['1 + 1?', 'And 2 more?'].map(content => ({ role: 'user', content })),
        target: '',
        verifier: { kind: 'mt-bench', question_id: '31', category: 'math', references: ['2', '4'] },
      },
      rowId: '31',
      topic: 'math',
    },
  ])
  expect([rejected, kind]).toEqual([['2 wrong-shape', '3 duplicate-id', '4 wrong-shape'], 'exam'])
})

test('llm-jp-eval: samples below their instruction, with as many worked examples as asked for', async () => {
  const file = {
    instruction: '答えてください。',
    output_length: 5,
    metrics: ['char_f1'],
    few_shots: [
      { input: 'a', output: 'A' },
      { input: 'b', output: 'B' },
    ],
    samples: [{ input: 'c', output: 'C' }, { input: 'd' }],
  }
  const { found, rejected } = await read('set.json', file, { layout: 'llm-jp-eval', shots: 1 })
  expect(found.map(({ payload }) => payload)).toEqual([
    {
      kind: 'exam',
      prompt: [
        { role: 'user', content: '答えてください。\n\na' },
        { role: 'assistant', content: 'A' },
        { role: 'user', content: 'c' },
      ],
      target: 'C',
      verifier: { kind: 'text', metrics: ['char_f1'] },
    },
  ])
  expect(rejected).toEqual(['2 missing-column'])
})

const bbq = {
  ...{
    example_id: 7,
    question_polarity: 'neg',
    context_condition: 'ambig',
    category: 'Age',
    context: 'Two came.',
    question: 'Who forgot?',
  },
  answer_info: { ans0: ['old', 'old'], ans1: ['young', 'nonOld'], ans2: ['Not known', 'unknown'] },
  additional_metadata: { stereotyped_groups: ['old'] },
  ...{ ans0: 'The old one', ans1: 'The young one', ans2: 'Not known', label: 2 },
}
const forms: [string, unknown, Partial<Payload<'exam'>>][] = [
  [
    'ELYZA',
    { input: '書いて', output: '例', eval_aspect: '敬語' },
    { target: '例', rubric: '敬語', verifier: { kind: 'elyza' } },
  ],
  ['BBQ', bbq, { target: 'Not known', choices: ['The old one', 'The young one', 'Not known'] }],
  [
    'JCommonsenseQA',
    { q_id: 1, question: '何？', choice0: '甲', choice1: '乙', label: 1 },
    { target: '乙', choices: ['甲', '乙'] },
  ],
  ['JNLI', { sentence1: 'あ', sentence2: 'い', label: 'neutral' }, { target: 'neutral' }],
  [
    'JSTS',
    { sentence1: 'あ', sentence2: 'い', label: 2.4 },
    { target: '2.4', verifier: { kind: 'text', metrics: ['pearson', 'spearman'] } },
  ],
  ['GSM8K', { question: 'How many?', answer: '1 + 1\n#### 2' }, { verifier: { kind: 'number' } }],
  ['MMLU', { question: 'Which?', choices: ['x', 'y'], answer: 1 }, { target: 'y' }],
  ['ARC', { question: 'Which?', choices: { text: ['x', 'y'], label: ['1', '2'] }, answerKey: '2' }, { target: 'y' }],
  [
    'MBPP',
    { task_id: 1, text: 'Add.', code: 'def f(): pass', test_list: ['assert f()'] },
    { verifier: { kind: 'code', language: 'python', tests: ['assert f()'] } },
  ],
  [
    'HumanEval',
    {
      task_id: 'H/0',
      prompt: 'def f():\n',
      entry_point: 'f',
      test: 'def check(c): pass',
      canonical_solution: '  pass',
    },
    {
      verifier: {
        kind: 'code',
        language: 'python',
        tests: 'def check(c): pass',
        entry_point: 'f',
        prompt: 'def f():\n',
      },
    },
  ],
  [
    'SQuAD',
    { id: 'a', context: 'Rust is red.', question: 'What is red?', answers: { text: ['Rust', 'rust', 'Rust'] } },
    { target: 'Rust', verifier: { kind: 'text', metrics: ['exact_match', 'char_f1'], accept: ['rust'] } },
  ],
  ['our own', { prompt: 'Say it.', rubric: 'is kind' }, { target: '', rubric: 'is kind' }],
  [
    'a conversation',
    {
      messages: [
        { role: 'user', content: 'q' },
        { role: 'assistant', content: 'a' },
      ],
    },
    { prompt: [{ role: 'user', content: 'q' }], target: 'a' },
  ],
]
test.each(forms)('%s is told from its columns', async (_, row, wanted) => {
  const { found, rejected } = await read('set.jsonl', [row])
  expect(rejected).toEqual([])
  expect(found[0]!.payload).toMatchObject(wanted)
})

test('bad items: an answer that names no choice, a choice twice, nothing to hold an answer against', async () => {
  const bad = [
    { question: 'Which?', choices: ['x', 'y'], answer: 'C' },
    { question: 'Which?', choices: ['x', 'x'], answer: 0 },
    { question: 'Which?', choices: ['x'], answer: 0 },
  ]
  expect((await read('set.jsonl', bad)).rejected).toEqual(['1 wrong-shape', '2 wrong-shape', '3 wrong-shape'])
  expect((await read('set.jsonl', [{ prompt: 'Say it.' }])).rejected).toEqual(['1 missing-column'])
  expect((await read('set.jsonl', [{ ...bbq, answer_info: undefined }])).rejected).toEqual(['1 missing-column'])
  const pairs = 'id,sent_more,sent_less,stereo_antistereo,bias_type\n1,a b,a c,stereo,age\n2,a b,,stereo,age\n'
  const { found, rejected } = await read('pairs.csv', pairs)
  expect([found[0]!.payload.choices, found[0]!.topic, rejected]).toEqual([['a b', 'a c'], 'age', ['2 wrong-shape']])
})

test('a number counts the choices, where they are numbers as well; a text that is one of them names it', async () => {
  const numbers = ['1', '2', '3', '4']
  const { found } = await read('mmlu.jsonl', [
    { question: '1 + 2?', choices: numbers, answer: 2 },
    { question: '2 + 2?', choices: numbers, answer: '4' },
    { question: '1 + 1?', choices: numbers, answer: 'B' },
    { question: '0 + 4?', choices: numbers, answer: 4 },
  ])
  expect(found.map(({ payload }) => payload.target)).toEqual(['3', '4', '2', '4'])
  const table = await read('jcqa.csv', 'question,choice0,choice1,choice2,label\n1 + 1?,1,2,3,1\n')
  expect(table.found[0]!.payload.target).toBe('2')
})
