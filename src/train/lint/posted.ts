import type { Trainer } from '../phase.ts'
import type { Severity } from './finding.ts'

/** A key that configs on the web are full of and that does not do what its writer thinks. */
export type Posted = {
  key: string
  /** Keys to write instead, as YAML; nothing where the key is simply to go. */
  right: string
  /** What the trainer does with the key as it stands. */
  fate: string
  severity?: Severity
  /** It goes round within the entries of `datasets`. */
  within?: true
  /** Only these values are wrong: the key itself is known. */
  when?: (value: unknown) => boolean
}

const rejected = 'TRL knows no such key and stops'
const removed = 'transformers 5 removed it, and TRL stops at it'
const dropped = 'axolotl knows no such key and drops it without a word'
const raises = 'axolotl no longer supports it and stops'
const unknown = 'LLaMA-Factory knows no such key and stops'
const on = (value: unknown) => value === true
const off = (value: unknown) => value === false

/** What transformers took away from every trainer that hands its keys on. */
const ofTransformers: Posted[] = [
  {
    key: 'warmup_ratio',
    right: 'warmup_steps: <whole number of steps>',
    fate: removed,
  },
  { key: 'group_by_length', right: 'train_sampling_strategy: group_by_length', fate: removed },
  { key: 'evaluation_strategy', right: 'eval_strategy', fate: removed },
  { key: 'save_safetensors', right: 'nothing: weights are always safetensors', fate: removed },
  { key: 'logging_dir', right: 'the environment variable TENSORBOARD_LOGGING_DIR', fate: removed },
  { key: 'overwrite_output_dir', right: 'another output_dir', fate: removed },
  { key: 'no_cuda', right: 'use_cpu', fate: removed },
]

