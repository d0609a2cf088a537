import type { SeenLimit, SeenLimits, Usage } from '../contract.ts'

/** Tokens of a bucket that refills steadily. Times are milliseconds of the route's clock. */
class Bucket {
  private level: number
  private filledAt: number
  private capacity: number
  private perMs: number
  /** Kept back from what a server says, for the rounding of headers and the difference of clocks. */
  private readonly reserve: number
  blockedUntil = Number.NEGATIVE_INFINITY
  constructor(capacity: number, perMs: number, now: number, reserve = 0) {
    this.capacity = capacity
    this.level = capacity
    this.perMs = perMs
    this.filledAt = now
    this.reserve = reserve
  }
  private fill(now: number): void {
    this.level = Math.min(this.capacity, this.level + (now - this.filledAt) * this.perMs)
    this.filledAt = now
  }
  /** Milliseconds until so much is there; what is more than the bucket holds goes when it is full. */
  wait(need: number, now: number): number {
    if (now < this.blockedUntil) return this.blockedUntil - now
    this.fill(now)
    const wanted = Math.min(this.capacity, need + this.capacity * this.reserve)
    // The tolerance keeps rounding from asking for another wake-up a picosecond later.
    return this.level >= wanted - 1e-6 ? 0 : (wanted - this.level) / this.perMs
  }
  /** Refills at another rate from now on. */
  pace(perMs: number): void {
    this.perMs = perMs
  }
  take(amount: number): void {
    this.level = Math.min(this.capacity, this.level - amount)
  }
  /**
   * Corrects the level down to what the server had left when it saw a call `since` milliseconds ago, less what was `sent`
   * after that call. It is never corrected up: a header may be older than it looks.
   */
  learn({ limit, remaining, resetMs }: SeenLimit, since: number, sent: number, now: number): void {
    if (limit !== undefined) {
      this.fill(now)
      this.capacity = Math.max(1, limit)
      const used = limit - (remaining ?? limit)
      // Of a bucket that is nearly full the quotient is mostly rounding.
      if (used > limit / 10 && resetMs) this.perMs = used / resetMs
      else if (this.perMs === 0) this.perMs = this.capacity / 60_000
      const left = remaining === undefined ? this.capacity : remaining + since * this.perMs - sent
      this.level = Math.min(this.level, left, this.capacity)
    }
    if (remaining !== undefined && remaining <= 0 && resetMs) this.blockedUntil = now + resetMs
  }
}

const kinds = ['requests', 'tokens', 'inputTokens', 'outputTokens'] as const
type Kind = (typeof kinds)[number]

/** What a call took out of the buckets, and how much had been taken by then. */
export type Taken = { tokens: number; requestsThen: number; tokensThen: number }

/** A mean that follows: exact for the first fifty values, then over about the last fifty. */
class Mean {
  value: number
  private seen = 0
  constructor(value: number) {
    this.value = value
  }
  add(value: number): void {
    this.seen = Math.min(50, this.seen + 1)
    this.value += (value - this.value) / this.seen
  }
}

/**
 * Requests and tokens a minute: those of the recipe, spread evenly, and those that a server's headers teach. Tokens are
 * estimated before a call and corrected after it; the estimate follows what calls turn out to use.
 */
