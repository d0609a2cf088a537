import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import table from './architectures.json' with { type: 'json' }

/** A linear layer that every block of the model has: what an adapter is put beside. */
type Linear = readonly [inputs: number, outputs: number]

/** What memory and time follow from. Parameters are counts, not billions. */
export type ModelShape = {
  total: number
  /** Parameters that one token passes through; less than `total` where there are experts. */
  active: number
  /** Parameters of the embedding and the output layer: they stay at 16 bit under 4-bit weights. */
  embeddings: number
  layers: number
  hidden: number
  ffn: number
  vocab: number
  /** Width of keys and values, both together, in one layer. */
  cache: number
  linear: readonly Linear[]
  /** Linear layers of one expert and the number of experts in a block; 0 where there are none. */
  expert: readonly Linear[]
  expertCount: number
  experts: boolean
  /** Whether the shape was read or computed from what the model says, or only its size is known and the rest is alike. */
  from: 'config' | 'known' | 'size'
}

const count = z.int().positive()
/** The parts of a config.json that say how large a model is; nested under `text_config` where it also sees. */
const configShape = z.looseObject({
  num_hidden_layers: count,
  hidden_size: count,
  intermediate_size: count,
  num_attention_heads: count,
  vocab_size: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  tie_word_embeddings: z.boolean().nullish(),
  num_experts: count.nullish(),
  num_local_experts: count.nullish(),
  n_routed_experts: count.nullish(),
  n_shared_experts: z.int().nullish(),
  num_experts_per_tok: count.nullish(),
  moe_intermediate_size: count.nullish(),
  shared_expert_intermediate_size: z.int().nullish(),
})

/** Counts the parameters of a decoder from its config.json. Undefined where that does not say what is needed. */
export function shapeOfConfig(raw: unknown): ModelShape | undefined {
  const whole = raw as { text_config?: object; tie_word_embeddings?: boolean }
  const nested = typeof whole?.text_config === 'object' && whole.text_config !== null
  const read = configShape.safeParse(
    nested ? { tie_word_embeddings: whole.tie_word_embeddings, ...whole.text_config } : raw,
  )
  if (!read.success) return undefined
  const config = read.data
  const { hidden_size: hidden, num_hidden_layers: layers, num_attention_heads: heads, vocab_size: vocab } = config
  const head = config.head_dim ?? hidden / heads
  const keys = (config.num_key_value_heads ?? heads) * head
  const attention: Linear[] = [
    [hidden, heads * head],
    [hidden, keys],
    [hidden, keys],
    [heads * head, hidden],
  ]
  const experts = config.num_experts ?? config.num_local_experts ?? config.n_routed_experts ?? 1
  const each = (experts > 1 ? config.moe_intermediate_size : undefined) ?? config.intermediate_size
  const shared = (config.n_shared_experts ?? 0) * each + (config.shared_expert_intermediate_size ?? 0)
  const gated = (width: number): Linear[] => [
    [hidden, width],
    [hidden, width],
    [width, hidden],
  ]
  const size = (linear: readonly Linear[]) => linear.reduce((n, [i, o]) => n + i * o, 0)
  const embeddings = (config.tie_word_embeddings ? 1 : 2) * vocab * hidden
  const block = (of: number) =>
    size(attention) + 2 * hidden + (experts > 1 ? hidden * experts : 0) + size(gated(each)) * of + size(gated(shared))
  const used = experts > 1 ? (config.num_experts_per_tok ?? 1) : 1
  return {
    total: embeddings + layers * block(experts),
    active: embeddings + layers * block(used),
    embeddings,
    layers,
    hidden,
    ffn: each * used + shared,
    vocab,
    cache: 2 * keys,
    linear: experts > 1 ? [...attention, [hidden, experts]] : [...attention, ...gated(config.intermediate_size)],
    // Gate and up of an expert lie in one block of numbers, and PEFT 0.21 gives each of them an adapter for all of it.
    expert:
      experts > 1
        ? [
            [hidden, 2 * each],
            [hidden, 2 * each],
            [each, hidden],
          ]
        : [],
    expertCount: experts > 1 ? experts : 0,
    experts: experts > 1,
    from: 'config',
  }
}

