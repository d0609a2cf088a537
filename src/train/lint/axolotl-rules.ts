import { conflict, isValues, type Remark, type Values, warned, wrong } from './finding.ts'
import { dpoLosses } from './trainer-rules.ts'

/** Given and not empty, as axolotl takes it: 0, false and null are as good as absent to it. */
const given = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== false && value !== 0 && value !== ''

export function axolotlRules(c: Values): Remark[] {
  return [...needed(c), ...pairs(c), ...adapterRules(c), ...rlRules(c), ...datasetRules(c), ...templateRules(c)]
}

function needed(c: Values): Remark[] {
  const out: Remark[] = []
  for (const key of ['base_model', 'learning_rate']) {
    if (c[key] === undefined) out.push(conflict([], `${key} is missing`, { expected: key }))
  }
  const batch = ['micro_batch_size', 'gradient_accumulation_steps', 'batch_size'].filter(key => given(c[key]))
  if (given(c.gradient_accumulation_steps) && given(c.batch_size)) {
    out.push(
      conflict('batch_size', 'gradient_accumulation_steps and batch_size exclude each other', {
        hint: 'keep gradient_accumulation_steps',
      }),
    )
  } else if (batch.length < 2) {
    out.push(
      conflict([], 'the batch is not told', {
        expected: 'micro_batch_size and gradient_accumulation_steps',
        value: batch.join(', ') || undefined,
      }),
    )
  }
  if (c.sequence_len === undefined) {
    out.push(warned(conflict([], 'without sequence_len rows are held to 512 tokens', { expected: 'sequence_len' })))
  }
  if (!given(c.datasets) && !given(c.pretraining_dataset))
    out.push(conflict([], 'no rows are named', { expected: 'datasets' }))
  return out
}

/** Settings of which one at most is to be there. */
const exclusive: [keep: string, drop: string, why: string][] = [
  ['warmup_steps', 'warmup_ratio', 'both say how long the warm-up is'],
  ['eval_steps', 'evals_per_epoch', 'both say how often is evaluated'],
  ['save_steps', 'saves_per_epoch', 'both say how often is saved'],
  ['test_datasets', 'val_set_size', 'both say what is held out'],
  ['deepspeed', 'fsdp', 'both spread the weights'],
  ['deepspeed', 'fsdp_config', 'both spread the weights'],
]

function pairs(c: Values): Remark[] {
  const out: Remark[] = []
  for (const [keep, drop, why] of exclusive) {
    if (given(c[keep]) && given(c[drop]))
      out.push(conflict(drop, `${keep} and ${drop} exclude each other: ${why}`, { hint: `keep ${keep}` }))
  }
  for (const [strategy, steps] of [
    ['eval_strategy', 'eval_steps'],
    ['save_strategy', 'save_steps'],
  ] as const) {
    if (given(c[strategy]) && given(c[steps]) && c[strategy] !== 'steps') {
      out.push(
        conflict(strategy, `${strategy} and ${steps} say different things`, { value: c[strategy], expected: 'steps' }),
      )
    }
  }
  const looks = given(c.eval_steps) || (given(c.eval_strategy) && c.eval_strategy !== 'no') || given(c.evals_per_epoch)
  if (looks && !given(c.val_set_size) && !given(c.test_datasets)) {
    const key = ['eval_steps', 'evals_per_epoch', 'eval_strategy'].find(name => given(c[name]))!
    out.push(
      conflict(key, 'nothing is held out to evaluate on', { expected: 'test_datasets, or val_set_size above 0' }),
    )
  }
  return out
}

function adapterRules(c: Values): Remark[] {
  const out: Remark[] = []
  if (c.adapter === 'qlora' && c.load_in_4bit !== true) {
    out.push(
      conflict('adapter', 'adapter: qlora needs load_in_4bit: true', {
        expected: 'load_in_4bit: true',
        value: c.load_in_4bit,
      }),
    )
  }
  if (given(c.load_in_4bit) && given(c.load_in_8bit))
    out.push(conflict('load_in_8bit', 'both 4 and 8 bits are asked for'))
  const targets = ['lora_target_linear', 'lora_target_modules', 'lora_target_parameters', 'lora_model_dir']
  if ((c.adapter === 'lora' || c.adapter === 'qlora') && !targets.some(key => given(c[key]))) {
    out.push(
      warned(
        conflict('adapter', 'no layers are named that get an adapter', {
          expected: 'lora_target_linear: true, or lora_target_modules',
        }),
      ),
    )
  }
  return out
}

