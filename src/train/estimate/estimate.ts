import type { Method, Settings } from '../phase.ts'
import { type Lengths, paddedTo } from '../traits.ts'
import { type Band, bandOf } from './band.ts'
import type { Gpu, GpuPrice } from './gpus.ts'
import { type Memory, memoryOf, sequencesOf } from './memory.ts'
import type { ModelShape } from './model-shape.ts'
import { decodeRate, stepSeconds, timeRange } from './time.ts'

/** What a phase is made of, as far as memory and time go. `rows` are those that are trained on. */
export type Load = {
  method: Method
  adapter: 'lora' | 'qlora' | 'full'
  model: ModelShape
  rows: number
  lengths: Lengths
  heldOut: number
  heldOutTokens: number
}
export type Hardware = { gpu: Gpu; gpus: number; nodes: number }

export type Fit = 'yes' | 'tight' | 'no'
/** What a phase takes on one kind of hardware. */
export type Estimate = {
  gpu: string
  gpus: number
  microBatch: number
  accumulation: number
  /** GPUs that weights and optimizer are spread over; 1 where each holds all. */
  shards: number
  memory: Memory
  capacity: number
  fits: Fit
  steps: number
  /** Tokens that pass through the model, all epochs, padding among them. */
  tokens: number
  hours: Band
  /** Of these the writing of answers, for GRPO. */
  writing?: Band
  /** Null where nobody says what an hour costs. */
  dollars: Band | null
  price?: GpuPrice
}

/** Hours of GRPO are mostly those of writing answers, which depend on the server more than on anything known here. */
export const writingRange = [0.4, 2.5] as const
/** Share of the answer's limit that is written, on average: nothing is known of it before. */
const written = 0.5
/** Share of a packed sequence that holds tokens. */
const packedFull = 0.97

type Batch = Pick<Settings, 'microBatch' | 'accumulation'>
export type Given = Omit<Settings, 'microBatch' | 'accumulation'>

/** Sequences that a micro-batch is drawn from, and how long each is once padded. */
function drawn({ method, lengths }: Load, settings: Given, microBatch: number): { length: number; longest: number } {
  if (method === 'grpo') {
    const more = settings.maxCompletion ?? 512
    const longest = lengths.max + more
    return { longest, length: Math.min(longest, paddedTo(lengths, microBatch) + more) }
  }
  const longest = Math.min(settings.context, lengths.max)
  if (settings.packing) return { length: settings.context, longest: settings.context }
  return { length: Math.min(longest, paddedTo(lengths, microBatch * sequencesOf(method))), longest }
}

/** Rows that a step counts: packed ones hold several, and GRPO counts answers. */
export function unitsOf({ method, rows, lengths }: Pick<Load, 'method' | 'rows' | 'lengths'>, settings: Given): number {
  if (method === 'grpo') return rows * (settings.generations ?? 8)
  return settings.packing ? Math.ceil(lengths.total / (settings.context * packedFull)) : rows
}

/** Optimizer steps of a phase whose steps take `batch` units. */
export const stepsOf = (units: number, batch: number, { epochs, maxSteps }: Pick<Settings, 'epochs' | 'maxSteps'>) =>
  maxSteps ?? Math.max(1, Math.ceil(Math.ceil(units / batch) * (epochs ?? 1)))

/** Memory of one GPU with this micro-batch; spread over all GPUs where a whole copy would not fit, or all is trained. */
function memoryWith(load: Load, settings: Given, microBatch: number, { gpu, gpus, nodes }: Hardware) {
  const { method, adapter, model } = load
  const { longest } = drawn(load, settings, microBatch)
  const at = (shards: number) =>
    memoryOf({
      ...{ model, adapter, method, microBatch, shards },
      rank: settings.lora?.rank ?? 0,
      length: longest,
      gradientCheckpointing: settings.gradientCheckpointing,
      reference: (settings.beta ?? 0) > 0,
    })
  const all = gpus * nodes
  const whole = at(1)
  if (all === 1) return { shards: 1, memory: whole }
  const spread = adapter === 'full' || whole.total.high > gpu.gb
  return spread ? { shards: all, memory: at(all) } : { shards: 1, memory: whole }
}

const fitOf = ({ total }: Memory, { gb }: Gpu): Fit => (total.high <= gb ? 'yes' : total.value <= gb ? 'tight' : 'no')

