import { expect, test } from 'vitest'
import type { Trainer } from '../phase.ts'
import { lint, lintConfig } from './lint.ts'
import { posted } from './posted.ts'

const found = (text: string, trainer: Trainer, command?: string) =>
  lint(text, { trainer, file: 'x.yaml', ...(command ? { command } : {}) })

/** What the linter says of one key, in a config that is otherwise whole. */
const ground: { [T in Trainer]: string } = {
  trl: 'model_name_or_path: m\ndtype: bfloat16\ndataset_name: d\n',
  axolotl:
    'base_model: m\nsequence_len: 2048\nlearning_rate: 1e-5\nmicro_batch_size: 1\ngradient_accumulation_steps: 8\ndatasets: [{path: a.jsonl, type: chat_template}]\n',
  'llama-factory': 'model_name_or_path: m\ndo_train: true\ndataset: d\noutput_dir: o\ntemplate: qwen3\nstage: sft\n',
  unsloth: 'method: sft\ndata: {train: a.jsonl}\nfrom_pretrained: {model_name: m, load_in_4bit: true}\n',
}
const said = (trainer: Trainer, line: string, command?: string) => {
  const text =
    trainer === 'unsloth' ? `${ground.unsloth}train: {output_dir: o, ${line}}\n` : `${ground[trainer]}${line}\n`
  return found(text, trainer, command)
    .map(({ severity, message, expected = '', hint = '' }) => `${severity} ${message} ${expected} ${hint}`)
    .join('\n')
}

test('a config without faults is left alone', () => {
  for (const trainer of Object.keys(ground) as Trainer[]) {
    const line = trainer === 'unsloth' ? 'learning_rate: 2.0e-4' : 'seed: 1'
    expect(said(trainer, line)).toBe('')
  }
})

