import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { trainConfig } from '../../recipe/index.ts'
import { sha256 } from '../../records/index.ts'
import type { Phase, Training } from '../../train/index.ts'
import { type ExportRows, type TrainingPlan, writeTraining } from './write.ts'

const phase = (name: Phase['name'], method: Phase['method'], more: Partial<Phase> = {}): Phase => ({
  ...{ name, method, trainer: 'trl', adapter: 'qlora', model: 'Qwen/Qwen3-8B-Base', reasoning: 'inline' },
  data: {
    release: { dir: '../../releases/r', name: 'tutor', version: '0.1.0', manifest: sha256('m') },
    train: `data/${name}/train.jsonl`,
    ...{ rows: 10, heldOut: 0, tokens: 100, tokenizer: 'o200k' },
  },
  settings: {
    ...{
      learningRate: 1e-4,
      epochs: 1,
      microBatch: 4,
      accumulation: 4,
      warmupSteps: 2,
      scheduler: 'cosine',
      weightDecay: 0,
    },
    ...{
      context: 2048,
      packing: false,
      gradientCheckpointing: true,
      bf16: true,
      evalSteps: 5,
      saveSteps: 5,
      logSteps: 1,
      seed: 7,
    },
    lora: { rank: 16, alpha: 32, dropout: 0, targets: 'all-linear' },
    ...(method === 'simpo' ? { beta: 2, gamma: 1 } : {}),
  },
  ...{ hardware: { gpu: 'A100-80G', gpus: 1, nodes: 1 }, track: {}, set: {} },
  ...more,
})
const plan = (root: string, phases: Phase[], input: object = {}): TrainingPlan => ({
  ...{ name: 'tutor', version: '0.1.0', root, base: 'Qwen/Qwen3-8B-Base', phases },
  config: trainConfig.parse(input),
})
/** An exporter that writes what it is asked for, with a held-out file. */
const exportRows: ExportRows = async ({ data, method }, folder) => {
  expect(existsSync(join(folder, 'training.json'))).toBe(false)
  const test = data.train.replace('train', 'test')
  mkdirSync(join(folder, 'data', method === 'sft' ? 'sft' : 'preference'), { recursive: true })
  writeFileSync(join(folder, data.train), method)
  return {
    data: { ...data, test, rows: 9, heldOut: 1 },
    type: method === 'sft' ? 'messages' : 'preference',
    leftOut: { 'tool-calls': 2 },
    cut: 0,
    warnings: [],
  }
}
const folder = () => mkdtempSync(join(tmpdir(), 'stillroom-'))

test('a training is written whole: configs, scripts, what runs it, and how phases follow each other', async () => {
  const root = folder()
  const dir = join(root, 'training')
  writeFileSync(join(root, 'own.jinja'), 'template')
  const phases = [
    phase('sft', 'sft', { chatTemplate: 'own.jinja' }),
    phase('preference', 'simpo', { set: { seed: 11 } }),
  ]
  const { files, phases: told } = await writeTraining(plan(root, phases, { launch: 'srun {command}' }), dir, {
    exportRows,
    recipe: '..',
  })
  for (const file of ['sft.yaml', 'preference.yaml', 'train.py', 'merge.py', 'README.md', 'training.json']) {
    expect(files).toContain(file)
    expect(existsSync(join(dir, file)), file).toBe(true)
  }
  expect(readFileSync(join(dir, 'own.jinja'), 'utf8')).toBe('template')
  const training = JSON.parse(readFileSync(join(dir, 'training.json'), 'utf8')) as Training
  expect(training).toMatchObject({
    name: 'tutor',
    recipe: '..',
    handOver: 'merged',
    launch: 'srun {command}',
    settle: { patience: 3 },
  })
  const [sft, preference] = training.phases
  expect(sft).toMatchObject({
    phase: { data: { rows: 9, form: 'messages', digests: { 'data/sft/train.jsonl': sha256('sft') } } },
    merge: { output: 'out/sft-merged' },
    written: { output: 'out/sft' },
  })
  expect(sft!.written.files['sft.yaml']).toMatch(/^assistant_only_loss: true$/m)
  expect(sft!.written.files['sft.yaml']).toMatch(/^chat_template_path: own\.jinja$/m)
  expect(preference!.phase).toMatchObject({ model: 'out/sft-merged' })
  expect(told).toMatchObject([{ leftOut: { 'tool-calls': 2 }, overrides: [] }, { overrides: ['seed: 7 -> 11'] }])
  const readMe = readFileSync(join(dir, 'README.md'), 'utf8')
  expect(readMe).toContain('trl sft --config sft.yaml')
  expect(readMe).toContain('python merge.py Qwen/Qwen3-8B-Base out/sft out/sft-merged')
  expect(readMe).toContain('TRL 1.13.0')
})

test('an adapter is handed over beside its base; a trainer that leaves merged weights elsewhere is followed there', async () => {
  const root = folder()
  const both = [phase('sft', 'sft'), phase('preference', 'dpo')]
  const written = (dir: string, config: object, phases = both) =>
    writeTraining(plan(root, phases, config), join(root, dir), { exportRows, recipe: '..' }).then(
      ({ training }) => training.phases[1]!.phase,
    )
  expect(await written('a', { 'hand-over': 'adapter' })).toMatchObject({ model: 'Qwen/Qwen3-8B-Base', from: 'out/sft' })
  const axolotl = both.map(one => ({ ...one, trainer: 'axolotl' as const }))
  expect(await written('b', {}, axolotl)).toMatchObject({ model: 'out/sft/merged' })
  const full = both.map(one => ({ ...one, adapter: 'full' as const }))
  expect(await written('c', {}, full)).toMatchObject({ model: 'out/sft' })
})

test('what cannot be trained is told before a row is written', async () => {
  const root = folder()
  const never: ExportRows = () => Promise.reject(new Error('rows were written'))
  const of = (...phases: Phase[]) =>
    writeTraining(plan(root, phases), join(root, 't'), { exportRows: never, recipe: '..' })
  await expect(of(phase('sft', 'sft', { chatTemplate: 'none.jinja' }))).rejects.toThrow(/no chat template none\.jinja/)
  await expect(of(phase('sft', 'sft', { chatTemplate: 'klingon' }))).rejects.toMatchObject({ code: 'SR_TRAIN_WRITE' })
  await expect(of(phase('sft', 'sft', { set: { max_seq_length: 512 } }))).rejects.toMatchObject({
    code: 'SR_TRAIN_KEY',
  })
  expect(existsSync(join(root, 't'))).toBe(false)
})
