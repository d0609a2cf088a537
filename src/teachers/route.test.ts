import { describe, expect, it } from 'vitest'
import { StillroomError } from '../errors/index.ts'
import { Fault, type Reply, type Request, type Teacher, type Wire } from './contract.ts'
import { openRoute, type RouteEvent, type RouteOptions } from './route.ts'

const reply: Reply = { content: 'yes', finish: 'stop', usage: {}, warnings: [] }
const request: Request = { messages: [{ role: 'user', content: 'hello' }] }
const wire = (draw = 0, signal?: AbortSignal): Wire => ({ seed: draw, cap: 10, draw, ...(signal && { signal }) })

/** Time that moves only when everything waits: to the next timer. */
function time() {
  let now = 0
  const timers: { at: number; wake: () => void }[] = []
  return {
    clock: () => now,
    sleep: (ms: number, signal: AbortSignal) =>
      new Promise<void>(wake => {
        timers.push({ at: now + ms, wake })
        signal.addEventListener('abort', () => wake(), { once: true })
      }),
    async settle() {
      for (let i = 0; i < 50; i++) await Promise.resolve()
    },
    async next() {
      await this.settle()
      timers.sort((a, b) => a.at - b.at)
      const timer = timers.shift()
      if (!timer) return false
      now = Math.max(now, timer.at)
      timer.wake()
      await this.settle()
      return true
    },
  }
}

/** A teacher whose server is a function of the number of the call and the time. */
function teacher(answer: (n: number, draw: number) => Promise<Reply> | Reply) {
  const stats = { calls: 0, inFlight: 0, most: 0 }
  const made: Teacher = {
    id: 'self/model',
    provider: 'self',
    model: 'model',
    can: { schema: true, seed: true, tools: true, logprobs: true, languageModel: true },
    async doGenerate(_, { draw }) {
      stats.calls++
      stats.inFlight++
      stats.most = Math.max(stats.most, stats.inFlight)
      try {
        return await answer(stats.calls, draw)
      } finally {
        stats.inFlight--
      }
    },
  }
  return { made, stats }
}

function route(made: Teacher, options: Partial<RouteOptions> = {}) {
  const t = time()
  const events: RouteEvent[] = []
  const opened = openRoute(made, {
    concurrency: 32,
    start: 2,
    clock: t.clock,
    sleep: t.sleep,
    jitter: () => 1,
    onEvent: event => events.push(event),
    ...options,
  })
  return { ...t, events, route: opened }
}

/** A server that answers when it is told to. */
function held() {
  const open: (() => void)[] = []
  return { open, answer: () => new Promise<Reply>(resolve => open.push(() => resolve(reply))) }
}

