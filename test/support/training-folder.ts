import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { sha256 } from '../../src/records/index.ts'
import { childrenOf } from '../../src/run/training/processes.ts'
import type { Phase, Training } from '../../src/train/index.ts'
import { folder } from './project.ts'
import type { TrainerConfig } from './trainer.ts'

const program = [process.execPath, join(import.meta.dirname, 'trainer.ts')]
/** A merge that fails where something is already. */
const merging = ['sh', '-c', 'test ! -e "$2" && cp -r "$1" "$2" && echo "merge $2" >> steps.txt', 'merge']
const lines = (rows: object[]): string => rows.map(row => `${JSON.stringify(row)}\n`).join('')
const ports = Array.from({ length: 12 }, (_, i) => `The ferry to pier ${i} leaves at ${i + 7} and is back at ${i + 9}.`)
const pairs = ports.map(text => ({ chosen: text, rejected: text.toUpperCase() }))

const phaseOf = (
  name: Phase['name'],
  { model, train, test, maxSteps, logSteps, evalSteps, saveSteps }: TrainerConfig,
): Phase => ({
  name,
  method: name === 'sft' ? 'sft' : 'dpo',
  trainer: 'trl',
  adapter: 'full',
  model,
  reasoning: 'inline',
  data: {
    release: { dir: '../releases/ferries-0.1.0', name: 'ferries', version: '0.1.0', manifest: sha256('manifest') },
    train,
    ...(test ? { test } : {}),
    ...{ rows: 8, heldOut: test ? 4 : 0, tokens: 400, tokenizer: 'bytes' },
  },
  settings: {
    ...{ learningRate: 0.1, maxSteps, microBatch: 1, accumulation: 1, warmupSteps: 0, scheduler: 'linear' },
    ...{ weightDecay: 0, context: 2048, packing: false, gradientCheckpointing: false, bf16: false },
    ...{ evalSteps, saveSteps, logSteps, seed: 1 },
  },
  hardware: { gpu: 'none', gpus: 1, nodes: 1 },
  track: {},
  set: {},
})

const made: string[] = []
// A test that fails leaves nobody waiting.
afterEach(() => {
  for (const pid of made.splice(0).flatMap(dir => childrenOf(dir) ?? [])) process.kill(pid, 'SIGKILL')
})

/** A folder as `train write` leaves it: two phases of a trainer of ours, with a merge behind each. */
export function trainingFolder(
  more: {
    sft?: Partial<TrainerConfig>
    preference?: Partial<TrainerConfig> | null
    training?: Partial<Training>
    phase?: Partial<Phase>
  } = {},
): string {
  const sft: TrainerConfig = {
    ...{
      phase: 'sft' as const,
      model: 'base',
      train: 'data/sft-train.jsonl',
      test: 'data/sft-test.jsonl',
      output: 'out/sft',
    },
    ...{ rate: 0.5, maxSteps: 400, logSteps: 4, evalSteps: 8, saveSteps: 8 },
    ...more.sft,
  }
  const preference: TrainerConfig = {
    ...{ phase: 'preference' as const, model: 'out/sft-merged', output: 'out/preference' },
    ...{ train: 'data/preference-train.jsonl', test: 'data/preference-test.jsonl' },
    ...{ rate: 0.5, maxSteps: 24, logSteps: 2, evalSteps: 8, saveSteps: 8 },
    ...more.preference,
  }
  const written = [sft, ...(more.preference === null ? [] : [preference])].map(config => {
    const files = { [`${config.phase}.json`]: JSON.stringify(config) }
    const merged = `${config.output}-merged`
    return {
      phase: { ...phaseOf(config.phase, config), ...more.phase },
      written: { files, command: [...program, `${config.phase}.json`], output: config.output },
      merge: { command: [...merging, config.output, merged], output: merged },
    }
  })
  const training: Training = {
    ...{ name: 'ferries', version: '0.1.0', recipe: '..', base: 'Qwen/Qwen3-8B-Base', phases: written },
    ...{ settle: { patience: 3, 'min-delta': 0.01 }, handOver: 'merged' as const },
    ...more.training,
  }
  const dir = folder({
    'training.json': JSON.stringify(training),
    ...Object.assign({}, ...written.map(({ written: { files } }) => files)),
    'data/sft-train.jsonl': lines(ports.slice(0, 8).map(text => ({ text }))),
    'data/sft-test.jsonl': lines(ports.slice(8).map(text => ({ text }))),
    'data/preference-train.jsonl': lines(pairs.slice(0, 8)),
    'data/preference-test.jsonl': lines(pairs.slice(8)),
  })
  made.push(dir)
  return dir
}

/** Steps that the trainers of a folder did, in order. */
export const stepsOf = (dir: string): string[] => readFileSync(join(dir, 'steps.txt'), 'utf8').trim().split('\n')

/** The server of the trainer, as a command of `train.serve`. */
export const serving = `${program.map(word => `'${word}'`).join(' ')} --serve {model} {port}`

/** Changes `training.json` in place. */
export function change(dir: string, how: (training: Training) => void): void {
  const file = join(dir, 'training.json')
  const training = JSON.parse(readFileSync(file, 'utf8')) as Training
  how(training)
  writeFileSync(file, JSON.stringify(training))
}
