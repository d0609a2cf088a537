import type { Adapter, Method } from '../phase.ts'
import { type Band, bandOf } from './band.ts'
import { adapterParams, type ModelShape } from './model-shape.ts'

/** What takes memory on one GPU. `length` are the tokens of the longest sequence of a micro-batch. */
export type MemoryAsk = {
  model: ModelShape
  adapter: Adapter
  method: Method
  rank: number
  microBatch: number
  length: number
  gradientCheckpointing: boolean
  /** GPUs that weights and optimizer are spread over (ZeRO-3, FSDP); 1 where each holds all. */
  shards: number
  /** Whether the optimizer of full training keeps its numbers at 32 bit beside 16-bit weights; default that it does. */
  pure?: boolean
  /** Of GRPO: whether a reference is held, since `beta` is above 0. */
  reference?: boolean
}

/** Memory of one GPU by what takes it, in GB of 10^9 bytes. */
export type Memory = {
  weights: number
  /** Adapters with gradients and optimizer, or what full training adds to the weights. */
  training: number
  reference: number
  activations: number
  /** Keys and values of what is being generated. */
  cache: number
  /** What the driver and the framework hold. */
  overhead: number
  total: Band
}

/** Measured runs lie within a quarter of the formula; see `measured.test.ts`. */
export const memoryRange = [0.75, 1.25] as const

/** Bytes of a parameter: 16 bit; 4-bit NormalFloat with the scales of its blocks (Dettmers et al. 2023, arXiv 2305.14314). */
const [half, nf4] = [2, 0.56]
/** Bytes beside a 16-bit parameter that is trained: gradient, copy and both moments of Adam at 32 bit, or all at 16. */
const [mixed, pure] = [16, 6]
const [held, heldSharded] = [1.5, 5.5]

const pairwise: ReadonlySet<Method> = new Set(['dpo', 'ipo', 'simpo', 'orpo'])
const referred: ReadonlySet<Method> = new Set(['dpo', 'ipo', 'kto'])

/** Sequences that are in memory for one row. */
export const sequencesOf = (method: Method): number => (pairwise.has(method) ? 2 : 1)

/**
 * Bytes of activations for one token. With gradient checkpointing: the inputs of all blocks, one block in full, and the
 * logits at 16 and 32 bit with their gradient, which for a vocabulary of 150,000 are most of it; the factors are fitted to
 * the measured table of QwenLM/Qwen. Without: 34 bytes a unit of width and block (Korthikanti et al. 2022, arXiv 2205.05198).
 */
function perToken({ layers, hidden, ffn, vocab }: ModelShape, checkpointing: boolean): number {
  const blocks = checkpointing ? 2 * layers * hidden + 8 * hidden + 12 * ffn : 34 * layers * hidden
  return blocks + 11 * vocab
}

/**
 * Memory of training on one GPU: parameters by the bytes of each, adapters with gradients and Adam at 16 bytes, a reference
 * of its own only where there is no adapter to switch off, activations, and what is always held. Sharding divides all but
 * the last two and costs buffers for what is gathered.
 */
export function memoryOf(ask: MemoryAsk): Memory {
  const { model, adapter, method, rank, microBatch, length, shards } = ask
  const gb = (bytes: number) => bytes / 1e9
  const { total, embeddings } = model
  const weights = adapter === 'qlora' ? embeddings * half + (total - embeddings) * nf4 : total * half
  const training = adapter === 'full' ? total * (ask.pure ? pure : mixed) : adapterParams(model, rank) * 16
  const refers = referred.has(method) || (method === 'grpo' && ask.reference === true)
  const reference = adapter === 'full' && refers ? total * half : 0
  const tokens = microBatch * sequencesOf(method) * length
  const parts = {
    weights: gb(weights) / shards,
    training: gb(training) / shards,
    reference: gb(reference) / shards,
    activations: gb(tokens * perToken(model, ask.gradientCheckpointing)),
    cache: method === 'grpo' ? gb(tokens * model.layers * model.cache * half) : 0,
    overhead: shards > 1 ? heldSharded : held,
  }
  const sum = Object.values(parts).reduce((a, b) => a + b, 0)
  return { ...parts, total: bandOf(sum, memoryRange) }
}