export const posted: { [T in Trainer]: Posted[] } = {
  trl: [
    ...ofTransformers,
    { key: 'max_seq_length', right: 'max_length', fate: rejected },
    { key: 'max_prompt_length', right: 'max_length, which is of prompt and completion together', fate: rejected },
    { key: 'rpo_alpha', right: 'loss_type: [sigmoid, sft] with loss_weights: [1.0, <alpha>]', fate: rejected },
    {
      key: 'truncation_mode',
      right: 'truncation_mode: keep_start',
      fate: 'keep_end is deprecated',
      severity: 'warning',
      when: value => value === 'keep_end',
    },
    { key: 'torch_dtype', right: 'dtype', fate: rejected },
    { key: 'simpo_beta', right: 'beta', fate: rejected },
    { key: 'dpo_beta', right: 'beta', fate: rejected },
    { key: 'orpo_alpha', right: 'beta, which is the lambda of the paper', fate: rejected },
    { key: 'orpo_beta', right: 'beta, which is the lambda of the paper', fate: rejected },
    { key: 'gamma_beta_ratio', right: 'simpo_gamma, which is absolute: ratio x beta', fate: rejected },
    { key: 'kto_desirable_weight', right: 'desirable_weight', fate: rejected },
    { key: 'kto_undesirable_weight', right: 'undesirable_weight', fate: rejected },
    { key: 'generate_during_eval', right: 'nothing: it is gone', fate: rejected },
    { key: 'use_flash_attention_2', right: 'attn_implementation: flash_attention_2', fate: rejected },
    { key: 'flash_attention', right: 'attn_implementation: flash_attention_2', fate: rejected },
    { key: 'reward_fn', right: 'reward_funcs', fate: rejected },
  ],
  axolotl: [
    { key: 'simpo_beta', right: 'rl_beta', fate: `${dropped}: beta stays 0.1` },
    { key: 'simpo_alpha', right: 'cpo_alpha: 0.0', fate: dropped },
    { key: 'dpo_beta', right: 'rl_beta', fate: 'axolotl has renamed it', severity: 'warning' },
    { key: 'kto_beta', right: 'rl_beta', fate: `${dropped}: beta stays 0.1` },
    { key: 'orpo_beta', right: 'orpo_alpha', fate: dropped },
    { key: 'beta', right: 'rl_beta', fate: `${dropped}: beta stays 0.1` },
    { key: 'loss_type', right: 'dpo_loss_type: [<loss>]', fate: dropped },
    { key: 'gamma_beta_ratio', right: 'simpo_gamma, which is absolute: ratio x beta', fate: dropped },
    { key: 'dpo_label_smooth', right: 'dpo_label_smoothing', fate: dropped },
    { key: 'rpo_alpha', right: 'dpo_loss_type: [sigmoid, sft] with dpo_loss_weights: [1.0, <alpha>]', fate: raises },
    { key: 'dpo_norm_loss', right: 'dpo_loss_type: [sigmoid_norm]', fate: raises },
    { key: 'dpo_generate_during_eval', right: 'generate_samples', fate: raises },
    { key: 'dpo_use_logits_to_keep', right: 'nothing: it is gone', fate: raises },
    { key: 'max_packed_sequence_len', right: 'sequence_len with sample_packing: true', fate: raises },
    { key: 'rope_scaling', right: 'overrides_of_model_config: {rope_scaling: ...}', fate: raises },
    {
      key: 'evaluation_strategy',
      right: 'eval_strategy',
      fate: 'axolotl only warns and evaluates as if it were absent',
    },
    { key: 'noisy_embedding_alpha', right: 'neftune_noise_alpha', fate: 'axolotl has renamed it', severity: 'warning' },
    {
      key: 'eval_table_size',
      right: 'generate_samples with num_generation_samples',
      fate: 'axolotl ignores it',
      severity: 'warning',
    },
    { key: 'eval_max_new_tokens', right: 'generation_max_new_tokens', fate: 'axolotl ignores it', severity: 'warning' },
    { key: 's2_attention', right: 'nothing: it is gone', fate: raises, when: on },
    { key: 'flash_attn_rms_norm', right: 'nothing: it is gone', fate: raises, when: on },
    {
      key: 'flash_attention',
      right: 'attn_implementation: flash_attention_2',
      fate: 'axolotl has renamed it',
      severity: 'warning',
    },
    { key: 'sdp_attention', right: 'attn_implementation: sdpa', fate: 'axolotl has renamed it', severity: 'warning' },
    {
      key: 'xformers_attention',
      right: 'attn_implementation: xformers',
      fate: 'axolotl has renamed it',
      severity: 'warning',
    },
    {
      key: 'flex_attention',
      right: 'attn_implementation: flex_attention',
      fate: 'axolotl has renamed it',
      severity: 'warning',
    },
    {
      key: 'eager_attention',
      right: 'attn_implementation: eager',
      fate: 'axolotl has renamed it',
      severity: 'warning',
    },
    {
      key: 'save_safetensors',
      right: 'nothing: weights are always safetensors',
      fate: 'axolotl stops at it',
      when: off,
    },
    { key: 'max_seq_length', right: 'sequence_len', fate: `${dropped}: sequences are cut at 512` },
    { key: 'max_length', right: 'sequence_len', fate: `${dropped}: sequences are cut at 512` },
    { key: 'max_prompt_length', right: 'sequence_len', fate: dropped },
    { key: 'logging_dir', right: 'use_tensorboard: true', fate: dropped },
    { key: 'overwrite_output_dir', right: 'another output_dir', fate: dropped },
    { key: 'no_cuda', right: 'nothing: axolotl takes the GPUs that it sees', fate: dropped },
    { key: 'lora_target', right: 'lora_target_linear: true, or lora_target_modules', fate: dropped },
    { key: 'train_on_split', right: 'split', fate: dropped, within: true },
  ],
  'llama-factory': [
    { key: 'evaluation_strategy', right: 'eval_strategy', fate: unknown },
    // It also runs with transformers 4, which still has these.
    ...ofTransformers
      .filter(({ key }) => key !== 'evaluation_strategy' && key !== 'overwrite_output_dir')
      .map(entry => ({
        ...entry,
        fate: 'LLaMA-Factory stops at it from transformers 5 on',
        severity: 'warning' as const,
      })),
    {
      key: 'overwrite_output_dir',
      right: 'another output_dir',
      fate: 'a run that was stopped begins from the front instead of going on',
      severity: 'warning',
      when: on,
    },
    { key: 'simpo_beta', right: 'pref_beta', fate: unknown },
    { key: 'dpo_beta', right: 'pref_beta', fate: unknown },
    { key: 'kto_beta', right: 'pref_beta', fate: unknown },
    { key: 'orpo_beta', right: 'pref_beta', fate: unknown },
    { key: 'dpo_loss', right: 'pref_loss', fate: unknown },
    { key: 'dpo_ftx', right: 'pref_ftx', fate: unknown },
    { key: 'kto_ftx', right: 'pref_ftx', fate: unknown },
    { key: 'loss_type', right: 'pref_loss', fate: unknown },
    { key: 'rl', right: 'stage, with pref_loss for dpo, ipo, orpo and simpo', fate: unknown },
    { key: 'max_seq_length', right: 'cutoff_len', fate: unknown },
    {
      key: 'max_length',
      right: 'cutoff_len',
      fate: 'it is of what the model generates; rows are cut at cutoff_len',
      severity: 'warning',
    },
    { key: 'max_source_length', right: 'cutoff_len', fate: unknown },
    { key: 'max_target_length', right: 'cutoff_len', fate: unknown },
    { key: 'max_prompt_length', right: 'cutoff_len', fate: unknown },
    { key: 'cpo_alpha', right: 'nothing: its SimPO has no such term', fate: unknown },
    { key: 'load_in_4bit', right: 'quantization_bit: 4 with quantization_method: bnb', fate: unknown },
    { key: 'load_in_8bit', right: 'quantization_bit: 8 with quantization_method: bnb', fate: unknown },
    { key: 'use_peft', right: 'finetuning_type: lora', fate: unknown },
    { key: 'bnb_4bit_quant_type', right: 'quantization_type', fate: unknown },
    { key: 'flash_attention', right: 'flash_attn: fa2', fate: unknown },
    { key: 'attn_implementation', right: 'flash_attn: fa2 | sdpa | disabled', fate: unknown },
    {
      key: 'gradient_checkpointing',
      right: 'disable_gradient_checkpointing: true, to turn it off',
      fate: 'LLaMA-Factory turns it on by itself',
      severity: 'warning',
    },
  ],
  unsloth: [
    ...ofTransformers.filter(({ key }) => key === 'evaluation_strategy' || key === 'no_cuda'),
    {
      key: 'max_seq_length',
      right: 'max_length',
      fate: 'the trainer takes max_length; max_seq_length is of from_pretrained',
      when: () => true,
    },
    { key: 'simpo_beta', right: 'beta', fate: 'the trainer knows no such key and stops' },
    { key: 'dpo_beta', right: 'beta', fate: 'the trainer knows no such key and stops' },
    { key: 'rpo_alpha', right: 'nothing', fate: 'newer trainers stop at it' },
    { key: 'warmup_ratio', right: 'warmup_steps: <whole number of steps>', fate: 'transformers 5 removed it' },
  ],
}

