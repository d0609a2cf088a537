import type { Adapter, Method } from '../phase.ts'
import type { Gpu } from './gpus.ts'
import type { ModelShape } from './model-shape.ts'

/** What one optimizer step is made of, on each GPU. */
export type StepAsk = {
  model: ModelShape
  adapter: Adapter
  method: Method
  /** Sequences of a micro-batch, and the tokens each takes, padding among them. */
  sequences: number
  length: number
  accumulation: number
  gradientCheckpointing: boolean
  gpu: Gpu
  gpus: number
  nodes: number
  shards: number
  /** Of GRPO: whether a reference is looked at. */
  reference?: boolean
}

/** Measured runs lie between these shares of an estimate; see `measured.test.ts`. */
export const timeRange = [0.6, 1.5] as const

/**
 * Share of the peak that is reached once there is enough to do: small matrices fill a GPU less, and adapters add more small
 * ones. Fitted to the slopes over length of the measured table of QwenLM/Qwen.
 */
const utilisation = ({ hidden, experts }: ModelShape, adapter: Adapter): number =>
  ((0.66 * hidden) / (hidden + (adapter === 'full' ? 700 : 1800))) * (experts ? 0.5 : 1)

/** Seconds that one pass over one block takes at least, whatever the length: kernels have to be started. */
const [launch, launchSharded] = [0.005 / 3, 0.011 / 3]
/** Bytes that pass through memory for each 4-bit parameter that is brought to 16 bit, once a pass. */
const unpacking = 20
/** GB/s between GPUs: through NVLink, and otherwise. */
const [linked, apart] = [200, 20]

/** Further passes forward without a gradient: of the reference, and of the mismatched rows that KTO takes its KL from. */
function looks(method: Method, reference: boolean): number {
  if (method === 'dpo' || method === 'ipo') return 1
  if (method === 'kto') return 3
  return method === 'grpo' && reference ? 1 : 0
}

/**
 * Seconds of one optimizer step. Work is 2 FLOPs a parameter and token forward, as much backward to the inputs, and as much
 * again to the weights where all are trained (Kaplan et al. 2020, arXiv 2001.08361), attention beside it; recomputing is one
 * more pass forward. Over it stand the least time of a pass, the unpacking of 4-bit weights and the gathering of shards.
 */
export function stepSeconds(ask: StepAsk): number {
  const { model, adapter, method, sequences, length, gpu, gpus, nodes, shards } = ask
  const more = looks(method, ask.reference ?? false)
  const passes = 2 + (ask.gradientCheckpointing ? 1 : 0) + more
  const work = passes + (adapter === 'full' ? 1 : 0)
  const tokens = sequences * length
  // The embedding of what goes in is looked up, not multiplied; where it is the output layer as well, that is.
  const multiplied = model.active - Math.max(0, model.embeddings - model.vocab * model.hidden)
  const flops = 2 * work * (multiplied + model.layers * model.hidden * length) * tokens
  const speed = gpu.tflops * 1e12 * utilisation(model, adapter) * (gpu.consumer ? 0.7 : 1)
  const least = model.layers * passes * (shards > 1 ? launchSharded : launch)
  let seconds = Math.max(flops / speed, least)
  if (adapter === 'qlora') seconds += (unpacking * passes * (model.total - model.embeddings)) / (gpu.bandwidth * 1e9)
  const total = gpus * nodes
  if (shards > 1) {
    const carried = passes + (adapter === 'full' ? 1 : 0)
    const link = (gpu.nvlink && nodes === 1 ? linked : apart) * 1e9
    seconds += (carried * 2 * model.total * (shards - 1)) / shards / link
  } else if (total > 1) seconds /= nodes > 1 ? 0.55 : gpu.nvlink ? 0.9 : 0.7
  return seconds * ask.accumulation
}

/**
 * Tokens a second that one GPU writes when `at` answers are written at once: a step of decoding reads all weights once and
 * starts every block. By bandwidth alone, so that a figure of one's own server is better by far.
 */
export function decodeRate(model: ModelShape, gpu: Gpu, at: number): number {
  const read = (2 * model.active) / (0.6 * gpu.bandwidth * 1e9)
  return at / Math.max(read, model.layers * 0.0008)
}