describe('limiter', () => {
  it('starts narrow, doubles each round trip and stops at the ceiling', async () => {
    const { open, answer } = held()
    const { made, stats } = teacher(answer)
    const r = route(made, { concurrency: 10 })
    const all = Promise.all(Array.from({ length: 100 }, (_, i) => r.route.call(request, wire(i))))
    const widths: number[] = []
    while (open.length > 0 || stats.calls < 100) {
      widths.push(stats.inFlight)
      for (const land of open.splice(0)) land()
      await r.settle()
    }
    await all
    expect(widths.slice(0, 5)).toEqual([2, 4, 8, 10, 10])
    expect(stats.most).toBe(10)
    expect(r.route.inFlight).toBe(0)
  })

  it('cuts its width once for a burst of 429 and waits as long as the server says, for all calls', async () => {
    let at429 = 0
    const { made, stats } = teacher(n => {
      if (n <= 8) throw new Fault('capacity', 'slow down', { status: 429, retryAfter: 90_000 })
      at429 ||= r.clock()
      return reply
    })
    const r = route(made, { start: 8 })
    const all = Promise.all(Array.from({ length: 20 }, (_, i) => r.route.call(request, wire(i))))
    await r.settle()
    expect([stats.calls, r.route.width, r.route.waiting]).toEqual([8, 6, 20])
    while (await r.next());
    await all
    expect(at429).toBe(90_000)
    expect(stats.calls).toBe(28)
    // Grown additively: twenty successes from six wide.
    expect(r.route.width).toBeLessThan(10)
    expect(r.events).toEqual([
      { type: 'capacity', teacher: 'self/model', wait: 90_000, width: 6, message: 'slow down' },
    ])
  })

  it('never drops a call for 429, however often it comes', async () => {
    const { made, stats } = teacher(n => {
      if (n <= 40) throw new Fault('capacity', 'slow down')
      return reply
    })
    const r = route(made)
    const one = r.route.call(request, wire())
    while (await r.next());
    expect((await one).content).toBe('yes')
    expect(stats.calls).toBe(41)
  })

  it('keeps to the requests a minute, resent ones included', async () => {
    const sent: number[] = []
    const { made } = teacher(n => {
      sent.push(r.clock())
      if (n === 3) throw new Fault('capacity', 'slow down', { retryAfter: 1 })
      return reply
    })
    const r = route(made, { rpm: 120, start: 32 })
    const all = Promise.all(Array.from({ length: 9 }, (_, i) => r.route.call(request, wire(i))))
    while (await r.next());
    await all
    expect(sent.map(ms => Math.round(ms / 500))).toEqual([0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('passes 20,000 waiting calls through in order', async () => {
    const order: number[] = []
    const { made } = teacher((_, draw) => {
      order.push(draw)
      return reply
    })
    const r = route(made)
    await Promise.all(Array.from({ length: 20_000 }, (_, i) => r.route.call(request, wire(i))))
    expect(order).toHaveLength(20_000)
    expect(order.every((draw, i) => draw === i)).toBe(true)
  })
})

describe('health', () => {
  const broken = () => {
    throw new Fault('health', 'HTTP 503: busy', { status: 503 })
  }

  it('backs off exponentially with one probe at a time, and goes on when the server is back', async () => {
    const sent: number[] = []
    const { made, stats } = teacher(() => {
      sent.push(r.clock())
      return r.clock() < 20_000 ? broken() : reply
    })
    const r = route(made, { start: 4, patience: { attempts: 100, ms: 0 } })
    const all = Promise.all(Array.from({ length: 50 }, (_, i) => r.route.call(request, wire(i))))
    while (await r.next());
    await all
    const probes = sent.filter(ms => ms > 500)
    expect(probes.slice(0, 5)).toEqual([1000, 3000, 7000, 15_000, 31_000])
    expect(stats.calls).toBe(50 + 8 + 4)
    expect(r.events.map(event => event.type)).toEqual([...Array(5).fill('health'), 'recovered'])
  })

  it('lets one failing call back off alone while others succeed', async () => {
    let failed = 0
    const { made } = teacher((_, draw) => (draw === 3 && failed++ < 3 ? broken() : reply))
    const r = route(made)
    const done: number[] = []
    const all = Array.from({ length: 10 }, (_, i) => r.route.call(request, wire(i)).then(() => done.push(i)))
    await r.settle()
    expect(done).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9])
    while (await r.next());
    await Promise.all(all)
    expect(done.at(-1)).toBe(3)
  })

  it('gives up only after attempts and time, and then fails every waiting call with what to do', async () => {
    const { made, stats } = teacher(broken)
    const r = route(made, { patience: { attempts: 3, ms: 60_000 } })
    const all = Array.from({ length: 30 }, (_, i) => r.route.call(request, wire(i)).catch(error => error))
    while (await r.next());
    const errors = await Promise.all(all)
    expect(r.clock()).toBeGreaterThanOrEqual(60_000)
    expect(errors.every(error => StillroomError.is(error) && error.code === 'SR_TEACHER_DOWN')).toBe(true)
    expect(errors[0].message).toContain('self/model')
    expect(errors[0].message).toContain('HTTP 503: busy')
    expect(errors[0].hint).toContain('kept')
    const before = stats.calls
    await expect(r.route.call(request, wire())).rejects.toMatchObject({ code: 'SR_TEACHER_DOWN' })
    expect(stats.calls).toBe(before)
  })

  it('does not count an idle hour as sickness', async () => {
    let hour = 0
    const { made } = teacher(n => (n === 1 ? reply : n < 5 ? broken() : reply))
    const t = time()
    const r = openRoute(made, {
      concurrency: 4,
      start: 4,
      clock: () => t.clock() + hour,
      sleep: t.sleep,
      jitter: () => 1,
      patience: { attempts: 2, ms: 60_000 },
    })
    await r.call(request, wire())
    hour = 3_600_000
    const late = r.call(request, wire(1))
    while (await t.next());
    expect((await late).content).toBe('yes')
  })
})

describe('route', () => {
  it('fails everything at once when no request can succeed', async () => {
    const { made, stats } = teacher(() => {
      throw new Fault('route', 'HTTP 401: bad key', { status: 401 })
    })
    const r = route(made)
    const errors = await Promise.all(
      Array.from({ length: 9 }, (_, i) => r.route.call(request, wire(i)).catch(error => error.code)),
    )
    expect(new Set(errors)).toEqual(new Set(['SR_TEACHER_REJECTS']))
    expect(stats.calls).toBe(2)
    expect(r.events).toHaveLength(1)
  })

  it('stops when the first five requests are all rejected, and not when one was answered before', async () => {
    const rejected: Reply = { ...reply, finish: 'rejected', rejected: { status: 400, message: 'no such field' } }
    const all = teacher(() => rejected)
    const strict = route(all.made, { start: 1, concurrency: 1 })
    const codes = await Promise.all(
      Array.from({ length: 7 }, (_, i) =>
        strict.route.call(request, wire(i)).then(
          one => one.finish,
          error => error.code,
        ),
      ),
    )
    expect(codes).toEqual([
      'rejected',
      'rejected',
      'rejected',
      'rejected',
      'SR_TEACHER_REJECTS',
      'SR_TEACHER_REJECTS',
      'SR_TEACHER_REJECTS',
    ])
    expect(all.stats.calls).toBe(5)

    const mixed = teacher(n => (n === 1 ? reply : rejected))
    const lenient = route(mixed.made, { start: 1, concurrency: 1 })
    const finishes = await Promise.all(
      Array.from({ length: 9 }, (_, i) => lenient.route.call(request, wire(i)).then(one => one.finish)),
    )
    expect(finishes.filter(finish => finish === 'rejected')).toHaveLength(8)
  })
})

describe('calls', () => {
  it('reserves once, after being let out and before the first sending', async () => {
    const steps: string[] = []
    const { made } = teacher(n => {
      steps.push(`sent ${n}`)
      if (n === 1) throw new Fault('capacity', 'wait', { retryAfter: 5 })
      return reply
    })
    const r = route(made)
    const one = r.route.call(request, wire(), async () => void steps.push('reserved'))
    while (await r.next());
    await one
    expect(steps).toEqual(['reserved', 'sent 1', 'sent 2'])
    await expect(r.route.call(request, wire(), () => Promise.reject(new Error('no budget')))).rejects.toThrow(
      'no budget',
    )
    expect(r.route.inFlight).toBe(0)
  })

  it('leaves the queue when its signal aborts, without another listener for each call', async () => {
    const { open, answer } = held()
    const { made, stats } = teacher(answer)
    const r = route(made, { start: 1, concurrency: 1 })
    const abort = new AbortController()
    let listeners = 0
    const add = abort.signal.addEventListener.bind(abort.signal)
    abort.signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    const first = r.route.call(request, wire())
    const waiting = Array.from({ length: 100 }, (_, i) =>
      r.route.call(request, wire(i, abort.signal)).catch(error => error),
    )
    const last = r.route.call(request, wire(7))
    abort.abort(new Error('stop'))
    expect((await Promise.all(waiting)).every(error => error.message === 'stop')).toBe(true)
    open[0]!()
    await r.settle()
    open[1]!()
    await Promise.all([first, last])
    expect([listeners, stats.calls]).toEqual([1, 2])
  })

  it('closes by failing what waits and letting land what is in the air', async () => {
    const { open, answer } = held()
    const { made } = teacher(answer)
    const r = route(made, { start: 1, concurrency: 1 })
    const flying = r.route.call(request, wire())
    const waiting = r.route.call(request, wire(1)).catch(error => error.code)
    let closed = false
    const closing = r.route.close().then(() => {
      closed = true
    })
    await r.settle()
    expect([await waiting, closed]).toEqual(['SR_INTERRUPTED', false])
    open[0]!()
    await Promise.all([flying, closing])
    expect((await flying).content).toBe('yes')
  })
})
