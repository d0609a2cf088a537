import type { SimulatorOptions, SimulatorPrices } from './options.ts'
import type { Question, Replied, Used } from './question.ts'

/**
 * One request as received: a call, a row of a batch (with `batch`), or what was asked of files, batches and the like.
 * `request` digests seed and body without seed, cap and what else does not change the question, so equal questions have
 * equal ones.
 */
export type SimulatorEntry = {
  /** Counts all entries. */
  n: number
  /** Milliseconds of the clock at arrival. */
  at: number
  method: string
  /** Without `/v1`. */
  path: string
  model?: string
  request?: string
  draw?: string
  batch?: string
  /** 0 when the connection was broken off, and for rows that nobody worked on. */
  status: number
  body: unknown
}

/** What one model was asked for, in batches and out of them; dollars by `prices`. */
export type SimulatorBill = { replies: number; usd: number } & Used

export type SimulatorStats = {
  /** Calls of a model received: chat, completions, embeddings and rewards. */
  calls: number
  /**
   * Pairs of request and draw that passed validation, and those of them that were answered more than once. Of embeddings
   * each text counts.
   */
  distinct: number
  repeats: number
  inFlight: number
  maxInFlight: number
  /** Calls that got a whole reply, of these refusals and replies cut by their cap. */
  answered: number
  refused: number
  truncated: number
  /** Calls that failed validation, met a limit (also as a share of all calls), or a fault. */
  invalid: number
  limited: number
  limitedShare: number
  faults: number
  /** Replies that did not arrive, by a fault or because the caller had gone: billed, and in no count of answers. */
  undelivered: number
  /** Calls that waited for a slot, now and at most. */
  queued: number
  maxQueued: number
  /** Slots taken, now and at most; milliseconds of slots taken and offered since the first call. */
  busy: number
  maxBusy: number
  busyMs: number
  slotMs: number
  /** Milliseconds from arrival to reply, to 1 %. */
  latency: { p50: number; p95: number; p99: number; max: number }
  files: number
  batches: number
  /** Rows of batches that were answered. */
  rows: number
  usd: number
  tokens: Used
  models: { [model: string]: SimulatorBill }
}

type Counts = Pick<
  SimulatorStats,
  | 'calls'
  | 'inFlight'
  | 'maxInFlight'
  | 'answered'
  | 'refused'
  | 'truncated'
  | 'invalid'
  | 'limited'
  | 'faults'
  | 'undelivered'
  | 'files'
  | 'batches'
  | 'rows'
>
type Tally = { online: SimulatorBill; batch: SimulatorBill }

const nothing = (): Used => ({ input: 0, cachedInput: 0, cacheWrite: 0, output: 0 })
const fields = ['input', 'cachedInput', 'cacheWrite', 'output'] as const

function add(to: Used, used: Used, times = 1) {
  for (const field of fields) to[field] += times * used[field]
}

function dollars(used: Used, prices: SimulatorPrices | undefined, share: number): number {
  if (!prices) return 0
  const { input, output, cachedInput = input, cacheWrite = input } = prices
  const fresh = used.input - used.cachedInput - used.cacheWrite
  const sum = fresh * input + used.cachedInput * cachedInput + used.cacheWrite * cacheWrite + used.output * output
  return (sum * share) / 1e6
}

