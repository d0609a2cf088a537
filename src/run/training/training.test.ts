import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { appears } from '../../../test/support/appears.ts'
import { folder } from '../../../test/support/project.ts'
import { change, serving, stepsOf, trainingFolder } from '../../../test/support/training-folder.ts'
import { sha256 } from '../../records/index.ts'
import {
  type EvaluateServed,
  placesIn,
  readState,
  runTraining,
  type TrainingEvent,
  type TrainingOptions,
} from './index.ts'
import { childrenOf } from './processes.ts'

const script = join(import.meta.dirname, '../../../test/support/train-until-killed.ts')

/** Runs a training in this process; gives what was told of it and how it ended. */
async function run(dir: string, more: Partial<TrainingOptions> = {}) {
  const events: TrainingEvent[] = []
  const options = { folder: dir, env: process.env, ...more }
  const told = (event: TrainingEvent) => {
    events.push(event)
    more.told?.(event)
  }
  const ended = await runTraining({ ...options, told }).then(
    result => ({ result, error: undefined }),
    error => ({ result: undefined, error }),
  )
  return { ...ended, events, notes: events.flatMap(event => (event.event === 'note' ? [event.message] : [])) }
}

/** The same in a process of its own, until it dies at a point. */
function killed(dir: string, point: string, n: number): Promise<NodeJS.Signals | number | null> {
  return new Promise(resolve => {
    const child: ChildProcess = spawn(process.execPath, [script, dir, point, String(n)], { stdio: 'ignore' })
    child.on('exit', (code, signal) => resolve(signal ?? code))
  })
}

const of = (dir: string, phase: string): number[] =>
  stepsOf(dir).flatMap(line => (line.startsWith(`${phase} `) ? [Number(line.split(' ')[1])] : []))
const repeated = (steps: number[]): number => steps.length - new Set(steps).size
const weights = (dir: string, path: string): string => sha256(readFileSync(join(dir, path, 'model.safetensors')))
const named = (events: TrainingEvent[]): string[] => events.map(({ event }) => event).filter(name => name !== 'point')

test('phase one ends when its held-out loss has settled, its best checkpoint is handed over, and nothing is done twice', async () => {
  const dir = trainingFolder({ sft: { waitAt: 128 } })
  const { result, events } = await run(dir)
  expect(named(events)).toEqual([
    ...['training-started', 'phase-started', 'settled', 'stopping', 'phase-ended', 'merging', 'handed-over'],
    ...['phase-started', 'phase-ended', 'merging', 'handed-over', 'training-ended'],
  ])
  // The trainer was let go on from step 128, where it had been asked to end.
  expect(of(dir, 'sft')).toEqual(Array.from({ length: 128 }, (_, i) => i + 1))
  const { sft, preference } = result!.state.phases
  expect([sft!.settled, sft!.best!.step, preference!.settled]).toEqual([96, 112, null])
  expect(weights(dir, 'out/sft-merged')).toBe(weights(dir, 'out/sft/checkpoint-112'))
  expect(weights(dir, 'out/sft-merged')).not.toBe(weights(dir, 'out/sft/checkpoint-128'))
  // The one never begins before the other has ended.
  const order = stepsOf(dir).map(line => line.split(' ')[0])
  expect([...new Set(order)]).toEqual(['sft', 'merge', 'preference'])
  const model = JSON.parse(readFileSync(join(dir, 'model.json'), 'utf8'))
  expect(model.model).toBe('out/preference-merged')
  expect(model.base).toMatchObject({ model: 'Qwen/Qwen3-8B-Base', license: { id: 'apache-2.0' }, verdict: 'pass' })
  expect(model.phases[0]).toMatchObject({
    release: { name: 'ferries', version: '0.1.0', manifest: sha256('manifest') },
    files: { 'data/sft-train.jsonl': sha256(readFileSync(join(dir, 'data/sft-train.jsonl'))) },
    libraries: { trl: '1.13.0' },
    ...{ steps: 128, of: 400, attempts: 1, settled: 96 },
    weights: { 'out/sft-merged/model.safetensors': weights(dir, 'out/sft-merged') },
  })
  expect(model.phases[1].figures['rewards/margins']).toBeGreaterThan(1)
  expect(readFileSync(join(dir, 'model.json'), 'utf8')).not.toContain(dir)

  const before = stepsOf(dir)
  const again = await run(dir)
  expect(named(again.events)).toEqual(['training-started', 'training-ended'])
  expect(stepsOf(dir)).toEqual(before)
  expect(again.result!.model).toEqual(model)
})

