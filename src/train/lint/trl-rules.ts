import { conflict, isValues, type Remark, type Values, warned, wrong } from './finding.ts'
import { methodRules, transformersRules } from './trainer-rules.ts'

/** Names that go round as commands of TRL and are none, and what to run instead. */
export const noCommands: { [command: string]: string } = {
  simpo:
    'a Python script with CPOTrainer of trl.experimental.cpo: loss_type simpo, cpo_alpha 0.0, beta and simpo_gamma',
  cpo: 'a Python script with CPOTrainer of trl.experimental.cpo',
  orpo: 'a Python script with ORPOTrainer of trl.experimental.orpo',
  ipo: '`trl dpo` with loss_type: ipo',
  ppo: '`trl grpo` or `trl rloo`',
  gkd: '`trl distillation`',
}

export function trlRules(command: string, c: Values): Remark[] {
  const out: Remark[] = [
    ...transformersRules(c),
    ...methodRules(command, c, worldOf(c)),
    ...modelRules(c),
    ...dataRules(c),
  ]
  if (
    c.resume_from_checkpoint !== undefined &&
    c.resume_from_checkpoint !== null &&
    command !== 'cpo' &&
    command !== 'orpo'
  ) {
    const message = 'the commands of TRL read resume_from_checkpoint and then begin from the front all the same'
    out.push(
      warned(
        wrong('resume_from_checkpoint', message, { hint: 'resume with a script that hands it to trainer.train()' }),
      ),
    )
  }
  if (command === 'distillation' && typeof c.teacher_model_name_or_path !== 'string') {
    out.push(conflict([], 'the teacher is missing', { expected: 'teacher_model_name_or_path' }))
  }
  if (command === 'grpo' && c.reward_funcs === undefined && c.reward_model_name_or_path === undefined) {
    out.push(conflict([], 'nothing gives a reward', { expected: 'reward_funcs or reward_model_name_or_path' }))
  }
  if (Array.isArray(c.reward_funcs)) {
    c.reward_funcs.forEach((name, index) => {
      if (typeof name !== 'string' || name.includes('.') || rewards.includes(name)) return
      const hint = 'a function of your own is named with its module: rewards.correct'
      out.push(
        wrong(['reward_funcs', index], `TRL has no reward ${name}`, {
          value: name,
          expected: rewards.join(', '),
          hint,
        }),
      )
    })
  }
  return out
}

const rewards = ['accuracy_reward', 'reasoning_accuracy_reward', 'think_format_reward', 'get_soft_overlong_punishment']

/** Processes that train side by side, as far as the config says. */
const worldOf = (c: Values): number => (typeof c.num_processes === 'number' ? c.num_processes : 1)

function modelRules(c: Values): Remark[] {
  const out: Remark[] = []
  const low = c.load_in_4bit === true || c.load_in_8bit === true
  if (c.load_in_4bit === true && c.load_in_8bit === true) {
    out.push(conflict('load_in_8bit', 'both 4 and 8 bits are asked for', { hint: 'keep load_in_4bit' }))
  }
  if (low && c.use_peft !== true) {
    const key = c.load_in_4bit === true ? 'load_in_4bit' : 'load_in_8bit'
    out.push(conflict(key, 'weights of few bits cannot be trained themselves', { expected: 'use_peft: true' }))
  }
  const adapters = Object.keys(c).filter(key => /^lora_/.test(key))
  if (adapters.length > 0 && c.use_peft !== true) {
    const message = `${adapters.join(', ')} do nothing without use_peft: true, and all weights are trained`
    out.push(conflict(adapters[0]!, message, { expected: 'use_peft: true' }))
  }
  if (c.model_name_or_path === undefined)
    out.push(conflict([], 'the model is missing', { expected: 'model_name_or_path' }))
  if (c.dtype === undefined) {
    const message = 'without dtype the model is loaded in float32, at twice the memory'
    out.push(warned(conflict([], message, { expected: 'dtype: bfloat16' })))
  }
  return out
}

function dataRules(c: Values): Remark[] {
  const out: Remark[] = []
  const mixture = Array.isArray(c.datasets) && c.datasets.length > 0
  if (!mixture && c.dataset_name === undefined)
    out.push(conflict([], 'no rows are named', { expected: 'dataset_name or datasets' }))
  if (mixture && c.dataset_name !== undefined) {
    out.push(warned(conflict('dataset_name', 'datasets counts, and dataset_name does nothing')))
  }
  if (mixture) {
    for (const [index, entry] of (c.datasets as unknown[]).entries()) {
      if (isValues(entry) && entry.path === undefined)
        out.push(
          conflict(['datasets', index], 'a dataset has no path', {
            expected: 'path: json, with data_files, for a file',
          }),
        )
      const path = isValues(entry) ? entry.path : undefined
      if (typeof path === 'string' && /\.jsonl?$/.test(path)) {
        out.push(
          wrong(['datasets', index, 'path'], 'path names a loader or a dataset, not a file', {
            value: path,
            expected: `path: json, with data_files: ${path}`,
          }),
        )
      }
    }
    const looks = c.eval_strategy !== undefined && c.eval_strategy !== 'no' && c.eval_strategy !== false
    if (looks && c.test_split_size === undefined) {
      const hint =
        'test_split_size cuts rows off; rows held out in a file of their own need dataset_name: a folder with both splits'
      out.push(conflict('eval_strategy', 'datasets has no test split to evaluate on', { hint }))
    }
  }
  return out
}
