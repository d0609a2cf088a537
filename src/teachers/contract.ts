import type { Json, Message, Sha, TeacherId, Tool, ToolCall } from '../records/index.ts'

/**
 * What can be asked of a model that is no chat. `continue`: the text of the messages goes on as it stands, without a chat
 * template. `score`: how likely the text of the last message is after the text before it, token by token. `reward`: what a
 * classification or reward head says of the conversation.
 */
export const forms = ['continue', 'score', 'reward'] as const
export type Form = (typeof forms)[number]

/** What a teacher can do beyond plain chat. Steps and the structured-reply ladder read it; nobody guesses. */
export type Capabilities = {
  /** Takes a JSON schema and keeps to it. */
  schema: boolean
  seed: boolean
  tools: boolean
  logprobs: boolean
  /** False for rule-based teachers: it is no language model, and cards say so. */
  languageModel: boolean
  /** What it can be asked beside chats; absent is nothing. */
  forms?: readonly Form[]
  /** Keeps prompt prefixes that recur: `automatic` by itself, `marked` where the request marks their end. */
  cache?: 'automatic' | 'marked'
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
  /**
   * Absent is a chat. Of the others `continue` alone knows sampling and `stop`; `score` and `reward` write nothing, so
   * that neither sampling nor the cap is part of what is asked.
   */
  form?: Form
  tools?: Tool[]
  /** JSON schema (draft 2020-12) that the reply must follow. */
  schema?: { name: string; schema: { [key: string]: Json } }
  sampling?: Sampling
  /** Number of alternatives with log-probabilities per token. */
  logprobs?: number
  task?: Task
  /**
   * The part that other requests begin with too, such as the document behind ten questions: the first `messages`
   * messages, and `characters` of the next. For prompt caches; no part of the identity, and never sent as such.
   */
  prefix?: { messages: number; characters: number }
  /** Digests of the prompt files the messages came from; kept in lineage, not sent. */
  prompts?: Sha[]
}

/** How this one call goes out. `cap` bounds output tokens; `seed` derives from recipe seed, request and draw. */
export type Wire = {
  seed: number
  cap: number
  draw: number
  signal?: AbortSignal
  /** Hears what the server says of its limits, beside any reply or refusal. */
  limits?: (seen: SeenLimits) => void
}

/** One limit of a server: a bucket that refills steadily, up to `limit`. Absent is unknown. */
export type SeenLimit = { limit?: number; remaining?: number; resetMs?: number }
/** Limits in the headers of a reply. `tokens` counts input and output; some servers count them apart. */
export type SeenLimits = {
  requests?: SeenLimit
  tokens?: SeenLimit
  inputTokens?: SeenLimit
  outputTokens?: SeenLimit
}

/** Token counts as the provider reports them; absent means unknown. `input` includes cached and cache-write tokens. */
export type Usage = { input?: number; output?: number; cachedInput?: number; cacheWrite?: number; reasoning?: number }

/** `rejected` is a final 4xx: the request itself was refused as malformed, and asking again will not help. */
export type Finish = 'stop' | 'length' | 'refusal' | 'filtered' | 'tool_calls' | 'rejected' | 'other'
export type Warning = { kind: 'parameter' | 'other'; message: string }
export type TokenLogprob = { token: string; logprob: number; top?: { token: string; logprob: number }[] }
/** What a classification or reward head gives one of its labels. */
export type Mark = { label: string; value: number }

export type Reply = {
  content: string | null
  reasoning?: string
  tool_calls?: ToolCall[]
  finish: Finish
  /** The model that the server says answered. */
  served?: string
  usage: Usage
  /** Of the tokens that were written; of a `score` those that hold the text of the last message, and no other. */
  logprobs?: TokenLogprob[]
  /** What a `reward` gave, one a label. */
  marks?: Mark[]
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
  /** Absent where the provider makes no vectors of texts. Throws `Fault` like `doGenerate`. */
  doEmbed?(texts: readonly string[], wire: EmbedWire): Promise<Embedded>
  /** Most texts of one `doEmbed`, and most tokens of all of them together. */
  embeds?: EmbedLimits
  /** Absent where the provider takes no batches. */
  batch?: BatchClient
  close?(): Promise<void>
}

