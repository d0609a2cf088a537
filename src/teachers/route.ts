import { setTimeout as wait } from 'node:timers/promises'
import { StillroomError } from '../errors/index.ts'
import { random } from '../records/index.ts'
import { Fault, type Reply, type Request, type Teacher, type Wire } from './contract.ts'

/** What a route did about its server, for logs and progress. `wait` is in milliseconds. */
export type RouteEvent =
  | { type: 'capacity'; teacher: string; wait: number; width: number; message: string }
  | { type: 'health'; teacher: string; wait: number; streak: number; message: string }
  | { type: 'recovered'; teacher: string }
  | { type: 'down' | 'rejects'; teacher: string; message: string }

export type RouteOptions = {
  /** What the recipe calls the teacher, for messages. */
  name?: string
  /** Ceiling of calls in the air. */
  concurrency: number
  /** Calls in the air before the first reply. */
  start: number
  /** Requests a minute, resent ones included. */
  rpm?: number
  /** Milliseconds, only ever subtracted from each other. */
  clock?: () => number
  /** Rejects or resolves early when the signal aborts. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>
  /** Numbers in [0, 1) that spread back-off; seeded by the teacher's id unless given. */
  jitter?: () => number
  onEvent?: (event: RouteEvent) => void
  /** Rounds of failure in a row, and milliseconds since the first of them, that both must pass before the route gives up. */
  patience?: { attempts: number; ms: number }
}

export type Route = {
  /**
   * Asks until there is a reply. `reserve` runs once, after the call is let out and before it is first sent: the place
   * to commit an intent. What it throws ends the call. `gaveUp` hears before a call fails for good whether any of its
   * attempts may have been worked on, and so paid for.
   * @throws StillroomError SR_TEACHER_DOWN, SR_TEACHER_REJECTS; SR_INTERRUPTED for calls that wait when the route closes.
   */
  call(
    request: Request,
    wire: Wire,
    reserve?: () => void | Promise<void>,
    gaveUp?: (mayHaveCost: boolean) => void,
  ): Promise<Reply>
  /** Calls sent and not yet answered. */
  readonly inFlight: number
  readonly waiting: number
  /** Calls allowed in the air now, between 1 and the configured ceiling. */
  readonly width: number
  readonly ceiling: number
  /** Takes nothing more, fails what waits, lets what is in the air land, then closes the teacher. */
  close(): Promise<void>
}

type Waiter = { go: () => void; fail: (error: unknown) => void; signal: AbortSignal | undefined; gone: boolean }

/** First in, first out, in constant time. */
class Queue {
  private items: (Waiter | undefined)[] = []
  private head = 0
  get size(): number {
    return this.items.length - this.head
  }
  push(waiter: Waiter): void {
    this.items.push(waiter)
  }
  shift(): Waiter | undefined {
    const waiter = this.items[this.head]
    this.items[this.head++] = undefined
    if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head)
      this.head = 0
    }
    return waiter
  }
  *waiting(): Generator<Waiter> {
    for (let i = this.head; i < this.items.length; i++) yield this.items[i]!
  }
}

/** A fault that no server charges for: refused before any work, or never connected. */
const isFree = ({ policy, unsent }: Fault): boolean => policy !== 'health' || unsent

const firstBackoff = 500
const longestBackoff = 60_000

/**
 * One teacher's gate. Width: grows by one with each reply (so it doubles each round trip) until the first 429 or the
 * ceiling, then by one a round trip; a burst of 429 cuts it to three quarters once.
 *
 * Three policies. Capacity (429): the whole route waits as long as the server says, and the call is sent again, never
 * given up. Health: the call backs off; when nothing succeeds in between, the route backs off with it and sends one call
 * at a time, and after its patience all calls fail together. Route (401, 403, 404): nothing can succeed, so all fail at once.
 */
