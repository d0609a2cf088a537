import { z } from 'zod'
import { forms, type Sampling } from './contract.ts'
import { isPreset, presets, split } from './presets.ts'

const dollars = z.number().nonnegative()

/** Dollars per million tokens. Without their own prices cached and cache-write tokens cost what input costs. */
export const priceConfig = z.union([
  z.literal('free'),
  z.strictObject({
    input: dollars.describe('Dollars per million input tokens'),
    output: dollars.describe('Dollars per million output tokens, reasoning included'),
    cachedInput: dollars.optional().describe('The same for input read from a cache; default the price of input'),
    cacheWrite: dollars.optional().describe('The same for input written to a cache; default the price of input'),
    batch: z.number().min(0).max(1).optional().describe('Share of the price that a call in a batch costs; default 1'),
  }),
])
export type Price = z.infer<typeof priceConfig>

const sampling = {
  temperature: z.number().min(0).max(2).optional().describe('Sampling temperature; several samples need one above 0'),
  top_p: z.number().min(0).max(1).optional().describe('Samples from the likeliest tokens that add up to this share'),
  top_k: z.int().min(-1).optional().describe('Samples from this many of the likeliest tokens'),
  min_p: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('Leaves out tokens less likely than this share of the likeliest; protocol openai only'),
  presence_penalty: z
    .number()
    .min(-2)
    .max(2)
    .optional()
    .describe('Makes tokens that have occurred less likely; protocol openai only'),
  frequency_penalty: z
    .number()
    .min(-2)
    .max(2)
    .optional()
    .describe('The same, the more often they have occurred; protocol openai only'),
  stop: z.array(z.string().min(1)).min(1).optional().describe('Texts at which a reply ends'),
  reasoning_effort: z
    .string()
    .min(1)
    .optional()
    .describe('How much the model reasons, in the words of its provider, such as none, low or high'),
}

const nameOfTeacher = z.string().min(1)
const fallback = z
  .strictObject({
    refusal: nameOfTeacher.optional().describe('Teacher that is asked what this one refuses'),
    outage: nameOfTeacher.optional().describe('Teacher that is asked while this one is down'),
  })
  .describe('Who is asked instead')

const batch = z
  .strictObject({
    rows: z.int().positive().optional().describe('Most calls in one batch; default what the provider takes'),
    megabytes: z
      .number()
      .positive()
      .default(64)
      .describe('Most megabytes in one batch; held in memory until it is cut'),
    poll: z.number().positive().default(120).describe('Longest time between two looks at a batch, in seconds'),
    finish: z.int().min(0).default(0).describe('Asks online, at full price, when no more calls than this are left'),
  })
  .prefault({})
  .describe('How calls are gathered under `mode: batch`')

