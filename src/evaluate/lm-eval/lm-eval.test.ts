import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { exams } from '../../../test/train/lm-eval-exams.ts'
import { wilson } from '../../measure/index.ts'
import { type Payload, payloadDigest, type Rec } from '../../records/index.ts'
import { unlike } from '../comparable.ts'
import {
  compareEvaluations,
  type Evaluated,
  exportTasks,
  hasResults,
  intervalText,
  readEvaluation,
  readResults,
  whatMoved,
  writeEvaluation,
} from '../index.ts'

const fixtures = join(import.meta.dirname, '..', '..', '..', 'test', 'fixtures', 'lm-eval')
const source = { name: 'my exam', version: '0.1.0', license: 'CC0-1.0', dir: '/data/tasks' }
const exam = (payload: Partial<Payload<'exam'>>, question = 'Why?'): Rec<'exam'> => {
  const whole = {
    kind: 'exam' as const,
    prompt: [{ role: 'user' as const, content: question }],
    target: 'x',
    ...payload,
  }
  return { ...whole, id: question, digest: payloadDigest(whole), facets: {}, scores: {} } as Rec<'exam'>
}
const exported = (...all: Rec<'exam'>[]) => {
  const { files, tasks, left } = exportTasks(all, { ...source, name: 'q' })
  const [task] = tasks
  if (!task) return { left, rows: [], yaml: {} }
  const rows = files[`${task.task}.jsonl`]!.trim()
    .split('\n')
    .map(line => JSON.parse(line))
  return { left, rows, yaml: parse(files[`${task.task}.yaml`]!, { logLevel: 'silent' }) }
}

describe('exams as tasks', () => {
  const { files, name, tasks, left } = exportTasks(exams, source)

  test('one task a form, a group over them, and what cannot be graded is counted', () => {
    expect(name).toBe('my_exam')
    expect(Object.fromEntries(tasks.map(({ task, items }) => [task.slice(8), items]))).toEqual({
      ...{ choice: 24, choice_joined: 6, exact: 3, exact_several: 3, maths: 2, number: 4, regex: 3 },
    })
    expect(left).toEqual({ 'needs-a-judge': 1 })
    expect(parse(files['my_exam.yaml']!)).toMatchObject({ group: 'my_exam', task: tasks.map(({ task }) => task) })
  })

  test('what llm-jp-eval compares word for word is compared so there; marks and ranks are left out by their own names', () => {
    const text = (metrics: string[]) => ({
      ...exams[0]!,
      choices: undefined,
      target: '東京',
      verifier: { kind: 'text', metrics },
    })
    const { rows, left } = exported(
      ...([
        text(['exact_match', 'char_f1']),
        text(['char_f1']),
        { ...text([]), verifier: { kind: 'mt-bench' } },
      ] as never[]),
    )
    expect([rows.length, left]).toEqual([1, { 'no-metric': 1, 'needs-a-judge': 1 }])
  })

  test('the data lies under dataset_kwargs, choices are told by column, and scripts without spaces get no delimiter', () => {
    expect(parse(files['my_exam_choice.yaml']!)).toMatchObject({
      ...{ dataset_path: 'json', dataset_kwargs: { data_files: { test: '/data/tasks/my_exam_choice.jsonl' } } },
      ...{
        output_type: 'multiple_choice',
        doc_to_choice: 'choices',
        target_delimiter: ' ',
        metadata: { version: '0.1.0' },
      },
    })
    expect(parse(files['my_exam_choice_joined.yaml']!)).toMatchObject({ target_delimiter: '' })
    const [first] = files['my_exam_choice_joined.jsonl']!.split('\n')
    expect(JSON.parse(first!)).toMatchObject({
      choices: ['東京', '京都', '大阪'],
      answer: 0,
      id: exams[24]!.id,
      digest: exams[24]!.digest,
    })
  })

  test('no text begins or ends with white space, and nothing of a question is a template', () => {
    const { rows, yaml } = exported(exam({ choices: [' a', 'b '], target: 'b ' }, ' {{id}} \n'))
    expect(rows).toMatchObject([{ text: '{{id}}', choices: ['a', 'b'], answer: 1 }])
    expect(yaml).toMatchObject({ doc_to_text: 'text', doc_to_target: 'answer' })
  })

  test('answers that are nothing but dates are shielded from being read as points of time', () => {
    const { rows, yaml } = exported(exam({ target: '2024-01-01' }), exam({ target: '2024-02-01' }, 'And?'))
    expect(rows.map(row => row.target)).toEqual(['=2024-01-01', '=2024-02-01'])
    expect(yaml).toMatchObject({ doc_to_target: '{{target[1:]}}' })
    expect(exported(exam({ target: '2024-01-01' }), exam({ target: 'never' }, 'And?')).rows[0].target).toBe(
      '2024-01-01',
    )
  })

  test.each<[string, Partial<Payload<'exam'>>]>([
    ['target-no-choice', { choices: ['a', 'b'], target: 'c' }],
    ['bad-choices', { choices: ['a', 'a'], target: 'a' }],
    ['needs-a-program', { verifier: { kind: 'code' } }],
    ['tolerance', { target: '3.1', verifier: { kind: 'number', tolerance: 0.1 } }],
    ['no-number', { target: 'many', verifier: { kind: 'number' } }],
    ['long-answer', { target: 'word '.repeat(60) }],
    ['pattern-unknown-to-python', { verifier: { kind: 'regex', pattern: '\\p{L}+' } }],
    ['no-question', { prompt: [{ role: 'user', content: ' ' }] }],
  ])('%s is left out', (reason, payload) => {
    expect(exported(exam(payload)).left).toEqual({ [reason]: 1 })
  })

  test('a number is compared without its text and separators, an expression in the words of Python', () => {
    expect(exported(exam({ target: 'So:\n#### 1,204', verifier: { kind: 'number' } })).rows[0].target).toBe('1204')
    const pattern = { kind: 'regex', pattern: '^(?<a>x)\\k<a>(?<=x)', flags: 'iu' }
    expect(exported(exam({ verifier: pattern })).rows[0].pattern).toBe('(?i)^(?P<a>x)(?P=a)(?<=x)')
  })
})