export function openRoute(teacher: Teacher, options: RouteOptions): Route {
  const {
    concurrency,
    rpm,
    clock = () => performance.now(),
    sleep = (ms, signal) => wait(ms, undefined, { signal }),
    jitter = random('jitter', teacher.id),
    onEvent = () => {},
    patience = { attempts: 6, ms: 120_000 },
  } = options
  const label = options.name ? `${options.name} (${teacher.id})` : teacher.id
  const fresh = new Queue()
  /** Calls that were in the air already go first. */
  const again = new Queue()
  const watched = new WeakSet<AbortSignal>()
  const stop = new AbortController()

  let width = Math.min(options.start, concurrency)
  let slowStart = true
  let inFlight = 0
  let ended: StillroomError | undefined
  let landed: (() => void) | undefined

  let pausedUntil = Number.NEGATIVE_INFINITY
  let timerAt = Number.POSITIVE_INFINITY
  const burst = rpm === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(rpm / 60))
  let tokens = burst
  let filledAt = clock()

  /** Rises with each cut or back-off; a fault of a call sent before it belongs to the same burst. */
  let epoch = 0
  let bursts = 0
  let streak = 0
  let sickSince = 0
  let succeeded = false
  let refusals = 0

  const backoff = (round: number) => Math.min(longestBackoff, firstBackoff * 2 ** (round - 1)) * (0.5 + jitter() / 2)
  /** A sick server is asked with one call at a time. */
  const allowed = () => (streak > 1 ? 1 : Math.floor(width))

  function pump(): void {
    while (!ended && again.size + fresh.size > 0 && inFlight < allowed()) {
      const pause = untilFree()
      if (pause > 0) {
        wakeIn(pause)
        return
      }
      const waiter = (again.size > 0 ? again : fresh).shift()!
      if (waiter.gone) continue
      if (rpm !== undefined) tokens--
      inFlight++
      waiter.go()
    }
  }

  /** Milliseconds until a call may go out for pause and rate; 0 now. */
  function untilFree(): number {
    const now = clock()
    if (now < pausedUntil) return pausedUntil - now
    if (rpm === undefined) return 0
    tokens = Math.min(burst, tokens + ((now - filledAt) * rpm) / 60_000)
    filledAt = now
    // The tolerance keeps rounding from asking for another wake-up a picosecond later.
    return tokens >= 1 - 1e-9 ? 0 : ((1 - tokens) * 60_000) / rpm
  }

  function wakeIn(ms: number): void {
    const at = clock() + ms
    if (at >= timerAt) return
    timerAt = at
    const wake = () => {
      if (timerAt === at) timerAt = Number.POSITIVE_INFINITY
      pump()
    }
    sleep(ms, stop.signal).then(wake, wake)
  }

  function admit(queue: Queue, signal: AbortSignal | undefined): Promise<void> | undefined {
    if (ended) throw ended
    signal?.throwIfAborted()
    if (again.size + fresh.size === 0 && inFlight < allowed() && untilFree() === 0) {
      if (rpm !== undefined) tokens--
      inFlight++
      return undefined
    }
    return new Promise((go, fail) => {
      queue.push({ go, fail, signal, gone: false })
      if (signal) watch(signal)
      pump()
    })
  }

  /** One listener for each signal, however many calls wait under it. */
  function watch(signal: AbortSignal): void {
    if (watched.has(signal)) return
    watched.add(signal)
    signal.addEventListener('abort', () => drop(waiter => waiter.signal === signal, signal.reason), { once: true })
  }

  function drop(which: (waiter: Waiter) => boolean, reason: unknown): void {
    for (const queue of [again, fresh]) {
      for (const waiter of queue.waiting()) {
        if (waiter.gone || !which(waiter)) continue
        waiter.gone = true
        waiter.fail(reason)
      }
    }
  }

  function end(error: StillroomError): void {
    if (ended) return
    ended = error
    drop(() => true, error)
    stop.abort()
  }

  function release(): void {
    inFlight--
    if (ended && inFlight === 0) landed?.()
    pump()
  }

  function onReply(reply: Reply): void {
    if (reply.finish === 'rejected') {
      refusals++
      if (!succeeded && refusals >= 5)
        throw rejects(`the first ${refusals} requests were all refused, the last with ${reply.rejected?.message}`)
    } else succeeded = true
    if (streak > 1) onEvent({ type: 'recovered', teacher: teacher.id })
    streak = 0
    bursts = 0
    width = Math.min(concurrency, width + (slowStart ? 1 : 1 / width))
  }

  function rejects(why: string): StillroomError {
    if (ended) return ended
    const error = new StillroomError('SR_TEACHER_REJECTS', `Teacher ${label} refuses the requests themselves: ${why}`, {
      hint: 'Check its key, model name and parameters. Everything received so far is kept; run again to go on.',
    })
    onEvent({ type: 'rejects', teacher: teacher.id, message: error.message })
    end(error)
    return error
  }

  /** Draws the consequences of a fault for the route. Returns the milliseconds that this call waits by itself. */
  function onFault(fault: Fault, sentIn: number, attempt: number): number {
    if (ended) throw ended
    if (fault.policy === 'route') throw rejects(fault.message)
    const now = clock()
    const newRound = sentIn === epoch
    if (newRound) epoch++
    if (fault.policy === 'capacity') {
      slowStart = false
      if (newRound) {
        bursts++
        width = Math.max(1, Math.floor(width * 0.75))
      }
      const pause = fault.retryAfter || backoff(Math.max(1, bursts))
      if (now + pause > pausedUntil) {
        pausedUntil = now + pause
        onEvent({
          type: 'capacity',
          teacher: teacher.id,
          wait: pause,
          width: Math.floor(width),
          message: fault.message,
        })
      }
      return 0
    }
    if (newRound && ++streak === 1) sickSince = now
    if (newRound && streak >= patience.attempts && now - sickSince >= patience.ms) throw down(fault)
    const pause = Math.max(fault.retryAfter ?? 0, backoff(Math.max(1, streak, attempt)))
    // Others succeed meanwhile: this call alone waits.
    if (streak < 2) return pause
    if (newRound) {
      pausedUntil = Math.max(pausedUntil, now + pause)
      onEvent({ type: 'health', teacher: teacher.id, wait: pause, streak, message: fault.message })
    }
    return 0
  }

  function down(fault: Fault): StillroomError {
    const why = `Teacher ${label} stayed unreachable, ${streak} attempts in a row. Last: ${fault.message}`
    const error = new StillroomError('SR_TEACHER_DOWN', why, {
      hint: 'Everything received so far is kept. Run again when it is back; only what is missing is asked.',
    })
    onEvent({ type: 'down', teacher: teacher.id, message: error.message })
    end(error)
    return error
  }

  return {
    async call(request, wire, reserve, gaveUp) {
      let reserved = reserve === undefined
      let attempt = 0
      let mayHaveCost = false
      const turnOf = (queue: Queue): Promise<void> | undefined => {
        try {
          return admit(queue, wire.signal)?.catch(abandon)
        } catch (error) {
          return abandon(error)
        }
      }
      function abandon(error: unknown): never {
        gaveUp?.(mayHaveCost)
        throw error
      }
      for (;;) {
        const turn = turnOf(attempt > 0 ? again : fresh)
        if (turn) await turn
        const sentIn = epoch
        let alone: number
        try {
          if (!reserved) {
            await reserve!()
            reserved = true
          }
          const reply = await teacher.doGenerate(request, wire)
          onReply(reply)
          return reply
        } catch (error) {
          if (!(error instanceof Fault)) throw error
          mayHaveCost ||= !isFree(error)
          try {
            alone = onFault(error, sentIn, ++attempt)
          } catch (final) {
            abandon(final)
          }
        } finally {
          release()
        }
        if (alone > 0) {
          const signal = wire.signal ? AbortSignal.any([stop.signal, wire.signal]) : stop.signal
          await sleep(alone, signal).catch(() => {})
        }
      }
    },
    get inFlight() {
      return inFlight
    },
    get waiting() {
      return again.size + fresh.size
    },
    get width() {
      return Math.floor(width)
    },
    ceiling: concurrency,
    async close() {
      end(new StillroomError('SR_INTERRUPTED', `The route to ${label} was closed.`, { hint: 'Run again to go on.' }))
      if (inFlight > 0) await new Promise<void>(resolve => (landed = resolve))
      await teacher.close?.()
    },
  }
}