const points: [point: string, n: number][] = [
  ['train.point', 20],
  ['train.ended', 1],
  ['train.merged', 1],
  ['train.started', 2],
  ...(process.env.STILLROOM_LONG === undefined
    ? []
    : ([
        ...[['train.started', 1] as const, ['train.trained', 1] as const, ['train.handed-over', 1] as const],
        ...[['train.ended', 2] as const, ['train.merged', 2] as const, ['train.recorded', 1] as const],
      ] as [string, number][])),
]
test.each(points)('killed at %s (%i), it goes on, and a finished phase is not repeated', async (point, n) => {
  const dir = trainingFolder({ sft: { maxSteps: 160, waitAt: 124 }, preference: { waitAt: 12 } })
  const second = point === 'train.started' && n === 2
  if (!second) writeFileSync(join(dir, 'go'), '')
  expect(await killed(dir, point, n)).toBe('SIGKILL')
  const before = existsSync(join(dir, 'steps.txt')) ? of(dir, 'sft').length : 0
  // Nobody asks the second phase to stop: what waits there goes on.
  if (second) writeFileSync(join(dir, 'go'), '')
  const { error, result } = await run(dir)
  expect(error).toBeUndefined()
  expect(childrenOf(dir)).toEqual([])
  const inFirst = n === 1 ? point === 'train.started' : point === 'train.point'
  if (!inFirst) expect(of(dir, 'sft')).toHaveLength(before)
  // What the trainer had done when its runner died was saved before it was ended.
  expect([repeated(of(dir, 'sft')), repeated(of(dir, 'preference'))]).toEqual([0, 0])
  expect(weights(dir, 'out/sft-merged')).toBe(
    weights(dir, `out/sft/checkpoint-${result!.state.phases.sft!.best!.step}`),
  )
  expect(of(dir, 'preference').at(-1)).toBe(24)
  expect(result!.state.phases.preference!.is).toBe('handed-over')
})

test('killed with its trainer, it goes on from the last whole checkpoint; one that was broken off is removed', async () => {
  const dir = trainingFolder({ sft: { waitAt: 44, maxSteps: 160 } })
  expect(await killed(dir, 'train.point', 5)).toBe('SIGKILL')
  await appears(join(dir, 'waited-sft'))
  for (const pid of childrenOf(dir)!) process.kill(pid, 'SIGKILL')
  const broken = join(dir, 'out/sft/checkpoint-44')
  mkdirSync(broken)
  writeFileSync(join(broken, 'model.safetensors'), '')
  rmSync(join(dir, 'out/sft/checkpoint-40/trainer_state.json'))
  const { error, events, notes } = await run(dir)
  expect(error).toBeUndefined()
  expect(notes).toContain('2 unfinished checkpoints removed.')
  expect(events.find(({ event }) => event === 'phase-started')).toMatchObject({ from: 32, attempt: 2 })
  const steps = of(dir, 'sft')
  expect([steps.slice(0, 44).at(-1), steps[44], repeated(steps)]).toEqual([44, 33, 12])
})

test('a trainer that fails ends with its last words, and training goes on where it was saved', async () => {
  const dir = trainingFolder({ sft: { maxSteps: 160, failAt: 20 }, preference: null })
  const { error } = await run(dir)
  expect(error).toMatchObject({ code: 'SR_TRAINER', exit: 1, hint: expect.stringContaining('goes on from step 16') })
  expect(error.message).toContain('RangeError: row 17 has 9000 tokens, and the model takes 2048')
  expect((await run(dir)).error).toBeUndefined()
  expect(repeated(of(dir, 'sft'))).toBe(4)
})

