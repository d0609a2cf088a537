import type { Json, Message, Sha, TeacherId, Tool, ToolCall } from '../records/index.ts'

/** What a teacher can do beyond plain chat. Steps and the structured-reply ladder read it; nobody guesses. */
export type Capabilities = {
  /** Takes a JSON schema and keeps to it. */
  schema: boolean
  seed: boolean
  tools: boolean
  logprobs: boolean
  /** False for rule-based teachers: it is no language model, and cards say so. */
  languageModel: boolean
}

/** Identity: part of the request digest, so that another value is another call. */
export type Sampling = {
  temperature?: number
  top_p?: number
  top_k?: number
  min_p?: number
  presence_penalty?: number
  frequency_penalty?: number
  stop?: string[]
  reasoning_effort?: string
}

/**
 * What a step asks, as data beside the messages, for teachers that read no prose (the built-in ones). It says nothing
 * that the messages do not say, is never sent and is no part of the identity.
 */
export type Task = { name: string; input: { [key: string]: Json | undefined } }

/** One question to a teacher, as the step asked it: without cap, seed, endpoint or time-outs. */
export type Request = {
  messages: Message[]
  tools?: Tool[]
  /** JSON schema (draft 2020-12) that the reply must follow. */
  schema?: { name: string; schema: { [key: string]: Json } }
  sampling?: Sampling
  /** Number of alternatives with log-probabilities per token. */
  logprobs?: number
  task?: Task
  /** Digests of the prompt files the messages came from; kept in lineage, not sent. */
  prompts?: Sha[]
}

/** How this one call goes out. `cap` bounds output tokens; `seed` derives from recipe seed, request and draw. */
export type Wire = { seed: number; cap: number; draw: number; signal?: AbortSignal }

/** Token counts as the provider reports them; absent means unknown. `input` includes cached and cache-write tokens. */
export type Usage = { input?: number; output?: number; cachedInput?: number; cacheWrite?: number; reasoning?: number }

/** `rejected` is a final 4xx: the request itself was refused as malformed, and asking again will not help. */
export type Finish = 'stop' | 'length' | 'refusal' | 'filtered' | 'tool_calls' | 'rejected' | 'other'
export type Warning = { kind: 'parameter' | 'other'; message: string }
export type TokenLogprob = { token: string; logprob: number; top?: { token: string; logprob: number }[] }

export type Reply = {
  content: string | null
  reasoning?: string
  tool_calls?: ToolCall[]
  finish: Finish
  /** The model that the server says answered. */
  served?: string
  usage: Usage
  logprobs?: TokenLogprob[]
  warnings: Warning[]
  rejected?: { status: number; message: string }
}

/**
 * A model that answers. A refusal is a reply with its finish reason, not an exception; what did not reach an answer is
 * thrown as a `Fault`. `provider` is a preset name, `builtin`, or `self` for an endpoint of the user's own.
 */
export type Teacher = {
  id: TeacherId
  provider: string
  model: string
  revision?: string
  can: Capabilities
  doGenerate(request: Request, wire: Wire): Promise<Reply>
  close?(): Promise<void>
}

/**
 * Why no reply came. Three policies: `capacity` (429: wait, ask slower), `health` (5xx, resets, stalls: back off, and
 * stop cleanly when it lasts), `route` (401, 403, 404: no request can succeed until somebody changes something).
 */
export class Fault extends Error {
  readonly policy: 'capacity' | 'health' | 'route'
  readonly status: number | undefined
  /** Milliseconds the server asked to wait. */
  readonly retryAfter: number | undefined
  /** There was no connection, so no server can have worked on it. */
  readonly unsent: boolean
  constructor(
    policy: Fault['policy'],
    message: string,
    more: { status?: number; retryAfter?: number; unsent?: boolean; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'Fault'
    this.policy = policy
    this.status = more.status
    this.retryAfter = more.retryAfter
    this.unsent = more.unsent ?? false
  }
}