/** One setting under the names that trainers give it: TRL, axolotl, LLaMA-Factory. A dash is none. */
const spellings = `
model_name_or_path             base_model                    model_name_or_path
num_train_epochs               num_epochs                    num_train_epochs
per_device_train_batch_size    micro_batch_size              per_device_train_batch_size
per_device_eval_batch_size     eval_batch_size               per_device_eval_batch_size
max_length                     sequence_len                  cutoff_len
packing                        sample_packing                packing
lr_scheduler_type              lr_scheduler                  lr_scheduler_type
optim                          optimizer                     optim
lora_r                         lora_r                        lora_rank
lora_target_modules            lora_target_modules           lora_target
use_peft                       adapter                       finetuning_type
load_in_4bit                   load_in_4bit                  quantization_bit
beta                           rl_beta                       pref_beta
loss_type                      dpo_loss_type                 pref_loss
label_smoothing                dpo_label_smoothing           dpo_label_smoothing
desirable_weight               kto_desirable_weight          kto_chosen_weight
undesirable_weight             kto_undesirable_weight        kto_rejected_weight
attn_implementation            attn_implementation           flash_attn
gradient_checkpointing         gradient_checkpointing        -
eval_strategy                  eval_strategy                 eval_strategy
save_total_limit               save_total_limit              save_total_limit
gradient_accumulation_steps    gradient_accumulation_steps   gradient_accumulation_steps
run_name                       wandb_name                    run_name
chat_template_path             chat_template_jinja           template
dataset_name                   datasets                      dataset
bf16                           bf16                          bf16
neftune_noise_alpha            neftune_noise_alpha           neftune_noise_alpha
use_dora                       peft_use_dora                 use_dora
use_rslora                     peft_use_rslora               use_rslora
`
  .trim()
  .split('\n')
  .map(line => line.split(/ +/) as [string, string, string])

const columns = ['trl', 'axolotl', 'llama-factory'] as const
const titles = { trl: 'TRL', axolotl: 'axolotl', 'llama-factory': 'LLaMA-Factory', unsloth: 'unsloth' } as const
/** How a trainer calls itself. */
export const titleOf = (trainer: Trainer): string => titles[trainer]

/** The name that a setting has here, when it was written as another trainer spells it. */
export function spelledElsewhere(trainer: Trainer, key: string): { here: string; of: string } | undefined {
  const here = columns.indexOf(trainer === 'unsloth' ? 'trl' : trainer)
  for (const row of spellings) {
    const there = row.findIndex((name, column) => column !== here && name === key)
    if (there >= 0 && row[here] !== key && row[here] !== '-') return { here: row[here]!, of: titles[columns[there]!] }
  }
  return undefined
}
