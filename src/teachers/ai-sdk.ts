import type {
  EmbeddingModelV2,
  EmbeddingModelV3,
  EmbeddingModelV4,
  LanguageModelV2,
  LanguageModelV3,
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
} from '@ai-sdk/provider'
import type { Message, ToolCall } from '../records/index.ts'
import {
  type Capabilities,
  type Embedded,
  Fault,
  type Finish,
  type Reply,
  type Request,
  type Teacher,
  type TokenLogprob,
  type Usage,
  type Warning,
  type Wire,
} from './contract.ts'
import { vectorsOf } from './embed.ts'
import { chatsOnly } from './forms.ts'
import { onTheWire, toolCallOf } from './openai-compatible.ts'
import { errorOf, faultOf, isFinal, scrub, statusOf } from './post.ts'
import { seenLimits } from './seen-limits.ts'
import { instruct, splitThinking } from './structured.ts'

/** A model object of any provider package of the AI SDK, versions 5 to 7. */
export type AiSdkModel = LanguageModelV2 | LanguageModelV3 | LanguageModelV4
/** A model object that makes vectors of texts. */
export type AiSdkEmbedder = EmbeddingModelV2<string> | EmbeddingModelV3 | EmbeddingModelV4

export type AiSdkOptions = {
  id: string
  /** Whose terms hold, and what the journal calls it. */
  provider: string
  model: string
  revision?: string
  /** What differs from a model that takes schemas, seeds and tools, and gives no log-probabilities. */
  can?: Partial<Capabilities>
  /** Seconds until a call without a reply counts as stalled: there is no other progress to be seen. Default 600. */
  timeout?: number
  /** Texts that no message may repeat: the keys that the model's provider may know. */
  secrets?: readonly string[]
}

/**
 * Any AI SDK model as a teacher. Calls `doGenerate` of the model itself, so nothing is retried, repaired or executed on
 * the way.
 */
export function aiSdkTeacher(model: AiSdkModel, options: AiSdkOptions): Teacher {
  const { id, provider, model: name, revision, timeout = 600, secrets = [] } = options
  const vendor = model.provider.split('.')[0]!.trim()
  const can: Capabilities = {
    schema: true,
    // The one large provider without seeds: every reply would bear a warning of it.
    seed: vendor !== 'anthropic',
    tools: true,
    logprobs: false,
    languageModel: true,
    ...(vendor === 'anthropic' && { cache: 'marked' as const }),
    ...options.can,
  }
  const within = guard(timeout, secrets)
  return {
    id,
    provider,
    model: name,
    ...(revision !== undefined && { revision }),
    can,
    async doGenerate(request, wire) {
      chatsOnly(request, id, 'the AI SDK')
      const warnings: Warning[] = []
      const asked = optionsOf(request, wire, { can, vendor, version: model.specificationVersion }, warnings)
      return within<Reply>(
        wire,
        async abortSignal => {
          // The three versions differ in nothing that is asked here.
          const result = await (model as LanguageModelV4).doGenerate({ ...asked, abortSignal })
          hearLimits(result.response?.headers, wire)
          return replyOf(result, request, vendor, warnings)
        },
        rejected => ({ content: null, finish: 'rejected', usage: {}, warnings, rejected }),
      )
    },
  }
}

/** What providers of the SDK call the length of a vector. */
const lengthNames: Record<string, string> = { google: 'outputDimensionality', mistral: 'outputDimension' }

