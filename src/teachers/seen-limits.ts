import type { SeenLimit, SeenLimits } from './contract.ts'
import type { Headers } from './post.ts'

/**
 * What the headers of a reply say of limits; undefined where they say nothing. Read are, in all their spellings:
 *
 * - `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`: OpenAI (durations such as `6m0s`), Azure (seconds, and -1
 *   for unknown), Groq; with `-minute` or `-second` at the end, and `req` for requests: Mistral, Cerebras.
 * - `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}`, with RFC 3339 instants.
 *   Input read from a cache does not count against the input tokens of current models, nor against `remaining`.
 * - `x-ratelimit-{limit,remaining,reset}` for requests and `x-tokenlimit-...` for tokens: Together; the former also
 *   OpenRouter, with milliseconds since 1970.
 * - `ratelimit-{limit,remaining,reset}`, and `ratelimit` with `ratelimit-policy`: the drafts of
 *   draft-ietf-httpapi-ratelimit-headers, up to 06 and since.
 *
 * Limits of an hour and more are left to Retry-After: a route that spread its calls over a day would be of no use.
 */
export function seenLimits(headers: Headers, now: () => number): SeenLimits | undefined {
  let seen: SeenLimits | undefined
  for (const name in headers) {
    // Nearly every header of nearly every reply ends here.
    if (!name.includes('limit')) continue
    const text = headers[name]
    const value = typeof text === 'string' ? text : text?.[0]
    if (value === undefined) continue
    if (name === 'ratelimit') {
      const limit = draftOf(value, headers['ratelimit-policy'])
      if (limit) seen = { ...seen, requests: limit }
      continue
    }
    const field = fieldOf(name)
    if (!field) continue
    const { kind, is, span } = field
    const number = is === 'resetMs' ? durationOf(value, headers, now) : countOf(value)
    if (number === undefined) continue
    seen ??= {}
    const known = seen[kind] as Spanned | undefined
    // The shorter window is the one that calls are spread by.
    if (known && (known.span ?? 0) < (span ?? 0)) continue
    if (known && (known.span ?? 0) === (span ?? 0)) known[is] = number
    else seen[kind] = { [is]: number, ...(span && { span }) } as Spanned
  }
  for (const kind in seen) settle(seen[kind as keyof SeenLimits] as Spanned)
  return seen
}

/** `span` is the window in milliseconds, where the name of the header says it. */
type Spanned = SeenLimit & { span?: number }

/** A bucket whose header names its window refills within it, so the time until it is full follows. */
function settle(limit: Spanned): void {
  const { span, limit: most, remaining, resetMs } = limit
  delete limit.span
  if (span && resetMs === undefined && most && remaining !== undefined)
    limit.resetMs = Math.max(0, ((most - remaining) / most) * span)
}

type Field = { kind: keyof SeenLimits; is: keyof SeenLimit; span?: number }
const what = '(requests?|reqs?|tokens|input-tokens|output-tokens|tokens-prompt|tokens-generated)'
const shape = new RegExp(
  `^(?:x-|anthropic-)?(rate|token)limit(?:-${what})?-(limit|remaining|reset)(?:-${what})?(?:-(second|minute))?$`,
)
const resources: Record<string, keyof SeenLimits> = {
  tokens: 'tokens',
  'input-tokens': 'inputTokens',
  'tokens-prompt': 'inputTokens',
  'output-tokens': 'outputTokens',
  'tokens-generated': 'outputTokens',
}
const fields = new Map<string, Field | undefined>()

/** What a header holds. A server's names recur, so each is taken apart once. */
function fieldOf(name: string): Field | undefined {
  const known = fields.get(name)
  if (known || fields.has(name)) return known
  const found = shape.exec(name)
  const [, unit, before, part, after, span] = found ?? []
  const field = found && {
    kind: unit === 'token' ? ('tokens' as const) : (resources[before ?? after ?? ''] ?? 'requests'),
    is: part === 'reset' ? ('resetMs' as const) : (part as 'limit' | 'remaining'),
    ...(span && { span: span === 'minute' ? 60_000 : 1000 }),
  }
  if (fields.size < 1000) fields.set(name, field ?? undefined)
  return field ?? undefined
}

