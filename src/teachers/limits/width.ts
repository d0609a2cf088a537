import type { Embedded, Reply } from '../contract.ts'
import { Latency } from './latency.ts'

/** Whatever a call brought home. */
export type Landed = Reply | Embedded

/**
 * What a call takes its time for: output tokens, and where the server does not say, one for four characters. Vectors
 * are made of the input.
 */
const lengthOf = (reply: Landed): number =>
  'vectors' in reply
    ? (reply.usage.input ?? reply.vectors.length)
    : (reply.usage.output ?? ((reply.content?.length ?? 0) + (reply.reasoning?.length ?? 0)) / 4)

/** Replies of a window for the median of latency, at least. */
const window = 24
/** Milliseconds, and replies, from a refusal to the first probe above it. */
const probeAfter = 10_000
const probeReplies = 256
const longestProbe = 30 * 60_000
/** A probe's pause may cost a thirtieth of the time. */
const probeShare = 30
/** Milliseconds of waiting beside which a factor says nothing: a local server that answers at once is never throttled. */
const slackToHold = 60
const slackToCut = 100
/** Windows held for latency before half the width is tried. */
const holdWindows = 4

/**
 * How many calls may be in the air. It grows by one with each reply, so that it doubles each round trip, until the first
 * refusal, the ceiling, or a rise of latency.
 *
 * Refusals (429): the number in the air that was refused is remembered. The width falls to three quarters, climbs by a
 * call a round trip, faster while far below, and holds just under the remembered number. Rarely one call more is tried;
 * refused, it costs that one call and doubles the time to the next try; taken, steps double until one is refused.
 *
 * Latency, where a server queues instead of refusing: free below half of the allowed rise, held up to it, and above it
 * cut in proportion. Where a narrower width makes nothing faster, the server itself has become slower: its latency is
 * the new base. (Additive increase, multiplicative decrease: Chiu and Jain, 1989; delay as signal: Brakmo and Peterson, 1995.)
 */
export class Width {
  /** Calls allowed now, a whole number from 1 to the ceiling. */
  allowed: number
  private width: number
  private readonly ceiling: number
  private readonly factor: number
  private readonly latency = new Latency()
  private slowStart = true
  private slowUntil = Number.POSITIVE_INFINITY
  private replies = 0
  /** The reply after which the width last held a call back. Only a width that is used grows. */
  private pressedAt = Number.NEGATIVE_INFINITY

  /** The lowest number in the air that was refused. */
  private refusedAt = Number.POSITIVE_INFINITY
  /** In the burst at hand only a refusal of no more than this is more than a failed probe. */
  private cutUpTo = Number.POSITIVE_INFINITY
  private exact = true
  private probe: { from: number; step: number; survivedAt: number } | undefined
  private probeEvery = probeAfter
  private probeAt = 0
  private probeFrom = 0

  private holding = false
  /** A narrower width under way, to see whether it makes replies faster. */
  private trial: { width: number; load: number; back: boolean } | undefined
  private held = 0
  private holdFor = holdWindows
  /** The width in use when latency began to rise. */
  private before = 0

  constructor(options: { start: number; ceiling: number; latency: number }) {
    this.ceiling = options.ceiling
    this.factor = options.latency
    this.width = Math.min(options.start, options.ceiling)
    this.allowed = Math.max(1, Math.floor(this.width))
  }

  private set(width: number): void {
    this.width = Math.max(1, Math.min(this.ceiling, width))
    this.allowed = Math.floor(this.width)
  }

  /** The width holds a call back. */
  pressed(): void {
    this.pressedAt = this.replies
  }

  /** A reply came to a call that went out at `at`, as one of `air`. */
  replied({ at, air }: { at: number; air: number }, reply: Landed, clock: () => number): void {
    this.replies++
    if (this.replies - this.pressedAt <= this.width) this.grow(clock)
    if (!this.latency.wanted()) return
    const now = clock()
    if (this.latency.add(now - at, lengthOf(reply), at, air, Math.max(window, this.allowed))) this.weigh(now)
  }

