import type { Phase } from '../phase.ts'
import { type Config, outputOf, simpoOf } from './settings.ts'
import { reportTo } from './track.ts'

/** A phase as the arguments of transformers that trainers on TRL share. */
export function trainingArguments(phase: Phase): Config {
  const { settings: s, data } = phase
  const evaluates = data.test !== undefined
  return {
    output_dir: outputOf(phase),
    learning_rate: s.learningRate,
    lr_scheduler_type: s.scheduler,
    warmup_steps: s.warmupSteps,
    weight_decay: s.weightDecay,
    ...(s.maxSteps === undefined ? { num_train_epochs: s.epochs ?? 1 } : { max_steps: s.maxSteps }),
    per_device_train_batch_size: s.microBatch,
    // A group of answers has to fit into a look at the held-out prompts too.
    ...(evaluates ? { per_device_eval_batch_size: phase.method === 'grpo' ? (s.generations ?? 8) : s.microBatch } : {}),
    gradient_accumulation_steps: s.accumulation,
    bf16: s.bf16,
    eval_strategy: evaluates ? 'steps' : 'no',
    ...(evaluates ? { eval_steps: s.evalSteps } : {}),
    save_strategy: 'steps',
    save_steps: s.saveSteps,
    save_total_limit: 2,
    logging_steps: s.logSteps,
    report_to: reportTo(phase),
    seed: s.seed,
    data_seed: s.seed,
  }
}

/** What the losses of preference trainers and GRPO of TRL take. */
export function lossArguments(phase: Phase): Config {
  const { settings: s, method } = phase
  const beta = s.beta ?? 0.1
  switch (method) {
    case 'dpo':
      return {
        loss_type: 'sigmoid',
        beta,
        ...(s.labelSmoothing === undefined ? {} : { label_smoothing: s.labelSmoothing }),
      }
    case 'ipo':
      return { loss_type: 'ipo', beta }
    case 'kto':
      return { beta, desirable_weight: s.desirableWeight ?? 1, undesirable_weight: s.undesirableWeight ?? 1 }
    case 'simpo': {
      const { beta, gamma } = simpoOf(phase)
      return { loss_type: 'simpo', cpo_alpha: 0, beta, simpo_gamma: gamma }
    }
    case 'grpo':
      return { num_generations: s.generations ?? 8, max_completion_length: s.maxCompletion ?? 512, beta: s.beta ?? 0 }
    default:
      return { beta }
  }
}
