import { Agent, type Dispatcher } from 'undici'
import { Fault, type SeenLimits } from './contract.ts'
import { seenLimits, sentAt } from './seen-limits.ts'

export type Headers = Record<string, string | string[] | undefined>
export type Answered = {
  status: number
  headers: Headers
  json: unknown
  text: string
}

/** Connections beside those of the calls, for batches and for the next call while the last is being read to its end. */
const spare = 8

/**
 * Connections for one route: as many as it has calls in the air, kept alive. Both time-outs watch for progress: headers for
 * the reply that never starts, body for the one that stalls. HTTP/1.1 only, one call a connection: a reset then costs one call.
 */
export function openAgent(timeoutSeconds: number, calls?: number): Dispatcher {
  const timeout = timeoutSeconds * 1000
  return new Agent({
    connections: calls === undefined ? null : calls + spare,
    headersTimeout: timeout,
    bodyTimeout: timeout,
    keepAliveTimeout: 60_000,
    keepAliveMaxTimeout: 600_000,
    connect: { timeout: Math.min(timeout, 30_000) },
    allowH2: false,
  })
}

/** A URL taken apart once, since every call needs its parts. */
export type Endpoint = { origin: string; path: string }
export function endpointOf(url: string): Endpoint {
  const { origin, pathname, search } = new URL(url)
  return { origin, path: pathname + search }
}

/** The way to one server. `headers` say who asks, in lower case. */
export type Connection = {
  dispatcher: Dispatcher
  headers: Record<string, string>
  /** The key, to be cut out of whatever a server echoes. */
  secret?: string
  /** Milliseconds since 1970, for a date in a header where the reply bears no date of its own. */
  now?: () => number
}

/** `headers` are all there are, so that a client makes them once. */
export type Post = Connection & {
  to: Endpoint
  body: unknown
  signal?: AbortSignal
  /** Hears of limits, whatever the status, before the body is read. */
  limits?: (seen: SeenLimits) => void
  /** Reads a body that is no JSON from its first part. */
  stream?: () => StreamReader
}

/**
 * Puts a streamed reply together. `take` is true when the end mark has come; nothing is given to it when the body ends.
 * An error in mid-stream is a result with the status of an error.
 */
export type StreamReader = { take(part?: Buffer): boolean; result(): { status: number; json: unknown } }

/**
 * One POST of JSON. Returns what can be a reply: 2xx, and the final refusals 400, 413 and 422. Everything else is thrown
 * as a `Fault` of its policy; an abort is thrown as it is. The content type of a reply is not looked at.
 */
export async function post(call: Post): Promise<Answered> {
  const answered = await exchange(call, 'POST', call.headers, JSON.stringify(call.body))
  const { status, headers, json, text } = answered
  if (status >= 200 && status < 300) {
    if (json === undefined) throw new Fault('health', 'the reply is no complete JSON', { status })
    return answered
  }
  if (isFinal(status)) return answered
  throw faultOf(status, errorOf(json, text), headers, call.secret, call.now ?? Date.now)
}

/** A refusal of the request itself. */
export const isFinal = (status: number): boolean => status === 400 || status === 413 || status === 422

/**
 * One request of any method, whose reply is a JSON object or nothing; `body` as it goes out, streamed where it is in
 * parts. Throws a `Fault` for every status but 2xx and those in `also`.
 */
export async function ask(
  connection: Connection,
  method: Dispatcher.HttpMethod,
  to: Endpoint,
  body?: Outgoing,
  also: readonly number[] = [],
): Promise<{ status: number; json: Record<string, unknown> }> {
  const { secret, now = Date.now } = connection
  const headers: Record<string, string> = { accept: 'application/json', ...connection.headers }
  if (body) headers['content-type'] = typeof body === 'string' ? 'application/json' : body.type
  if (typeof body === 'object' && body.length !== undefined) headers['content-length'] = String(body.length)
  const sent = typeof body === 'object' ? body.parts : body
  const { status, json, text, headers: replied } = await exchange({ ...connection, to }, method, headers, sent)
  if (also.includes(status)) return { status, json: {} }
  if (status < 200 || status >= 300) throw faultOf(status, errorOf(json, text), replied, secret, now)
  if (text === '') return { status, json: {} }
  if (!isObject(json)) throw new Fault('health', 'the reply is no JSON object', { status })
  return { status, json }
}