/** A model object that makes vectors, as a teacher that answers nothing. */
export function aiSdkEmbedder(model: AiSdkEmbedder, options: Omit<AiSdkOptions, 'can'>): Teacher {
  const { id, provider, model: name, revision, timeout = 600, secrets = [] } = options
  const vendor = model.provider.split('.')[0]!.trim()
  const within = guard(timeout, secrets)
  const most = model.maxEmbeddingsPerCall
  const none = { status: 400, message: `${name} makes vectors of texts and answers no questions` }
  return {
    id,
    provider,
    model: name,
    ...(revision !== undefined && { revision }),
    can: { schema: false, seed: false, tools: false, logprobs: false, languageModel: false },
    doGenerate: async () => ({ content: null, finish: 'rejected', usage: {}, warnings: [], rejected: none }),
    embeds: { texts: typeof most === 'number' && most >= 1 ? Math.min(most, 2048) : 100, tokens: 100_000 },
    doEmbed(texts, wire) {
      const { dimensions } = wire
      const own = { [vendor]: { [lengthNames[vendor] ?? 'dimensions']: dimensions ?? null } }
      return within<Embedded>(
        wire,
        async abortSignal => {
          const asked = { values: [...texts], abortSignal, ...(dimensions !== undefined && { providerOptions: own }) }
          const { embeddings, usage, response } = await (model as EmbeddingModelV4).doEmbed(asked)
          hearLimits(response?.headers, wire)
          const tokens = usage?.tokens
          const counted = typeof tokens === 'number' && !Number.isNaN(tokens) ? { input: tokens, output: 0 } : {}
          return { vectors: vectorsOf(embeddings, texts.length, dimensions), usage: counted }
        },
        rejected => ({ vectors: [], usage: {}, rejected }),
      )
    },
  }
}

/** Runs a call within its time. A final refusal is turned into a reply; everything else that fails is a `Fault`. */
function guard(timeout: number, secrets: readonly string[]) {
  const clean = (text: string) =>
    scrub(
      secrets.reduce((text, secret) => text.replaceAll(secret, '[key]'), text),
      undefined,
    )
  return async <T>(
    wire: Pick<Wire, 'signal' | 'limits'>,
    call: (signal: AbortSignal) => Promise<T>,
    refused: (rejected: Rejected) => T,
  ): Promise<T> => {
    const stalled = new AbortController()
    const timer = setTimeout(() => stalled.abort(), timeout * 1000)
    try {
      return await call(wire.signal ? AbortSignal.any([wire.signal, stalled.signal]) : stalled.signal)
    } catch (error) {
      if (wire.signal?.aborted) throw wire.signal.reason
      if (error instanceof Fault) throw error
      if (stalled.signal.aborted) throw new Fault('health', `no reply within ${timeout} s`)
      const failure = error as Failure
      hearLimits(failure?.responseHeaders, wire)
      return refused(refusalOf(failure, clean))
    } finally {
      clearTimeout(timer)
    }
  }
}

type Way = { can: Capabilities; vendor: string; version: AiSdkModel['specificationVersion'] }
type ProviderOptions = NonNullable<LanguageModelV4CallOptions['providerOptions']>[string]

const efforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

