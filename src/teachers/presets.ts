import type { TeacherId } from '../records/index.ts'
import { builtinCan, builtinRevision } from './builtin/index.ts'
import type { TeacherConfig } from './config.ts'
import type { Capabilities, EmbedLimits } from './contract.ts'

export type Protocol = 'openai' | 'anthropic'

/** What is known of a provider. `can` is for its usual models; `schema:` and `seed:` in the recipe override it. */
export type Preset = {
  baseUrl: string
  /** Environment variable that holds the base URL instead. */
  baseUrlFrom?: string
  key?: string
  /** The server answers without a key. */
  keyOptional?: boolean
  protocol: Protocol
  can: Omit<Capabilities, 'languageModel'>
  paid: boolean
  /** What the provider calls the output cap and the seed, where it differs from `max_tokens` and `seed`. */
  capName?: string
  seedName?: string
  /** Takes batches in the manner of its protocol. */
  batch?: true
  embeds?: Embeds
}

/**
 * How much a provider embeds in one request, what it calls `dimensions` where it differs, and whether it has to be asked
 * for numbers because it refuses base64 without naming it.
 */
export type Embeds = EmbedLimits & { dimensionsName?: string; numbers?: true }

const can = { schema: true, seed: true, tools: true, logprobs: false }
const forms = ['continue', 'score', 'reward'] as const
const cache = 'automatic' as const
/** Where no limit is known: little enough for a model on one card. */
const embeds = { texts: 128, tokens: 100_000 }

export const presets = {
  openai: {
    baseUrl: 'https://api.openai.com/v1',
    key: 'OPENAI_API_KEY',
    protocol: 'openai',
    can: { ...can, logprobs: true, cache },
    batch: true,
    // https://developers.openai.com/api/reference/resources/embeddings/methods/create
    embeds: { texts: 2048, tokens: 300_000 },
    paid: true,
    capName: 'max_completion_tokens',
  },
  anthropic: {
    baseUrl: 'https://api.anthropic.com',
    key: 'ANTHROPIC_API_KEY',
    protocol: 'anthropic',
    can: { ...can, seed: false, cache: 'marked' },
    batch: true,
    paid: true,
  },
  google: {
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
    key: 'GEMINI_API_KEY',
    protocol: 'openai',
    can: { ...can, seed: false, cache },
    embeds: { texts: 100, tokens: 100_000, numbers: true },
    paid: true,
  },
  // JSON mode without a schema, and no seed.
  deepseek: {
    baseUrl: 'https://api.deepseek.com',
    key: 'DEEPSEEK_API_KEY',
    protocol: 'openai',
    can: { ...can, schema: false, seed: false, logprobs: true, cache },
    paid: true,
  },
  mistral: {
    baseUrl: 'https://api.mistral.ai/v1',
    key: 'MISTRAL_API_KEY',
    protocol: 'openai',
    can,
    embeds: { texts: 256, tokens: 16_000, dimensionsName: 'output_dimension' },
    paid: true,
    seedName: 'random_seed',
  },
  together: {
    baseUrl: 'https://api.together.xyz/v1',
    key: 'TOGETHER_API_KEY',
    protocol: 'openai',
    // https://docs.together.ai/reference/completions-1
    can: { ...can, forms: ['continue'] },
    embeds,
    paid: true,
  },
  openrouter: {
    baseUrl: 'https://openrouter.ai/api/v1',
    key: 'OPENROUTER_API_KEY',
    protocol: 'openai',
    can: { ...can, logprobs: true },
    embeds,
    paid: true,
  },
  ollama: { baseUrl: 'http://localhost:11434/v1', protocol: 'openai', can, embeds, paid: false },
  vllm: {
    baseUrl: 'http://localhost:8000/v1',
    key: 'VLLM_API_KEY',
    keyOptional: true,
    protocol: 'openai',
    can: { ...can, logprobs: true, cache, forms },
    embeds,
    paid: false,
  },
  simulate: {
    baseUrl: '',
    baseUrlFrom: 'STILLROOM_SIMULATOR',
    protocol: 'openai',
    can: { ...can, logprobs: true, cache, forms },
    batch: true,
    embeds: { texts: 2048, tokens: 300_000 },
    paid: false,
  },
} as const satisfies Record<string, Preset>

/** An endpoint of the user's own: assumed able, since a 400 that names a parameter teaches the client otherwise. */
const self: Omit<Preset, 'baseUrl'> = {
  protocol: 'openai',
  can: { ...can, logprobs: true, cache, forms },
  batch: true,
  embeds,
  paid: true,
}