/** How texts go out to be embedded. `dimensions` shortens the vectors where the model can (Matryoshka). */
export type EmbedWire = Pick<Wire, 'signal' | 'limits'> & { dimensions?: number }
/**
 * One vector a text, in the order of the texts. `usage` is of all of them together. A final 4xx is `rejected`, without
 * vectors: one of the texts may be at fault, such as one that is too long.
 */
export type Embedded = { vectors: Float32Array[]; served?: string; usage: Usage; rejected?: Reply['rejected'] }
export type EmbedLimits = { texts: number; tokens: number }

/** A call on its way into a batch. `key` comes back with its reply: 64 hexadecimal digits. */
export type BatchCall = { key: string; request: Request; wire: Wire }

/**
 * What a provider says of a batch. `failed` is a batch that never ran; one that expired or was cancelled `ended`; of one
 * that is `gone` the provider knows nothing, or keeps no results any more.
 */
export type BatchStatus = {
  state: 'running' | 'ended' | 'failed' | 'gone'
  /** Calls with a reply, calls that failed, all calls. */
  done?: number
  failed?: number
  total?: number
  message?: string
}

/** One row of a batch that ended. What failed in passing (expired, cancelled, a server error) may be asked again. */
export type BatchResult = { key: string } & ({ reply: Reply } | { failed: string })

/**
 * A provider's batches, as steps that can each be repeated after a kill. `name` is ours and unique; it travels with the
 * batch where the provider has room for it. All throw `Fault` for what did not get through.
 */
export type BatchClient = {
  /** Most rows of one batch, and most bytes of what is uploaded. */
  limits: { rows: number; bytes: number }
  /** One call as it goes into the upload. */
  encode(call: BatchCall): string
  /** Puts the rows where `submit` finds them, and names the place. Absent where `submit` takes the rows itself. */
  upload?(name: string, rows: Iterable<string>): Promise<string>
  /** Starts the batch and returns the provider's name for it. */
  submit(name: string, from: { upload?: string; rows: () => Iterable<string> }): Promise<string>
  /**
   * The batch of a `submit` whose answer was lost: by name or upload, else among those of as many rows begun since then
   * (milliseconds since 1970) which `known` does not hold; `ours` tells our keys in one that has ended.
   */
  find(lost: {
    name: string
    upload?: string
    rows: number
    since: number
    known: ReadonlySet<string>
    ours: (key: string) => boolean
  }): Promise<string | undefined>
  poll(remote: string): Promise<BatchStatus>
  /** Rows in any order. `callOf` gives back what was encoded, where a reply cannot be read without it. */
  results(remote: string, callOf: (key: string) => BatchCall | undefined): AsyncIterable<BatchResult>
  cancel(remote: string): Promise<void>
  /** Removes what was uploaded for a batch that is over. */
  discard?(upload: string): Promise<void>
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
  /** Nothing came for as long as the teacher's `timeout`. */
  readonly stalled: boolean
  constructor(
    policy: Fault['policy'],
    message: string,
    more: { status?: number; retryAfter?: number; unsent?: boolean; stalled?: boolean; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'Fault'
    this.policy = policy
    this.status = more.status
    this.retryAfter = more.retryAfter
    this.unsent = more.unsent ?? false
    this.stalled = more.stalled ?? false
  }
}

/**
 * Thrown for a call that nobody will work on for a while: its route is parked, or it waits for a batch. The work around
 * it is laid aside and done again when `until` resolves; it rejects when the wait ends in vain.
 */
export class Parked extends Error {
  readonly until: Promise<void>
  constructor(until: Promise<void>) {
    super('parked')
    this.name = 'Parked'
    this.until = until
  }
}
