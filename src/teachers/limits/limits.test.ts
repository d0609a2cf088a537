import { describe, expect, it } from 'vitest'
import { random } from '../../records/index.ts'
import { Fault, type Reply, type SeenLimits } from '../contract.ts'
import { openRoute, type RouteOptions } from './route.ts'

/** Time that moves only when everything waits: to the next timer. A binary heap, so that simulations can be long. */
function virtualTime() {
  let now = 0
  const heap: { at: number; wake: () => void }[] = []
  function push(at: number, wake: () => void): void {
    let i = heap.push({ at, wake }) - 1
    for (let up = (i - 1) >> 1; i > 0 && heap[up]!.at > at; i = up, up = (i - 1) >> 1)
      [heap[i], heap[up]] = [heap[up]!, heap[i]!]
  }
  function pop(): { at: number; wake: () => void } {
    const top = heap[0]!
    const last = heap.pop()!
    if (heap.length > 0) heap[0] = last
    for (let i = 0; ; ) {
      let least = i
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < heap.length && heap[child]!.at < heap[least]!.at) least = child
      if (least === i) return top
      ;[heap[i], heap[least]] = [heap[least]!, heap[i]!]
      i = least
    }
  }
  const sleep = (ms: number, signal?: AbortSignal) =>
    new Promise<void>(wake => {
      push(now + ms, wake)
      signal?.addEventListener('abort', () => wake(), { once: true })
    })
  return {
    clock: () => now,
    sleep,
    /** Moves on until the time, or until nothing is due any more. */
    async until(end: number): Promise<void> {
      for (;;) {
        await new Promise(setImmediate)
        if (heap.length === 0 || heap[0]!.at > end) return
        now = heap[0]!.at
        while (heap.length > 0 && heap[0]!.at === now) pop().wake()
      }
    },
  }
}

type VirtualTime = ReturnType<typeof virtualTime>

/**
 * A server in virtual time. It serves `slots` calls at once and either refuses more with 429 or queues them silently;
 * it takes `rpm` requests a minute out of a bucket of `burst`.
 */
function virtualServer(
  time: VirtualTime,
  options: {
    slots: () => number
    queues?: boolean
    /** Milliseconds of a reply, and its output tokens. */
    reply: (n: number) => { ms: number; tokens: number }
    retryAfter?: number
    rpm?: number
    burst?: number
    headers?: boolean
    /** Requests in each window of ten seconds, told in headers. */
    perWindow?: number
  },
) {
  const { slots, reply, rpm = Number.POSITIVE_INFINITY, burst = rpm } = options
  const queue: (() => void)[] = []
  const done: { at: number; ms: number }[] = []
  let busy = 0
  let level = burst
  let filledAt = 0
  let windowOf = 0
  let left = options.perWindow ?? 0
  const stats = { calls: 0, refused: [] as number[], done, most: 0 }
  async function send(limits: (seen: SeenLimits) => void): Promise<Reply> {
    const n = stats.calls++
    const start = time.clock()
    if (rpm < Number.POSITIVE_INFINITY) {
      level = Math.min(burst, level + ((start - filledAt) * rpm) / 60_000)
      filledAt = start
      const taken = level >= 1 - 1e-9
      if (taken) level--
      const left = Math.floor(level + 1e-9)
      if (options.headers)
        limits({ requests: { limit: burst, remaining: left, resetMs: Math.ceil(((burst - level) * 60_000) / rpm) } })
      if (!taken) return refuse(start)
    }
    if (options.perWindow) {
      const current = Math.floor(start / 10_000)
      if (current > windowOf) {
        windowOf = current
        left = options.perWindow
      }
      const taken = left > 0
      if (taken) left--
      limits({ requests: { limit: options.perWindow, remaining: left, resetMs: 10_000 * (current + 1) - start } })
      if (!taken) return refuse(start)
    }
    if (busy >= slots()) {
      if (!options.queues) return refuse(start)
      await new Promise<void>(go => queue.push(go))
    } else busy++
    stats.most = Math.max(stats.most, busy)
    const { ms, tokens } = reply(n)
    await time.sleep(ms)
    // The slot goes over to the next in the queue, unless there are fewer now.
    const next = busy <= slots() ? queue.shift() : undefined
    if (next) next()
    else busy--
    done.push({ at: time.clock(), ms: time.clock() - start })
    return { content: '', finish: 'stop', usage: { output: tokens }, warnings: [] }
  }
  async function refuse(at: number): Promise<Reply> {
    stats.refused.push(at)
    await time.sleep(1)
    throw new Fault('capacity', 'slow down', { status: 429, retryAfter: options.retryAfter })
  }
  return { send, stats }
}

type Server = Parameters<typeof virtualServer>[1]
const spread = (ms: number, seed = 'latency') => {
  const next = random(seed)
  return () => ({ ms: ms * (0.9 + 0.2 * next()), tokens: 50 })
}

