import { ktoWeights } from '../../measure/index.ts'
import type { Adapter, Method } from '../phase.ts'
import type { KindTraits } from '../traits.ts'
import { type Reason, reason } from './advice.ts'

/** A value to begin with, and why it. */
export type Start<T> = { value: T; why: Reason }
const start = <T>(value: T, ...why: Parameters<typeof reason>): Start<T> => ({ value, why: reason(...why) })

/** SimPO's searched settings by family: scale, margin as a share of it, learning rate of full training. */
const simpoGrid: [pattern: RegExp, name: string, beta: number, ratio: number, rate: number][] = [
  [/mistral.*instruct/i, 'Mistral-Instruct', 2.5, 0.1, 5e-7],
  [/mistral/i, 'Mistral-Base', 2, 0.8, 3e-7],
  [/llama-?3.*instruct/i, 'Llama3-Instruct', 2.5, 0.55, 1e-6],
  [/llama-?3/i, 'Llama3-Base', 2, 0.5, 6e-7],
]
const simpoOf = (base: string) => simpoGrid.find(([pattern]) => pattern.test(base))

/** Learning rate of full training by method, and where it stands. */
const fullRates: { [M in Method]: Start<number> } = {
  sft: start(2e-5, 'The default of SFTConfig.', 'some', 'trl'),
  distillation: start(2e-5, 'As for tuning.', 'heuristic', 'custom'),
  dpo: start(5e-7, 'As the paper has it; up to 1e-6, the default of DPOConfig.', 'some', 'dpo'),
  ipo: start(5e-7, 'As for DPO.', 'heuristic', 'sweep'),
  kto: start(5e-7, '5e-7 to 5e-6 is advised.', 'some', 'trl'),
  simpo: start(5e-7, '3e-7 to 1e-6; at 1e-5 models break.', 'some', 'simpoReadme'),
  orpo: start(5e-6, 'As the paper has it.', 'some', 'orpo'),
  grpo: start(1e-6, 'The default of GRPOConfig.', 'some', 'trl'),
}

/** Peak learning rate to begin with: adapters take about ten times that of full training, SimPO with caution. */
export function learningRate(method: Method, adapter: Adapter, base: string): Start<number> {
  const grid = method === 'simpo' ? simpoOf(base) : undefined
  const full = grid ? start(grid[4], `The searched value for ${grid[1]}.`, 'some', 'simpoReadme') : fullRates[method]
  if (adapter === 'full') return full
  if (method === 'simpo') {
    const value = Math.min(5e-6, 5 * full.value)
    return start(
      rounded(value),
      `Five times that of full training (${small(full.value)}): adapters take more, and SimPO breaks where it is too much.`,
      'heuristic',
      'simpoReadme',
    )
  }
  return start(
    rounded(10 * full.value),
    `Ten times that of full training (${small(full.value)}): adapters want about that, whatever their rank.`,
    'some',
    'lora',
  )
}

const rounded = (value: number): number => Number(value.toPrecision(2))
/** 0.0000005 as 5e-7. */
const small = (value: number): string => value.toExponential()

/** Strength of the pull towards the reference, or what stands for it. */
export function beta(method: Method, base: string, pairs?: KindTraits): Start<number> | undefined {
  switch (method) {
    case 'dpo':
      return start(0.1, 'As the paper has it; 0.5 for summaries.', 'some', 'dpo')
    case 'ipo':
      return pairs?.pairs?.nearDeterministic === true
        ? start(0.1, 'The upper end of 0.01 to 0.1: sure pairs are followed less far.', 'heuristic', 'ipo')
        : start(0.01, 'What was best where 0.01 to 0.9 were tried.', 'some', 'sweep')
    case 'kto':
      return start(0.1, 'The default, and the value of the paper.', 'some', 'kto')
    case 'simpo': {
      const grid = simpoOf(base)
      return grid
        ? start(grid[2], `The searched value for ${grid[1]}.`, 'some', 'simpoReadme')
        : start(2, '2 to 2.5 to begin with, up to 10.', 'some', 'simpoReadme')
    }
    case 'orpo':
      return start(0.1, 'The lambda of the paper.', 'some', 'orpo')
    case 'grpo':
      return start(0, 'No pull towards a reference, and so none in memory: the default of GRPOConfig.', 'some', 'trl')
    default:
      return undefined
  }
}

