import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { runTraining, type TrainingEvent } from '../../src/run/index.ts'
import type { Phase, Training } from '../../src/train/index.ts'
import { folder } from '../support/project.ts'

const python = process.env.STILLROOM_TRAIN_PYTHON
const has = 'import importlib.util as i, sys; sys.exit(not all(map(i.find_spec, ("trl", "peft", "torch"))))'
const there = python !== undefined && spawnSync(python, ['-c', has]).status === 0
if (!there)
  console.log('skipped: train run over TRL, since STILLROOM_TRAIN_PYTHON names no Python that has trl and peft')

const base = `
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
torch.manual_seed(1)
bpe = Tokenizer(models.BPE())
bpe.pre_tokenizer, bpe.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
bpe.train_from_iterator([open("sft.jsonl").read()], trainers.BpeTrainer(
    vocab_size=400, special_tokens=["<pad>", "<eos>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<eos>", pad_token="<pad>")
tokenizer.save_pretrained("base")
LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
    num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=128, eos_token_id=1, pad_token_id=0)).save_pretrained("base")
`
const merge = `
import sys
from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer
AutoPeftModelForCausalLM.from_pretrained(sys.argv[1]).merge_and_unload().save_pretrained(sys.argv[2])
AutoTokenizer.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[2])
`
const rows = Array.from({ length: 64 }, (_, i) => ({
  prompt: `How many piers has harbour ${i % 7}?`,
  completion: ` Harbour ${i % 7} has ${(i % 7) + 2} piers.`,
}))
const pairs = rows.map(({ prompt, completion }) => ({ prompt, chosen: completion, rejected: ' I do not know.' }))
const lines = (all: object[]): string => all.map(row => `${JSON.stringify(row)}\n`).join('')

function phaseOf(name: Phase['name'], method: 'sft' | 'dpo', model: string, keys: object): Training['phases'][number] {
  const output = `out/${name}`
  const config = stringify({
    model_name_or_path: model,
    datasets: [{ path: 'json', data_files: `${method}.jsonl`, split: 'train' }],
    ...{ output_dir: output, use_cpu: true, bf16: false, report_to: 'none', test_split_size: 0.2, max_length: 64 },
    ...{ logging_steps: 2, eval_strategy: 'steps', eval_steps: 4, save_steps: 4, save_total_limit: 2 },
    ...{ per_device_train_batch_size: 4, use_peft: true, lora_r: 4, lora_target_modules: 'all-linear' },
    ...keys,
  })
  const release = { dir: '.', name: 'harbours', version: '0.1.0', manifest: 'none' }
  const data = { release, train: `${method}.jsonl`, test: `${method}.jsonl`, rows: 51, heldOut: 13, tokens: 1000 }
  const phase = { name, method, trainer: 'trl', adapter: 'lora', model, data, settings: { logSteps: 2 } }
  return {
    phase: phase as unknown as Phase,
    written: { files: { [`${name}.yaml`]: config }, command: ['trl', method, '--config', `${name}.yaml`], output },
    merge: { command: ['python', 'merge.py', output, `${output}-merged`], output: `${output}-merged` },
  }
}

test.skipIf(!there)(
  'TRL goes on from its checkpoint after a kill, ends when the held-out loss has settled, and phase two follows',
  { timeout: 300_000 },
  async () => {
    const phases = [
      phaseOf('sft', 'sft', 'base', { max_steps: 5000, learning_rate: 0.02 }),
      phaseOf('preference', 'dpo', 'out/sft-merged', { max_steps: 16, learning_rate: 0.001, beta: 0.1 }),
    ]
    const training: Training = {
      ...{ name: 'harbours', version: '0.1.0', recipe: '.', base: 'base', phases, handOver: 'merged' },
      settle: { patience: 6, 'min-delta': 0.002 },
    }
    const dir = folder({
      'training.json': JSON.stringify(training),
      ...Object.assign({}, ...phases.map(({ written }) => written.files)),
      ...{ 'merge.py': merge, 'base.py': base, 'sft.jsonl': lines(rows), 'dpo.jsonl': lines(pairs) },
    })
    const env = {
      ...process.env,
      ...{ PATH: `${dirname(python!)}${delimiter}${process.env.PATH}`, HF_HUB_OFFLINE: '1', HF_HOME: join(dir, 'hub') },
    }
    expect(spawnSync(python!, ['base.py'], { cwd: dir, env }).status).toBe(0)
    const script = join(import.meta.dirname, '../support/train-until-killed.ts')
    const signal = await new Promise(resolve => {
      const child = spawn(process.execPath, [script, dir, 'train.point', '6'], { stdio: 'ignore', env })
      child.on('exit', (_, name) => resolve(name))
    })
    expect(signal).toBe('SIGKILL')

    const events: TrainingEvent[] = []
    const { state, model } = await runTraining({ folder: dir, env, told: event => events.push(event) })
    const [again] = events.flatMap(event => (event.event === 'phase-started' ? [event] : []))
    expect(again).toMatchObject({ phase: 'sft', attempt: 2, from: expect.any(Number) })
    expect(again!.from).toBeGreaterThan(0)
    const first = events.find(event => event.event === 'point')
    expect(first).toMatchObject({ phase: 'sft', step: again!.from + (again!.from % 2 === 0 ? 2 : 1), of: 5000 })
    const { sft, preference } = state.phases
    // A loss that falls by less than counts has settled as well, and may be best where it ends, a checkpoint later.
    expect(sft!.settled).toBeLessThanOrEqual(sft!.step)
    expect(sft!.best!.step).toBeLessThanOrEqual(sft!.step)
    expect(sft!.step).toBeLessThan(5000)
    expect(preference).toMatchObject({ step: 16, of: 16 })
    expect(model.phases[0]!.libraries).toMatchObject({ trl: expect.any(String), transformers: expect.any(String) })
    const { best, step } = sft!
    // Steps of a few milliseconds may outrun whoever keeps the best one: then it is the best of those that are left.
    const at = [`run/sft/best-${best!.step}`, `out/sft/checkpoint-${best!.step}`].find(path =>
      existsSync(join(dir, path)),
    )
    const [kept, last] = [at!, `out/sft/checkpoint-${step}`].map(path =>
      readFileSync(join(dir, path, 'adapter_model.safetensors')),
    )
    const handed = readFileSync(join(dir, 'out/sft/adapter_model.safetensors'))
    expect([handed.equals(kept!), handed.equals(last!)]).toEqual([true, best!.step === step])
    expect(model.phases[1]!.figures['rewards/margins']).toEqual(expect.any(Number))
  },
)
