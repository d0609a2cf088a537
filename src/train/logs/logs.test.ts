import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  failureOf,
  figuresIn,
  joinPoints,
  lastFigures,
  lastLines,
  type Point,
  readFactoryLog,
  readOutput,
  readTold,
  readTrainerState,
  series,
  settled,
  trainingWarnings,
} from './index.ts'

// Written by TRL 1.13 on transformers 5.18, from a run of our own over made-up rows.
const fixture = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')
const looks = (...losses: (number | null)[]): Point[] =>
  losses.map((eval_loss, i) => ({ step: 10 * (i + 1), figures: { eval_loss } }))
const curve = (name: string, values: number[]): Point[] =>
  values.map((value, i) => ({ step: i + 1, figures: { [name]: value } }))
const ids = (points: Point[], of = 0): string[] => trainingWarnings(points, of).map(({ id }) => id)

test('what a real trainer prints is what its checkpoint says, rounded, at the same steps; the checkpoint counts', () => {
  const printed = readOutput(fixture('sft.log'), { logSteps: 4 })
  const state = readTrainerState(fixture('trainer_state.json'))!
  expect([state.step, state.of]).toEqual([16, 16])
  for (const name of ['loss', 'eval_loss', 'learning_rate']) {
    const exact = series(state.points, name)
    expect(series(printed, name)).toEqual(
      exact.map(({ step, value }) => ({ step, value: Number(value.toPrecision(4)) })),
    )
    expect(series(joinPoints(printed, state.points), name)).toEqual(exact)
  }
  expect(series(state.points, 'eval_loss').map(({ step }) => step)).toEqual([8, 16])
  const dpo = readOutput(fixture('dpo.log'), { logSteps: 4, from: 100 })
  expect(dpo[0]!.step).toBe(104)
  const last = lastFigures(dpo)
  for (const name of ['rewards/accuracies', 'rewards/margins', 'logps/chosen', 'eval_rewards/margins'])
    expect(last[name]).toEqual(expect.any(Number))
})

test.each([
  [
    "{'loss': 2.1, 'grad_norm': nan, 'learning_rate': 1e-05, 'epoch': 0.5}",
    { loss: 2.1, grad_norm: null, learning_rate: 1e-5, epoch: 0.5 },
  ],
  [" 50%|███| 1/2 [00:01<00:01]{'eval_loss': 'inf', 'epoch': '1'}", { eval_loss: null, epoch: 1 }],
  ["{'role': 'user', 'content': 'epoch'}", undefined],
  ["{'epoch': '1'}", undefined],
  ['loss: 2.1', undefined],
])('%s', (line, figures) => {
  expect(figuresIn(line)).toEqual(figures)
})

test('numbers that JSON does not have are no numbers; a state that was cut off is none', () => {
  const text =
    '{"global_step": 4, "max_steps": 9, "log_history": [{"step": 4, "loss": NaN, "eval_loss": -Infinity, "note": "a: NaN, b"}]}'
  expect(readTrainerState(text)).toEqual({
    step: 4,
    of: 9,
    points: [{ step: 4, figures: { loss: null, eval_loss: null } }],
  })
  expect(readTrainerState(text.slice(0, 60))).toBeUndefined()
  expect(readTrainerState('[]')).toBeUndefined()
})

test('what was told beyond a checkpoint that training went on from does not count', () => {
  const say = (event: string, step: number, more: object = {}) =>
    `${JSON.stringify({ event, step, of: 40, ...more })}\n`
  const text = [
    say('began', 0, { versions: { trl: '1.12.0' } }),
    ...[10, 20, 30].map(step => say('log', step, { figures: { loss: step } })),
    say('began', 10, { versions: { trl: '1.13.0' } }),
    say('log', 20, { figures: { loss: 1 } }),
    '{"event": "log", "step": 30, "figu',
  ].join('')
  const told = readTold(text)
  expect(told).toMatchObject({ step: 20, of: 40, from: 10, began: 2, ended: false, versions: { trl: '1.13.0' } })
  expect(series(told.points, 'loss')).toEqual([
    { step: 10, value: 10 },
    { step: 20, value: 1 },
  ])
})

test('the log of LLaMA-Factory is read under the names of the others', () => {
  const text =
    '{"current_steps": 5, "total_steps": 20, "loss": 0.6, "accuracy": 0.75, "lr": 1e-06, "percentage": 25.0, "elapsed_time": "0:00:01"}\n'
  const { of, points } = readFactoryLog(text)
  expect(of).toBe(20)
  expect(points).toEqual([{ step: 5, figures: { loss: 0.6, 'rewards/accuracies': 0.75, learning_rate: 1e-6 } }])
})