/** Every wrong spelling that goes round, its trainer, a value as it is posted, and what must be named instead. */
const wrongs: [Trainer, string, RegExp, command?: string][] = [
  ['trl', 'max_seq_length: 2048', /max_length/],
  ['trl', 'max_prompt_length: 512', /max_length/, 'dpo'],
  ['trl', 'max_prompt_length: 512', /max_length/, 'grpo'],
  ['trl', 'rpo_alpha: 1.0', /loss_type: \[sigmoid, sft\]/, 'dpo'],
  ['trl', 'truncation_mode: keep_end', /keep_start/, 'sft'],
  ['trl', 'warmup_ratio: 0.1', /warmup_steps/],
  ['trl', 'group_by_length: true', /train_sampling_strategy/],
  ['trl', 'evaluation_strategy: steps', /eval_strategy/],
  ['trl', 'save_safetensors: true', /always safetensors/],
  ['trl', 'logging_dir: logs', /TENSORBOARD_LOGGING_DIR/],
  ['trl', 'overwrite_output_dir: true', /another output_dir/],
  ['trl', 'no_cuda: true', /use_cpu/],
  ['trl', 'torch_dtype: bfloat16', /write dtype/],
  ['trl', 'simpo_beta: 2.0', /write beta/, 'cpo'],
  ['trl', 'rl_beta: 0.1', /`beta`/, 'dpo'],
  ['trl', 'cpo_alpha: 0.0', /key of cpo/, 'dpo'],
  ['trl', 'use_flash_attention_2: true', /attn_implementation: flash_attention_2/],
  ['trl', 'lora_rank: 8', /`lora_r`/],
  ['trl', 'sequence_len: 8', /`max_length`/],
  ['trl', 'pakcing: true', /did you mean `packing`/],
  ['trl', 'eval_strategy: no', /in quotes/],
  ['trl', 'loss_type: ipoo', /`ipo`|did you mean/, 'dpo'],
  ['trl', 'loss_type: [exo_pair]', /label_smoothing/, 'dpo'],
  ['trl', 'loss_type: [sigmoid, bco_pair, sft]\nloss_weights: [0.8, 0.2]', /2 weights for 3 losses/, 'dpo'],
  ['trl', 'per_device_train_batch_size: 1', /more than 1/, 'kto'],
  [
    'trl',
    'per_device_train_batch_size: 6\nnum_generations: 4\nreward_funcs: [accuracy_reward]',
    /multiple of 4/,
    'grpo',
  ],
  ['trl', 'reward_funcs: [exact_match]', /accuracy_reward/, 'grpo'],
  ['trl', 'reward_funcs: accuracy_reward', /write \[accuracy_reward\]/, 'grpo'],
  ['trl', 'output_dir: o', /teacher_model_name_or_path/, 'distillation'],
  ['trl', 'loss_type: simpo', /cpo_alpha: 0\.0[\s\S]*beta: 2\.0[\s\S]*simpo_gamma/, 'cpo'],
  ['trl', 'load_in_4bit: true', /use_peft: true/],
  ['trl', 'lora_r: 16', /use_peft: true/],
  ['trl', 'warmup_steps: 1.5', /whole number/],
  ['trl', 'resume_from_checkpoint: out/checkpoint-8', /begin from the front/],
  ['axolotl', 'simpo_beta: 2.0', /rl_beta/],
  ['axolotl', 'dpo_beta: 0.1', /rl_beta/],
  ['axolotl', 'beta: 0.1', /rl_beta/],
  ['axolotl', 'rpo_alpha: 1.0', /dpo_loss_type: \[sigmoid, sft\]/],
  ['axolotl', 'dpo_norm_loss: true', /sigmoid_norm/],
  ['axolotl', 'dpo_generate_during_eval: true', /generate_samples/],
  ['axolotl', 'evaluation_strategy: steps', /eval_strategy/],
  ['axolotl', 'rope_scaling: {type: linear}', /overrides_of_model_config/],
  ['axolotl', 'max_packed_sequence_len: 2048', /sequence_len/],
  ['axolotl', 'flash_attention: true', /attn_implementation: flash_attention_2/],
  ['axolotl', 'attn_implementation: flash', /flash_attention_2/],
  ['axolotl', 'max_seq_length: 2048', /sequence_len/],
  ['axolotl', 'learning_rat: 1e-5', /did you mean `learning_rate`/],
  ['axolotl', 'chat_template: phi_4', /phi_3/],
  ['axolotl', 'chat_template: jinja', /chat_template_jinja/],
  ['axolotl', 'rl: ipo', /dpo_loss_type: \[ipo\]/],
  ['axolotl', 'rl: dpo\ndpo_loss_type: ipo', /write \[ipo\]/],
  ['axolotl', 'rl: kto\ndpo_loss_type: [ipo]', /rl: dpo alone/],
  ['axolotl', 'rl: dpo\nrl_beta: 0.1\nsample_packing: true', /sample_packing: false/],
  ['axolotl', 'rl: kto\nrl_beta: 0.1', /remove_unused_columns: false/],
  ['axolotl', 'rl: simpo', /rl_beta[\s\S]*simpo_gamma[\s\S]*cpo_alpha: 0\.0/],
  ['axolotl', 'rl: simpo\nrl_beta: 2.0\nsimpo_gamma: 1.0\ncpo_alpha: 0.0\nwarmup_ratio: 0.1', /warmup_steps/],
  ['axolotl', 'adapter: qlora', /load_in_4bit: true/],
  ['axolotl', 'adapter: lora', /lora_target_linear/],
  ['axolotl', 'batch_size: 8', /gradient_accumulation_steps/],
  ['axolotl', 'warmup_steps: 10\nwarmup_ratio: 0.1', /keep warmup_steps/],
  ['axolotl', 'eval_steps: 10\nevals_per_epoch: 2\nval_set_size: 0.1', /keep eval_steps/],
  ['axolotl', 'save_steps: 10\nsaves_per_epoch: 2', /keep save_steps/],
  ['axolotl', 'val_set_size: 0.1\ntest_datasets: [{path: t.jsonl, type: chat_template}]', /keep test_datasets/],
  ['axolotl', 'eval_steps: 10', /test_datasets/],
  ['axolotl', 'rl: grpo\ntrl: {num_generations: 3, reward_funcs: [r.f]}', /multiple of 3/],
  ['axolotl', 'rl: grpo\nrl_beta: 0.1\ntrl: {beta: 0.2, num_generations: 8, reward_funcs: [r.f]}', /differ/],
  ['llama-factory', 'simpo_beta: 2.0', /pref_beta/],
  ['llama-factory', 'dpo_beta: 0.1', /pref_beta/],
  ['llama-factory', 'load_in_4bit: true', /quantization_bit: 4/],
  ['llama-factory', 'max_seq_length: 2048', /cutoff_len/],
  ['llama-factory', 'max_length: 2048', /cutoff_len/],
  ['llama-factory', 'warmup_ratio: 0.1', /warmup_steps/],
  ['llama-factory', 'evaluation_strategy: steps', /eval_strategy/],
  ['llama-factory', 'finetuning_type: qlora', /one of freeze, full, lora, oft/],
  ['llama-factory', 'pref_loss: simpoo\n', /did you mean `simpo`/],
  ['llama-factory', 'lora_target: [q_proj, v_proj]', /q_proj,v_proj/],
  ['llama-factory', 'finetuning_type: full\nquantization_bit: 4', /finetuning_type: lora/],
  ['llama-factory', 'val_size: 0.1\neval_dataset: t', /keep eval_dataset/],
  ['unsloth', 'max_seq_length: 2048', /max_length/],
  ['unsloth', 'evaluation_strategy: steps', /eval_strategy/],
  ['unsloth', 'learning_rat: 1e-5', /learning_rate/],
]