/** Parameters in all and for one token, as a text such as `8B`, `0.6B`, `360M`, `30B-A3B` or `8x7B` says. */
export function sizeOf(text: string): { total: number; active: number } | undefined {
  const name = text.toLowerCase()
  const experts = /(?<![a-z0-9.])(\d+)x(\d+(?:\.\d+)?)b(?![a-z0-9])/.exec(name)
  if (experts) {
    // Experts share attention and embeddings: 8x7B has 47 billion, of which two experts take 13.
    const parts = Number(experts[1]) * Number(experts[2]) * 1e9
    return { total: 0.82 * parts, active: (0.82 * parts * 2.2) / Number(experts[1]) }
  }
  const sparse = /(?<![a-z0-9.])(\d+(?:\.\d+)?)b-a(\d+(?:\.\d+)?)b(?![a-z0-9])/.exec(name)
  if (sparse) return { total: Number(sparse[1]) * 1e9, active: Number(sparse[2]) * 1e9 }
  const plain = /(?<![a-z0-9.])(\d+(?:\.\d+)?)(b|m)(?![a-z0-9])/.exec(name)
  if (!plain) return undefined
  const total = Number(plain[1]) * (plain[2] === 'b' ? 1e9 : 1e6)
  return { total, active: total }
}

const known = table.models.map(({ names, ...config }) => ({ names, shape: shapeOfConfig(config)! }))

/** A shape of this size: that of the dense model nearest to it, stretched. */
function shapeOfSize({ total, active }: { total: number; active: number }): ModelShape {
  const far = (shape: ModelShape) => Math.abs(Math.log(shape.total / active))
  const near = known.map(({ shape }) => shape).filter(({ experts }) => !experts)
  const like = near.reduce((best, shape) => (far(shape) < far(best) ? shape : best))
  // Of a very small model the tables would be more than all.
  const embeddings = Math.min(like.embeddings, active / 2)
  return { ...like, total, active, embeddings, experts: active < total, from: 'size' }
}

/**
 * The shape of a model: out of the config.json of a folder, of the models that are known by name, or by the size that is
 * stated or that its name holds. Undefined where none of these tells it: a size is never guessed.
 */
export function modelShape(base: string, stated?: string): ModelShape | undefined {
  if (stated !== undefined) {
    const size = sizeOf(stated.trim())
    return size && shapeOfSize(size)
  }
  const file = join(base, 'config.json')
  if (existsSync(file) && statSync(file).isFile()) {
    try {
      const shape = shapeOfConfig(JSON.parse(readFileSync(file, 'utf8')))
      if (shape) return shape
    } catch {
      // As a folder that says nothing: its name may.
    }
  }
  const name = base
    .toLowerCase()
    .replace(/[/\\]+$/, '')
    .replaceAll('_', '-')
    .replace(/^.*[/\\]/, '')
    .replaceAll(':', '-')
  const fits = (one: string) => new RegExp(`(^|[^a-z0-9.])${one.replaceAll('.', '\\.')}(?![a-z0-9.]|-a\\d)`).test(name)
  const hit = known.find(({ names }) => names.some(fits))
  if (hit) return { ...hit.shape, from: 'known' }
  const size = sizeOf(name)
  return size && shapeOfSize(size)
}

/** Parameters of adapters of this rank beside all linear layers of the blocks, those of experts among them. */
export function adapterParams({ layers, linear, expert, expertCount }: ModelShape, rank: number): number {
  const widths = (of: readonly Linear[]) => of.reduce((n, [inputs, outputs]) => n + inputs + outputs, 0)
  return layers * rank * (widths(linear) + expertCount * widths(expert))
}
