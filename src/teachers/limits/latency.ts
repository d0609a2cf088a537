/** Tokens added to a reply's length: what the prompt and the first token cost, roughly. */
const head = 8
/** Milliseconds: of a server that answers faster, one reply in 32 is enough. */
const quick = 50
/** The share that a window's median may be off by, as a standard error, and the replies after which it counts anyway. */
const error = 0.07
const longest = 400
const firstLongest = 96

/** Half octaves of length. Replies are compared with replies of about their own length. */
const lengthClass = (tokens: number): number => Math.round(2 * Math.log2(tokens + head))

const ascending = (a: number, b: number): number => a - b
const quantile = (sorted: number[], share: number): number => sorted[Math.floor((sorted.length - 1) * share)]!
const median = (values: number[]): number => quantile(values.sort(ascending), 0.5)

/** Values for a median with that error: 1.25 standard deviations over the root of their number; quartiles are 1.35 apart. */
const enough = (sorted: number[]): number =>
  ((1.25 * Math.log(quantile(sorted, 0.75) / quantile(sorted, 0.25))) / 1.35 / error) ** 2

/**
 * How much slower a server answers than it does unloaded, by the medians of windows of replies. Latency is taken by
 * output token, and each length has a base of its own, so that a change of lengths is no change of load.
 */
export class Latency {
  /** Times the unloaded latency, in the last window; 1 until known. */
  load = 1
  /** Unloaded latency of the middle reply of the last window, in milliseconds. */
  typical = 0
  /** Most calls that were in the air in the last window. */
  peak = 0
  private readonly base = new Map<number, { perToken: number; seen: number }>()
  private times: number[] = []
  private lengths: number[] = []
  private air = 0
  private size = 0
  private quick = false
  private passed = 0
  private since = Number.NEGATIVE_INFINITY

  /** Whether the next reply is to be added. */
  wanted(): boolean {
    if (!this.quick) return true
    this.passed = (this.passed + 1) & 31
    return this.passed === 0
  }
  /**
   * True when a window is complete, and `load`, `typical` and `peak` are new. A window begins with its `size` in replies,
   * and goes on where they differ too much.
   */
  add(ms: number, tokens: number, sentAt: number, air: number, size: number): boolean {
    if (sentAt < this.since) return false
    if (ms >= quick) this.quick = false
    if (this.times.length === 0) this.size = size
    // Below a millisecond a clock says little.
    this.times.push(ms < 1 ? 1 : ms)
    this.lengths.push(tokens)
    if (air > this.air) this.air = air
    if (this.times.length < this.size || !this.measure()) return false
    this.quick = this.typical * this.load < quick
    this.clear()
    return true
  }
  /** Begins a new window with calls sent from now on: those in the air tell of the load before. */
  restart(now: number): void {
    this.since = now
    this.clear()
  }
  /** The server is slower, and not on our account: what the last window showed counts as unloaded. */
  rebase(): void {
    for (const base of this.base.values()) base.perToken *= this.load
    this.typical *= this.load
    this.load = 1
  }
  private clear(): void {
    this.times = []
    this.lengths = []
    this.air = 0
  }
  private measure(): boolean {
    const loads: number[] = []
    const expected: number[] = []
    const classes = new Map<number, number[]>()
    for (let i = 0; i < this.times.length; i++) {
      const tokens = this.lengths[i]! + head
      const perToken = this.times[i]! / tokens
      const length = lengthClass(this.lengths[i]!)
      const base = this.base.get(length)
      if (base) {
        loads.push(perToken / base.perToken)
        expected.push(base.perToken * tokens)
      }
      const same = classes.get(length)
      if (same) same.push(perToken)
      else classes.set(length, [perToken])
    }
    // Where most lengths are new, a window is compared with itself, and the load taken to be as it was.
    const known = loads.length * 2 >= this.times.length
    const values = known ? loads : [...classes.values()].flatMap(same => same.map(one => one / median(same)))
    const middle = median(values)
    const needed = Math.min(known ? longest : firstLongest, enough(values))
    if (this.times.length < needed) {
      this.size = Math.ceil(needed)
      return false
    }
    const load = known ? middle : this.load
    this.peak = this.air
    this.load = Math.max(1, load)
    // The base follows the lowest windows, by a quarter, so that one lucky window does not set it.
    const fall = load < 1 ? (3 + load) / 4 : 1
    for (const [length, values] of classes) {
      const base = this.base.get(length) ?? { perToken: 0, seen: 0 }
      base.perToken += ((median(values) / load - base.perToken) * values.length) / (base.seen + values.length)
      base.seen = Math.min(200, base.seen + values.length)
      this.base.set(length, base)
    }
    if (fall < 1) for (const base of this.base.values()) base.perToken *= fall
    this.typical = (expected.length > 0 ? median(expected) : median(this.times) / load) * fall
    return true
  }
}