test('a failure is told by its own attempt, not by what an earlier one lacked', async () => {
  const dir = trainingFolder({ preference: null })
  const says = (text: string): void =>
    change(dir, ({ phases }) => {
      phases[0]!.written.command = ['sh', '-c', `echo "${text}" >&2; exit 1`]
    })
  says("ModuleNotFoundError: No module named 'peft'")
  expect((await run(dir)).error).toMatchObject({ code: 'SR_TRAINER_MISSING' })
  says('RuntimeError: CUDA out of memory')
  const { error } = await run(dir)
  expect(error).toMatchObject({ code: 'SR_TRAINER', message: expect.stringContaining('out of memory') })
  expect(error.message).not.toContain('peft')
})

test('a trainer that is not installed is named with what installs it, before anything is done', async () => {
  const dir = trainingFolder({ phase: { trainer: 'axolotl' } })
  change(dir, ({ phases }) => {
    for (const { written } of phases) written.command[0] = 'no-such-trainer'
  })
  const { error } = await run(dir)
  expect(error).toMatchObject({ code: 'SR_TRAINER_MISSING', hint: expect.stringContaining('pip install axolotl') })
  change(dir, training => {
    training.launch = 'cd . && {command}'
  })
  expect((await run(dir)).error).toMatchObject({
    code: 'SR_TRAINER_MISSING',
    received: expect.stringContaining('no-such-trainer'),
  })
})

test('an interrupt lets the trainer save; a second one does not wait', async () => {
  const dir = trainingFolder({ sft: { waitAt: 44, maxSteps: 160 } })
  const stop = new AbortController()
  const told = (event: TrainingEvent) => event.event === 'point' && event.step === 44 && stop.abort()
  const { error } = await run(dir, { stop: stop.signal, told })
  expect(error).toMatchObject({ code: 'SR_INTERRUPTED', exit: 130, hint: expect.stringContaining('from step 44') })
  expect(childrenOf(dir)).toEqual([])
  expect((await run(dir)).error).toBeUndefined()
  expect(repeated(of(dir, 'sft'))).toBe(0)

  const other = trainingFolder({ sft: { waitAt: 44, maxSteps: 160, bridge: false } })
  const [clean, now] = [new AbortController(), new AbortController()]
  const both = (event: TrainingEvent) => {
    if (event.event === 'point' && event.step === 44) {
      clean.abort()
      now.abort()
    }
  }
  const ended = await run(other, { stop: clean.signal, kill: now.signal, told: both })
  expect(ended.error).toMatchObject({ code: 'SR_INTERRUPTED', hint: expect.stringContaining('from step 40') })
  expect(childrenOf(other)).toEqual([])
})

test('a trainer out of reach of the bridge is read by what it prints, and ended behind its next checkpoint', async () => {
  const dir = trainingFolder({ sft: { waitAt: 132, bridge: false }, preference: { bridge: false } })
  const { error, result, events } = await run(dir)
  expect(error).toBeUndefined()
  const { settled, best } = result!.state.phases.sft!
  expect(settled).toBe(96)
  expect(of(dir, 'sft').at(-1)).toBeLessThanOrEqual(132)
  expect(weights(dir, 'out/sft-merged')).toBe(weights(dir, `out/sft/checkpoint-${best!.step}`))
  const last = events.findLast(event => event.event === 'point' && event.phase === 'preference')
  expect(last).toMatchObject({ step: 24, figures: { 'rewards/margins': expect.any(Number) } })
})