function optionsOf(request: Request, wire: Wire, way: Way, warnings: Warning[]): LanguageModelV4CallOptions {
  const { can, vendor, version } = way
  const asked = request.schema && !can.schema ? instruct(request) : request
  const { temperature, top_p, top_k, presence_penalty, frequency_penalty, stop, ...others } = request.sampling ?? {}
  const { min_p, reasoning_effort: effort } = others
  const left = (name: string, why: string) => warnings.push({ kind: 'parameter', message: `${name} ${why}` })

  const own: ProviderOptions = {}
  const inOwnWords = 'was handed on as an option of the provider, which may not know it'
  if (min_p !== undefined) {
    own.min_p = min_p
    left('min_p', inOwnWords)
  }
  const reasons = version === 'v4' && effort !== undefined && efforts.includes(effort)
  if (effort !== undefined && !reasons) {
    own.reasoningEffort = effort
    left('reasoning_effort', inOwnWords)
  }
  if (request.logprobs !== undefined) {
    if (!can.logprobs) left('logprobs', 'were left out: this teacher has none')
    else if (vendor === 'openai' || vendor === 'azure') own.logprobs = request.logprobs || true
    else Object.assign(own, { logprobs: true, ...(request.logprobs > 0 && { top_logprobs: request.logprobs }) })
  }
  const schema = asked.schema && onTheWire(asked.schema.schema)
  // Strict mode refuses a schema that leaves anything open; a provider looks at its own namespace only.
  const strict = schema && { strictJsonSchema: schema.strict }
  const spaces: { [namespace: string]: ProviderOptions } = strict ? { openai: strict, openaiCompatible: strict } : {}
  if (Object.keys(own).length > 0) spaces[vendor] = { ...spaces[vendor], ...own }

  return {
    prompt: promptOf(asked, can.cache === 'marked', warnings),
    maxOutputTokens: wire.cap,
    ...(temperature !== undefined && { temperature }),
    ...(top_p !== undefined && { topP: top_p }),
    ...(top_k !== undefined && { topK: top_k }),
    ...(presence_penalty !== undefined && { presencePenalty: presence_penalty }),
    ...(frequency_penalty !== undefined && { frequencyPenalty: frequency_penalty }),
    ...(stop && { stopSequences: stop }),
    ...(reasons && { reasoning: effort as NonNullable<LanguageModelV4CallOptions['reasoning']> }),
    ...(can.seed && { seed: wire.seed }),
    ...(asked.schema && {
      responseFormat: { type: 'json', schema: schema!.schema as object, name: asked.schema.name },
    }),
    ...(asked.tools?.length && {
      tools: asked.tools.map(({ function: { name, description, parameters } }) => ({
        type: 'function',
        name,
        ...(description !== undefined && { description }),
        inputSchema: (parameters ?? { type: 'object', properties: {} }) as object,
      })),
    }),
    ...(Object.keys(spaces).length > 0 && { providerOptions: spaces }),
  }
}

const ephemeral = { anthropic: { cacheControl: { type: 'ephemeral' } } }

/** Reasoning of earlier turns stays behind, as with the other clients: vendors take back only what they have signed. */
function promptOf({ messages, prefix }: Request, marked: boolean, warnings: Warning[]): LanguageModelV4Prompt {
  if (messages.some(message => message.name !== undefined && message.role !== 'tool')) {
    warnings.push({ kind: 'parameter', message: 'names of messages were left out: the AI SDK has no place for them' })
  }
  const tools = new Map<string, string>()
  const prompt = messages.map((message, i) => messageOf(message, i, tools))
  const within = prefix && prompt[prefix.messages]
  if (!prefix || !marked) return prompt
  const text = messages[prefix.messages]?.content ?? ''
  if (within?.role === 'user' && prefix.characters > 0) {
    const rest = text.slice(prefix.characters)
    within.content = [
      { type: 'text', text: text.slice(0, prefix.characters), providerOptions: ephemeral },
      ...(rest ? [{ type: 'text' as const, text: rest }] : []),
    ]
  } else {
    const last = prompt[prefix.messages - 1]
    if (last) last.providerOptions = ephemeral
  }
  return prompt
}

function messageOf(message: Message, index: number, tools: Map<string, string>): LanguageModelV4Message {
  const { role, tool_calls, tool_call_id, name } = message
  const text = message.content ?? ''
  if (role === 'system' || role === 'developer') return { role: 'system', content: text }
  if (role === 'user') return { role, content: [{ type: 'text', text }] }
  if (role === 'tool') {
    const toolCallId = tool_call_id ?? ''
    const toolName = tools.get(toolCallId) ?? name ?? ''
    return { role, content: [{ type: 'tool-result', toolCallId, toolName, output: { type: 'text', value: text } }] }
  }
  const calls = (tool_calls ?? []).map(({ id, function: called }, i) => {
    const toolCallId = id ?? `call_${index}_${i}`
    tools.set(toolCallId, called.name)
    return { type: 'tool-call' as const, toolCallId, toolName: called.name, input: called.arguments }
  })
  return { role, content: [...(text || calls.length === 0 ? [{ type: 'text' as const, text }] : []), ...calls] }
}

