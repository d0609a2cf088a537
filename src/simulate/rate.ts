import type { SimulatorLimits, SimulatorOptions } from './options.ts'

const minute = 60_000

/** A bucket that holds a minute's worth and refills steadily. What is spent beyond it is owed. */
function bucket(limit: number, clock: () => number) {
  let level = limit
  let filled = clock()
  const fill = () => {
    const now = clock()
    level = Math.min(limit, level + ((now - filled) * limit) / minute)
    filled = now
  }
  return {
    limit,
    /** Milliseconds until so much can be spent. */
    wait(amount: number): number {
      fill()
      return Math.max(0, ((Math.min(amount, limit) - level) / limit) * minute)
    },
    spend(amount: number) {
      level -= amount
    },
    read() {
      fill()
      return { limit, remaining: Math.max(0, Math.floor(level)), resetMs: ((limit - level) / limit) * minute }
    },
  }
}
type Bucket = ReturnType<typeof bucket>

/** As the vendor writes it: `20ms`, `1s`, `6m0s`. */
export function duration(ms: number): string {
  if (ms <= 0) return '0s'
  if (ms < 1000) return `${Math.ceil(ms)}ms`
  const seconds = Math.ceil(ms) / 1000
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const rest = Number((seconds % 60).toFixed(3))
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${rest}s`
}

/** The limits of a minute, what headers say of them, and how a 429 says when to come back. */
export function rateLimits({ limits = {}, headers = 'none' }: SimulatorOptions, clock: () => number) {
  const open = (limit: number | undefined) => (limit === undefined ? undefined : bucket(limit, clock))
  const make = () => ({
    requests: open(limits.rpm),
    tokens: open(limits.tpm),
    inputTokens: open(limits.inputTpm),
    outputTokens: open(limits.outputTpm),
  })
  let buckets = make()
  const limited = Object.values(buckets).some(one => one !== undefined)

  const date = (ms: number) => new Date(ms).toUTCString()

  function openaiHeaders(): Record<string, string> {
    const said: Record<string, string> = {}
    for (const [name, of] of [
      ['requests', buckets.requests],
      ['tokens', buckets.tokens],
    ] as const) {
      if (!of) continue
      const { limit, remaining, resetMs } = of.read()
      said[`x-ratelimit-limit-${name}`] = String(limit)
      said[`x-ratelimit-remaining-${name}`] = String(remaining)
      said[`x-ratelimit-reset-${name}`] = duration(resetMs)
    }
    return said
  }

  function anthropicHeaders(): Record<string, string> {
    const said: Record<string, string> = {}
    const { requests, tokens, inputTokens, outputTokens } = buckets
    const named: [string, Bucket | undefined][] = [
      ['requests', requests],
      ['tokens', tokens],
      ['input-tokens', inputTokens],
      ['output-tokens', outputTokens],
    ]
    for (const [name, of] of named) {
      if (!of) continue
      const { limit, remaining, resetMs } = of.read()
      said[`anthropic-ratelimit-${name}-limit`] = String(limit)
      said[`anthropic-ratelimit-${name}-remaining`] = String(remaining)
      said[`anthropic-ratelimit-${name}-reset`] = new Date(Math.ceil((clock() + resetMs) / 1000) * 1000)
        .toISOString()
        .replace('.000', '')
    }
    // The moments above are on this clock.
    return Object.keys(said).length > 0 ? { ...said, date: date(clock()) } : said
  }

  return {
    /** Spends a request and its input; else how long until it may come, in milliseconds. */
    take(input: number): number {
      if (!limited) return 0
      const { requests, tokens, inputTokens, outputTokens } = buckets
      const wait = Math.max(
        requests?.wait(1) ?? 0,
        tokens?.wait(input) ?? 0,
        inputTokens?.wait(input) ?? 0,
        outputTokens?.wait(1) ?? 0,
      )
      if (wait > 0) return wait
      requests?.spend(1)
      tokens?.spend(input)
      inputTokens?.spend(input)
      return 0
    },
    spend(output: number) {
      buckets.tokens?.spend(output)
      buckets.outputTokens?.spend(output)
    },
    headers: (): Record<string, string> | undefined =>
      headers === 'openai' ? openaiHeaders() : headers === 'anthropic' ? anthropicHeaders() : undefined,
    retryAfter: (ms: number) => retryAfter(limits, ms, clock),
    reset() {
      buckets = make()
    },
  }
}

export type RateLimits = ReturnType<typeof rateLimits>

function retryAfter({ retryAfter = 'both' }: SimulatorLimits, ms: number, clock: () => number): Record<string, string> {
  const whole = Math.ceil(ms)
  if (retryAfter === 'ms') return { 'retry-after-ms': String(whole) }
  if (retryAfter === 'date') {
    // Dates have whole seconds: rounded so that nobody comes back too early.
    const now = Math.floor(clock() / 1000) * 1000
    return {
      date: new Date(now).toUTCString(),
      'retry-after': new Date(now + Math.ceil((clock() - now + ms) / 1000) * 1000).toUTCString(),
    }
  }
  const seconds = { 'retry-after': String(Math.ceil(ms / 1000)) }
  return retryAfter === 'seconds' ? seconds : { ...seconds, 'retry-after-ms': String(whole) }
}
