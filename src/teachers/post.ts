import { Agent, type Dispatcher, request } from 'undici'
import { Fault } from './contract.ts'

export type Answered = {
  status: number
  headers: Record<string, string | string[] | undefined>
  json: unknown
  text: string
}

/**
 * Connections for one route: as many as the limiter lets out, kept alive. Both time-outs watch for progress: headers for
 * the reply that never starts, body for the one that stalls. HTTP/1.1 only, one call a connection: a reset then costs one call.
 */
export function openAgent(timeoutSeconds: number): Dispatcher {
  const timeout = timeoutSeconds * 1000
  return new Agent({
    headersTimeout: timeout,
    bodyTimeout: timeout,
    keepAliveTimeout: 60_000,
    keepAliveMaxTimeout: 600_000,
    connect: { timeout: Math.min(timeout, 30_000) },
    allowH2: false,
  })
}

export type Post = {
  dispatcher: Dispatcher
  url: string
  headers: Record<string, string>
  body: unknown
  signal?: AbortSignal
  /** The key, to be cut out of whatever a server echoes. */
  secret?: string
  /** Milliseconds since 1970, for a Retry-After date where the reply bears no date of its own. */
  now?: () => number
}

/**
 * One POST of JSON. Returns what can be a reply: 2xx, and the final refusals 400, 413 and 422. Everything else is thrown
 * as a `Fault` of its policy; an abort is thrown as it is.
 */
export async function post({
  dispatcher,
  url,
  headers,
  body,
  signal,
  secret,
  now = Date.now,
}: Post): Promise<Answered> {
  let status: number
  let replied: Answered['headers']
  let text: string
  try {
    const response = await request(url, {
      method: 'POST',
      dispatcher,
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: signal ?? null,
    })
    status = response.statusCode
    replied = response.headers
    text = await response.body.text()
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw new Fault('health', scrub(transport(error), secret), { unsent: neverConnected(error) })
  }
  const json = parse(text)
  const final = status === 400 || status === 413 || status === 422
  if ((status >= 200 && status < 300) || final) {
    if (json === undefined && !final) throw new Fault('health', 'the reply is no complete JSON', { status })
    return { status, headers: replied, json, text }
  }
  throw faultOf(status, errorOf(json, text), replied, secret, now)
}

export type VendorError = { message: string; code?: string; param?: string; status?: number }

/** What a server says went wrong, in any of the vendors' shapes; the start of the body when it is none of them. */
export function errorOf(json: unknown, text = ''): VendorError {
  const outer = json as { error?: unknown; message?: unknown; detail?: unknown } | undefined
  // Google wraps the same object in an array.
  const error = (Array.isArray(json) ? json[0]?.error : outer?.error) as Record<string, unknown> | string | undefined
  if (typeof error === 'object' && error !== null) {
    const code = error.code ?? error.type
    return {
      message: String(error.message ?? JSON.stringify(error)),
      ...(typeof code === 'string' && { code }),
      ...(typeof error.param === 'string' && { param: error.param }),
      ...(typeof error.code === 'number' && { status: error.code }),
    }
  }
  const said = error ?? outer?.message ?? outer?.detail
  if (said !== undefined) return { message: typeof said === 'string' ? said : JSON.stringify(said) }
  return { message: text.slice(0, 300) || 'no explanation' }
}

/** The policy for a status that is no reply. */
export function faultOf(
  status: number,
  error: VendorError,
  headers: Answered['headers'],
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
export function retryAfter(headers: Answered['headers'], now: () => number): number | undefined {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN)
  if (Number.isFinite(ms) && ms >= 0) return ms
  const value = headers['retry-after']
  if (typeof value !== 'string' || !value.trim()) return undefined
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000)
  const until = Date.parse(value)
  if (Number.isNaN(until)) return undefined
  // The server's own date is the base, so that a clock set wrong on either side does not matter.
  const sent = typeof headers.date === 'string' ? Date.parse(headers.date) : Number.NaN
  return Math.max(0, until - (Number.isNaN(sent) ? now() : sent))
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
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : ''
  // Several addresses tried: the message itself is empty then.
  const inner = error instanceof AggregateError ? error.errors.map(transport).join('; ') : error.message
  return `${code}${inner || error.name}`
}