/** Of a result of any version what we read. */
type Result = {
  content: readonly { type: string; text?: string; [field: string]: unknown }[]
  structuredOutputText?: string
  finishReason: string | { unified: string; raw?: string | undefined }
  usage?: { inputTokens?: Counted<'cacheRead' | 'cacheWrite'>; outputTokens?: Counted<'reasoning'> } & {
    reasoningTokens?: number
    cachedInputTokens?: number
  }
  providerMetadata?: { [provider: string]: { [field: string]: unknown } }
  response?: { modelId?: string }
  warnings?: readonly { type: string; [field: string]: unknown }[]
}
/** Version 2 gives a plain number. */
type Counted<Parts extends string> = number | ({ total?: number } & { [part in Parts]?: number })

function replyOf(given: unknown, request: Request, vendor: string, warnings: Warning[]): Reply {
  const result = given as Result
  const { unified, raw } =
    typeof result.finishReason === 'string'
      ? { unified: result.finishReason }
      : (result.finishReason ?? { unified: '' })
  // The server broke off on its own account. Other errors are of the reply's own making, and come again.
  const broken = unified === 'interrupted' || (unified === 'error' && (raw ?? 'error') === 'error')
  if (broken || raw === 'insufficient_system_resource') {
    throw new Fault('health', `the server broke off the reply: ${raw ?? unified}`)
  }
  const texts = (type: string) => result.content.flatMap(part => (part.type === type && part.text ? [part.text] : []))
  const calls: ToolCall[] = result.content
    .filter(part => part.type === 'tool-call' && part.providerExecuted !== true)
    .map(part =>
      toolCallOf(
        { id: part.toolCallId as string, function: { name: part.toolName as string, arguments: part.input } },
        warnings,
      ),
    )
  const whole = (request.schema ? result.structuredOutputText : undefined) ?? texts('text').join('')
  const apart = texts('reasoning').join('\n')
  const { content, reasoning } = apart ? { content: whole, reasoning: apart } : splitThinking(whole)
  for (const warning of result.warnings ?? []) warnings.push(warningOf(warning))
  const logprobs = logprobsOf(result.providerMetadata)
  return {
    content: content || (calls.length > 0 ? null : ''),
    ...(reasoning && { reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
    finish: calls.length > 0 ? 'tool_calls' : finishOf(unified, raw),
    ...(result.response?.modelId !== undefined && { served: result.response.modelId }),
    usage: usageOf(result, vendor),
    ...(logprobs.length > 0 && { logprobs }),
    warnings,
  }
}

const finishes: Record<string, Finish> = { stop: 'stop', length: 'length', 'tool-calls': 'tool_calls' }

function finishOf(unified: string, raw: string | undefined): Finish {
  if (unified !== 'content-filter') return finishes[unified] ?? 'other'
  // A model that declines in its own words is put here too; its raw reason is that of any other reply.
  return raw !== undefined && /^stop$|refus/i.test(raw) ? 'refusal' : 'filtered'
}

function warningOf(warning: { type: string; [field: string]: unknown }): Warning {
  const what = warning.feature ?? warning.setting
  const said = [warning.details ?? warning.message].filter(text => typeof text === 'string')
  if (what === undefined) return { kind: 'other', message: said[0] ?? warning.type }
  return { kind: 'parameter', message: [`${what}: ${warning.type}`, ...said].join('. ') }
}

function usageOf({ usage, providerMetadata }: Result, vendor: string): Usage {
  const { inputTokens, outputTokens, reasoningTokens, cachedInputTokens } = usage ?? {}
  const into = typeof inputTokens === 'object' ? inputTokens : { total: inputTokens, cacheRead: cachedInputTokens }
  const out = typeof outputTokens === 'object' ? outputTokens : { total: outputTokens, reasoning: reasoningTokens }
  let [input, cacheWrite] = [
    into?.total,
    'cacheWrite' in (into ?? {}) ? (into as { cacheWrite?: number }).cacheWrite : undefined,
  ]
  // Version 2 passes on what Anthropic counts: input without what went through the cache.
  if (typeof inputTokens === 'number' && vendor === 'anthropic') {
    const written = providerMetadata?.anthropic?.cacheCreationInputTokens
    if (typeof written === 'number') cacheWrite = written
    input = inputTokens + (cachedInputTokens ?? 0) + (cacheWrite ?? 0)
  }
  return {
    ...(typeof input === 'number' && { input }),
    ...(typeof out?.total === 'number' && { output: out.total }),
    ...(typeof into?.cacheRead === 'number' && { cachedInput: into.cacheRead }),
    ...(typeof cacheWrite === 'number' && { cacheWrite }),
    ...(typeof out?.reasoning === 'number' && { reasoning: out.reasoning }),
  }
}

type Raw = { token?: unknown; logprob?: unknown; top_logprobs?: unknown }

/** In the shape of OpenAI's protocol, whichever provider gives them: a list, one a part, or under `content`. */
function logprobsOf(metadata: Result['providerMetadata']): TokenLogprob[] {
  const given = Object.values(metadata ?? {}).find(fields => fields?.logprobs)?.logprobs
  const list = Array.isArray(given) ? given.flat() : ((given as { content?: unknown } | undefined)?.content ?? [])
  if (!Array.isArray(list)) return []
  const isRaw = (one: Raw | null) => typeof one?.token === 'string' && typeof one.logprob === 'number'
  const read = ({ token, logprob }: Raw) => ({ token: token as string, logprob: logprob as number })
  return list.filter(isRaw).map((one: Raw) => {
    const top = Array.isArray(one.top_logprobs) ? one.top_logprobs.filter(isRaw).map(read) : []
    return { ...read(one), ...(top.length > 0 && { top }) }
  })
}

/** What the SDK and its transports throw, told apart by their fields: our copy of the package may be another than theirs. */
type Failure = {
  name?: string
  message?: string
  statusCode?: number
  responseHeaders?: Record<string, string>
  responseBody?: string
  cause?: unknown
}

type Rejected = NonNullable<Reply['rejected']>

/** A final refusal; everything else is thrown as a `Fault`. */
function refusalOf(failure: Failure, clean: (text: string) => string): Rejected {
  const said = clean(String(failure?.message ?? failure))
  const name = failure?.name ?? ''
  // Refused before it was sent: the model has no way to ask this.
  if (/^AI_(UnsupportedFunctionality|InvalidPrompt|InvalidArgument)Error$/.test(name))
    return { status: 400, message: said }
  if (/^AI_(LoadAPIKey|LoadSetting|NoSuchModel|NoSuchProvider\w*)Error$/.test(name)) throw new Fault('route', said)
  const { statusCode, responseHeaders: headers = {}, responseBody } = failure ?? {}
  if (typeof statusCode !== 'number') {
    const { code, message } = transportOf(failure)
    const unsent = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)$/.test(code ?? '')
    throw new Fault('health', clean(code ? `${code}: ${message || said}` : said), { unsent })
  }
  const error = responseBody ? errorOf(parsed(responseBody), responseBody) : { message: said }
  const mended = { ...error, message: clean(error.message) }
  // A success that could not be read: routers report an upstream failure inside a 200.
  const status = statusCode < 400 ? (error.status === undefined ? 502 : statusOf(error)) : statusCode
  if (isFinal(status)) return { status, message: mended.message }
  throw faultOf(
    status,
    statusCode < 400 && error.status === undefined ? { message: said } : mended,
    headers,
    undefined,
    Date.now,
  )
}

/** The innermost code, with the message that came with it. */
function transportOf(error: unknown): { code?: string; message?: string } {
  let found: { code?: string; message?: string } = {}
  let at = error as { code?: unknown; message?: string; cause?: unknown } | undefined
  for (let depth = 0; typeof at === 'object' && at !== null && depth < 8; depth++) {
    if (typeof at.code === 'string') found = { code: at.code, message: at.message }
    at = at.cause as typeof at
  }
  return found
}

function hearLimits(headers: Record<string, string | undefined> | undefined, wire: Pick<Wire, 'limits'>): void {
  const seen = wire.limits && headers && seenLimits(headers, Date.now)
  if (seen) wire.limits!(seen)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