export class Rates {
  private readonly buckets: { kind: Kind; bucket: Bucket }[] = []
  private readonly learnt = new Map<Kind, Bucket>()
  /** Taken so far, with what calls in the air took. */
  requests = 0
  tokens = 0
  /** Tokens used for each token announced; tokens of a call about which nothing was announced. */
  private readonly scale = new Mean(1)
  private readonly mean = new Mean(0)
  private readonly input = new Mean(1)
  private readonly output = new Mean(1)
  /** Calls taken so far, and when, at the last refusal that no narrower width would have avoided. */
  private alone: { requests: number; at: number } | undefined
  private paced: { bucket: Bucket; perMs: number } | undefined
  constructor(limits: { rpm?: number; tpm?: number }, now: number) {
    for (const [kind, perMinute] of [
      ['requests', limits.rpm],
      ['tokens', limits.tpm],
    ] as const) {
      if (perMinute === undefined) continue
      const bucket = new Bucket(Math.max(1, Math.floor(perMinute / 60)), perMinute / 60_000, now)
      this.buckets.push({ kind, bucket })
    }
  }
  /** Until when the server gives nothing at all. */
  blockedUntil = Number.NEGATIVE_INFINITY
  /** The server names a time itself, and that counts. */
  unblock(at: number): void {
    for (const { bucket } of this.buckets) bucket.blockedUntil = Math.min(bucket.blockedUntil, at)
    this.blockedUntil = Math.min(this.blockedUntil, at)
  }
  estimate(announced: number | undefined): number {
    return announced === undefined ? this.mean.value : announced * this.scale.value
  }
  private share(kind: Kind, tokens: number, requests: number): number {
    if (kind === 'requests') return requests
    return kind === 'tokens' ? tokens : tokens * (kind === 'inputTokens' ? this.input : this.output).value
  }
  /** Milliseconds until a call of so many tokens may go; 0 now. */
  wait(tokens: number, now: number): number {
    if (this.buckets.length === 0) return 0
    let most = 0
    for (const { kind, bucket } of this.buckets) most = Math.max(most, bucket.wait(this.share(kind, tokens, 1), now))
    return most
  }
  take(tokens: number): void {
    this.requests++
    this.tokens += tokens
    if (this.buckets.length === 0) return
    for (const { kind, bucket } of this.buckets) bucket.take(this.share(kind, tokens, 1))
    if (!this.paced || !this.alone) return
    // Faster by and by: two in a hundred after two hundred calls, half as fast again after a thousand.
    this.paced.perMs *= 1 + Math.min(0.01, (this.requests - this.alone.requests) / 1e6)
    this.paced.bucket.pace(this.paced.perMs)
  }
  /**
   * A call was refused though it was the only one, and no header says why: the server counts requests over time. What it
   * took from one such refusal to the next is its rate, and becomes the pace.
   */
  tooFast(now: number): void {
    const last = this.alone
    this.alone = { requests: this.requests, at: now }
    if (!last || now <= last.at) return
    const perMs = (0.95 * Math.max(1, this.requests - last.requests - 1)) / (now - last.at)
    if (!this.paced) {
      this.paced = { bucket: new Bucket(1, perMs, now), perMs }
      this.buckets.push({ kind: 'requests', bucket: this.paced.bucket })
    }
    this.paced.perMs = perMs
    this.paced.bucket.pace(perMs)
  }
  /** What a reply says of its use takes the place of the estimate. */
  used(taken: Taken, announced: number | undefined, { input, output }: Usage): void {
    if (this.buckets.length === 0 || (input === undefined && output === undefined)) return
    const all = (input ?? 0) + (output ?? 0)
    if (announced) this.scale.add(all / announced)
    this.mean.add(all)
    if (all > 0) {
      this.input.add((input ?? 0) / all)
      this.output.add((output ?? 0) / all)
    }
    this.giveBack(taken, all)
  }
  /** Corrects what a call took to what it used: nothing where it was refused. */
  giveBack(taken: Taken, used: number): void {
    const spare = taken.tokens - used
    for (const { kind, bucket } of this.buckets) if (kind !== 'requests') bucket.take(this.share(kind, -spare, 0))
  }
  /** What headers said beside a call sent `since` milliseconds ago. True where too little was left for that call. */
  seen(seen: SeenLimits, taken: Taken, since: number, now: number): boolean {
    let short = false
    for (const kind of kinds) {
      const limit = seen[kind]
      if (!limit) continue
      let bucket = this.learnt.get(kind)
      if (!bucket) {
        bucket = new Bucket(Number.POSITIVE_INFINITY, 0, now, 0.01)
        this.learnt.set(kind, bucket)
        this.buckets.push({ kind, bucket })
      }
      const sent = this.share(kind, this.tokens - taken.tokensThen, this.requests - taken.requestsThen)
      bucket.learn(limit, since, sent, now)
      this.blockedUntil = Math.max(this.blockedUntil, bucket.blockedUntil)
      if (limit.remaining !== undefined && limit.remaining < this.share(kind, taken.tokens, 1)) short = true
    }
    return short
  }
}