/** A recipe's teacher: which model answers, where, at what price, and how it is asked. */
export const teacherConfig = z
  .strictObject({
    model: z.string().min(1).describe('<provider>/<model>, or any model name together with `at`'),
    at: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Base URL of a server of your own, such as http://localhost:8000/v1'),
    protocol: z.enum(['openai', 'anthropic']).optional().describe('What the server speaks; openai unless said'),
    price: priceConfig.optional().describe('`free`, or dollars per million tokens'),
    key: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
      .optional()
      .describe('Environment variable that holds the API key'),
    license: z.string().min(1).optional().describe('License of self-hosted weights'),
    revision: z.string().min(1).optional().describe('Revision of the weights; another revision is another teacher'),
    generation: z
      .int()
      .min(0)
      .optional()
      .describe('Generations of synthetic rows behind what the model was trained on: what it writes is one deeper'),
    terms: z.string().min(1).optional().describe('Entry of the terms register that applies to this route'),
    ...sampling,
    dimensions: z
      .int()
      .positive()
      .optional()
      .describe('Length of embeddings, where the model can shorten them; default its own'),
    max_tokens: z.int().positive().default(4096).describe('Cap on output tokens, reasoning included'),
    concurrency: z.int().positive().default(32).describe('Most calls in the air'),
    start: z.int().positive().default(8).describe('Calls in the air before the first reply'),
    rpm: z.number().positive().optional().describe('Requests a minute'),
    tpm: z.number().positive().optional().describe('Tokens a minute, input and output together'),
    texts: z
      .int()
      .positive()
      .optional()
      .describe('Most texts in one request for embeddings; default what the provider takes'),
    latency: z
      .number()
      .min(1.2)
      .default(2)
      .describe('How many times its unloaded latency a server that never refuses may be brought to'),
    stream: z
      .boolean()
      .default(false)
      .describe('Receives replies as they are written, so that `timeout` is between parts; done after a stall anyway'),
    mode: z.enum(['online', 'batch']).default('online').describe('Call by call, or in batches at a lower price'),
    batch,
    store: z.boolean().optional().describe('Has OpenAI keep the completions, to be imported or distilled later'),
    metadata: z
      .record(z.string().regex(/^.{1,64}$/, 'a name of at most 64 characters'), z.string().max(512))
      .optional()
      .describe('Labels of stored completions'),
    then: fallback.optional(),
    use: z
      .string()
      .min(1)
      .optional()
      .describe('Path of a module whose default export is an AI SDK model or a teacher; `model` says which it is'),
    timeout: z.number().positive().default(600).describe('Seconds without progress before a call counts as stalled'),
    patience: z
      .number()
      .nonnegative()
      .default(120)
      .describe('Seconds of failure in a row, and at least six attempts, after which the teacher counts as down'),
    schema: z
      .boolean()
      .optional()
      .describe('Whether the model keeps to a JSON schema; overrides what the provider is known for'),
    seed: z.boolean().optional().describe('Whether the server takes a seed; overrides what the provider is known for'),
    forms: z
      .array(z.enum(forms))
      .optional()
      .describe(
        'What it can be asked beside chats: continue a text, score one by log-probabilities, reward a conversation by a head; overrides what the provider is known for',
      ),
  })
  .superRefine((config, context) => {
    if (config.at !== undefined || config.use !== undefined) {
      if (config.use !== undefined && !/^[^/]+\/./.test(config.model))
        context.addIssue({
          code: 'custom',
          path: ['model'],
          message: 'expected <provider>/<model> together with `use`',
        })
      return
    }
    const [provider = '', model = ''] = split(config.model)
    if (provider !== 'builtin' && !isPreset(provider)) {
      const known = ['builtin', ...Object.keys(presets)].join(', ')
      context.addIssue({
        code: 'custom',
        path: ['model'],
        message: `expected <provider>/<model> with one of ${known}, or \`at:\` with a URL`,
      })
    } else if (!model) {
      context.addIssue({ code: 'custom', path: ['model'], message: `expected a model name after ${provider}/` })
    }
  })
export type TeacherConfig = z.infer<typeof teacherConfig>

/** Several teachers under one name: each record has one of them, chosen by weight and by the record's id. */
export const poolConfig = z.strictObject({
  'any-of': z
    .record(nameOfTeacher, z.number().positive())
    .refine(weights => Object.keys(weights).length > 0, 'expected at least one teacher')
    .describe('Names of teachers with their weights'),
  then: fallback.optional(),
})
export type PoolConfig = z.infer<typeof poolConfig>

/** What stands under a name in `teachers:`. */
export const teacherEntry = z.union([teacherConfig, poolConfig])
export type TeacherEntry = z.infer<typeof teacherEntry>
export const isPool = (entry: TeacherEntry): entry is PoolConfig => 'any-of' in entry

/** Names of the teachers that may answer under a name: of a pool its members, and all they fall back on. In order of discovery. */
export function teachersBehind(name: string, entries: { readonly [name: string]: TeacherEntry }): string[] {
  const found = new Set<string>()
  const seen = new Set<string>()
  function visit(name: string): void {
    const entry = entries[name]
    if (!entry || seen.has(name)) return
    seen.add(name)
    if (isPool(entry)) for (const member of Object.keys(entry['any-of'])) visit(member)
    else found.add(name)
    for (const other of [entry.then?.refusal, entry.then?.outage]) if (other !== undefined) visit(other)
  }
  visit(name)
  return [...found]
}

/** The sampling parameters of a teacher: identity, so they are part of every request. */
export function samplingOf(config: TeacherConfig): Sampling {
  const chosen: Record<string, unknown> = {}
  for (const key of Object.keys(sampling) as (keyof Sampling)[])
    if (config[key] !== undefined) chosen[key] = config[key]
  return chosen
}

/**
 * Fields that cannot change a reply, so that changing them repays nothing. `max_tokens` is not among them: a stage runs
 * again under another cap, and the journal then serves the replies that stay valid.
 */
export const operationalTeacherFields = {
  version: 2,
  fields: [
    'at',
    'protocol',
    'key',
    'price',
    'concurrency',
    'start',
    'rpm',
    'tpm',
    'texts',
    'latency',
    'timeout',
    'patience',
    'stream',
    'mode',
    'batch',
    'store',
    'metadata',
    'terms',
    'license',
    'use',
    'forms',
  ],
} as const satisfies { version: number; fields: readonly (keyof TeacherConfig)[] }