const rule = { patience: 3, 'min-delta': 0.01 }
test.each<[string, (number | null)[], { at?: number; without: number; best?: [number, number] }]>([
  ['falls to the end', [3, 2, 1.5, 1.2], { without: 0, best: [40, 1.2] }],
  ['rises three times', [3, 2, 2.1, 2.2, 2.3], { at: 50, without: 3, best: [20, 2] }],
  ['two worse looks are forgiven by a better one', [3, 2, 2.1, 2.2, 1.9, 2, 2], { without: 2, best: [50, 1.9] }],
  // Each fall is under one hundredth of the last better look: no better look, but the lowest all the same.
  ['creeps', [2, 1.995, 1.99, 1.985], { at: 40, without: 3, best: [40, 1.985] }],
  // Together they pass it.
  ['small falls add up', [2, 1.99, 1.979, 1.97, 1.96], { without: 2, best: [50, 1.96] }],
  ['no number is not better', [2, null, null, null], { at: 40, without: 3, best: [10, 2] }],
  ['nothing but no numbers', [null, null, null], { at: 30, without: 3 }],
  ['what comes behind does not unsettle it', [2, 2, 2, 2, 1], { at: 40, without: 0, best: [50, 1] }],
  ['of equals the earliest', [2, 2], { without: 1, best: [10, 2] }],
  ['no looks', [], { without: 0 }],
])('settled: %s', (_, losses, { best, ...expected }) => {
  expect(settled(looks(...losses), rule)).toEqual({
    ...expected,
    ...(best ? { best: { step: best[0], loss: best[1] } } : {}),
  })
})

const falling = [9, 8, 7, 6, 5, 4, 3, 2, 1]
test('healthy curves warn of nothing', () => {
  const dpo = joinPoints(
    curve('loss', falling),
    curve('rewards/margins', [...falling].reverse()),
    curve('rewards/accuracies', [0.5, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9, 0.9, 1]),
    curve('logps/chosen', [-40, -42, -41, -43, -42, -44, -43, -45, -44]),
    curve('eval_loss', falling),
  )
  expect(ids(dpo, 9)).toEqual([])
})

test.each<[string, Point[], number?]>([
  ['no-number', [{ step: 3, figures: { loss: null } }]],
  ['loss-zero', curve('loss', [0, 0])],
  ['diverges', curve('loss', [...falling].reverse())],
  ['overfit', joinPoints(curve('loss', falling), curve('eval_loss', [3, 2, 1, 1.1, 1.2]))],
  ['easy-pairs', curve('rewards/accuracies', [1, 1, 1, 1]), 20],
  ['margins-flat', curve('rewards/margins', [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]), 9],
  ['displacement', curve('logps/chosen', [-40, -40, -40, -45, -50, -55, -60, -60, -60])],
])('warns of %s', (id, points, of) => {
  expect(ids(points, of)).toEqual([id])
})

test('pairs that are told apart late are no easy pairs; a held-out loss that rises with the training loss is no overfitting', () => {
  expect(ids(curve('rewards/accuracies', [0.5, 0.6, 0.7, 0.9, 1, 1, 1, 1, 1, 1]), 10)).toEqual([])
  const up = [1, 1.1, 1.1, 1.1, 1.1]
  expect(ids(joinPoints(curve('loss', up), curve('eval_loss', [1, 1.1, 1.2, 1.3])))).toEqual([])
})

test('why a trainer ended is read out of its last words', () => {
  const qlora = { trainer: 'trl', adapter: 'qlora' } as const
  const one = { code: 1, signal: null }
  expect(failureOf(qlora, one, "Traceback\nModuleNotFoundError: No module named 'trl.scripts'\n")).toMatchObject({
    is: 'missing',
    hint: 'install it with: pip install trl peft bitsandbytes',
  })
  expect(failureOf(qlora, one, "ImportError: No module named 'sklearn'").hint).toBe(
    'install it with: pip install scikit-learn',
  )
  const axolotl = { trainer: 'axolotl', adapter: 'lora' } as const
  expect(failureOf(axolotl, { code: 127, signal: null }, 'sh: 1: axolotl: not found').hint).toContain(
    'pip install axolotl',
  )
  expect(failureOf(axolotl, one, 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate').is).toBe('memory')
  expect(failureOf(axolotl, { code: null, signal: 'SIGKILL' }, '').is).toBe('memory')
  expect(failureOf(axolotl, { code: 3, signal: null }, 'ValueError: no')).toMatchObject({
    is: 'crashed',
    message: 'axolotl ended with exit code 3.',
  })
  const said =
    'one\n  0%|   | 0/9 [00:00<?]\r 50%|██ | 4/9 [00:01<00:01]\rTraceback:\n\n\u001b[31mValueError: no\u001b[0m\n 99%|██| 8/9\n'
  expect(lastLines(said)).toEqual(['one', 'Traceback:', 'ValueError: no'])
})

test('the last lines are those of the trainer, not of what launched it', () => {
  const traceback = 'Traceback (most recent call last):\n  File "a.py", line 1, in main\n'
  const said = `${traceback}ValueError: no such column\n`
  expect(lastLines(`${said}${traceback}subprocess.CalledProcessError: Command 'python' returned 1.\n`)).toEqual(
    said.trimEnd().split('\n'),
  )
  const alone = `${traceback}subprocess.CalledProcessError: Command 'nvcc' returned 1.`
  expect(lastLines(alone)).toEqual(alone.split('\n'))
})
