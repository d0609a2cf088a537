import type { Trainer } from '../phase.ts'
import { isValues, type Values } from './finding.ts'
import { commandsOf, keysOf } from './keys.ts'
import { posted } from './posted.ts'

/** Keys that no other trainer has: one says more than many that all have. */
const marks: { [T in Trainer]: string[] } = {
  unsloth: ['from_pretrained', 'get_peft_model'],
  axolotl: [
    'base_model',
    'rl',
    'adapter',
    'micro_batch_size',
    'sequence_len',
    'lora_target_linear',
    'val_set_size',
    'sample_packing',
    'num_epochs',
  ],
  'llama-factory': [
    'stage',
    'finetuning_type',
    'cutoff_len',
    'template',
    'dataset_dir',
    'pref_loss',
    'lora_rank',
    'do_train',
    'export_dir',
  ],
  trl: ['dataset_name', 'datasets', 'use_peft', 'dtype', 'lora_r', 'max_length'],
}

/** The trainer that a config is for, by its keys. A tie goes to the one that is named first above, then to TRL. */
export function guessTrainer(config: Values): Trainer {
  const keys = Object.keys(config)
  const score = (trainer: Trainer): number => {
    const known = keysOf(trainer, commandsOf(trainer)[0]!)
    const wrong = new Set(posted[trainer].map(({ key }) => key))
    return keys.reduce(
      (sum, key) => sum + (marks[trainer].includes(key) ? 4 : 0) + (known[key] ? 1 : wrong.has(key) ? 0.5 : 0),
      0,
    )
  }
  let best: Trainer = 'trl'
  for (const trainer of Object.keys(marks) as Trainer[]) if (score(trainer) > score(best)) best = trainer
  return best
}

/** The command of TRL that knows most of the keys, and the chosen loss. */
export function guessCommand(trainer: Trainer, config: Values): string {
  if (trainer === 'llama-factory') return 'export_dir' in config ? 'export' : 'train'
  if (trainer === 'unsloth')
    return typeof config.method === 'string' && commandsOf(trainer).includes(config.method) ? config.method : 'sft'
  const score = (command: string): number => {
    const known = keysOf(trainer, command)
    const loss = known.loss_type?.choices
    const fits = [config.loss_type].flat().every(one => loss?.includes(one as string))
    return Object.keys(config).filter(key => known[key]).length + (config.loss_type !== undefined && fits ? 1 : 0)
  }
  const [first, ...others] = commandsOf(trainer)
  return others.reduce((best, command) => (score(command) > score(best) ? command : best), first!)
}

/** Whether a value that was read may be a config at all. */
export const isConfig = (value: unknown): value is Values => isValues(value) && Object.keys(value).length > 0
