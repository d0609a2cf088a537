import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { StillroomError } from '../../errors/index.ts'
import { random } from '../../records/index.ts'
import { Fault, Parked, type SeenLimits } from '../contract.ts'
import { Rates, type Taken } from './bucket.ts'
import { Lanes, Queue } from './lanes.ts'
import { type Landed, Width } from './width.ts'

/** What a route did about its server, for logs and progress. `teacher` names all that share it; `wait` is in milliseconds. */
export type RouteEvent =
  | { type: 'capacity'; teacher: string; wait: number; width: number; message: string }
  | { type: 'health'; teacher: string; wait: number; streak: number; message: string }
  | { type: 'parked'; teacher: string; wait: number }
  | { type: 'recovered' | 'unparked'; teacher: string }
  | { type: 'down' | 'rejects'; teacher: string; message: string }

export type RouteOptions = {
  /** Provider, endpoint and model: what shares its limits. */
  id: string
  /** What the recipe calls the teachers behind it, for messages. */
  names: string[]
  /** Ceiling of calls in the air. */
  concurrency: number
  /** Calls in the air before the first reply. */
  start: number
  /** Requests a minute, resent ones included. */
  rpm?: number
  /** Tokens a minute, input and output together. */
  tpm?: number
  /** How many times its unloaded latency the server may be brought to. */
  latency?: number
  /** Milliseconds: a server that asks for a longer wait parks the route. */
  parkAfter?: number
  /** Milliseconds, only ever subtracted from each other. */
  clock?: () => number
  /** Rejects or resolves early when the signal aborts. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>
  /** Numbers in [0, 1) that spread back-off; seeded by the route's id unless given. */
  jitter?: () => number
  onEvent?: (event: RouteEvent) => void
  /** Rounds of failure in a row, and milliseconds since the first of them, that both must pass before the route gives up. */
  patience?: { attempts: number; ms: number }
}

export type Way = {
  /** Teacher and step: lanes take turns. */
  lane: string
  /** Expected input and output tokens. */
  tokens?: number
  signal?: AbortSignal
  /**
   * Runs shortly before the call's turn, and again before it is sent anew after an attempt that may have been worked on:
   * the place to reserve and commit. In the air and prepared together are at most the width, an eighth of it and one; more
   * only where calls land faster than they are prepared.
   */
  prepare?: () => Promise<void>
  /** Runs once, right before the first sending. */
  before?: () => void
  /** Hears, before a call fails or parks, whether an attempt since `prepare` may have been worked on, and so paid for. */
  gaveUp?: (mayHaveCost: boolean) => void
}

export type Route = {
  /**
   * Asks until there is a reply. What `prepare` and `before` throw ends the call. Throws `Parked` where the server asks
   * for a long wait.
   * @throws StillroomError SR_TEACHER_DOWN, SR_TEACHER_REJECTS; SR_INTERRUPTED for calls that wait when the route closes.
   */
  call<T extends Landed>(send: (limits: (seen: SeenLimits) => void) => Promise<T>, way: Way): Promise<T>
  /** Set while the route is parked; resolves when it is open again. */
  readonly parked: Promise<void> | undefined
  /** Calls sent and not yet answered. */
  readonly inFlight: number
  readonly waiting: number
  /** Calls allowed in the air now, between 1 and the configured ceiling. */
  readonly width: number
  readonly ceiling: number
  /** Takes nothing more, fails what waits, lets what is in the air land. */
  close(): Promise<void>
}

/** A call let out: when, as how many-th in the air, in which round of faults. */
type Flight = Taken & { at: number; air: number; epoch: number; short: boolean }
type Unprepared = { way: Way; go: () => void; fail: (error: unknown) => void }
type Waiter = { way: Way; tokens: number; go: (flight: Flight) => void; fail: (error: unknown) => void }

/** Statuses behind which somebody may have done the work all the same: a gateway gave up waiting for it. */
const gaveUpWaiting = new Set([408, 502, 504, 520, 522, 524])

/** A fault that no server charges for: refused before any work, never connected, or an error that the server owns up to. */
const isFree = ({ policy, unsent, status = 0 }: Fault): boolean =>
  policy !== 'health' || unsent || (status >= 400 && !gaveUpWaiting.has(status))

