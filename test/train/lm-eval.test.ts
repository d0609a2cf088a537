import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { compareEvaluations, exportTasks, readResults } from '../../src/evaluate/index.ts'
import { exams } from './lm-eval-exams.ts'

const python = process.env.STILLROOM_TRAIN_PYTHON || process.env.STILLROOM_PYTHON
const proof = join(import.meta.dirname, 'lm_eval_proof.py')

function run(cwd: string, ...args: string[]) {
  const cache = {
    HF_HOME: join(cwd, 'hf'),
    HF_HUB_OFFLINE: '1',
    HF_DATASETS_OFFLINE: '1',
    HF_HUB_DISABLE_TELEMETRY: '1',
  }
  return spawnSync(python!, args, { cwd, encoding: 'utf8', env: { ...process.env, ...cache } })
}

const probe = python ? run(tmpdir(), '-c', 'import lm_eval.evaluator, torch; print(lm_eval.__version__)') : undefined
const version = probe?.status === 0 ? probe.stdout.trim() : undefined
if (version === undefined) {
  const why = python
    ? `${python} cannot import lm_eval with torch`
    : 'STILLROOM_TRAIN_PYTHON names no Python that has it'
  console.log(`skipped: lm-evaluation-harness, since ${why}`)
}

describe.skipIf(version === undefined)(`lm-evaluation-harness ${version ?? ''}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'stillroom-lm-eval-'))
  const tasks = join(dir, 'tasks')
  const { files, name, tasks: made } = exportTasks(exams, { name: 'proof', version: '0.1.0', dir: tasks })
  const answered = (model: string, wanted: string, ...more: string[]) => {
    const out = mkdtempSync(join(dir, 'out-'))
    const ran = run(dir, proof, 'run', model, wanted, tasks, out, ...more)
    expect(ran.status, ran.stderr).toBe(0)
    return join(out, readdirSync(out)[0]!)
  }

  beforeAll(() => {
    mkdirSync(tasks)
    for (const [path, text] of Object.entries(files)) writeFileSync(join(tasks, path), text)
    writeFileSync(
      join(dir, 'texts.json'),
      JSON.stringify(exams.map(exam => `${exam.prompt[0]!.content} ${exam.target}`)),
    )
    // A task that somebody else wrote, with figures that belong to no single item.
    writeFileSync(join(tasks, 'words.jsonl'), '{"text":"One bird sings."}\n{"text":"Two birds sing."}\n')
    writeFileSync(
      join(tasks, 'words.yaml'),
      `task: words\ndataset_path: json\ndataset_kwargs: { data_files: { test: ${tasks}/words.jsonl } }\ntest_split: test\noutput_type: loglikelihood_rolling\ndoc_to_text: ""\ndoc_to_target: text\n`,
    )
  })

  test('validates the exported tasks and their group', { timeout: 120_000 }, () => {
    const all = [name, ...made.map(({ task }) => task)].join(',')
    const { status, stdout, stderr } = run(dir, '-m', 'lm_eval', 'validate', '--tasks', all, '--include_path', tasks)
    expect(status, stderr).toBe(0)
    expect(stdout).toContain('All tasks found and valid')
  })

  test('grades replies as they are meant: right ones in other notation count, wrong ones do not', {
    timeout: 120_000,
  }, () => {
    const replies: { [kind: string]: (i: number) => string } = {
      number: i => `First ${i}, then 3.\nThe answer is $1,00${i}.00.`,
      maths: i => `So it is \\boxed{ \\dfrac{x^${i}}{2} }.`,
      date: i => `The answer is 2024-01-0${i + 1}.`,
      several: i => (i === 2 ? 'London' : 'Answer: **paris, France**'),
      regex: i => `${'ABC'[i]} as told`,
      choice: i => String(i === 0 ? 0 : i + 1),
      joined: i => ['東京', '京都', '大阪'][i % 3]!,
    }
    const order = Object.entries({ choice: 24, joined: 6, number: 4, maths: 2, date: 3, several: 3, regex: 3 })
    const said = order.flatMap(([kind, n]) => Array.from({ length: n }, (_, i) => replies[kind]!(i)))
    writeFileSync(
      join(dir, 'replies.json'),
      JSON.stringify(Object.fromEntries(said.map((reply, i) => [exams[i]!.prompt[0]!.content!.trim(), reply]))),
    )
    const { evaluation, items, notes } = readResults(answered('replies.json', name))
    expect(notes).toEqual([])
    expect(
      Object.fromEntries(evaluation.scores.map(({ task, metric, value }) => [`${task.slice(6)} ${metric}`, value])),
    ).toEqual({
      ...{ 'choice acc': 23 / 24, 'choice acc_norm': 23 / 24, 'choice_joined acc': 1, 'choice_joined acc_norm': 1 },
      ...{ 'number exact_match,stated': 1, 'number exact_match,last-number': 1 },
      ...{ 'maths exact_match,boxed': 1, 'maths exact_match,stated': 0 },
      ...{ 'exact exact_match,whole': 0, 'exact exact_match,stated': 1 },
      ...{ 'exact_several exact_match,whole': 0, 'exact_several exact_match,stated': 2 / 3 },
      'regex matches': 1,
    })
    expect(items.find(({ item, metric }) => item === exams[0]!.id && metric === 'acc')).toMatchObject({
      score: 0,
      answer: '0',
    })
  })

  test('two random models answer, and are compared item by item; a part is no result', { timeout: 300_000 }, () => {
    for (const seed of ['1', '2']) {
      const made = run(dir, proof, 'model', `tiny-${seed}`, seed, 'texts.json')
      expect(made.status, made.stderr).toBe(0)
    }
    const [a, b] = ['tiny-1', 'tiny-2'].map(model => readResults(answered(model, `${name},words`)))
    const [found] = compareEvaluations(a!, [b!])
    expect(found!.unlike).toEqual([])
    expect(found!.lines.find(({ metric }) => metric === 'acc')).toMatchObject({ items: 24, unmatched: 0 })
    expect(found!.lines[0]!.flips.length).toBeGreaterThan(0)
    expect(found!.shown.map(({ task }) => task)).toContain('words')
    const [same] = compareEvaluations(a!, [a!])
    expect(same!.lines.every(({ gained, lost }) => gained + lost === 0)).toBe(true)
    const part = readResults(answered('tiny-1', 'proof_choice', '3'))
    expect(compareEvaluations(a!, [part])[0]).toMatchObject({ reportable: false, lines: [{ items: 3 }, { items: 3 }] })
  })
})