test.each(wrongs)('%s: %s', (trainer, line, right, command) => {
  expect(said(trainer, line, command)).toMatch(right)
})

test('each entry of the table of posted keys is told, with what to write instead', () => {
  for (const [trainer, entries] of Object.entries(posted) as [Trainer, (typeof posted)['trl']][]) {
    for (const { key, right, when, within } of entries) {
      if (within) continue
      const value = when
        ? ['keep_end', 'true', 'false'].find(text => when(text === 'keep_end' ? text : text === 'true'))
        : '1'
      expect(said(trainer, `${key}: ${value}`), `${trainer} ${key}`).toContain(`write ${right}`)
    }
  }
})

test('the snippet that goes round for SimPO is told apart line by line', () => {
  const text = `base_model: Qwen/Qwen2.5-7B-Instruct
rl: simpo
adapter: lora
lora_r: 64
lora_alpha: 128
simpo_gamma: 1.4
simpo_beta: 2.0
datasets:
  - path: pairs.jsonl
    type: chatml.ultra
sample_packing: true
`
  const { trainer, findings } = lintConfig(text, { file: 'simpo.yaml' })
  expect(trainer).toBe('axolotl')
  const at = (line?: number) => findings.filter(({ position }) => position?.line === line)
  expect(at().map(({ message }) => message)).toEqual([
    'learning_rate is missing',
    'the batch is not told',
    'without sequence_len rows are held to 512 tokens',
  ])
  expect(at(2).map(({ expected }) => expected)).toEqual(['rl_beta: 2.0 to 2.5', 'cpo_alpha: 0.0'])
  expect(at(3)).toMatchObject([{ severity: 'warning', expected: expect.stringContaining('lora_target_linear') }])
  expect(at(7)).toMatchObject([
    {
      code: 'SR_TRAIN_KEY',
      severity: 'error',
      path: 'simpo_beta',
      position: { file: 'simpo.yaml', line: 7, column: 1 },
      hint: 'write rl_beta for axolotl',
    },
  ])
  expect(at(10)).toMatchObject([
    { severity: 'warning', path: 'datasets.0.type', expected: expect.stringContaining('chat_template.default') },
  ])
  expect(at(11)).toMatchObject([{ severity: 'error', received: 'true', expected: 'sample_packing: false' }])
  expect([1, 4, 5, 6, 8, 9].flatMap(at)).toEqual([])
})