function rlRules(c: Values): Remark[] {
  const out: Remark[] = []
  const { rl } = c
  if (given(rl) && given(c.sample_packing)) {
    out.push(
      conflict('sample_packing', 'sample_packing: true does not go with rl', {
        expected: 'sample_packing: false',
        value: c.sample_packing,
      }),
    )
  }
  if (given(rl) && given(c.eval_sample_packing)) {
    out.push(
      conflict('eval_sample_packing', 'eval_sample_packing does not go with rl', {
        expected: 'eval_sample_packing: false',
      }),
    )
  }
  if (rl === 'ipo') {
    const remark = conflict('rl', 'rl: ipo is on its way out', { hint: 'rl: dpo with dpo_loss_type: [ipo]' })
    out.push(given(c.dpo_loss_type) ? remark : warned(remark))
  }
  if (rl === 'dpo') {
    out.push(...dpoLosses('dpo_loss_type', 'dpo_loss_weights', 'dpo_label_smoothing', c))
    if (given(c.dpo_loss_weights) && !given(c.dpo_loss_type))
      out.push(conflict('dpo_loss_weights', 'dpo_loss_weights needs dpo_loss_type'))
  } else {
    for (const key of ['dpo_loss_type', 'dpo_loss_weights']) {
      if (c[key] !== undefined && c[key] !== null) out.push(conflict(key, `${key} is of rl: dpo alone`, { value: rl }))
    }
  }
  if (rl === 'simpo') out.push(...simpo(c))
  if (['dpo', 'ipo', 'kto'].includes(String(rl)) && c.rl_beta === undefined && c.dpo_beta === undefined) {
    out.push(warned(conflict('rl', 'rl_beta is missing and would be 0.1', { expected: 'rl_beta' })))
  }
  if (rl === 'kto' && c.remove_unused_columns !== false) {
    out.push(
      conflict('rl', 'KTO stops without remove_unused_columns: false', {
        expected: 'remove_unused_columns: false',
        value: c.remove_unused_columns,
      }),
    )
  }
  if (rl === 'orpo') {
    if (c.remove_unused_columns !== false)
      out.push(
        conflict('rl', 'ORPO loses its columns without remove_unused_columns: false', {
          expected: 'remove_unused_columns: false',
        }),
      )
    if (!given(c.chat_template))
      out.push(conflict('rl', 'ORPO needs a chat_template by name', { expected: 'chat_template: tokenizer_default' }))
    if (c.orpo_alpha === undefined && c.rl_beta === undefined)
      out.push(warned(conflict('rl', 'orpo_alpha is missing and would be 0.1', { expected: 'orpo_alpha: 0.1' })))
  }
  const inner = isValues(c.trl) ? c.trl : {}
  if (inner.beta !== undefined && c.rl_beta !== undefined && inner.beta !== c.rl_beta) {
    out.push(
      conflict(['trl', 'beta'], 'trl.beta and rl_beta differ', { value: inner.beta, expected: String(c.rl_beta) }),
    )
  }
  if (rl === 'grpo' || rl === 'gdpo') out.push(...grpo(c, inner))
  return out
}

function simpo(c: Values): Remark[] {
  const out: Remark[] = []
  if (c.rl_beta === undefined && c.dpo_beta === undefined) {
    out.push(
      conflict('rl', 'SimPO without rl_beta runs with 0.1, twenty times below its range', {
        expected: 'rl_beta: 2.0 to 2.5',
      }),
    )
  }
  if (c.simpo_gamma === undefined || c.simpo_gamma === null) {
    out.push(
      conflict('rl', 'SimPO without simpo_gamma hands nothing to the trainer', {
        expected: 'simpo_gamma: absolute, 0.5 to 1.4',
      }),
    )
  }
  if (c.cpo_alpha !== 0) {
    const message = 'without cpo_alpha: 0.0 a likelihood term of weight 1.0 is mixed in, which is CPO-SimPO'
    out.push(conflict('rl', message, { expected: 'cpo_alpha: 0.0', value: c.cpo_alpha }))
  }
  if (given(c.warmup_ratio))
    out.push(conflict('warmup_ratio', 'SimPO takes no warmup_ratio', { expected: 'warmup_steps' }))
  return out
}