export const isObject = (json: unknown): json is Record<string, unknown> =>
  typeof json === 'object' && json !== null && !Array.isArray(json)

/** A body in parts, with its length where it is known, or JSON. */
export type Outgoing = string | { type: string; length?: number; parts: AsyncIterable<Uint8Array> }

/**
 * Goes below `undici.request`, which spends a stream and several closures on each reply. The parts of a body are views
 * of what was read from the socket, so they are kept without a copy.
 */
function exchange(
  call: Omit<Post, 'body'>,
  method: Dispatcher.HttpMethod,
  headers: Record<string, string>,
  body: string | AsyncIterable<Uint8Array> | undefined,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const { to, signal } = call
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const reply = new Reception(call, resolve, reject)
    if (signal) listen(signal, reply)
    // Typed as a stream, but any iterable of bytes is taken.
    const options = { origin: to.origin, path: to.path, method, headers, body: (body ?? null) as string | null }
    call.dispatcher.dispatch(options, reply)
  })
}

/** What undici tells of one exchange, and how it ends. */
class Reception implements Dispatcher.DispatchHandler {
  private call: Omit<Post, 'body'>
  private resolve: (answered: Answered) => void
  private reject: (error: unknown) => void
  private reader: StreamReader | undefined
  private controller: Dispatcher.DispatchController | undefined
  private status = 0
  private headers: Headers = {}
  private first: Buffer | undefined
  private more: Buffer[] | undefined
  private over = false

  constructor(call: Omit<Post, 'body'>, resolve: (answered: Answered) => void, reject: (error: unknown) => void) {
    this.call = call
    this.resolve = resolve
    this.reject = reject
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.over) controller.abort(new Error('aborted'))
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Headers): void {
    // What comes before a reply is none.
    if (status < 200) return
    this.status = status
    this.headers = headers
    const { limits, now = Date.now } = this.call
    const seen = limits && seenLimits(headers, now)
    if (seen) limits(seen)
  }

  onResponseData(_: Dispatcher.DispatchController, part: Buffer): void {
    if (this.over) return
    if (this.reader) this.read(part)
    else if (this.more) this.more.push(part)
    else if (this.first) this.more = [this.first, part]
    else if (this.call.stream && this.status < 300 && !beginsJson(part)) {
      this.reader = this.call.stream()
      this.read(part)
    } else this.first = part
  }

  private read(part?: Buffer): void {
    try {
      if (this.reader!.take(part)) this.finish(this.reader!.result())
    } catch (error) {
      this.fail(error)
      if (part) this.controller?.abort(error as Error)
    }
  }

  onResponseEnd(): void {
    if (this.over) return
    if (this.reader) {
      this.read()
      this.fail(new Fault('health', 'the stream ended before its end mark', { status: this.status }))
      return
    }
    const bytes = this.more ? Buffer.concat(this.more) : this.first
    const text = bytes ? textOf(bytes) : ''
    this.finish({ status: this.status, json: parse(text) }, text)
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    this.fail(transportFault(error, this.call.secret))
  }

  abort(reason: unknown): void {
    this.fail(reason)
    this.controller?.abort(reason instanceof Error ? reason : new Error(String(reason)))
  }

  private finish({ status, json }: { status: number; json: unknown }, text = ''): void {
    if (!this.end()) return
    this.resolve({ status, headers: this.headers, json, text })
  }

  private fail(error: unknown): void {
    if (this.end()) this.reject(error)
  }

  /** False when it had ended before. */
  private end(): boolean {
    if (this.over) return false
    this.over = true
    if (this.call.signal) listeners.get(this.call.signal)?.delete(this)
    return true
  }
}

/** One listener for each signal: thousands of calls share the signal of their run. */
const listeners = new WeakMap<AbortSignal, Set<Reception>>()
function listen(signal: AbortSignal, reply: Reception): void {
  let set = listeners.get(signal)
  if (!set) {
    const fresh = new Set<Reception>()
    set = fresh
    listeners.set(signal, set)
    signal.addEventListener(
      'abort',
      () => {
        for (const one of fresh) one.abort(signal.reason)
      },
      { once: true },
    )
  }
  set.add(reply)
}

/** A server that was asked for a stream may answer whole all the same. */
function beginsJson(part: Buffer): boolean {
  for (const byte of part) {
    if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) continue
    return byte === 0x7b || byte === 0x5b || byte === 0x3c
  }
  return false
}

function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