/** The margin of SimPO, absolute: a share of beta. */
export function gamma(base: string, scale: number): Start<number> {
  const grid = simpoOf(base)
  const ratio = grid?.[3] ?? 0.5
  const value = Number((ratio * scale).toPrecision(4))
  return grid
    ? start(
        value,
        `${ratio} of beta, the searched share for ${grid[1]}; trainers take it absolute.`,
        'some',
        'simpoReadme',
      )
    : start(value, '0.5 of beta to begin with, 0 to 1 to search in; trainers take it absolute.', 'some', 'simpoReadme')
}

/** Passes over the rows. */
export function epochs(method: Method, rows: number): Start<number> {
  switch (method) {
    case 'sft':
    case 'distillation':
      if (rows < 2000) return start(3, 'Few rows; the held-out loss says when it is enough.', 'heuristic', 'fewRows')
      return rows < 50_000
        ? start(2, 'Two passes; the held-out loss says when it is enough.', 'heuristic', 'custom')
        : start(1, 'Many rows are seen once.', 'heuristic', 'custom')
    case 'grpo':
      return start(1, 'Each prompt is answered several times as it is.', 'heuristic', 'custom')
    case 'orpo':
      return start(5, 'As in the paper; stop when the held-out loss has settled.', 'some', 'orpo')
    default:
      return start(1, 'More than one pass over preferences soon knows them by heart.', 'some', 'sweep')
  }
}

/** Rows of one optimizer step, over all GPUs. */
export function batch(method: Method, adapter: Adapter, rows: number, gpus = 1): Start<number> {
  if (method === 'grpo') return start(64, 'Answers of one step: eight to each of eight prompts.', 'heuristic', 'custom')
  // Fewer than some thirty steps a pass leave nothing to warm up, to look at and to stop.
  const room = 2 ** Math.floor(Math.log2(Math.max(8, rows / 30)))
  if (method === 'sft' || method === 'distillation') {
    return adapter === 'full'
      ? start(Math.min(64, room), 'So that a pass has some thirty steps, at most 64.', 'heuristic', 'custom')
      : start(Math.min(16, room), 'Adapters learn less well from batches of 32 and more.', 'some', 'lora')
  }
  if (method === 'kto') {
    const value = Math.max(4 * gpus, Math.min(64, Math.max(16, room)))
    return start(value, '16 to 128 are advised, at least 4 on each GPU; fewer where rows are few.', 'some', 'trl')
  }
  return room < 64
    ? start(Math.max(16, room), 'The 64 of the paper are too many for so few pairs.', 'heuristic', 'dpo')
    : start(64, 'As the paper has it.', 'some', 'dpo')
}

/** Share of the steps over which the learning rate rises. */
export const warmup = (method: Method): Start<number> =>
  method === 'sft' || method === 'distillation' || method === 'grpo'
    ? start(
        0.03,
        'A thirtieth of the steps, as a whole number, which every version of the trainer understands.',
        'heuristic',
        'custom',
      )
    : start(
        0.1,
        'A tenth of the steps, as a whole number, which every version of the trainer understands.',
        'some',
        'simpoReadme',
      )

/** Rank of adapters, and its scale, twice the rank. */
export const rank = (method: Method): Start<number> =>
  method === 'grpo'
    ? start(16, 'Rewards teach little at a time: 1 to 32 are enough.', 'some', 'lora')
    : start(32, 'Room for some ten thousand rows; 256 where there are hundreds of thousands.', 'some', 'lora')

/** Weights of liked and disliked rows; nothing where both are 1. */
export function weights({ labels }: KindTraits): Start<{ desirable: number; undesirable: number }> | undefined {
  const found = labels && ktoWeights(labels.good, labels.bad)
  if (!found) return undefined
  const [desirable, undesirable] = [found.desirable_weight, found.undesirable_weight].map(w => Number(w.toFixed(3)))
  const rare = labels.good >= labels.bad ? 'bad' : 'good'
  const text =
    desirable === 1 && undesirable === 1
      ? `${labels.good} good and ${labels.bad} bad rows lie between 1:1 and 4:3.`
      : `${labels.good} good and ${labels.bad} bad rows: the ${rare} ones count for more, so that both sides weigh the same (1:1 to 4:3 is advised).`
  return start({ desirable: desirable!, undesirable: undesirable! }, text, 'some', 'kto')
}
