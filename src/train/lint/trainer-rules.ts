import { conflict, type Remark, type Values, warned, wrong } from './finding.ts'

const num = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
const listed = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value])

/** What holds for every training by transformers, however its keys are handed over. */
export function transformersRules(c: Values): Remark[] {
  const out: Remark[] = []
  if (c.bf16 === true && c.fp16 === true) out.push(conflict('fp16', 'both bf16 and fp16 are on', { hint: 'keep bf16' }))
  const warmup = num(c.warmup_steps)
  if (warmup !== undefined && warmup > 1 && !Number.isInteger(warmup)) {
    const hint = 'write a whole number; below 1 it is a share of the steps'
    out.push(wrong('warmup_steps', 'warmup_steps above 1 is no whole number', { value: warmup, hint }))
  }
  if (num(c.max_steps) !== undefined && num(c.max_steps)! > 0 && c.num_train_epochs !== undefined) {
    out.push(warned(conflict('num_train_epochs', 'max_steps counts, and num_train_epochs does nothing')))
  }
  if (c.load_best_model_at_end === true) {
    const [evals, saves] = [num(c.eval_steps), num(c.save_steps)]
    const apart = c.eval_strategy !== (c.save_strategy ?? 'steps')
    if (apart || (evals && saves && saves % evals !== 0)) {
      const hint = 'the same strategy for both, and save_steps a multiple of eval_steps'
      out.push(conflict('load_best_model_at_end', 'the best model is not saved whenever it is looked at', { hint }))
    }
  }
  return out
}

/** What holds for the trainers of TRL: of its own commands, of scripts around them, and within unsloth. */
export function methodRules(command: string, c: Values, world: number): Remark[] {
  const out: Remark[] = []
  const batch = num(c.per_device_train_batch_size)
  if (command === 'kto' && batch !== undefined && batch < 4) {
    const message = `KTO tells good from bad within the batch of one GPU, and ${batch === 1 ? 'one row has no other' : 'few rows say little'}`
    const remark = wrong('per_device_train_batch_size', message, { value: batch, expected: 'more than 1, better 4' })
    out.push(batch === 1 ? remark : warned(remark))
  }
  if (command === 'dpo') out.push(...dpoLosses('loss_type', 'loss_weights', 'label_smoothing', c))
  if (command === 'cpo') out.push(...simpo(c))
  if (command === 'grpo') out.push(...grpo(c, world))
  return out
}

/** Rules of the losses of DPO under whatever names a trainer has for them. */
export function dpoLosses(loss: string, weights: string, smoothing: string, c: Values): Remark[] {
  const out: Remark[] = []
  const losses = listed(c[loss])
  const weighted = listed(c[weights])
  if (weighted.length > 0 && weighted.length !== Math.max(1, losses.length)) {
    out.push(
      conflict(weights, `${weighted.length} weights for ${Math.max(1, losses.length)} losses`, {
        hint: `one weight for each entry of ${loss}`,
      }),
    )
  }
  if (losses.includes('exo_pair') && !((num(c[smoothing]) ?? 0) > 0)) {
    out.push(
      conflict(loss, `exo_pair needs ${smoothing} above 0`, { hint: `${smoothing}: 0.001, as its paper has it` }),
    )
  }
  return out
}

function simpo(c: Values): Remark[] {
  if (c.loss_type !== 'simpo') return []
  const out: Remark[] = []
  if (c.cpo_alpha !== 0) {
    const message = 'without cpo_alpha: 0.0 a likelihood term of weight 1.0 is mixed in, which is CPO-SimPO'
    out.push(conflict('loss_type', message, { value: c.cpo_alpha, expected: 'cpo_alpha: 0.0' }))
  }
  if (c.beta === undefined)
    out.push(
      conflict('loss_type', 'beta is missing and would be 0.1, far below what SimPO takes', {
        expected: 'beta: 2.0 to 2.5',
      }),
    )
  if (c.simpo_gamma === undefined)
    out.push(conflict('loss_type', 'simpo_gamma is missing', { expected: 'simpo_gamma: absolute, 0.5 to 1.4' }))
  const rate = num(c.learning_rate)
  if (rate !== undefined && rate >= 1e-5 && c.use_peft !== true && c.load_in_4bit !== true) {
    out.push(
      warned(
        wrong('learning_rate', 'SimPO breaks models at 1e-5 when all weights are trained', {
          value: rate,
          expected: '3e-7 to 1e-6',
        }),
      ),
    )
  }
  return out
}

function grpo(c: Values, world: number): Remark[] {
  const out: Remark[] = []
  const generations = num(c.num_generations) ?? 8
  if (generations < 2) {
    out.push(
      wrong('num_generations', 'a group of one answer has nothing to be better than', {
        value: generations,
        expected: 'at least 2',
      }),
    )
    return out
  }
  const asked = num(c.generation_batch_size)
  const made =
    (num(c.per_device_train_batch_size) ?? 8) *
    world *
    (num(c.steps_per_generation) ?? num(c.gradient_accumulation_steps) ?? 1)
  const size = asked ?? made
  if (size % generations !== 0) {
    const key = asked === undefined ? 'per_device_train_batch_size' : 'generation_batch_size'
    const said =
      asked === undefined
        ? `rows of a step, ${size} over ${world} GPU${world === 1 ? '' : 's'} with accumulation,`
        : `generation_batch_size ${size}`
    out.push(
      conflict(key, `${said} cannot be divided by num_generations ${generations}`, {
        expected: `a multiple of ${generations}`,
      }),
    )
  }
  return out
}