describe('results of a real run', () => {
  const [a, b] = ['tiny-a', 'tiny-b'].map(name => readResults(join(fixtures, name)))

  test('metrics, direction, settings and items come in; a perplexity is no mean and is shown without items', () => {
    const { evaluation, items, notes } = a!
    expect(evaluation).toMatchObject({
      name: 'tiny-a',
      model: { id: 'hf/tiny-a' },
      date: '2026-11-29',
      from: 'lm-eval',
    })
    expect(evaluation.partial).toBeUndefined()
    expect(evaluation.groups).toEqual({ proof: ['proof_choice', 'proof_number'] })
    expect(evaluation.scores.map(({ task, metric, higherIsBetter, n }) => [task, metric, higherIsBetter, n])).toEqual([
      ['proof_choice', 'acc', true, 24],
      ['proof_choice', 'acc_norm', true, 24],
      ['proof_number', 'exact_match,stated', true, 4],
      ['proof_number', 'exact_match,last-number', true, 4],
      ['words', 'word_perplexity', false, 3],
      ['words', 'bits_per_byte', false, 3],
    ])
    const raw = JSON.parse(readFileSync(join(fixtures, 'tiny-a', readdirSync(join(fixtures, 'tiny-a'))[0]!), 'utf8'))
    const own = items.filter(({ task, metric }) => task === 'proof_choice' && metric === 'acc')
    expect(own.reduce((sum, { score }) => sum + score!, 0) / 24).toBeCloseTo(raw.results.proof_choice['acc,none'], 12)
    expect(own[0]).toMatchObject({ item: exams[0]!.id, answer: expect.stringMatching(/^\d+$/) })
    expect(items.find(({ task }) => task === 'words')).toEqual(
      expect.objectContaining({ item: '0', why: 'no single number' }),
    )
    expect(evaluation.tasks.proof_number!.conditions).toMatchObject({
      'n-shot': 0,
      'fewshot-seed': 1234,
      'gen-kwargs': '{"max_gen_toks":8}',
      'chat-template': null,
      'lm-eval': '0.4.13',
    })
    expect(notes).toEqual([expect.stringMatching(/^words word_perplexity, words bits_per_byte: no interval/)])
  })

  test('two models are joined item by item, and figures without items are shown', () => {
    const [found] = compareEvaluations(a!, [b!])
    expect(found!.unlike).toEqual([])
    expect(found!.lines.map(({ task, items }) => [task, items])).toEqual([
      ...[
        ['proof_choice', 24],
        ['proof_choice', 24],
        ['proof_number', 4],
        ['proof_number', 4],
      ],
    ])
    expect(found!.lines[0]!.gained + found!.lines[0]!.lost).toBeGreaterThan(0)
    expect(found!.shown.map(({ metric }) => metric)).toEqual(['word_perplexity', 'bits_per_byte'])
    expect(whatMoved(found!).join(' ')).toContain('Too few items to tell: proof_choice acc')
  })

  test('an evaluation comes back from its folder as it was', () => {
    const dir = mkdtempSync(join(tmpdir(), 'stillroom-evaluation-'))
    const { evaluation, items } = a!
    writeEvaluation(dir, { evaluation, items })
    expect(readEvaluation(dir)).toEqual({ evaluation, items })
    writeFileSync(join(dir, 'items.jsonl'), '{"task":1}\n')
    expect(() => readEvaluation(dir)).toThrow(expect.objectContaining({ code: 'SR_EVALUATION' }))
  })

  type Edit = (results: { [key: string]: { [name: string]: object } }) => unknown

  /** The run of one model with its results changed. */
  function edited(change: Edit): Evaluated & { notes: string[] } {
    const dir = mkdtempSync(join(tmpdir(), 'stillroom-lm-eval-'))
    cpSync(join(fixtures, 'tiny-a'), dir, { recursive: true })
    const file = join(dir, readdirSync(dir).find(name => name.startsWith('results'))!)
    const results = JSON.parse(readFileSync(file, 'utf8'))
    change(results)
    writeFileSync(file, JSON.stringify(results).replaceAll('"@NaN"', 'NaN'))
    return readResults(dir)
  }

  test.each<[string, string, Edit]>([
    ['shots', 'n-shot', r => Object.assign(r['n-shot']!, { proof_choice: 5 })],
    ['seeds', 'fewshot-seed', r => Object.assign(r.config!, { fewshot_seed: 7 })],
    ['what was generated with', 'gen-kwargs', r => Object.assign(r.config!, { gen_kwargs: 'temperature=1' })],
    ['the version of a task', 'version', r => Object.assign(r.versions!, { proof_choice: 2 })],
    ['the prompts that went out', 'task-hash', r => Object.assign(r.task_hashes!, { proof_choice: 'f'.repeat(64) })],
    ['what is graded', 'grading', r => Object.assign(r.configs!.proof_choice!, { target_delimiter: '' })],
  ])('%s must be alike', (_, what, change) => {
    const [one, other] = [a!, edited(change)].map(({ evaluation }) => evaluation.tasks.proof_choice!)
    const refused = unlike('proof_choice', one!, other!, false).filter(({ refuses }) => refuses)
    expect(refused.map(found => found.what)).toEqual([what])
  })

  test('a limit makes a part, NaN is no figure, and a figure that is no mean gives no item a score', () => {
    const part = edited(r => Object.assign(r.config!, { limit: 3 }))
    expect(part.evaluation.partial).toBe(true)
    const spoilt = edited(r => Object.assign(r.results!.proof_choice!, { 'acc,none': '@NaN', 'acc_norm,none': 0.123 }))
    expect(spoilt.evaluation.scores.map(({ metric }) => metric)).not.toContain('acc')
    expect(spoilt.items.filter(({ metric, score }) => metric === 'acc_norm' && score !== undefined)).toEqual([])
    expect(spoilt.notes).toEqual([
      'proof_choice acc_norm: the figure is no mean over items, which are left without scores',
      expect.stringContaining('no interval'),
    ])
  })

  test('without a standard error an interval comes from the samples, and where nothing tells it there is none', () => {
    const silent = (r: Parameters<Edit>[0]) => {
      Object.assign(r.results!.proof_choice!, { 'acc_stderr,none': 'N/A', 'acc_norm,none': 0.123 })
      Object.assign(r.results!.proof_choice!, { 'acc_norm_stderr,none': 'N/A' })
      Object.assign(r.results!.words!, { 'word_perplexity_stderr,none': 0 })
    }
    const told = edited(silent)
    const line = (name: string) => told.evaluation.scores.find(({ metric }) => metric === name)!
    const marks = told.items.filter(({ metric }) => metric === 'acc').map(({ score }) => score!)
    const { low, high } = wilson(marks.filter(mark => mark === 1).length, marks.length)
    expect(line('acc')).toMatchObject({ low, high })
    for (const name of ['acc_norm', 'word_perplexity']) {
      expect([name, Object.keys(line(name)).filter(key => key === 'low' || key === 'high')]).toEqual([name, []])
      expect(intervalText(line(name))).toBe('not told')
    }
    expect(told.notes.join(' ')).toContain(
      'proof_choice acc_norm, words word_perplexity, words bits_per_byte: no interval',
    )
    const [found] = compareEvaluations(a!, [told])
    const shown = found!.shown.find(({ metric }) => metric === 'acc_norm')
    expect(shown).toMatchObject({ intervals: { base: { low: expect.any(Number) } } })
    expect(whatMoved(found!).join(' ')).toContain('nothing tells how far the second may be off')
  })

  test('two models in a folder are told apart, and a folder without results is said', () => {
    expect(() => readResults(fixtures)).toThrow(/holds several evaluations/)
    expect(hasResults(import.meta.dirname)).toBe(false)
    expect(() => readResults(import.meta.dirname)).toThrow(expect.objectContaining({ code: 'SR_EVALUATION' }))
  })
})
