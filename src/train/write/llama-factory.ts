import { posix } from 'node:path'
import type { Phase, Written } from '../phase.ts'
import { templateOf } from './chat-template.ts'
import { launchScript, zero3 } from './launch.ts'
import { about, type Config, cannot, loraOf, outputOf, simpoOf, spreads, withSet, worldOf } from './settings.ts'
import { shellWord } from './shell-word.ts'
import { reportTo, trackingEnv } from './track.ts'
import { yamlOf } from './yaml.ts'

/** A config for LLaMA-Factory; rows are found by the names in `dataset_info.json`. It goes on from the last checkpoint by itself. */
export function writeLlamaFactory(phase: Phase): Written {
  const { name, method, hardware } = phase
  if (method === 'grpo' || method === 'distillation') {
    throw cannot(
      phase,
      `LLaMA-Factory has no ${method}.`,
      method === 'grpo' ? 'use `trainer: trl` or `axolotl`' : 'use `trainer: trl`',
    )
  }
  const config = `${name}.yaml`
  const keys = withSet(
    { ...modelKeys(phase), ...methodKeys(phase), ...rowKeys(phase), ...trainingKeys(phase) },
    phase.set,
  )
  const env = {
    ...trackingEnv(phase),
    ...(worldOf(phase) > 1 ? { FORCE_TORCHRUN: '1' } : {}),
    NPROC_PER_NODE: String(hardware.gpus),
  }
  const words = ['env', ...Object.entries(env).map(([key, value]) => `${key}=${value}`), 'llamafactory-cli', 'train']
  const nodes = hardware.nodes > 1
  const command = nodes ? ['sh', `${name}.launch.sh`, config] : [...words, config]
  return {
    files: {
      [config]: yamlOf(about(phase, command.join(' ')), keys),
      ...(spreads(phase) ? { 'zero3.json': zero3 } : {}),
      ...(nodes
        ? {
            [`${name}.launch.sh`]: launchScript(
              `${[words[0]!, `NNODES=${hardware.nodes}`, ...words.slice(1).map(shellWord)].join(' ')} "$1"`,
            ),
          }
        : {}),
    },
    command,
    output: outputOf(phase),
  }
}

function modelKeys(phase: Phase): Config {
  const { adapter } = phase
  const lora = loraOf(phase)
  return {
    model_name_or_path: phase.model,
    ...(phase.from ? { adapter_name_or_path: phase.from } : {}),
    ...(adapter === 'qlora'
      ? { quantization_bit: 4, quantization_method: 'bnb', quantization_type: 'nf4', double_quantization: true }
      : {}),
    finetuning_type: lora ? 'lora' : 'full',
    ...(lora
      ? {
          lora_rank: lora.rank,
          lora_alpha: lora.alpha,
          lora_dropout: lora.dropout,
          lora_target: lora.targets === 'all-linear' ? 'all' : lora.targets.join(','),
        }
      : {}),
  }
}

function methodKeys(phase: Phase): Config {
  const { settings: s, method, adapter } = phase
  // Without it an adapter that goes on is measured against the model without any adapter, not against phase one.
  const reference =
    phase.from && ['dpo', 'ipo', 'kto'].includes(method)
      ? {
          ref_model: phase.model,
          ref_model_adapters: phase.from,
          ...(adapter === 'qlora' ? { ref_model_quantization_bit: 4 } : {}),
        }
      : {}
  const beta = { pref_beta: s.beta ?? 0.1 }
  switch (method) {
    case 'sft':
      return { stage: 'sft', do_train: true, packing: s.packing }
    case 'dpo':
      return {
        stage: 'dpo',
        do_train: true,
        pref_loss: 'sigmoid',
        ...beta,
        ...(s.labelSmoothing === undefined ? {} : { dpo_label_smoothing: s.labelSmoothing }),
        ...reference,
      }
    case 'kto':
      return {
        stage: 'kto',
        do_train: true,
        ...beta,
        kto_chosen_weight: s.desirableWeight ?? 1,
        kto_rejected_weight: s.undesirableWeight ?? 1,
        ...reference,
      }
    case 'simpo': {
      const { beta, gamma } = simpoOf(phase)
      return { stage: 'dpo', do_train: true, pref_loss: 'simpo', pref_beta: beta, simpo_gamma: gamma }
    }
    default:
      return { stage: 'dpo', do_train: true, pref_loss: method, ...beta, ...reference }
  }
}

/** The name that rows have in `dataset_info.json`: that of their file. */
const nameOf = (path: string): string => posix.basename(path).replace(/\.jsonl?$/, '')

function rowKeys(phase: Phase): Config {
  const { data, settings: s } = phase
  const template = templateOf(phase)
  return {
    dataset_dir: posix.dirname(data.train),
    dataset: nameOf(data.train),
    ...(data.test ? { eval_dataset: nameOf(data.test) } : {}),
    ...(template && template.is !== 'file' ? { template: template.name } : {}),
    cutoff_len: s.context,
    overwrite_cache: true,
  }
}

function trainingKeys(phase: Phase): Config {
  const { settings: s, data } = phase
  const evaluates = data.test !== undefined
  return {
    output_dir: outputOf(phase),
    per_device_train_batch_size: s.microBatch,
    ...(evaluates ? { per_device_eval_batch_size: s.microBatch } : {}),
    gradient_accumulation_steps: s.accumulation,
    ...(s.maxSteps === undefined ? { num_train_epochs: s.epochs ?? 1 } : { max_steps: s.maxSteps }),
    learning_rate: s.learningRate,
    lr_scheduler_type: s.scheduler,
    warmup_steps: s.warmupSteps,
    weight_decay: s.weightDecay,
    ...(s.gradientCheckpointing ? {} : { disable_gradient_checkpointing: true }),
    bf16: s.bf16,
    ...(spreads(phase) ? { deepspeed: 'zero3.json' } : {}),
    ...(evaluates ? { do_eval: true, eval_strategy: 'steps', eval_steps: s.evalSteps } : {}),
    save_strategy: 'steps',
    save_steps: s.saveSteps,
    save_total_limit: 2,
    logging_steps: s.logSteps,
    report_to: reportTo(phase),
    seed: s.seed,
  }
}