test('a loss that still falls holds phase two back, until there are more steps or somebody wants it all the same', async () => {
  const dir = trainingFolder({ sft: { maxSteps: 40 } })
  const { error } = await run(dir)
  expect(error).toMatchObject({ code: 'SR_UNSETTLED', exit: 5, hint: expect.stringContaining('train.sft.max-steps') })
  expect((await run(dir)).error).toMatchObject({ code: 'SR_UNSETTLED' })
  expect(of(dir, 'sft')).toHaveLength(40)
  const config = JSON.parse(readFileSync(join(dir, 'sft.json'), 'utf8'))
  writeFileSync(join(dir, 'sft.json'), JSON.stringify({ ...config, maxSteps: 160 }))
  change(dir, ({ phases }) => {
    phases[0]!.phase.settings.maxSteps = 160
  })
  const { result, events, notes } = await run(dir)
  expect(notes).toContain('sft.json was changed since it was written.')
  expect(result!.state.phases.sft!.settled).toBe(96)
  expect(events.find(({ event }) => event === 'phase-started')).toMatchObject({ phase: 'sft', from: 40 })
  expect(repeated(of(dir, 'sft'))).toBe(0)

  const other = trainingFolder({ sft: { maxSteps: 16 }, preference: { failAt: 3 } })
  expect((await run(other, { unsettled: true })).error).toMatchObject({ code: 'SR_TRAINER' })
  // It was wanted once.
  expect((await run(other)).error).toBeUndefined()
})

test('without held-out rows phase one goes to its end, and that is said', async () => {
  const dir = trainingFolder({ sft: { maxSteps: 16, test: undefined as never } })
  const { error, notes } = await run(dir)
  expect(error).toBeUndefined()
  expect(notes.join()).toContain('There are no held-out rows: phase sft was trained for its 16 steps')
})

test('what was begun with other rows is not gone on with', async () => {
  const dir = trainingFolder({ sft: { maxSteps: 40 } })
  await run(dir)
  change(dir, ({ phases }) => {
    phases[0]!.phase.data.release.manifest = sha256('another')
  })
  expect((await run(dir)).error).toMatchObject({ code: 'SR_TRAINING', exit: 2 })
  expect((await run(join(dir, 'data'))).error).toMatchObject({
    code: 'SR_TRAINING',
    hint: expect.stringContaining('train write'),
  })
})

test('what failed before its first checkpoint may be mended, and rows that are not there are told before anything runs', async () => {
  const dir = trainingFolder({ sft: { maxSteps: 16, failAt: 3 }, preference: null })
  expect((await run(dir)).error).toMatchObject({ code: 'SR_TRAINER' })
  change(dir, ({ phases }) => {
    phases[0]!.phase.data.release.manifest = sha256('another')
  })
  const { events, notes } = await run(dir)
  expect(events.find(({ event }) => event === 'phase-started')).toMatchObject({ attempt: 2, from: 0 })
  expect(notes.filter(note => note.includes('no longer what these rows were written from'))).toHaveLength(1)
  rmSync(join(dir, 'release'), { recursive: true })
  renameSync(join(dir, 'data'), join(dir, 'away'))
  const erased = await run(dir)
  expect(erased.result!.model.phases[0]!.files['data/sft-train.jsonl']).toMatch(/^[0-9a-f]{64}$/)
  expect(erased.notes).toContainEqual(expect.stringMatching(/^Release ferries 0.1.0 is not where it was/))
  renameSync(join(dir, 'away'), join(dir, 'data'))
  writeFileSync(join(dir, 'run/state.json'), '{"format":1,"pha')
  expect((await run(dir)).error).toMatchObject({
    code: 'SR_TRAINING',
    hint: expect.stringContaining('remove this file'),
  })
  rmSync(join(dir, 'run/state.json'))
  const again = await run(dir)
  expect([again.error, repeated(of(dir, 'sft').slice(3))]).toEqual([undefined, 0])
  const bare = trainingFolder({ sft: { train: 'data/none.jsonl' } })
  expect((await run(bare)).error).toMatchObject({
    ...{ code: 'SR_TRAINING', position: { file: expect.stringMatching(/data\/none\.jsonl$/) } },
    hint: expect.stringContaining('train write'),
  })
})

