import type { Phase } from '../phase.ts'
import { type Config, outputOf } from './settings.ts'
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
