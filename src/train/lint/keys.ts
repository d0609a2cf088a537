import type { Trainer } from '../phase.ts'
import axolotl from './keys/axolotl-0.18.0.json' with { type: 'json' }
import llamaFactory from './keys/llama-factory-0.9.6.dev0.json' with { type: 'json' }
import trl from './keys/trl-1.13.0.json' with { type: 'json' }
import unsloth from './keys/unsloth-2026.8.19.json' with { type: 'json' }

/** What is known of one key of a trainer: facts that `scripts/trainer-keys.py` read off the trainer itself. */
export type KeyNote = {
  /** Python types that it takes; `any` where the trainer does not say. */
  type: string[]
  /** An empty value means something of its own. */
  null?: boolean
  /** All values there are; of a list, of each item. */
  choices?: (string | number | boolean)[]
  /** Values with names, beside which others are taken too. */
  known?: string[]
  /** Classes of the object, or of the objects of the list, that stands within. */
  of?: string[]
  default?: unknown
}
export type Keys = { [key: string]: KeyNote }

type KeyFile = {
  trainer: string
  version: string
  commit?: string
  with?: { [name: string]: string }
  commands: { [command: string]: string[] }
  classes: { [name: string]: Keys }
}

const files = { trl, axolotl, 'llama-factory': llamaFactory, unsloth } as unknown as { [T in Trainer]: KeyFile }

/** Configs of unsloth are our own: three parts, each handed on to the function that it is named after. */
const parts: Keys = {
  method: { type: ['str'], choices: ['sft', 'dpo', 'kto', 'cpo', 'orpo', 'grpo'] },
  data: { type: ['dict'], of: ['data'] },
  from_pretrained: { type: ['dict'], of: ['from_pretrained'] },
  get_peft_model: { type: ['dict'], null: true, of: ['get_peft_model'] },
  train: { type: ['dict'], of: ['train'] },
  chat_template: { type: ['str'], null: true },
  reward_funcs: { type: ['list'], null: true },
  responses_only: { type: ['dict'], null: true, of: ['responses_only'] },
  env: { type: ['dict'] },
}
const dataOfUnsloth: Keys = { train: { type: ['str'] }, test: { type: ['str'], null: true } }
const markers: Keys = { instruction_part: { type: ['str'] }, response_part: { type: ['str'] } }

/** Versions that configs are written for and held against, for people and for `training.json`. */
export function versionOf(trainer: Trainer): string {
  const { version, commit, with: others } = files[trainer]
  const beside = Object.entries(others ?? {}).map(([name, number]) => `${name} ${number}`)
  return [`${version}${commit ? ` (${commit.slice(0, 8)})` : ''}`, ...beside].join(', ')
}

/** What a config of a trainer may be of: the commands of TRL, one kind for the others. */
export function commandsOf(trainer: Trainer): string[] {
  return trainer === 'unsloth' ? ['sft', 'dpo', 'kto', 'cpo', 'orpo', 'grpo'] : Object.keys(files[trainer].commands)
}

/** The keys of a config, by name. */
export function keysOf(trainer: Trainer, command: string): Keys {
  if (trainer === 'unsloth') return parts
  const { commands, classes } = files[trainer]
  // What a method declares anew stands before what all trainings have.
  return Object.assign({}, ...(commands[command] ?? []).toReversed().map(name => classes[name]))
}

/** The keys of objects that stand within a config: of all classes that may stand there. */
export function keysWithin(trainer: Trainer, command: string, classes: readonly string[]): Keys {
  if (trainer !== 'unsloth') return joined(classes.map(name => files[trainer].classes[name] ?? {}))
  if (classes[0] === 'data') return dataOfUnsloth
  if (classes[0] === 'responses_only') return markers
  if (classes[0] !== 'train') return files.unsloth.classes[classes[0]!] ?? {}
  // The trainers are those of TRL; model and data come from the other parts.
  const own = files.trl.commands[command]?.[0]
  return { ...files.trl.classes.TrainingArguments, ...(own ? files.trl.classes[own] : {}) }
}

/** What may stand in an object of any of several classes: a value that one of them takes is taken. */
function joined(classes: Keys[]): Keys {
  const out: Keys = {}
  for (const [key, note] of classes.flatMap(keys => Object.entries(keys))) {
    const other = out[key]
    if (!other) {
      out[key] = note
      continue
    }
    const free = [note, other].some(one => one.type.includes('str') && !one.choices)
    const choices = free ? [] : [...(note.choices ?? []), ...(other.choices ?? [])]
    const of = [...new Set([...(note.of ?? []), ...(other.of ?? [])])]
    out[key] = {
      type: [...new Set([...note.type, ...other.type])],
      ...(note.null || other.null ? { null: true } : {}),
      ...(choices.length > 0 ? { choices } : {}),
      ...(of.length > 0 ? { of } : {}),
    }
  }
  return out
}

/** Values that a key takes by name, as far as they are listed. */
export function choicesOf(trainer: Trainer, command: string, key: string): string[] {
  const note = keysOf(trainer, command)[key]
  return (note?.choices ?? note?.known ?? []).map(String)
}