/** A route with more work than it can do, against a server in virtual time. */
function simulate(serve: Server | ((time: VirtualTime) => Server), options: Partial<RouteOptions> = {}) {
  const time = virtualTime()
  const { send, stats } = virtualServer(time, typeof serve === 'function' ? serve(time) : serve)
  const route = openRoute({
    id: 'simulated',
    names: ['t'],
    concurrency: 1024,
    start: 8,
    clock: time.clock,
    sleep: time.sleep,
    jitter: () => 0.5,
    ...options,
  })
  const work = async (): Promise<void> => {
    for (;;) await route.call(send, { lane: 'a' })
  }
  for (let i = 0; i < 1200; i++) void work()
  return {
    time,
    stats,
    route,
    /** Replies a second and their median latency between two times, in seconds. */
    async between(from: number, to: number) {
      await time.until(to * 1000)
      const some = stats.done.filter(({ at }) => at > from * 1000 && at <= to * 1000)
      const latencies = some.map(({ ms }) => ms).sort((a, b) => a - b)
      const refused = stats.refused.filter(at => at > from * 1000 && at <= to * 1000).length
      return { rate: some.length / (to - from), median: latencies[latencies.length >> 1]!, refused }
    },
  }
}

describe('a server that refuses', () => {
  it('is used to its limit, with hardly a refusal', async () => {
    const s = simulate({ slots: () => 64, reply: spread(200), retryAfter: 1000 })
    const start = await s.between(0, 10)
    const steady = await s.between(10, 120)
    expect(start.rate).toBeGreaterThan(0.75 * 320)
    expect(steady.rate).toBeGreaterThan(0.95 * 320)
    expect(s.route.width).toBe(64)
    expect(s.stats.refused.length).toBeLessThan(10)
  })

  it('is probed more and more rarely, at one refusal each', async () => {
    const s = simulate({ slots: () => 10, reply: spread(50), retryAfter: 200 })
    await s.time.until(600_000)
    const probes = s.stats.refused.filter(at => at > 5000)
    const gaps = probes.slice(1).map((at, i) => (at - probes[i]!) / 1000)
    expect(probes.length).toBeGreaterThan(3)
    expect(probes.length).toBeLessThan(8)
    for (let i = 1; i < gaps.length; i++) expect(gaps[i]! / gaps[i - 1]!).toBeGreaterThan(1.7)
  })

  it('is found to have grown, and to have shrunk', async () => {
    const more = simulate(time => ({
      slots: () => (time.clock() > 30_000 ? 256 : 64),
      reply: spread(200),
      retryAfter: 1000,
    }))
    expect((await more.between(60, 80)).rate).toBeGreaterThan(0.9 * 1280)
    const less = simulate(time => ({
      slots: () => (time.clock() > 30_000 ? 16 : 256),
      reply: spread(200),
      retryAfter: 1000,
    }))
    expect((await less.between(50, 100)).rate).toBeGreaterThan(0.9 * 80)
    expect(less.route.width).toBeLessThanOrEqual(16)
  })

  it('with 512 places is filled within three seconds', async () => {
    const s = simulate({ slots: () => 512, reply: spread(200) }, { concurrency: 512 })
    await s.time.until(3000)
    expect([s.route.inFlight, s.stats.most]).toEqual([512, 512])
    expect(s.stats.refused).toEqual([])
  })

  it('does not learn from a few calls how many more it takes', async () => {
    const s = virtualTime()
    const { send } = virtualServer(s, { slots: () => 64, reply: spread(10) })
    const route = openRoute({ id: 'x', names: ['t'], concurrency: 512, start: 8, clock: s.clock, sleep: s.sleep })
    for (let i = 0; i < 100; i++) {
      const few = Promise.all([0, 1, 2].map(() => route.call(send, { lane: 'a' })))
      await s.until(s.clock() + 50)
      await few
    }
    expect(route.width).toBe(8)
  })
})