  private grow(clock: () => number): void {
    const top = Math.max(1, Math.min(this.ceiling, this.refusedAt - 1))
    if (this.slowStart) {
      this.set(this.width + 1)
      if (this.width >= this.slowUntil) this.slowStart = false
    } else if (this.holding) return
    else if (this.probe) this.climb(this.probe)
    else if (this.width < top) {
      const unloaded = this.latency.load < 1 + (this.factor - 1) / 4
      const step = top === this.ceiling ? this.width / 16 : (top - this.width) / 4
      this.set(Math.min(top, this.width + Math.max(1, unloaded ? step : 1) / this.width))
    } else if (top < this.ceiling && this.replies >= this.probeFrom && clock() >= this.probeAt) {
      this.probe = { from: this.width, step: 1, survivedAt: this.replies + 2 * this.width }
      this.set(this.width + 1)
    }
  }

  /** A step above the remembered number has survived when all calls sent before it, and as many again, have landed. */
  private climb(probe: NonNullable<Width['probe']>): void {
    if (this.replies < probe.survivedAt) return
    if (this.width >= this.ceiling) {
      this.probe = undefined
      this.refusedAt = Number.POSITIVE_INFINITY
      return
    }
    probe.from = this.width
    probe.step *= 2
    this.set(this.width + probe.step)
    probe.survivedAt = this.replies + 2 * this.width
  }

  /**
   * A call sent as one of `air` was refused while `inFlight` were. `first` of its burst; the others only say more exactly
   * where the limit is. `pause` is the time the server asks for, in milliseconds.
   */
  refused(air: number, inFlight: number, first: boolean, pause: number, now: number): void {
    // Refused far below the width in use: it was not this call's place that was one too many.
    const exact = air >= this.width / 2
    const at = exact ? air : Math.min(inFlight, this.allowed)
    if (!first) {
      if (!exact || !this.exact || at >= this.refusedAt) return
      this.refusedAt = at
      if (at <= this.cutUpTo) this.set(Math.min(this.width, Math.floor(at * 0.75)))
      return
    }
    this.exact = exact
    this.slowStart = false
    this.trial = undefined
    const patience = Math.max(probeAfter, probeShare * pause)
    if (this.probe && at > this.probe.from) {
      const { from, step } = this.probe
      this.probeEvery = step > 1 ? patience : Math.max(patience, Math.min(longestProbe, this.probeEvery * 2))
      this.refusedAt = at
      this.cutUpTo = from
      this.set(from)
    } else if (at < this.refusedAt || this.probe) {
      this.probeEvery = patience
      this.refusedAt = at
      this.cutUpTo = Number.POSITIVE_INFINITY
      this.set(Math.min(this.width, Math.floor(at * 0.75)))
    } else this.set(Math.min(this.width, this.refusedAt - 1))
    this.probe = undefined
    this.probeAt = now + this.probeEvery
    this.probeFrom = this.replies + probeReplies
  }

  /** Draws the consequences of a window's latency. */
  private weigh(now: number): void {
    const { load, typical, peak } = this.latency
    const hold = Math.max((1 + this.factor) / 2, 1 + slackToHold / typical)
    const cut = Math.max(this.factor, 1 + slackToCut / typical)
    this.holding = load > hold
    if (this.holding) this.slowStart = false
    const used = Math.min(this.width, peak)
    if (!this.holding) this.before = 0
    else if (this.before === 0) this.before = used
    if (this.trial && used <= this.trial.width / 2) {
      const { width, load: before, back } = this.trial
      this.trial = undefined
      if (load > hold && load > 0.9 * before) {
        this.rebase()
        return
      }
      if (back) {
        this.holdFor *= 2
        this.set(Math.min(width, this.refusedAt - 1))
        this.latency.restart(now)
        return
      }
    }
    if (!this.holding) {
      this.trial = undefined
      this.held = 0
    } else if (used <= 1) this.rebase()
    else if (load > cut) {
      this.trial ??= { width: used, load, back: false }
      this.holdFor = Math.max(holdWindows, this.holdFor / 2)
      this.narrow(Math.max(0.5, (hold + 0.4 * (cut - hold)) / load), used, now)
    } else {
      this.trial = undefined
      if (++this.held < this.holdFor) return
      this.trial = { width: used, load, back: true }
      this.narrow(0.5, used, now)
    }
  }

  private narrow(share: number, used: number, now: number): void {
    this.held = 0
    this.probe = undefined
    this.set(Math.floor(used * share))
    this.latency.restart(now)
  }

  private rebase(): void {
    this.latency.rebase()
    this.holding = false
    this.held = 0
    this.holdFor = holdWindows
    this.slowStart = this.refusedAt === Number.POSITIVE_INFINITY && this.width < this.before
    this.slowUntil = this.before
    this.before = 0
  }
}