/** A count from 0 up; older drafts append windows (`100, 100;w=60`). */
function countOf(text: string): number | undefined {
  const count = Number(/^\s*(\d+(?:\.\d+)?)(?=\s*(?:[,;]|$))/.exec(text)?.[1] ?? Number.NaN)
  return Number.isFinite(count) ? count : undefined
}

const units: Record<string, number> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
}

/**
 * Milliseconds of a duration as Go writes it: `1h2m3.5s`, `20ms`; a number alone is seconds.
 * Undefined for what is no duration.
 */
export function goDuration(text: string): number | undefined {
  const trimmed = text.trim()
  if (/^\d+(?:\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1000
  if (!/^(?:\d+(?:\.\d+)?(?:d|h|ms|m|s|us|µs|ns))+$/.test(trimmed)) return undefined
  let ms = 0
  for (const [, count, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(d|h|ms|m|s|us|µs|ns)/g))
    ms += Number(count) * units[unit!]!
  return ms
}

/** Milliseconds from the reply on: of a duration, an RFC 3339 instant, or seconds or milliseconds since 1970. */
function durationOf(text: string, headers: Headers, now: () => number): number | undefined {
  const duration = goDuration(text)
  // Ten digits of seconds are 300 years: an instant. So are thirteen, in milliseconds.
  if (duration !== undefined && duration < 1e12) return duration
  const instant = duration === undefined ? Date.parse(text) : duration < 1e15 ? duration : duration / 1000
  if (!Number.isFinite(instant) || !/^\d/.test(text.trim())) return undefined
  return Math.max(0, instant - sentAt(headers, now))
}

/** When the server sent a reply, by its own clock: a date it gives is told from there, so that ours does not matter. */
export function sentAt(headers: Headers, now: () => number): number {
  const sent = typeof headers.date === 'string' ? Date.parse(headers.date) : Number.NaN
  return Number.isNaN(sent) ? now() : sent
}

/** The tightest of the limits in a `RateLimit` field that counts requests: `"minute";r=50;t=30`, or `limit=100, remaining=50, reset=30`. */
function draftOf(text: string, policies: string | string[] | undefined): SeenLimit | undefined {
  const flat = /^\s*(?:limit|remaining|reset)=/.test(text)
  if (flat) {
    const part = (name: string) => countOf(new RegExp(`\\b${name}=(\\d+)`).exec(text)?.[1] ?? '')
    return limitOf(part('limit'), part('remaining'), part('reset'))
  }
  const policy = typeof policies === 'string' ? policies : (policies?.join(', ') ?? '')
  const quotas = new Map(items(policy).map(({ name, parameters }) => [name, parameters]))
  let tightest: SeenLimit | undefined
  for (const { name, parameters } of items(text)) {
    const quota = quotas.get(name)
    const unit = quota?.get('qu') ?? 'requests'
    if (unit !== 'requests') continue
    const one = limitOf(
      countOf(quota?.get('q') ?? ''),
      countOf(parameters.get('r') ?? ''),
      countOf(parameters.get('t') ?? ''),
    )
    if (one && (tightest?.remaining ?? Number.POSITIVE_INFINITY) > (one.remaining ?? Number.POSITIVE_INFINITY))
      tightest = one
    tightest ??= one
  }
  return tightest
}

function limitOf(limit?: number, remaining?: number, seconds?: number): SeenLimit | undefined {
  if (limit === undefined && remaining === undefined && seconds === undefined) return undefined
  return {
    ...(limit !== undefined && { limit }),
    ...(remaining !== undefined && { remaining }),
    ...(seconds !== undefined && { resetMs: seconds * 1000 }),
  }
}

/** Items of a structured field with their parameters (RFC 9651), as far as these fields use them. */
function items(text: string): { name: string; parameters: Map<string, string> }[] {
  return [
    ...text.matchAll(/(?:"([^"]*)"|([\w*][\w.*-]*))((?:\s*;\s*[a-z*][\w.*-]*=(?:"[^"]*"|:[^:]*:|[\w.-]+))*)/g),
  ].map(([, quoted, token, rest]) => ({
    name: quoted ?? token ?? '',
    parameters: new Map(
      [...rest!.matchAll(/;\s*([a-z*][\w.*-]*)=(?:"([^"]*)"|([^;,\s]+))/g)].map(([, key, text, bare]) => [
        key!,
        text ?? bare!,
      ]),
    ),
  }))
}