const firstBackoff = 500
const longestBackoff = 60_000
/** Longer timers fire at once. */
const longestTimer = 2 ** 31 - 1

/**
 * The gate of one provider, endpoint and model: its width, its requests and tokens a minute, and whose turn it is.
 *
 * Three policies. Capacity (429): the whole route waits as long as the server says, and the call is sent again, never
 * given up. Health: the call backs off; when nothing succeeds in between, the route backs off with it and sends one call
 * at a time, and after its patience all calls fail together. Route (401, 403, 404): nothing can succeed, so all fail at once.
 * A server that asks for a long wait parks the route: nobody waits in it, so that the work around it can be laid aside.
 */
export function openRoute(options: RouteOptions): Route {
  const {
    concurrency,
    parkAfter = 60_000,
    clock = () => performance.now(),
    sleep = (ms, signal) => wait(ms, undefined, { signal }),
    jitter = random('jitter', options.id),
    onEvent = () => {},
    patience = { attempts: 6, ms: 120_000 },
  } = options
  const teacher = options.names.join(', ')
  const label = `${teacher} (${options.id})`
  const width = new Width({ start: options.start, ceiling: concurrency, latency: options.latency ?? 2 })
  const rates = new Rates(options, clock())
  /** Calls that are not prepared yet, and calls that only wait to be sent. */
  const fresh = new Lanes<Unprepared>()
  const ready = new Lanes<Waiter>()
  /** Calls that were in the air already go first. */
  const again = new Queue<Waiter>()
  const watched = new WeakSet<AbortSignal>()
  const stop = new AbortController()

  let inFlight = 0
  /** Calls being prepared, or prepared and not yet sent. */
  let unsent = 0
  /** Calls that are prepared beyond the usual few. */
  let ahead = 0
  let ended: StillroomError | undefined
  let landed: (() => void) | undefined
  let parked: PromiseWithResolvers<void> | undefined

  let pausedUntil = Number.NEGATIVE_INFINITY
  let timerAt = Number.POSITIVE_INFINITY

  /** Rises with each cut or back-off; a fault of a call sent before it belongs to the same burst. */
  let epoch = 0
  let bursts = 0
  let streak = 0
  let sickSince = 0
  let succeeded = false
  let refusals = 0

  const backoff = (round: number) => Math.min(longestBackoff, firstBackoff * 2 ** (round - 1)) * (0.5 + jitter() / 2)
  /** A sick server is asked with one call at a time. */
  const allowed = () => (streak > 1 ? 1 : width.allowed)

  function pump(): void {
    if (again.size + ready.size + fresh.size === 0 || ended || parked) return
    const most = allowed()
    // The air is not full, and all that could fill it is still being prepared.
    if (fresh.size > 0 && ready.size + again.size === 0 && inFlight < most && ahead < most) ahead++
    while (fresh.size > 0 && mayPrepare()) {
      unsent++
      fresh.shift()!.go()
    }
    for (;;) {
      const queue = again.size > 0 ? again : ready
      const next = queue.first
      if (!next) return
      if (inFlight >= most) {
        width.pressed()
        return
      }
      const now = clock()
      const pause = untilFree(next.tokens, now)
      if (pause > 0) {
        wakeIn(pause, now)
        return
      }
      queue.shift()
      next.go(letOut(next.tokens, now, queue === ready && next.way.prepare !== undefined))
    }
  }

  function mayPrepare(): boolean {
    const most = allowed()
    return inFlight + unsent + again.size <= most + most / 8 + ahead
  }

  /** Milliseconds until a call may go out for pause and rates; 0 now. */
  function untilFree(tokens: number, now: number): number {
    const wait = rates.wait(tokens, now)
    return pausedUntil - now > wait ? pausedUntil - now : wait
  }

  function letOut(tokens: number, now: number, wasPrepared: boolean): Flight {
    if (wasPrepared) unsent--
    rates.take(tokens)
    inFlight++
    const { requests, tokens: all } = rates
    return { at: now, air: inFlight, epoch, short: false, tokens, requestsThen: requests, tokensThen: all }
  }

  function wakeIn(ms: number, now: number): void {
    const at = now + Math.min(ms, longestTimer)
    if (at >= timerAt) return
    timerAt = at
    const wake = () => {
      if (timerAt === at) timerAt = Number.POSITIVE_INFINITY
      pump()
    }
    sleep(at - now, stop.signal).then(wake, wake)
  }

  function check(signal: AbortSignal | undefined): void {
    if (ended) throw ended
    signal?.throwIfAborted()
    if (parked) throw new Parked(parked.promise)
  }

  /** The call's turn to prepare itself: now, or when the promise resolves. */
  function prepareTurn(way: Way): Promise<void> | undefined {
    check(way.signal)
    if (fresh.size === 0 && mayPrepare()) {
      unsent++
      return undefined
    }
    return new Promise((go, fail) => {
      fresh.push(way.lane, { way, go, fail })
      if (way.signal) watch(way.signal)
    })
  }

  /** The call's turn to be sent: now, or when the promise resolves. */
  function turn(way: Way, resent: boolean): Flight | Promise<Flight> {
    check(way.signal)
    const tokens = rates.estimate(way.tokens)
    if (again.size + ready.size === 0 && inFlight < allowed()) {
      const now = clock()
      if (untilFree(tokens, now) === 0) return letOut(tokens, now, !resent && way.prepare !== undefined)
    }
    return new Promise((go, fail) => {
      const waiter = { way, tokens, go, fail }
      if (resent) again.push(waiter)
      else {
        // Prepared too early: fewer ahead will do.
        if (ahead > 0) ahead--
        ready.push(way.lane, waiter)
      }
      if (way.signal) watch(way.signal)
      pump()
    })
  }

  /** One listener for each signal, however many calls wait under it. */
  function watch(signal: AbortSignal): void {
    if (watched.has(signal)) return
    watched.add(signal)
    signal.addEventListener('abort', () => drop(({ way }) => way.signal === signal, signal.reason), { once: true })
  }

  function drop(which: (waiter: { way: Way }) => boolean, reason: unknown): void {
    for (const waiter of [...again.remove(which), ...ready.remove(which), ...fresh.remove(which)]) waiter.fail(reason)
  }

  function end(error: StillroomError): void {
    if (ended) return
    ended = error
    drop(() => true, error)
    parked?.reject(error)
    parked = undefined
    stop.abort()
  }

  /** Waits with everything, at least until then. A long wait that the server asked for parks the route. */
  function pauseUntil(until: number, now: number, asked: boolean): void {
    pausedUntil = Math.max(pausedUntil, until)
    if (parked || ended || !asked || until - now < parkAfter) return
    parked = Promise.withResolvers()
    parked.promise.catch(() => {})
    onEvent({ type: 'parked', teacher, wait: until - now })
    drop(() => true, new Parked(parked.promise))
    void unpark()
  }

  async function unpark(): Promise<void> {
    for (let left = pausedUntil - clock(); left > 0 && !ended; left = pausedUntil - clock())
      await sleep(Math.min(left, longestTimer), stop.signal).catch(() => {})
    const over = parked
    if (!over) return
    parked = undefined
    onEvent({ type: 'unparked', teacher })
    over.resolve()
  }

  function onLimits(seen: SeenLimits, flight: Flight): void {
    const now = clock()
    flight.short = rates.seen(seen, flight, now - flight.at, now)
  }

  function release(): void {
    inFlight--
    if (ended && inFlight === 0) landed?.()
    pump()
  }

  function onReply(reply: Landed, flight: Flight, announced: number | undefined): void {
    const rejected = 'vectors' in reply ? reply.rejected !== undefined : reply.finish === 'rejected'
    if (rejected) {
      refusals++
      if (!succeeded && refusals >= 5)
        throw rejects(`the first ${refusals} requests were all refused, the last with ${reply.rejected?.message}`)
    } else succeeded = true
    if (streak > 1) onEvent({ type: 'recovered', teacher })
    streak = 0
    bursts = 0
    // A refusal takes no time and says nothing of load.
    if (!rejected) width.replied(flight, reply, clock)
    rates.used(flight, announced, reply.usage)
    if (rates.blockedUntil > pausedUntil) heedBlock(clock())
  }

  /** A server that says nothing is left names the time when there will be. */
  function heedBlock(now: number): void {
    if (rates.blockedUntil > now) pauseUntil(rates.blockedUntil, now, true)
  }

  function rejects(why: string): StillroomError {
    if (ended) return ended
    const error = new StillroomError('SR_TEACHER_REJECTS', `Teacher ${label} refuses the requests themselves: ${why}`, {
      hint: 'Check its key, model name and parameters. Everything received so far is kept; run again to go on.',
    })
    onEvent({ type: 'rejects', teacher, message: error.message })
    end(error)
    return error
  }

  /** Draws the consequences of a fault for the route. Returns the milliseconds that this call waits by itself. */
  function onFault(fault: Fault, flight: Flight, attempt: number): number {
    if (ended) throw ended
    if (fault.policy === 'route') throw rejects(fault.message)
    const now = clock()
    const { retryAfter, message } = fault
    const newRound = flight.epoch === epoch
    if (newRound) epoch++
    if (isFree(fault)) rates.giveBack(flight, 0)
    if (fault.policy === 'capacity') {
      if (newRound) bursts++
      const pause = retryAfter || backoff(Math.max(1, bursts))
      // Where requests or tokens ran out, the number in the air was not the reason.
      if (!flight.short) width.refused(flight.air, inFlight, newRound, pause, now)
      if (!flight.short && flight.air === 1) rates.tooFast(now)
      if (retryAfter) rates.unblock(now + retryAfter)
      if (now + pause > pausedUntil) {
        onEvent({ type: 'capacity', teacher, wait: pause, width: width.allowed, message })
        pauseUntil(now + pause, now, pause === retryAfter)
      }
      heedBlock(now)
      return 0
    }
    if (newRound && ++streak === 1) sickSince = now
    if (newRound && streak >= patience.attempts && now - sickSince >= patience.ms) throw down(fault)
    const pause = Math.max(retryAfter ?? 0, backoff(Math.max(1, streak, attempt)))
    const long = retryAfter !== undefined && retryAfter >= parkAfter
    // Others succeed meanwhile: this call alone waits.
    if (streak < 2 && !long) return pause
    if (newRound || long) {
      if (newRound) onEvent({ type: 'health', teacher, wait: pause, streak, message })
      pauseUntil(now + pause, now, long)
    }
    return 0
  }

  function down(fault: Fault): StillroomError {
    const why = `Teacher ${label} stayed unreachable, ${streak} attempts in a row. Last: ${fault.message}`
    const error = new StillroomError('SR_TEACHER_DOWN', why, {
      hint: 'Everything received so far is kept. Run again when it is back; only what is missing is asked.',
    })
    onEvent({ type: 'down', teacher, message: error.message })
    end(error)
    return error
  }

  return {
    async call(send, way) {
      let attempt = 0
      let prepared = false
      let mayHaveCost = false
      try {
        if (way.prepare) {
          const wait = prepareTurn(way)
          if (wait) await wait
          prepared = true
          await way.prepare()
        }
        for (;;) {
          const wait = turn(way, attempt > 0)
          const flight = wait instanceof Promise ? await wait : wait
          prepared = false
          let alone: number
          let sent = false
          try {
            if (attempt++ === 0) way.before?.()
            sent = true
            const reply = await send(seen => onLimits(seen, flight))
            sent = false
            onReply(reply, flight, way.tokens)
            return reply
          } catch (error) {
            mayHaveCost ||= sent && !(error instanceof Fault && isFree(error))
            if (!(error instanceof Fault)) throw error
            alone = onFault(error, flight, attempt)
          } finally {
            release()
          }
          if (alone > 0) {
            const signal = way.signal ? AbortSignal.any([stop.signal, way.signal]) : stop.signal
            await sleep(alone, signal).catch(() => {})
          }
          if (mayHaveCost && way.prepare) {
            check(way.signal)
            mayHaveCost = false
            await way.prepare()
          }
        }
      } catch (error) {
        if (prepared) {
          unsent--
          pump()
        }
        way.gaveUp?.(mayHaveCost)
        throw error
      }
    },
    get parked() {
      return parked?.promise
    },
    get inFlight() {
      return inFlight
    },
    get waiting() {
      return fresh.size + ready.size + again.size
    },
    get width() {
      return width.allowed
    },
    ceiling: concurrency,
    async close() {
      end(new StillroomError('SR_INTERRUPTED', `The route to ${label} was closed.`, { hint: 'Run again to go on.' }))
      if (inFlight > 0) await new Promise<void>(resolve => (landed = resolve))
    },
  }
}
