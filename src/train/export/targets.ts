import { StillroomError } from '../../errors/index.ts'
import type { Kind } from '../../records/index.ts'
import { alpaca } from './alpaca.ts'
import { axolotl } from './axolotl.ts'
import { fireworks } from './fireworks.ts'
import { hub } from './hub.ts'
import { kto } from './kto.ts'
import { llamaFactory } from './llama-factory.ts'
import { openai } from './openai.ts'
import { sharegpt } from './sharegpt.ts'
import type { Seen, Target } from './target.ts'
import { together } from './together.ts'
import { trl } from './trl.ts'
import { unsloth } from './unsloth.ts'

/** Every target. A new one is a file and a line here. */
export const targets: readonly Target[] = [
  ...[trl, axolotl, llamaFactory, unsloth],
  ...[openai, together, fireworks],
  ...[alpaca, sharegpt, kto, hub],
]
export const targetNames: readonly string[] = targets.map(({ name }) => name)

export function targetNamed(name: string): Target {
  const found = targets.find(target => target.name === name)
  if (found) return found
  throw new StillroomError('SR_USAGE', `There is no target ${name}.`, { expected: targetNames.join(', ') })
}

/** What types are called by the way they are trained; of SFT the rows decide. */
const ways: { [way: string]: { kind: Kind; type?: string } } = {
  sft: { kind: 'conversation' },
  dpo: { kind: 'preference', type: 'preference' },
  kto: { kind: 'feedback', type: 'unpaired' },
  grpo: { kind: 'prompt', type: 'rlvr' },
}

/** The type of a target by its own name, or by the way it is trained. Throws SR_USAGE. */
export function typeNamed(target: Target, name: string, seen: (kind: Kind) => Seen): string {
  if (Object.hasOwn(target.types, name)) return name
  const way = Object.hasOwn(ways, name) ? ways[name] : undefined
  const type = way && (way.type ?? target.choose(way.kind, seen(way.kind)))
  if (type !== undefined && Object.hasOwn(target.types, type)) return type
  throw new StillroomError('SR_USAGE', `The target ${target.name} has no type ${name}.`, {
    expected: Object.keys(target.types).join(', '),
  })
}