test('keys within entries are checked too, which the trainer itself does not do', () => {
  const rows = (entry: string) =>
    `${ground.axolotl.replace(/datasets:.*\n/, '')}datasets:\n  - path: a.jsonl\n    ${entry}\n`
  expect(found(rows('type: chat_template\n    field_mesages: prompt'), 'axolotl')).toMatchObject([
    { path: 'datasets.0.field_mesages', position: { line: 9, column: 5 }, hint: 'did you mean `field_messages`?' },
  ])
  expect(found(rows('type: chat_template\n    train_on_split: train'), 'axolotl')).toMatchObject([
    { hint: 'write split for axolotl' },
  ])
  expect(found(rows('type: sharegpt'), 'axolotl')).toMatchObject([
    { received: '"sharegpt"', expected: expect.stringContaining('type: chat_template') },
  ])
  expect(
    found(`rl: kto\nrl_beta: 0.1\nremove_unused_columns: false\n${rows('type: chat_template.default')}`, 'axolotl'),
  ).toMatchObject([{ path: 'datasets.0.type', expected: expect.stringContaining('chatml.prompt_pairs') }])
  const files = found(
    `${ground.trl.replace('dataset_name: d\n', '')}datasets: [{path: a.jsonl, splits: train}]\n`,
    'trl',
  )
  expect(files.map(({ path }) => path)).toEqual(['datasets.0.path', 'datasets.0.splits'])
})

test('rows held out in a file of their own have no place in a mixture of TRL', () => {
  const text = `${ground.trl.replace('dataset_name: d\n', '')}datasets: [{path: json, data_files: a.jsonl}]\neval_strategy: steps\n`
  expect(found(text, 'trl')).toMatchObject([{ path: 'eval_strategy', hint: expect.stringContaining('dataset_name') }])
})

test('commands that TRL does not have are named with what to run', () => {
  for (const [command, instead] of [
    ['simpo', /CPOTrainer/],
    ['orpo', /ORPOTrainer/],
    ['cpo', /CPOTrainer/],
    ['ipo', /loss_type: ipo/],
    ['dpoo', /dpo/],
  ] as const) {
    const [first] = found(ground.trl, 'trl', command)
    expect(first, command).toMatchObject({
      message: `there is no command \`trl ${command}\``,
      hint: expect.stringMatching(instead),
    })
  }
  const script = 'loss_type: simpo\ncpo_alpha: 0.0\nbeta: 2.0\nsimpo_gamma: 1.0\n'
  expect(lint(ground.trl + script, { trainer: 'trl', command: 'cpo', script: true, file: 'x' })).toEqual([])
})

test('trainer and command are told by the keys', () => {
  const of = (text: string) => {
    const { trainer, command } = lintConfig(text, { file: 'x' })
    return `${trainer} ${command}`
  }
  expect(of(ground.axolotl)).toBe('axolotl train')
  expect(of(ground['llama-factory'])).toBe('llama-factory train')
  expect(of(ground.unsloth)).toBe('unsloth sft')
  expect(of(`${ground.trl}packing: true\n`)).toBe('trl sft')
  expect(of(`${ground.trl}loss_type: [sigmoid]\nprecompute_ref_log_probs: true\n`)).toBe('trl dpo')
  expect(of(`${ground.trl}desirable_weight: 1.0\n`)).toBe('trl kto')
  expect(of(`${ground.trl}num_generations: 8\nreward_funcs: [accuracy_reward]\n`)).toBe('trl grpo')
  expect(of(`${ground.trl}simpo_gamma: 1.0\ncpo_alpha: 0.0\nloss_type: simpo\nbeta: 2.0\n`)).toBe('trl cpo')
})

test('what cannot be read is told with its place', () => {
  expect(found('a: [1, 2\nb: 3', 'trl')).toMatchObject([
    { code: 'SR_TRAIN_YAML', position: { file: 'x.yaml', line: 2 } },
  ])
  expect(found('- 1', 'trl')).toMatchObject([{ code: 'SR_TRAIN_YAML', message: 'a training config is an object' }])
})