export const isPreset = (name: string): name is keyof typeof presets => Object.hasOwn(presets, name)

/** Provider and model of `provider/model`; the model may hold further slashes. */
export function split(model: string): [string, string] {
  const slash = model.indexOf('/')
  return slash < 0 ? [model, ''] : [model.slice(0, slash), model.slice(slash + 1)]
}

export type Resolved = {
  /** What records name: `provider/model`, with the revision where the recipe gives one. */
  id: TeacherId
  /** Part of the journal key: as the recipe says, and of a built-in teacher its rules. */
  revision?: string
  /** Preset name, `self` under `at:`, or `builtin`: part of the journal key. */
  provider: string
  model: string
  /** Absent for `builtin` and where an environment variable holds it. */
  baseUrl?: string
  baseUrlFrom?: string
  protocol: Protocol
  keyName?: string
  keyOptional: boolean
  paid: boolean
  can: Capabilities
  capName: string
  seedName: string
  /** Whether the server takes batches, as far as is known. */
  batch: boolean
  /** Absent where the provider is known to make no vectors. */
  embeds?: Embeds
  /** Replies are received as they are written. */
  stream: boolean
  store: boolean
  metadata?: { [label: string]: string }
}

/**
 * Where a teacher's calls go and whether they cost money. Pure: no environment is read and no key is needed. A teacher
 * out of a module of the user's own goes its own way; its provider is what terms and journal know it by.
 */
export function resolveTeacher(name: string, config: TeacherConfig): Resolved {
  const [prefix, rest] = split(config.model)
  const override = {
    ...(config.schema !== undefined && { schema: config.schema }),
    ...(config.seed !== undefined && { seed: config.seed }),
    ...(config.forms !== undefined && { forms: config.forms }),
  }
  if (config.at === undefined && prefix === 'builtin') {
    return {
      id: `builtin/${rest}`,
      revision: builtinRevision,
      provider: 'builtin',
      model: rest,
      protocol: 'openai',
      keyOptional: true,
      paid: false,
      can: builtinCan,
      capName: '',
      seedName: '',
      batch: false,
      stream: false,
      store: false,
    }
  }
  if (config.use !== undefined) {
    return {
      id: `${prefix}/${rest}${config.revision ? `@${config.revision}` : ''}`,
      ...(config.revision !== undefined && { revision: config.revision }),
      provider: prefix,
      model: rest,
      protocol: 'openai',
      keyOptional: true,
      paid: config.price !== 'free',
      can: { ...can, ...override, languageModel: true },
      capName: '',
      seedName: '',
      batch: false,
      stream: false,
      store: false,
    }
  }
  if (config.at === undefined && !isPreset(prefix)) throw new TypeError(`teacher ${name}: unknown provider ${prefix}`)
  const preset: Preset =
    config.at === undefined ? presets[prefix as keyof typeof presets] : { ...self, baseUrl: config.at }
  const protocol = config.protocol ?? preset.protocol
  const keyName = config.key ?? preset.key
  const free =
    config.price === 'free' || (config.price === undefined && config.at !== undefined && isLoopback(config.at))
  const [provider, model] = config.at === undefined ? [prefix, rest] : ['self', config.model]
  return {
    id: `${provider}/${model}${config.revision ? `@${config.revision}` : ''}`,
    ...(config.revision !== undefined && { revision: config.revision }),
    provider,
    model,
    ...(preset.baseUrl && { baseUrl: preset.baseUrl }),
    ...(preset.baseUrlFrom && { baseUrlFrom: preset.baseUrlFrom }),
    protocol,
    ...(keyName && { keyName }),
    keyOptional: config.key === undefined && preset.keyOptional === true,
    paid: config.price === undefined ? preset.paid && !free : !free,
    can: {
      ...preset.can,
      ...override,
      ...(protocol === 'anthropic' && anthropicCan(override)),
      languageModel: true,
    },
    capName: preset.capName ?? 'max_tokens',
    seedName: preset.seedName ?? 'seed',
    batch: preset.batch === true,
    ...(preset.embeds &&
      protocol === 'openai' && { embeds: { ...preset.embeds, ...(config.texts && { texts: config.texts }) } }),
    stream: config.stream,
    store: config.store ?? false,
    ...(config.metadata && { metadata: config.metadata }),
  }
}

/** The Messages protocol has no seed, no log-probabilities and no way to ask what is no chat. */
const anthropicCan = ({ seed = false }: { seed?: boolean }) => ({
  seed,
  logprobs: false,
  cache: 'marked' as const,
  forms: [],
})

/** True for a server on this machine. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  )
}