test('rows that were edited stop an open phase, and are nothing to one that is finished', async () => {
  const dir = trainingFolder({ sft: { maxSteps: 16 }, preference: null, training: { recipe: '.' } })
  const [file, base] = [join(dir, 'data/sft-train.jsonl'), folder({ 'config.json': '{}' })]
  const [text, digest] = [readFileSync(file, 'utf8'), sha256(readFileSync(file))]
  change(dir, training => {
    training.base = base
    training.phases[0]!.phase.data.digests = { 'data/sft-train.jsonl': digest }
    training.phases[0]!.phase.model = join(dir, 'models/small')
  })
  writeFileSync(file, text.replace('pier 1', 'pier 7'))
  expect((await run(dir)).error).toMatchObject({
    ...{
      code: 'SR_TRAINING',
      position: { file: expect.stringMatching(/data\/sft-train\.jsonl$/) },
      expected: `sha256 ${digest}`,
    },
    hint: expect.stringContaining('stillroom train write'),
  })
  expect(existsSync(join(dir, 'steps.txt'))).toBe(false)
  writeFileSync(file, text)
  expect((await run(dir)).error).toBeUndefined()
  writeFileSync(file, '')
  const { result } = await run(dir)
  expect(result!.model.phases[0]).toMatchObject({ files: { 'data/sft-train.jsonl': digest }, from: 'models/small' })
  // No path of one machine is in the lineage.
  expect(result!.model.base).toMatchObject({ model: basename(base), config: sha256('{}') })
  const lineage = readFileSync(join(dir, 'model.json'), 'utf8')
  expect([lineage.includes(dir), lineage.includes(base)]).toEqual([false, false])
})

test('a license that forbids the use blocks with its clause, before anything runs', async () => {
  const dir = trainingFolder({ training: { base: 'LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct' } })
  const { error } = await run(dir, { purpose: { commercial: true } })
  expect(error).toMatchObject({ code: 'SR_GATE', exit: 3 })
  expect(error.message).toContain('Section 3.1, Commercial Use')
  expect(existsSync(join(dir, 'run'))).toBe(false)
  const { result } = await run(dir, {
    ...{ purpose: { commercial: true }, unsettled: true },
    gates: { 'base-model': { override: 'a license of our own' } },
  })
  expect(result!.model.base).toMatchObject({ verdict: 'block', override: 'a license of our own' })
})

test('one training of a folder at a time', async () => {
  const dir = trainingFolder({ sft: { waitAt: 8, maxSteps: 160 } })
  let second: Promise<{ error: unknown }> | undefined
  const told = (event: TrainingEvent) => {
    if (event.event !== 'point' || event.step !== 8) return
    second ??= run(dir).finally(() => writeFileSync(join(dir, 'go'), ''))
  }
  expect((await run(dir, { told })).error).toBeUndefined()
  expect((await second)!.error).toMatchObject({ code: 'SR_LOCKED' })
})

test('the base is served and evaluated before training, what came out behind it, and no server stays', async () => {
  const dir = trainingFolder({
    sft: { maxSteps: 16 },
    preference: null,
    training: { serve: serving, evaluate: { recipe: 'exam.yaml', student: 'student' } },
  })
  const asked: { what: string; model: string; begun: boolean; recipe: string }[] = []
  const urls: string[] = []
  let fails = true
  const evaluate: EvaluateServed = async ({ what, served, recipe, out }) => {
    asked.push({ what, model: served.model, begun: existsSync(join(dir, 'steps.txt')), recipe })
    urls.push(served.at)
    if (what === 'trained' && fails) throw new Error('the judge is away')
    return { folder: out }
  }
  const first = await run(dir, { evaluate })
  expect(first.error.message).toContain('the judge is away')
  fails = false
  const { result } = await run(dir, { evaluate })
  const recipe = join(dir, '..', 'exam.yaml')
  expect(asked).toEqual([
    { what: 'baseline', model: 'served-base', begun: false, recipe },
    { what: 'trained', model: 'served-trained', begun: true, recipe },
    { what: 'trained', model: 'served-trained', begun: true, recipe },
  ])
  expect(result!.model.evaluations).toEqual({ baseline: 'run/baseline', trained: 'run/trained' })
  // Nothing was written there: that ends no training badly.
  expect(result!.model.comparison).toEqual({ why: 'There is no evaluation in run/baseline.' })
  expect(childrenOf(dir)).toEqual([])
  for (const url of urls) await expect(fetch(`${url}/models`)).rejects.toThrow()
  expect(of(dir, 'sft')).toHaveLength(16)
  // Other weights are another model, which nobody has measured.
  const config = JSON.parse(readFileSync(join(dir, 'sft.json'), 'utf8'))
  writeFileSync(join(dir, 'sft.json'), JSON.stringify({ ...config, maxSteps: 24 }))
  change(dir, ({ phases }) => {
    phases[0]!.phase.settings.maxSteps = 24
  })
  const ends: (string | undefined)[] = []
  const told = ({ event }: TrainingEvent): void => {
    if (event === 'phase-ended') ends.push(readState(placesIn(dir))!.ended)
  }
  const longer = await run(dir, { evaluate, told })
  expect([longer.error, ends, of(dir, 'sft').length]).toEqual([undefined, [undefined], 24])
  expect(asked.slice(3).map(({ what }) => what)).toEqual(['trained'])

  const broken = trainingFolder({
    training: { serve: 'echo no such model {model} {port}; exit 7', evaluate: { recipe: 'x', student: 's' } },
  })
  const ended = await run(broken, { evaluate })
  expect(ended.error).toMatchObject({
    code: 'SR_SERVE',
    message: expect.stringMatching(/ended with exit code 7[\s\S]*no such model/),
  })
  expect(readdirSync(broken)).not.toContain('out')
})