describe('a server that queues', () => {
  it('is kept busy at less than twice its unloaded latency', async () => {
    const s = simulate({ slots: () => 32, queues: true, reply: spread(200) })
    const steady = await s.between(10, 60)
    expect(steady.rate).toBeGreaterThan(0.95 * 160)
    expect(steady.median).toBeLessThan(400)
  })

  it('is no other server when its replies vary in length, or become long', async () => {
    const next = random('lengths')
    const reply = (tokens: number) => ({ ms: 150 + tokens * (1.4 + 0.6 * next()), tokens })
    const mixed = simulate({ slots: () => 32, queues: true, reply: () => reply(10 + Math.floor(next() * 300)) })
    const steady = await mixed.between(20, 80)
    expect(steady.rate).toBeGreaterThan(0.9 * (32_000 / (150 + 160 * 1.7)))
    expect(steady.median).toBeLessThan(2 * (150 + 160 * 1.7))

    const shifting = simulate(time => ({
      slots: () => 32,
      queues: true,
      reply: () => reply(time.clock() % 40_000 < 20_000 ? 10 : 250),
    }))
    for (const [from, ms] of [
      [5, 167],
      [25, 575],
      [45, 167],
      [65, 575],
    ] as const) {
      const phase = await shifting.between(from, from + 15)
      expect(phase.rate).toBeGreaterThan(0.85 * (32_000 / ms))
      expect(phase.median).toBeLessThan(2 * ms)
    }
  })

  it('that becomes slower for good gets its width back, at the new latency', async () => {
    for (const factor of [1.6, 3]) {
      const quick = spread(200)
      const slow = spread(200 * factor)
      const s = simulate(time => ({
        slots: () => 32,
        queues: true,
        reply: () => (time.clock() > 30_000 ? slow : quick)(),
      }))
      const steady = await s.between(60, 120)
      expect(steady.rate).toBeGreaterThan((0.9 * 160) / factor)
      expect(steady.median).toBeLessThan(400 * factor + 20)
    }
  })

  it('and answers at once is never throttled', async () => {
    const next = random('local')
    const s = simulate(
      time => ({ slots: () => 1024, reply: () => ({ ms: (time.clock() < 50 ? 1 : 60) + 30 * next(), tokens: 5 }) }),
      { concurrency: 64 },
    )
    await s.time.until(10_000)
    expect(s.route.width).toBe(64)
  })
})

describe('requests and tokens a minute', () => {
  const refusedShare = ({ stats }: ReturnType<typeof simulate>): number => stats.refused.length / stats.calls

  it('are learnt from headers, of buckets that refill steadily', async () => {
    for (const [burst, ms] of [
      [600, 200],
      [60, 2000],
      [60, 20],
    ] as const) {
      const s = simulate({ slots: () => 1000, rpm: 600, burst, headers: true, retryAfter: 1000, reply: spread(ms) })
      const steady = await s.between(120, 240)
      expect(steady.rate).toBeGreaterThan(0.95 * 10)
      expect(refusedShare(s)).toBeLessThan(0.01)
    }
  })

  it('are learnt from headers, of windows that begin anew', async () => {
    const s = simulate({ slots: () => 1000, perWindow: 120, retryAfter: 1000, reply: spread(200) })
    const steady = await s.between(20, 120)
    expect(steady.rate).toBeGreaterThan(0.9 * 12)
    expect(refusedShare(s)).toBeLessThan(0.01)
  })

  it('are kept when the recipe names them', async () => {
    const s = simulate({ slots: () => 1000, rpm: 600, burst: 12, retryAfter: 1000, reply: spread(200) }, { rpm: 600 })
    const steady = await s.between(10, 60)
    expect(steady.rate).toBeGreaterThan(0.98 * 10)
    expect(s.stats.refused).toEqual([])
  })

  it('are found out where nobody names them', async () => {
    const s = simulate({ slots: () => 1000, rpm: 600, burst: 10, retryAfter: 1000, reply: spread(20) })
    const steady = await s.between(60, 600)
    expect(steady.rate).toBeGreaterThan(0.9 * 10)
    expect(steady.refused / (steady.rate * 540)).toBeLessThan(0.01)
  })

  it('count the tokens that calls turn out to use', async () => {
    const time = virtualTime()
    const sent: number[] = []
    const send = async (): Promise<Reply> => {
      sent.push(time.clock())
      await time.sleep(100)
      return { content: '', finish: 'stop', usage: { input: 900, output: 1100 }, warnings: [] }
    }
    const route = openRoute({
      id: 'x',
      names: ['t'],
      concurrency: 8,
      start: 1,
      tpm: 240_000,
      clock: time.clock,
      sleep: time.sleep,
    })
    for (let i = 0; i < 400; i++) void route.call(send, { lane: 'a', tokens: 1000 }).catch(() => {})
    await time.until(120_000)
    // 2,000 tokens each, of which half were announced: two a second.
    expect(sent.length).toBeGreaterThan(235)
    expect(sent.length).toBeLessThan(246)
    void route.close()
  })

  it('park the route when they are used up for long', async () => {
    const time = virtualTime()
    const send = async (limits: (seen: SeenLimits) => void): Promise<Reply> => {
      limits({ requests: { limit: 200, remaining: 0, resetMs: 3_600_000 } })
      return { content: '', finish: 'stop', usage: {}, warnings: [] }
    }
    const route = openRoute({ id: 'x', names: ['t'], concurrency: 8, start: 1, clock: time.clock, sleep: time.sleep })
    await route.call(send, { lane: 'a' })
    expect(route.parked).toBeDefined()
    await expect(route.call(send, { lane: 'a' })).rejects.toThrow('parked')
    await time.until(3_600_000)
    expect(route.parked).toBe(undefined)
  })
})
