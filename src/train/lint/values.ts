import { didYouMean } from '../../recipe/index.ts'
import type { Trainer } from '../phase.ts'
import { type Remark, shown, wrong } from './finding.ts'
import type { KeyNote } from './keys.ts'

/** Keys of which TRL takes one value where it declares a list. */
const alone = new Set(['loss_type', 'lora_target_modules', 'report_to', 'loss_weights', 'debug', 'fsdp', 'label_names'])

const words: { [type: string]: string } = {
  str: 'text',
  int: 'a whole number',
  float: 'a number',
  bool: 'true or false',
  list: 'a list',
  dict: 'an object',
}

/** What is wrong with the value of a key that is known; undefined where nothing is. */
export function valueProblem(
  trainer: Trainer,
  path: (string | number)[],
  note: KeyNote,
  value: unknown,
): Remark | undefined {
  const key = path.at(-1)
  const expected = note.type.map(type => words[type] ?? type).join(' or ')
  if (!fits(trainer, String(key), note, value)) {
    return wrong(path, `\`${key}\` takes ${expected}`, { value, expected, hint: hintFor(note, value) })
  }
  const allowed = note.choices ?? (trainer === 'axolotl' ? note.known : undefined)
  if (!allowed) return undefined
  for (const one of [value].flat()) {
    if (one === null || typeof one === 'object' || allowed.includes(one as string) || freely(note, one)) continue
    const hint = typeof one === 'string' ? didYouMean(one, allowed.map(String)) : undefined
    return wrong(path, `\`${key}\` cannot be ${shown(one)}`, {
      value,
      expected: `one of ${allowed.join(', ')}`,
      ...(hint ? { hint } : {}),
    })
  }
  return undefined
}

/** Names beside a list of known ones: kernels of the Hub, templates with a fallback; numbers where text was listed. */
function freely(note: KeyNote, value: unknown): boolean {
  if (note.choices) return typeof value !== 'string' && !note.choices.some(choice => typeof choice === typeof value)
  return typeof value === 'string' && (value.includes('/') || value.startsWith('tokenizer_default_fallback_'))
}

function hintFor(note: KeyNote, value: unknown): string | undefined {
  if (typeof value === 'boolean' && note.type.includes('str')) {
    return 'YAML reads no, off, yes and on as true or false: put the word in quotes'
  }
  if (note.type.includes('list') && (typeof value === 'string' || typeof value === 'number')) return `write [${value}]`
  return undefined
}

function fits(trainer: Trainer, key: string, { type, null: empty }: KeyNote, value: unknown): boolean {
  const takes = (name: string) => type.includes(name)
  if (takes('any')) return true
  if (value === null) return empty === true
  if (typeof value === 'boolean') return takes('bool')
  if (typeof value === 'number') {
    // TRL and LLaMA-Factory hand a number on where text is declared; axolotl does not.
    if (takes('float') || (takes('int') && Number.isInteger(value))) return true
    return (takes('str') && trainer !== 'axolotl') || (takes('list') && trainer === 'trl' && alone.has(key))
  }
  if (typeof value === 'string') {
    if (takes('str') || takes('dict')) return takes('str') || value.trim().startsWith('{')
    if (takes('list') && trainer !== 'axolotl' && alone.has(key)) return true
    if (takes('bool') && /^(true|false|yes|no|y|n|t|f|1|0)$/i.test(value)) return true
    if (takes('float') && value.trim() !== '' && Number.isFinite(Number(value))) return true
    return takes('int') && /^[+-]?\d+$/.test(value)
  }
  return Array.isArray(value) ? takes('list') : takes('dict')
}