type Asked = { path: string; body: { [key: string]: unknown } }
async function tracker(experiments: string[] = []) {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const url = new URL(request.url!, 'http://x')
    const path = url.pathname.replace('/api/2.0/mlflow/', '')
    asked.push({ path, body: text ? JSON.parse(text) : Object.fromEntries(url.searchParams) })
    const known = experiments.includes(url.searchParams.get('experiment_name') ?? '')
    const answers: { [path: string]: object } = {
      'experiments/create': { experiment_id: '7' },
      'runs/create': { run: { info: { run_id: 'r1' } } },
      ...(known ? { 'experiments/get-by-name': { experiment: { experiment_id: '3' } } } : {}),
    }
    const missing = path === 'experiments/get-by-name' && !known
    response.writeHead(missing ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(missing ? { error_code: 'RESOURCE_DOES_NOT_EXIST' } : (answers[path] ?? {})))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return { uri, asked, stop: () => new Promise(resolve => server.close(resolve).closeAllConnections()) }
}

test('figures go to an MLflow server over its REST API; one that is down stops nothing', async () => {
  const mlflow = await tracker()
  const dir = trainingFolder({
    sft: { maxSteps: 16 },
    preference: null,
    phase: { track: { mlflow: { uri: mlflow.uri, experiment: 'ferries of the bay' } } },
  })
  expect((await run(dir)).error).toBeUndefined()
  await mlflow.stop()
  const paths = mlflow.asked.map(({ path }) => path)
  expect(paths.slice(0, 4)).toEqual(['experiments/get-by-name', 'experiments/create', 'runs/create', 'runs/log-batch'])
  expect(mlflow.asked[2]!.body).toMatchObject({
    experiment_id: '7',
    run_name: 'ferries-0.1.0 sft',
    start_time: expect.any(Number),
  })
  const batches = mlflow.asked.filter(({ path }) => path === 'runs/log-batch').map(({ body }) => body)
  expect(batches[0]!.params).toContainEqual({ key: 'manifest', value: sha256('manifest') })
  const metrics = batches.flatMap(({ metrics = [] }) => metrics as { key: string; step: number; value: number }[])
  expect(metrics.filter(({ key }) => key === 'eval_loss').map(({ step }) => step)).toEqual([8, 16])
  expect(mlflow.asked.at(-1)).toMatchObject({ path: 'runs/update', body: { run_id: 'r1', status: 'FINISHED' } })
  expect(readState(placesIn(dir))!.phases.sft!.mlflow).toBe('r1')

  const away = trainingFolder({
    sft: { maxSteps: 16 },
    preference: null,
    phase: { track: { mlflow: { uri: mlflow.uri, experiment: 'x' } } },
  })
  const { error, notes } = await run(away)
  expect(error).toBeUndefined()
  expect(notes).toEqual([expect.stringMatching(/^MLflow at .* is not to be reached \(.*ECONNREFUSED/)])
})
