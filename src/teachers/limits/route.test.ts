import { describe, expect, it } from 'vitest'
import { StillroomError } from '../../errors/index.ts'
import { Fault, Parked, type Reply } from '../contract.ts'
import { openRoute, type RouteEvent, type RouteOptions, type Way } from './route.ts'

const reply: Reply = { content: 'yes', finish: 'stop', usage: {}, warnings: [] }

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

/** A server that is a function of the number of the call and the time. */
function server(answer: (n: number, call: number) => Promise<Reply> | Reply) {
  const stats = { calls: 0, inFlight: 0, most: 0 }
  async function send(call: number): Promise<Reply> {
    stats.calls++
    stats.inFlight++
    stats.most = Math.max(stats.most, stats.inFlight)
    try {
      return await answer(stats.calls, call)
    } finally {
      stats.inFlight--
    }
  }
  return { send, stats }
}

function open(send: (call: number) => Promise<Reply>, options: Partial<RouteOptions> = {}) {
  const t = time()
  const events: RouteEvent[] = []
  const route = openRoute({
    id: 'self/model',
    names: ['writer', 'judge'],
    concurrency: 32,
    start: 2,
    clock: t.clock,
    sleep: t.sleep,
    jitter: () => 1,
    onEvent: event => events.push(event),
    ...options,
  })
  const call = (n = 0, way: Partial<Way> = {}) => route.call(() => send(n), { lane: 'a', ...way })
  return { ...t, events, route, call }
}

/** A server that answers when it is told to. */
function held() {
  const air: (() => void)[] = []
  return { air, answer: () => new Promise<Reply>(resolve => air.push(() => resolve(reply))) }
}

