import { StillroomError } from '../../errors/index.ts'
import type { Phase, Settings } from '../phase.ts'

/** Keys of a config by name; what is undefined is left out. */
export type Config = { [key: string]: unknown }

/** Processes that train side by side. */
export const worldOf = ({ hardware }: Phase): number => hardware.gpus * hardware.nodes

/** Whether the weights themselves are spread over the GPUs: asked for, or all of them are trained on several. */
export const spreads = (phase: Phase): boolean =>
  (phase.settings.sharding ?? (phase.adapter === 'full' && worldOf(phase) > 1 ? 'zero3' : 'none')) === 'zero3'

/** Where the trainer leaves checkpoints and what it made, relative to the folder of the training. */
export const outputOf = ({ name }: Phase): string => `out/${name}`

/** Whether the phase begins from what an earlier phase of the same training made. */
export const begunHere = ({ model }: Phase): boolean => /^(\.\/)?out\//.test(model)

/**
 * What the recipe sets beside our settings goes in last: a key of ours gets another value, an empty value takes it away.
 * Nested objects are joined, lists replaced.
 */
export function withSet(config: Config, set: Config): Config {
  const out: Config = { ...config }
  for (const [key, value] of Object.entries(set)) {
    const mine = out[key]
    if (value === null) delete out[key]
    else if (isPlain(mine) && isPlain(value)) out[key] = withSet(mine, value)
    else out[key] = value
  }
  return out
}

const isPlain = (value: unknown): value is Config =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Keys of ours that the recipe gives another value, as `key: ours -> theirs`, for people. */
export function overridden(config: Config, set: Config): string[] {
  return Object.entries(set)
    .filter(([key, value]) => config[key] !== undefined && JSON.stringify(config[key]) !== JSON.stringify(value))
    .map(([key, value]) => `${key}: ${JSON.stringify(config[key])} -> ${JSON.stringify(value)}`)
}

/** What this trainer cannot do, as an error that says what can be done instead. */
export function cannot(phase: Phase, message: string, hint: string): StillroomError {
  return new StillroomError('SR_TRAIN_WRITE', message, {
    received: `${phase.trainer}, ${phase.method}, ${phase.adapter}`,
    hint,
  })
}

/** The settings of an adapter. Throws SR_TRAIN_WRITE where there are none; undefined where all weights are trained. */
export function loraOf(phase: Phase): Settings['lora'] {
  const { adapter, settings } = phase
  if (adapter === 'full') return undefined
  if (settings.lora) return settings.lora
  throw cannot(phase, 'The adapter has no rank.', 'give `train.rank`, or `adapter: full`')
}

/** Scale and margin of SimPO, which no trainer has good defaults for. Throws SR_TRAIN_WRITE where one is not told. */
export function simpoOf(phase: Phase): { beta: number; gamma: number } {
  const { beta, gamma } = phase.settings
  if (beta !== undefined && gamma !== undefined) return { beta, gamma }
  throw cannot(phase, 'SimPO needs beta and gamma, both told.', 'give `train.preference.beta` and `gamma`')
}

/** The first lines of every config: what it is of, so that a file that is found alone can be placed. */
export function about(phase: Phase, run: string): string[] {
  const { release, rows, heldOut } = phase.data
  return [
    `${phase.name}: ${phase.method} of ${phase.model} with ${phase.trainer}, ${phase.adapter}`,
    `${rows} rows of ${release.name} ${release.version}, ${heldOut} held out`,
    `run: ${run}`,
  ]
}
