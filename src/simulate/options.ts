import type { SimulatorAnswer } from './answers.ts'

/**
 * What a server can do instead of answering well. `status` is sent in the vendor's error shape; `unsupported` is its 400
 * for a parameter that the model does not take; `delayMs` answers late. Before the reply: `reset` breaks the connection,
 * `stall` falls silent. Within it, when the model has done its work: `truncated` breaks the connection after half of the
 * body, `stall-body` falls silent there. Whole replies: `cut-json` ends in the middle of the JSON, `not-json` is a page of
 * HTML, `text` is the right JSON named text/plain.
 */
export type SimulatorFault =
  | { status: number; message?: string; headers?: Record<string, string>; retryAfterMs?: number }
  | { unsupported: string }
  | { delayMs: number }
  | 'reset'
  | 'stall'
  | 'truncated'
  | 'stall-body'
  | 'cut-json'
  | 'not-json'
  | 'text'

/**
 * A fault for some calls, counted from 1 in order of arrival among those that `model` and `path` choose: `from` to `to`,
 * or `count` of them, or all. `share` of these, by hash of request, draw and attempt, so that asking again gets through.
 * `path` is a path without `/v1`, after a method if need be, where `*` stands for one segment, such as `GET /batches/*`; without
 * one the rule is for calls of a model: chat, completions, embeddings and rewards.
 */
export type SimulatorFaultRule = {
  kind: SimulatorFault
  from?: number
  to?: number
  count?: number
  share?: number
  model?: string
  path?: string
}

/**
 * What befalls one batch; several may. Rows are chosen by hash of their `custom_id`. `fails` is the code of a failed
 * validation, such as `token_limit_exceeded` (over the Messages protocol the submit is refused). `expires` is the share
 * of rows done by then; `errors` the share that ends with a server error; `unsupported` the parameter that rows (`share`
 * of them, or all) are refused for. `hangs` never ends until cancelled; `losesAnswer` breaks the connection of the submit
 * after the batch came to be.
 */
export type SimulatorBatchFate = {
  looks?: number
  fails?: string
  expires?: number
  errors?: number
  unsupported?: { parameter: string; share?: number }
  hangs?: boolean
  losesAnswer?: boolean
}

/** Dollars per million tokens. Cached and cache-write tokens cost what input costs unless said; `batch` is a share of all. */
export type SimulatorPrices = {
  input: number
  output: number
  cachedInput?: number
  cacheWrite?: number
  batch?: number
}

export type SimulatorLimits = {
  /** Requests and tokens a minute, as buckets that refill steadily. `tpm` counts input and output. */
  rpm?: number
  tpm?: number
  /** The same for input and output tokens alone. */
  inputTpm?: number
  outputTpm?: number
  /** Short for `capacity: { concurrency, beyond: 'refuse' }`. */
  concurrency?: number
  /** What a 429 asks to wait; when the bucket has room again, or a second, unless given. */
  retryAfterMs?: number
  /** How it says so: `retry-after` in seconds or as a date, `retry-after-ms`, or seconds and milliseconds both. */
  retryAfter?: 'seconds' | 'date' | 'ms' | 'both'
  /** Most rows and bytes of a batch; the vendors' own unless given: 50,000 and 200 MB, or 100,000 and 256 MB. */
  rows?: number
  bytes?: number
}

/** A server of so many slots, where each call takes its latency. `start` of them are open at the first call, `perSecond` more later. */
export type SimulatorCapacity = {
  concurrency: number
  /** Beyond them: 429 at once, or first come, first served without a word. */
  beyond?: 'refuse' | 'queue'
  start?: number
  perSecond?: number
}

export type SimulatorOptions = {
  /** Another seed gives other replies to the same requests. */
  seed?: number
  /** 0, any free port, unless given. */
  port?: number
  host?: string
  /** Time that a reply takes; a pair is a range, drawn in order of arrival. */
  latencyMs?: number | [number, number]
  /** More of it for each output token. */
  msPerToken?: number
  /** Share of calls that fail for a moment (500, 503, reset, truncated body), by hash of request and attempt. */
  errorRate?: number
  limits?: SimulatorLimits
  capacity?: SimulatorCapacity
  /** Whose rate-limit headers replies bear, from `limits`; none unless given. */
  headers?: 'openai' | 'anthropic' | 'none'
  /** Share of structured replies whose JSON is spoilt; half of those can still be read by a patient reader. */
  malformedRate?: number
  refusalRate?: number
  /** What is said to these prompts; all others are answered out of their own text. */
  answers?: readonly SimulatorAnswer[]
  /** Parameters that these models refuse with a 400, as some vendors refuse `temperature`. */
  rejects?: string[]
  /** Only these model names exist; any name unless given. */
  models?: string[]
  /** The endpoint that scores conversations, as vLLM or text-embeddings-inference has it; `classify` unless given. */
  rewards?: 'classify' | 'pooling' | 'score' | 'predict'
  /** Key that callers must send; any or none unless given. */
  key?: string
  /** Faults for the first calls of a model, in order of arrival. `undefined` answers. */
  schedule?: (SimulatorFault | undefined)[]
  /** The first rule that fits a call holds, after `schedule` and before `errorRate`. */
  faults?: SimulatorFaultRule[]
  /** Prompt prefixes of at least so many tokens (1024 unless given) are kept; without it nothing is. */
  cache?: { minTokens?: number }
  prices?: SimulatorPrices
  /** Batches end at the n-th look (GET) at each, 2 unless given; `fates` are for the first, second, ... batch made. */
  batch?: { looks?: number; fates?: (SimulatorBatchFate | undefined)[] }
  /** Requests kept in the log; default 1000, the newest stay. */
  logSize?: number
  /** Milliseconds since 1970, for limits, times in the log and dates in headers and batches. */
  clock?: () => number
}