describe('limiter', () => {
  it('starts narrow, doubles each round trip and stops at the ceiling', async () => {
    const { air, answer } = held()
    const { send, stats } = server(answer)
    const r = open(send, { concurrency: 10 })
    const all = Promise.all(Array.from({ length: 100 }, (_, i) => r.call(i)))
    const widths: number[] = []
    while (air.length > 0 || stats.calls < 100) {
      widths.push(stats.inFlight)
      for (const land of air.splice(0)) land()
      await r.settle()
    }
    await all
    expect(widths.slice(0, 5)).toEqual([2, 4, 8, 10, 10])
    expect(stats.most).toBe(10)
    expect(r.route.inFlight).toBe(0)
  })

  it('cuts its width once for a burst of 429 and waits as long as the server says, for all calls', async () => {
    let at429 = 0
    const { send, stats } = server(n => {
      if (n <= 8) throw new Fault('capacity', 'slow down', { status: 429, retryAfter: 50_000 })
      at429 ||= r.clock()
      return reply
    })
    const r = open(send, { start: 8 })
    const all = Promise.all(Array.from({ length: 20 }, (_, i) => r.call(i)))
    await r.settle()
    expect([stats.calls, r.route.width, r.route.waiting]).toEqual([8, 6, 20])
    while (await r.next());
    await all
    expect(at429).toBe(50_000)
    expect(stats.calls).toBe(28)
    // Grown additively: twenty successes from six wide.
    expect(r.route.width).toBeLessThan(10)
    expect(r.events).toEqual([
      { type: 'capacity', teacher: 'writer, judge', wait: 50_000, width: 6, message: 'slow down' },
    ])
  })

  it('never drops a call for 429, however often it comes', async () => {
    const { send, stats } = server(n => {
      if (n <= 40) throw new Fault('capacity', 'slow down')
      return reply
    })
    const r = open(send)
    const one = r.call()
    while (await r.next());
    expect((await one).content).toBe('yes')
    expect(stats.calls).toBe(41)
  })

  it('keeps to the requests a minute, resent ones included', async () => {
    const sent: number[] = []
    const { send } = server(n => {
      sent.push(r.clock())
      if (n === 3) throw new Fault('capacity', 'slow down', { retryAfter: 1 })
      return reply
    })
    const r = open(send, { rpm: 120, start: 32 })
    const all = Promise.all(Array.from({ length: 9 }, (_, i) => r.call(i)))
    while (await r.next());
    await all
    expect(sent.map(ms => Math.round(ms / 500))).toEqual([0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('passes 20,000 waiting calls through in order', async () => {
    const order: number[] = []
    const { send } = server((_, draw) => {
      order.push(draw)
      return reply
    })
    const r = open(send)
    await Promise.all(Array.from({ length: 20_000 }, (_, i) => r.call(i)))
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
    const { send, stats } = server(() => {
      sent.push(r.clock())
      return r.clock() < 20_000 ? broken() : reply
    })
    const r = open(send, { start: 4, patience: { attempts: 100, ms: 0 } })
    const all = Promise.all(Array.from({ length: 50 }, (_, i) => r.call(i)))
    while (await r.next());
    await all
    const probes = sent.filter(ms => ms > 500)
    expect(probes.slice(0, 5)).toEqual([1000, 3000, 7000, 15_000, 31_000])
    expect(stats.calls).toBe(50 + 8 + 4)
    expect(r.events.map(event => event.type)).toEqual([...Array(5).fill('health'), 'recovered'])
  })

  it('lets one failing call back off alone while others succeed', async () => {
    let failed = 0
    const { send } = server((_, draw) => (draw === 3 && failed++ < 3 ? broken() : reply))
    const r = open(send)
    const done: number[] = []
    const all = Array.from({ length: 10 }, (_, i) => r.call(i).then(() => done.push(i)))
    await r.settle()
    expect(done).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9])
    while (await r.next());
    await Promise.all(all)
    expect(done.at(-1)).toBe(3)
  })

  it('gives up only after attempts and time, and then fails every waiting call with what to do', async () => {
    const { send, stats } = server(broken)
    const r = open(send, { patience: { attempts: 3, ms: 60_000 } })
    const all = Array.from({ length: 30 }, (_, i) => r.call(i).catch(error => error))
    while (await r.next());
    const errors = await Promise.all(all)
    expect(r.clock()).toBeGreaterThanOrEqual(60_000)
    expect(errors.every(error => StillroomError.is(error) && error.code === 'SR_TEACHER_DOWN')).toBe(true)
    expect(errors[0].message).toContain('self/model')
    expect(errors[0].message).toContain('HTTP 503: busy')
    expect(errors[0].hint).toContain('kept')
    const before = stats.calls
    await expect(r.call()).rejects.toMatchObject({ code: 'SR_TEACHER_DOWN' })
    expect(stats.calls).toBe(before)
  })

  it('does not count an idle hour as sickness', async () => {
    let hour = 0
    const { send } = server(n => (n === 1 ? reply : n < 5 ? broken() : reply))
    const t = time()
    const r = openRoute({
      id: 'self/model',
      names: ['t'],
      concurrency: 4,
      start: 4,
      clock: () => t.clock() + hour,
      sleep: t.sleep,
      jitter: () => 1,
      patience: { attempts: 2, ms: 60_000 },
    })
    await r.call(() => send(0), { lane: 'a' })
    hour = 3_600_000
    const late = r.call(() => send(1), { lane: 'a' })
    while (await t.next());
    expect((await late).content).toBe('yes')
  })
})

describe('route', () => {
  it('fails everything at once when no request can succeed', async () => {
    const { send, stats } = server(() => {
      throw new Fault('route', 'HTTP 401: bad key', { status: 401 })
    })
    const r = open(send)
    const errors = await Promise.all(Array.from({ length: 9 }, (_, i) => r.call(i).catch(error => error.code)))
    expect(new Set(errors)).toEqual(new Set(['SR_TEACHER_REJECTS']))
    expect(stats.calls).toBe(2)
    expect(r.events).toHaveLength(1)
  })

  it('stops when the first five requests are all rejected, and not when one was answered before', async () => {
    const rejected: Reply = { ...reply, finish: 'rejected', rejected: { status: 400, message: 'no such field' } }
    const all = server(() => rejected)
    const strict = open(all.send, { start: 1, concurrency: 1 })
    const codes = await Promise.all(
      Array.from({ length: 7 }, (_, i) =>
        strict.call(i).then(
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

    const mixed = server(n => (n === 1 ? reply : rejected))
    const lenient = open(mixed.send, { start: 1, concurrency: 1 })
    const finishes = await Promise.all(Array.from({ length: 9 }, (_, i) => lenient.call(i).then(one => one.finish)))
    expect(finishes.filter(finish => finish === 'rejected')).toHaveLength(8)
  })
})

describe('calls', () => {
  it('prepares once, starts once, and says of every failure whether it may have cost', async () => {
    const steps: string[] = []
    const way = (name: string): Partial<Way> => ({
      prepare: async () => void steps.push(`${name} prepared`),
      before: () => void steps.push(`${name} starts`),
      gaveUp: may => void steps.push(`${name} gave up ${may}`),
    })
    const { send } = server(n => {
      steps.push(`sent ${n}`)
      if (n === 1) throw new Fault('capacity', 'wait', { retryAfter: 5 })
      if (n === 3) throw new Error('aborted')
      return reply
    })
    const r = open(send)
    const one = r.call(1, way('a'))
    while (await r.next());
    await one
    expect(steps.splice(0)).toEqual(['a prepared', 'a starts', 'sent 1', 'sent 2'])
    await expect(r.call(2, way('b'))).rejects.toThrow('aborted')
    expect(steps.splice(0)).toEqual(['b prepared', 'b starts', 'sent 3', 'b gave up true'])
    const broken = { ...way('c'), prepare: () => Promise.reject(new Error('no room')) }
    await expect(r.call(3, broken)).rejects.toThrow('no room')
    const over = {
      ...way('d'),
      before: () => {
        throw new Error('no budget')
      },
    }
    await expect(r.call(4, over)).rejects.toThrow('no budget')
    expect(steps).toEqual(['c gave up false', 'd prepared', 'd gave up false'])
    expect([r.route.inFlight, r.route.waiting]).toEqual([0, 0])
    await r.call(5)
  })

  it('prepares again before it sends anew what may have been worked on, and not after an owned error', async () => {
    const steps: string[] = []
    const { send } = server(n => {
      steps.push(`sent ${n}`)
      if (n === 1) throw new Fault('health', 'HTTP 500: sorry', { status: 500 })
      if (n === 2) throw new Fault('health', 'the connection broke')
      if (n === 3) throw new Fault('health', 'the reply is no complete JSON', { status: 200 })
      return reply
    })
    const r = open(send)
    const one = r.call(1, { prepare: async () => void steps.push('prepared') })
    while (await r.next());
    await one
    expect(steps).toEqual(['prepared', 'sent 1', 'sent 2', 'prepared', 'sent 3', 'prepared', 'sent 4'])
  })

  it('prepares a few calls ahead of their turn, and no more', async () => {
    const { air, answer } = held()
    const { send, stats } = server(answer)
    const r = open(send, { start: 16, concurrency: 16 })
    let prepared = 0
    const prepare = async () => void prepared++
    const all = Promise.all(Array.from({ length: 100 }, (_, i) => r.call(i, { prepare })))
    const seen: [number, number][] = []
    while (stats.calls < 100 || air.length > 0) {
      await r.settle()
      seen.push([prepared, stats.inFlight])
      air.shift()?.()
    }
    await all
    expect(seen.slice(0, 3)).toEqual([
      [19, 16],
      [20, 16],
      [21, 16],
    ])
    expect(prepared).toBe(100)
  })

  it('lets lanes take turns, for preparing and for sending', async () => {
    const order: number[] = []
    const { send } = server((_, n) => {
      order.push(n)
      return reply
    })
    for (const prepare of [undefined, async () => {}]) {
      order.length = 0
      const r = open(send, { start: 1, concurrency: 1 })
      const crowd = Array.from({ length: 1000 }, (_, i) => r.call(i, { lane: 'crowd', prepare }))
      const single = r.call(-1, { lane: 'single', prepare })
      const other = [-2, -3].map(n => r.call(n, { lane: 'other', prepare }))
      await Promise.all([...crowd, single, ...other])
      expect(order.indexOf(-1)).toBeLessThan(6)
      expect(order.indexOf(-2)).toBeLessThan(6)
      expect(order.indexOf(-3)).toBeLessThan(9)
      expect(order.filter(n => n >= 0)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    }
  })

  it('leaves the queue when its signal aborts, without another listener for each call', async () => {
    const { air, answer } = held()
    const { send, stats } = server(answer)
    const r = open(send, { start: 1, concurrency: 1 })
    const abort = new AbortController()
    let listeners = 0
    const add = abort.signal.addEventListener.bind(abort.signal)
    abort.signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    const first = r.call()
    const waiting = Array.from({ length: 100 }, (_, i) => r.call(i, { signal: abort.signal }).catch(error => error))
    const last = r.call(7)
    abort.abort(new Error('stop'))
    expect((await Promise.all(waiting)).every(error => error.message === 'stop')).toBe(true)
    air[0]!()
    await r.settle()
    air[1]!()
    await Promise.all([first, last])
    expect([listeners, stats.calls]).toEqual([1, 2])
  })

  it('closes by failing what waits and letting land what is in the air', async () => {
    const { air, answer } = held()
    const { send } = server(answer)
    const r = open(send, { start: 1, concurrency: 1 })
    const flying = r.call()
    const waiting = r.call(1).catch(error => error.code)
    let closed = false
    const closing = r.route.close().then(() => {
      closed = true
    })
    await r.settle()
    expect([await waiting, closed]).toEqual(['SR_INTERRUPTED', false])
    air[0]!()
    await Promise.all([flying, closing])
    expect((await flying).content).toBe('yes')
  })
})

describe('parking', () => {
  const away = (ms: number) => {
    throw new Fault('capacity', 'come back later', { status: 429, retryAfter: ms })
  }

  it('turns everybody away for a long Retry-After, and opens again in time', async () => {
    const { send, stats } = server(n => (n <= 2 ? away(3_600_000) : reply))
    const r = open(send)
    const costs: boolean[] = []
    const way = (prepare?: () => Promise<void>) => ({ prepare, gaveUp: (may: boolean) => void costs.push(may) })
    const all = Array.from({ length: 9 }, (_, i) =>
      r.call(i, way(i % 2 ? async () => {} : undefined)).catch(error => error),
    )
    const errors = await Promise.all(all)
    expect(errors.every(error => error instanceof Parked)).toBe(true)
    expect(costs).toEqual(Array(9).fill(false))
    const late = await r.call(9).catch(error => error)
    expect(late.until).toBe(r.route.parked)
    expect([stats.calls, r.route.waiting, r.route.inFlight]).toEqual([2, 0, 0])
    let open_ = false
    void late.until.then(() => {
      open_ = true
    })
    await r.settle()
    expect(open_).toBe(false)
    while (await r.next());
    expect([open_, r.clock(), r.route.parked]).toEqual([true, 3_600_000, undefined])
    expect((await r.call(10)).content).toBe('yes')
    expect(r.events.map(event => event.type)).toEqual(['capacity', 'parked', 'unparked'])
  })

  it.each([
    [503, false],
    [504, true],
  ])('parks for a server that is down for as long (%i), and counts what it may have worked on', async (status, may) => {
    const { send } = server(n => {
      if (n === 1) throw new Fault('health', `HTTP ${status}: maintenance`, { status, retryAfter: 120_000 })
      return reply
    })
    const r = open(send, { start: 1 })
    const costs: boolean[] = []
    const gaveUp = (may: boolean) => void costs.push(may)
    const both = [r.call(0, { gaveUp }), r.call(1, { gaveUp })].map(call => call.catch(error => error))
    expect((await Promise.all(both)).every(error => error instanceof Parked)).toBe(true)
    expect(costs.sort()).toEqual([false, may])
  })

  it('lets what is in the air land, and stays parked as long as the last of them asks', async () => {
    const { air, answer } = held()
    const { send } = server(n => (n === 2 ? away(60_000) : n === 3 ? answer().then(() => away(90_000)) : answer()))
    const r = open(send, { start: 4 })
    const calls = [0, 1, 2].map(i => r.call(i).catch(error => error))
    expect(await calls[1]).toBeInstanceOf(Parked)
    for (const land of air) land()
    expect((await calls[0]).content).toBe('yes')
    expect(await calls[2]).toBeInstanceOf(Parked)
    while (await r.next());
    expect([r.clock(), r.route.parked]).toEqual([90_000, undefined])
  })

  it('ends the wait when the route closes', async () => {
    const { send } = server(() => away(60_000))
    const r = open(send)
    const { until } = await r.call().catch(error => error)
    await r.route.close()
    await expect(until).rejects.toMatchObject({ code: 'SR_INTERRUPTED' })
    expect(r.route.parked).toBe(undefined)
    await expect(r.call()).rejects.toMatchObject({ code: 'SR_INTERRUPTED' })
  })
})
