import { conflict, type Remark, type Values, warned, wrong } from './finding.ts'
import { transformersRules } from './trainer-rules.ts'

export function llamaFactoryRules(command: string, c: Values): Remark[] {
  if (command === 'export') {
    const out: Remark[] = []
    if (c.quantization_bit !== undefined)
      out.push(conflict('quantization_bit', 'adapters are merged into whole weights, not into weights of few bits'))
    return out
  }
  return [...transformersRules(c), ...dataRules(c), ...modelRules(c), ...stageRules(c)]
}

function dataRules(c: Values): Remark[] {
  const out: Remark[] = []
  if (c.do_train !== true)
    out.push(conflict([], 'nothing is trained without do_train: true', { expected: 'do_train: true' }))
  if (c.dataset === undefined)
    out.push(conflict([], 'no rows are named', { expected: 'dataset: a name of dataset_info.json' }))
  if (c.model_name_or_path === undefined)
    out.push(conflict([], 'the model is missing', { expected: 'model_name_or_path' }))
  if (c.output_dir === undefined)
    out.push(conflict([], 'the place for the result is missing', { expected: 'output_dir' }))
  const held = typeof c.val_size === 'number' && c.val_size > 0
  if (held && c.eval_dataset !== undefined) {
    out.push(
      conflict('val_size', 'eval_dataset and val_size exclude each other: both say what is held out', {
        hint: 'keep eval_dataset',
      }),
    )
  }
  const looks =
    c.do_eval === true || (c.eval_strategy !== undefined && c.eval_strategy !== 'no' && c.eval_strategy !== false)
  if (looks && !held && c.eval_dataset === undefined) {
    const key = c.do_eval === true ? 'do_eval' : 'eval_strategy'
    out.push(conflict(key, 'nothing is held out to evaluate on', { expected: 'eval_dataset, or val_size above 0' }))
  }
  if (
    c.stage !== undefined &&
    c.stage !== 'sft' &&
    c.stage !== 'pt' &&
    (c.packing === true || c.neat_packing === true)
  ) {
    out.push(conflict(c.packing === true ? 'packing' : 'neat_packing', `rows of stage ${c.stage} cannot be packed`))
  }
  if (c.template === undefined) {
    out.push(
      warned(
        conflict([], 'without template the one of the tokenizer is read, and a base model has none', {
          expected: 'template',
        }),
      ),
    )
  }
  return out
}

function modelRules(c: Values): Remark[] {
  const out: Remark[] = []
  const lora = c.finetuning_type === undefined || c.finetuning_type === 'lora'
  if (c.quantization_bit !== undefined && c.quantization_bit !== null && !lora && c.finetuning_type !== 'oft') {
    out.push(
      conflict('quantization_bit', 'weights of few bits cannot be trained themselves', {
        expected: 'finetuning_type: lora',
      }),
    )
  }
  if (c.adapter_name_or_path !== undefined && !lora)
    out.push(conflict('adapter_name_or_path', 'adapters go with finetuning_type: lora'))
  if (Array.isArray(c.lora_target)) {
    out.push(
      wrong('lora_target', 'lora_target is one text with commas', {
        value: c.lora_target,
        expected: c.lora_target.join(','),
      }),
    )
  }
  return out
}

function stageRules(c: Values): Remark[] {
  const out: Remark[] = []
  const loss = c.pref_loss ?? 'sigmoid'
  if (c.stage === 'dpo' && loss === 'simpo') {
    for (const [key, range] of [
      ['pref_beta', '2.0 to 2.5'],
      ['simpo_gamma', 'absolute, 0.5 to 1.4'],
    ] as const) {
      if (c[key] === undefined) out.push(conflict('pref_loss', `SimPO needs ${key}`, { expected: `${key}: ${range}` }))
    }
  }
  if (
    c.stage === 'dpo' &&
    loss !== 'sigmoid' &&
    typeof c.dpo_label_smoothing === 'number' &&
    c.dpo_label_smoothing > 0
  ) {
    out.push(conflict('dpo_label_smoothing', 'only pref_loss: sigmoid is smoothed', { value: loss }))
  }
  if (c.pref_loss !== undefined && c.stage !== 'dpo') {
    out.push(conflict('pref_loss', 'pref_loss is of stage: dpo', { expected: 'stage: dpo', value: c.stage }))
  }
  if (c.simpo_gamma !== undefined && loss !== 'simpo')
    out.push(warned(conflict('simpo_gamma', 'simpo_gamma does nothing without pref_loss: simpo')))
  for (const key of ['kto_chosen_weight', 'kto_rejected_weight']) {
    if (c[key] !== undefined && c.stage !== 'kto') out.push(warned(conflict(key, `${key} is of stage: kto`)))
  }
  if (c.stage === 'kto' && typeof c.per_device_train_batch_size === 'number' && c.per_device_train_batch_size < 2) {
    out.push(
      wrong(
        'per_device_train_batch_size',
        'KTO tells good from bad within the batch of one GPU, and one row has no other',
        { value: c.per_device_train_batch_size, expected: 'more than 1, better 4' },
      ),
    )
  }
  return out
}