function secondsOf(load: Load, settings: Given, batch: Batch, { gpu, gpus, nodes }: Hardware, shards: number): number {
  const { method, adapter, model } = load
  const { length } = drawn(load, settings, batch.microBatch)
  return stepSeconds({
    ...{ model, adapter, method, length, gpu, gpus, nodes, shards },
    sequences: batch.microBatch * sequencesOf(method),
    accumulation: batch.accumulation,
    gradientCheckpointing: settings.gradientCheckpointing,
    reference: (settings.beta ?? 0) > 0,
  })
}

/** Rows of the least micro-batch: the KL of KTO is taken over mismatched rows of one. */
export const leastBatch = (method: Method): number => (method === 'kto' ? 4 : 1)

/**
 * How a step of `batch` rows is divided: the micro-batch that is fastest among those that fit, padding and the least time of
 * a pass weighed against each other; the least one where none fits.
 */
export function divided(load: Load, settings: Given, batch: number, hardware: Hardware): Batch & { fits: boolean } {
  const each = Math.max(1, Math.ceil(batch / (hardware.gpus * hardware.nodes)))
  const sizes = [1, 2, 4, 8, 16].filter(n => n >= leastBatch(load.method) && each % n === 0)
  const candidates = (sizes.length > 0 ? sizes : [each]).map(microBatch => {
    const accumulation = each / microBatch
    const { memory, shards } = memoryWith(load, settings, microBatch, hardware)
    const seconds = secondsOf(load, settings, { microBatch, accumulation }, hardware, shards)
    return { microBatch, accumulation, seconds, fits: fitOf(memory, hardware.gpu) === 'yes' }
  })
  const fitting = candidates.filter(({ fits }) => fits)
  const fastest = Math.min(...fitting.map(({ seconds }) => seconds))
  // Memory that buys next to nothing is left free.
  const best = fitting.find(({ seconds }) => seconds <= 1.03 * fastest) ?? candidates[0]!
  return { microBatch: best.microBatch, accumulation: best.accumulation, fits: best.fits }
}

/** Memory, hours and dollars of a phase. Downloads and the loading of weights are not in it. */
export function estimate(load: Load, settings: Settings, hardware: Hardware): Estimate {
  const { gpu, gpus, nodes } = hardware
  const { microBatch, accumulation } = settings
  const { memory, shards } = memoryWith(load, settings, microBatch, hardware)
  const all = gpus * nodes
  const batch = microBatch * accumulation * all
  const steps = stepsOf(unitsOf(load, settings), batch, settings)
  const { length } = drawn(load, settings, microBatch)
  const sequences = sequencesOf(load.method)
  const trained = steps * secondsOf(load, settings, { microBatch, accumulation }, hardware, shards)
  // A look at the held-out rows is a pass forward, about a third of a step of adapters; without rows there is none.
  const looks = load.heldOut > 0 ? Math.ceil(steps / settings.evalSteps) : 0
  const perToken = trained / Math.max(1, steps * batch * sequences * length)
  const looked = (looks * load.heldOutTokens * perToken) / 3
  const training = bandOf((trained + looked) / 3600, timeRange)
  const writing =
    load.method === 'grpo'
      ? bandOf(
          (steps * (batch / all) * written * (settings.maxCompletion ?? 512)) /
            decodeRate(load.model, gpu, batch / all) /
            3600,
          writingRange,
        )
      : undefined
  const hours = {
    low: training.low + (writing?.low ?? 0),
    value: training.value + (writing?.value ?? 0),
    high: training.high + (writing?.high ?? 0),
  }
  const { price } = gpu
  const cost = (h: number) => h * all * (price?.usd ?? 0)
  return {
    ...{ gpu: gpu.name, gpus: all, microBatch, accumulation, shards, memory, steps, hours },
    capacity: gpu.gb,
    fits: fitOf(memory, gpu),
    tokens: Math.round(steps * batch * sequences * length),
    ...(writing ? { writing } : {}),
    dollars: price ? { low: cost(hours.low), value: cost(hours.value), high: cost(hours.high) } : null,
    ...(price ? { price } : {}),
  }
}

/** The same phase on another kind of GPU, its steps divided as fits there. */
export function estimateOn(load: Load, settings: Settings, hardware: Hardware, batch: number): Estimate {
  const { microBatch, accumulation } = divided(load, settings, batch, hardware)
  return estimate(load, { ...settings, microBatch, accumulation }, hardware)
}