/** A failure below HTTP. */
export function transportFault(error: unknown, secret: string | undefined): Fault {
  const { code } = error as { code?: string }
  const stalled = code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT'
  return new Fault('health', scrub(transport(error), secret), { unsent: neverConnected(error), stalled })
}

export type VendorError = { message: string; code?: string; type?: string; param?: string; status?: number }

/** What a server says went wrong, in any of the vendors' shapes; the start of the body when it is none of them. */
export function errorOf(json: unknown, text = ''): VendorError {
  const error = saidBy(json, text)
  return { ...error, message: error.message.slice(0, longestError) }
}

/** Some servers repeat the whole request in what they say of it. */
const longestError = 2000

function saidBy(json: unknown, text: string): VendorError {
  const outer = json as { error?: unknown; message?: unknown; detail?: unknown } | undefined
  // Google wraps the same object in an array.
  const error = (Array.isArray(json) ? json[0]?.error : outer?.error) as Record<string, unknown> | string | undefined
  if (typeof error === 'object' && error !== null) {
    const code = error.code ?? error.type
    return {
      message: String(error.message ?? JSON.stringify(error)),
      ...(typeof code === 'string' && { code }),
      ...(typeof error.type === 'string' && { type: error.type }),
      ...(typeof error.param === 'string' && { param: error.param }),
      ...(typeof error.code === 'number' && { status: error.code }),
    }
  }
  const said = error ?? outer?.message ?? outer?.detail
  if (said !== undefined) return { message: typeof said === 'string' ? said : JSON.stringify(said) }
  return { message: text.slice(0, 300) || 'no explanation' }
}

/** Codes of errors that come without a status of their own: in mid-stream, inside a 200, in a batch. */
const statuses: [RegExp, number][] = [
  [/rate_?limit|too_many|insufficient_quota|\b(?:requests|tokens)$/, 429],
  [/overloaded/, 529],
  [/authentication|api_key/, 401],
  [/permission/, 403],
  [/not_found/, 404],
  [/too_large/, 413],
  [/invalid_request|invalid_value|unsupported|context_length/, 400],
]
export function statusOf({ status, code, type }: VendorError): number {
  if (status !== undefined && status >= 400 && status < 600) return status
  return statuses.find(([name]) => name.test(`${code} ${type}`))?.[1] ?? 502
}

/** The policy for a status that is no reply. */
export function faultOf(
  status: number,
  error: VendorError,
  headers: Headers,
  secret: string | undefined,
  now: () => number,
): Fault {
  const message = scrub(`HTTP ${status}: ${error.message}`, secret)
  // An exhausted account is reported as 429 by some, and no waiting refills it.
  if (status === 429 && error.code !== 'insufficient_quota') {
    return new Fault('capacity', message, { status, retryAfter: retryAfter(headers, now) })
  }
  const passing = status >= 500 || status === 408 || status === 409 || status === 425
  return new Fault(passing ? 'health' : 'route', message, {
    status,
    ...(passing && { retryAfter: retryAfter(headers, now) }),
  })
}

/** Milliseconds a server asks to wait: `retry-after-ms`, or Retry-After as seconds or HTTP date (RFC 9110, 10.2.3). */
export function retryAfter(headers: Headers, now: () => number): number | undefined {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN)
  if (Number.isFinite(ms) && ms >= 0) return ms
  const value = headers['retry-after']
  if (typeof value !== 'string' || !value.trim()) return undefined
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const until = Date.parse(value)
  if (Number.isNaN(until)) return undefined
  return Math.max(0, until - sentAt(headers, now))
}

/** Removes the key, and whatever looks like one, from a text that will be shown or stored. */
export function scrub(text: string, secret: string | undefined): string {
  const without = secret ? text.replaceAll(secret, '[key]') : text
  return without.replace(/\b(?:sk|pk|rk|key|gsk|AIza)[-_]?[\w.*-]{12,}/g, match =>
    /[\d*]/.test(match) ? '[key]' : match,
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** No connection came about, at any of the addresses tried. */
function neverConnected(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(neverConnected)
  const { code } = error as { code?: string }
  return code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'UND_ERR_CONNECT_TIMEOUT'
}

function transport(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  // Several addresses tried: the message itself is empty then.
  const inner = (error instanceof AggregateError ? error.errors.map(transport).join('; ') : error.message) || error.name
  return inner.includes(code) ? inner : `${code}: ${inner}`
}