function grpo(c: Values, inner: Values): Remark[] {
  const generations = inner.num_generations
  if (!given(inner.reward_funcs))
    return [
      conflict(given(c.trl) ? 'trl' : 'rl', 'nothing gives a reward', {
        expected: 'trl.reward_funcs: [rewards.correct]',
      }),
    ]
  if (typeof generations !== 'number') return []
  if (generations < 2)
    return [
      wrong(['trl', 'num_generations'], 'a group of one answer has nothing to be better than', { value: generations }),
    ]
  const number = (value: unknown) => (typeof value === 'number' ? value : 1)
  const asked = inner.generation_batch_size
  const size = typeof asked === 'number' ? asked : number(c.micro_batch_size) * number(c.gradient_accumulation_steps)
  if (size % generations === 0) return []
  const path = typeof asked === 'number' ? ['trl', 'generation_batch_size'] : ['gradient_accumulation_steps']
  return [
    conflict(path, `${size} answers of a step cannot be divided by num_generations ${generations}`, {
      expected: `micro_batch_size x gradient_accumulation_steps a multiple of ${generations}`,
    }),
  ]
}

/** Types of `datasets` that each method reads, and what to write instead of others. */
function datasetRules(c: Values): Remark[] {
  const out: Remark[] = []
  for (const list of ['datasets', 'test_datasets'] as const) {
    if (!Array.isArray(c[list])) continue
    for (const [index, entry] of (c[list] as unknown[]).entries()) {
      if (!isValues(entry)) continue
      const at = [list, index]
      const { type } = entry
      if (entry.path === undefined) out.push(conflict(at, 'a dataset has no path', { expected: 'path' }))
      if (typeof type === 'string' && /^sharegpt/.test(type)) {
        out.push(
          wrong([...at, 'type'], 'axolotl rejects type: sharegpt', {
            value: type,
            expected:
              'type: chat_template, with field_messages: conversations and message_property_mappings: {role: from, content: value}',
          }),
        )
        continue
      }
      if (entry.conversation !== undefined) {
        out.push(
          warned(
            wrong([...at, 'conversation'], 'conversation is of the old type sharegpt and does nothing', {
              expected: 'type: chat_template',
            }),
          ),
        )
      }
      for (const key of ['message_field_role', 'message_field_content']) {
        if (entry[key] !== undefined)
          out.push(
            warned(
              wrong([...at, key], `${key} is deprecated`, {
                expected: 'message_property_mappings: {role: ..., content: ...}',
              }),
            ),
          )
      }
      if (typeof type !== 'string') continue
      const remark = typeOfRows(String(c.rl ?? ''), type, [...at, 'type'])
      if (remark) out.push(remark)
    }
  }
  return out
}

function typeOfRows(rl: string, type: string, at: (string | number)[]): Remark | undefined {
  if (['dpo', 'ipo', 'simpo'].includes(rl)) {
    if (type === 'chatml.ultra') {
      const message =
        'chatml.ultra reads a prompt as text and chosen and rejected as two messages, for tokenizers with ChatML alone'
      return warned(wrong(at, message, { value: type, expected: 'chat_template.default, with field_messages: prompt' }))
    }
  }
  if (rl === 'kto' && type.startsWith('chat_template')) {
    return wrong(at, 'KTO reads prompt and completion as text; no type applies the template of the tokenizer', {
      value: type,
      expected: 'chatml.prompt_pairs, llama3.prompt_pairs, or an object with prompt_format and completion_format',
    })
  }
  if (rl === 'orpo' && type !== 'chat_template.argilla') {
    return warned(
      wrong(at, 'ORPO reads whole conversations in chosen and rejected', {
        value: type,
        expected: 'chat_template.argilla',
      }),
    )
  }
  return undefined
}

function templateRules(c: Values): Remark[] {
  if (c.chat_template === 'jinja' && !given(c.chat_template_jinja)) {
    return [
      conflict('chat_template', 'chat_template: jinja needs the template itself', {
        expected: 'chat_template_jinja: the template or its file',
      }),
    ]
  }
  return []
}