/** What was asked, answered and billed. Counts are kept in tokens, so that no order of arrival changes the dollars. */
export function openLedger({ prices, logSize = 1000 }: SimulatorOptions, clock: () => number) {
  let counts: Counts
  let times: Map<string, number>
  let repeats: number
  let tallies: Map<string, Tally>
  let ring: (SimulatorEntry | undefined)[]
  let entries: number
  const latencies = quantiles()
  reset(0)

  function reset(inFlight: number) {
    counts = {
      calls: 0,
      inFlight,
      maxInFlight: inFlight,
      answered: 0,
      refused: 0,
      truncated: 0,
      invalid: 0,
      limited: 0,
      faults: 0,
      undelivered: 0,
      files: 0,
      batches: 0,
      rows: 0,
    }
    times = new Map()
    repeats = 0
    tallies = new Map()
    ring = []
    entries = 0
    latencies.clear()
  }

  function bill(model: string, carrier: 'online' | 'batch', used: Used, sign: number) {
    let tally = tallies.get(model)
    if (!tally) {
      const empty = () => ({ replies: 0, usd: 0, ...nothing() })
      tally = { online: empty(), batch: empty() }
      tallies.set(model, tally)
    }
    tally[carrier].replies += sign
    add(tally[carrier], used, sign)
  }

  function bought(id: string, sign: number) {
    const before = times.get(id) ?? 0
    times.set(id, before + sign)
    if (before === 1 && sign > 0) repeats++
    if (before === 2 && sign < 0) repeats--
  }

  return {
    get counts() {
      return counts
    },
    latencies,
    reset: () => reset(counts.inFlight),
    entry(method: string, path: string): SimulatorEntry {
      return { n: ++entries, at: clock(), method, path, status: 0, body: undefined }
    },
    /** Puts an entry into the log, again when it has come to an end. Returns the milliseconds since its arrival. */
    note(entry: SimulatorEntry, status: number): number {
      entry.status = status
      if (logSize > 0) ring[(entry.n - 1) % logSize] = entry
      return clock() - entry.at
    },
    arrives() {
      counts.inFlight++
      if (counts.inFlight > counts.maxInFlight) counts.maxInFlight = counts.inFlight
    },
    leaves: () => void counts.inFlight--,
    asked({ id, parts = [id] }: Question) {
      for (const part of parts) if (!times.has(part)) times.set(part, 0)
    },
    /** A reply that was made for a call; `whole` when nothing kept it from arriving. */
    answered({ id, parts = [id], asked }: Question, { said, used }: Replied, whole: boolean) {
      bill(asked.model, 'online', used, 1)
      if (!whole) {
        counts.undelivered++
        return
      }
      counts.answered++
      if (said?.refusal !== undefined) counts.refused++
      if (said?.cut) counts.truncated++
      for (const part of parts) bought(part, 1)
    },
    /** A row that was answered, or with -1 was not after all. */
    row(id: string, model: string, used: Used, sign: 1 | -1) {
      bill(model, 'batch', used, sign)
      counts.rows += sign
      bought(id, sign)
    },
    log: (): SimulatorEntry[] => ring.filter(entry => entry !== undefined).sort((a, b) => a.n - b.n),
    bought: () => new Map([...times].filter(([, n]) => n > 0)),
    stats() {
      const tokens = nothing()
      const models: SimulatorStats['models'] = {}
      let usd = 0
      for (const [model, { online, batch }] of [...tallies].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const sum = { replies: online.replies + batch.replies, usd: 0, ...nothing() }
        add(sum, online)
        add(sum, batch)
        sum.usd = dollars(online, prices, 1) + dollars(batch, prices, prices?.batch ?? 1)
        add(tokens, sum)
        usd += sum.usd
        models[model] = sum
      }
      return {
        ...counts,
        distinct: times.size,
        repeats,
        limitedShare: counts.calls === 0 ? 0 : counts.limited / counts.calls,
        latency: latencies.read(),
        usd,
        tokens,
        models,
      }
    },
  }
}

export type Ledger = ReturnType<typeof openLedger>

/** Quantiles over buckets 1 % wide, from a hundredth of a millisecond on. */
function quantiles() {
  const buckets = new Uint32Array(2600)
  const step = Math.log(1.01)
  let count = 0
  let max = 0
  const at = (share: number) => {
    let left = Math.max(1, Math.ceil(share * count))
    for (let i = 0; i < buckets.length; i++) {
      left -= buckets[i]!
      if (left <= 0) return Math.min(max, Math.exp(i * step) / 100)
    }
    return max
  }
  return {
    add(ms: number) {
      count++
      if (ms > max) max = ms
      buckets[Math.min(buckets.length - 1, Math.max(0, Math.ceil(Math.log(ms * 100) / step)))]!++
    },
    read: () =>
      count === 0 ? { p50: 0, p95: 0, p99: 0, max: 0 } : { p50: at(0.5), p95: at(0.95), p99: at(0.99), max },
    clear() {
      buckets.fill(0)
      count = 0
      max = 0
    },
  }
}
