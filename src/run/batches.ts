import { StillroomError } from '../errors/index.ts'
import { type Sha, sha256 } from '../records/index.ts'
import { type BatchCall, Fault, instruct, type Reply, type Request } from '../teachers/index.ts'
import type { Batch, BatchedCall, Emit, Journal, Money, Reached } from '../workspace/index.ts'
import type { OpenTeacher } from './calls.ts'
import type { Purse } from './purse.ts'
import type { Clock } from './session.ts'
import { type Stop, Stopped } from './stop.ts'

/** A call that is to go into a batch; `step` and `root` say for whom. */
export type Gathered = BatchedCall & { text: string; step: string; root: string }

/** The batches of one route. */
export type Batches = {
  /**
   * Takes a call into the next batch: resolves when that has landed, with or without a reply to this call. Undefined for
   * one that no batch brings: it is asked online.
   * @throws StillroomError SR_TEACHER_DOWN once batches do not come through.
   */
  add(call: Gathered): Promise<void> | undefined
  /** The landing of the unfinished batch that carries a call already. Throws SR_TEACHER_DOWN as `add` does. */
  carrying(call: Sha): Promise<void> | undefined
  /** Nothing that runs can add to the next batch any more: it is cut. */
  flush(): void
  /** Goes on with what earlier processes left unfinished. */
  resume(): void
  /** Brings back what is done of a batch and takes back the rest. */
  cancel(id: string): Promise<void>
  /** Leaves the batches to their provider; what is being written lands. */
  close(): Promise<void>
}

export type BatchRun = {
  journal: Journal
  purse: Purse
  clock: Clock
  stop: Stop
  emit: Emit
  reached: Reached
  seedOf(call: BatchedCall): number
  /** Asks a call online after all. */
  online(call: Gathered): Promise<void>
}

type Group = { calls: Gathered[]; bytes: number; landed: PromiseWithResolvers<void> }

const newGroup = (): Group => {
  const landed = Promise.withResolvers<void>()
  landed.promise.catch(() => {})
  return { calls: [], bytes: 0, landed }
}

/** Replies that are on their way into the journal at a time. */
const landingAtOnce = 512
/** A call that failed in so many batches is asked online; a route whose batches brought nothing so often is down. */
const tries = 3
/** Clocks of two machines differ by less. */
const skewMs = 120_000
const firstPollMs = 5000
const longestBackoff = 60_000

/**
 * Batches of one route as a state machine in the journal: cut, uploaded, submitting, submitted, over. Each step is
 * written down before the next begins, and each can be repeated: rows are read out of the journal, a submission whose
 * answer was lost is looked for before another is made, and a landing goes on with the calls that have no reply yet. So a
 * run that was killed goes on where it was, and buys nothing twice.
 */
export function openBatches(to: OpenTeacher, run: BatchRun): Batches {
  const { journal, purse, clock, stop, emit, reached } = run
  const client = to.teacher.batch!
  const { provider, model, revision } = to.teacher
  const route = { provider, model, ...(revision ? { revision } : {}) }
  const { settings } = to
  const longestPoll = settings.poll * 1000
  let mostRows = Math.min(settings.rows ?? client.limits.rows, client.limits.rows)
  // What goes over the wire is a little longer than what was asked.
  const mostBytes = Math.min(settings.megabytes * 1e6, client.limits.bytes * 0.8)

  let group = newGroup()
  /** Calls of this process that wait, with the landing they wait for. */
  const waiting = new Map<Sha, { landed: Promise<void>; step: string; root: string }>()
  const landings = new Map<string, PromiseWithResolvers<void>>()
  const failures = new Map<Sha, number>()
  const busy = new Set<Promise<void>>()
  const closing = new AbortController()
  stop.tripped.catch(() => closing.abort())
  let gone: StillroomError | undefined
  let fruitless = 0
  let notBefore = Number.NEGATIVE_INFINITY

  function track(work: Promise<void>, landed: PromiseWithResolvers<void>): void {
    const done = work
      .then(landed.resolve, error => {
        if (isDown(error)) {
          // Whoever waits asks again and hears of it: another teacher may stand in.
          gone = error
          landed.resolve()
          return
        }
        if (!(error instanceof Stopped)) stop.trip(StillroomError.is(error) ? error : asInternal(error))
        landed.reject(error instanceof Stopped ? error : new Stopped())
      })
      .finally(() => busy.delete(done))
    landed.promise.catch(() => {})
    busy.add(done)
  }

  async function sleep(ms: number): Promise<void> {
    stopped()
    await clock.sleep(ms, closing.signal).catch(() => {})
    stopped()
  }
  function stopped(): void {
    stop.check()
    if (closing.signal.aborted) throw new Stopped()
  }

  function say(batch: Batch, more: { state?: string; done?: number; message?: string } = {}): void {
    const { id, state, rows } = batch
    emit({ event: 'batch', teacher: to.name, batch: id, state, rows, ...more })
  }

  async function move(batch: Batch, change: Partial<Batch>): Promise<Batch> {
    const next = { ...batch, ...change, at: clock.now().toISOString() }
    reached(`batch.${next.state}.before`)
    await journal.putBatch(next)
    reached(`batch.${next.state}.after`)
    say(next, next.note ? { message: next.note } : {})
    return next
  }

  /**
   * Waits after a fault, by its policy: as long as a server says that has no room, ever longer while it is sick, and not
   * at all where no waiting helps. One patience for everything that is tried in a row.
   */
  function patience(): (fault: unknown) => Promise<void> {
    let since: number | undefined
    let rounds = 0
    return async fault => {
      if (!(fault instanceof Fault)) throw fault
      if (fault.policy === 'route') throw rejects(fault.message)
      const now = clock.now().getTime()
      since ??= now
      rounds++
      if (fault.policy === 'health' && rounds >= 6 && now - since >= settings.patienceMs) throw down(fault.message)
      await sleep(Math.max(fault.retryAfter ?? 0, Math.min(longestBackoff, 500 * 2 ** (rounds - 1))))
    }
  }
  async function patiently<T>(work: () => Promise<T>): Promise<T> {
    for (const after = patience(); ; ) {
      stopped()
      try {
        return await work()
      } catch (error) {
        await after(error)
      }
    }
  }
  function rejects(why: string): StillroomError {
    return new StillroomError('SR_TEACHER_REJECTS', `Teacher ${to.name} refuses the batch: ${why}`, {
      hint: 'check its key, model name and limits, or ask it online: mode: online. What was received is kept',
    })
  }
  function down(why: string): StillroomError {
    return new StillroomError('SR_TEACHER_DOWN', `The batches of teacher ${to.name} do not come through: ${why}`, {
      hint: 'everything received so far is kept; run again later, or ask online: mode: online',
    })
  }

  const callOf = (row: BatchedCall): BatchCall => {
    const request = JSON.parse(journal.request(row.request) ?? '{"messages":[]}') as Request
    return {
      key: row.call,
      request: to.teacher.can.schema ? request : instruct(request),
      wire: { seed: run.seedOf(row), cap: row.cap, draw: row.draw },
    }
  }
  function* rowsOf(id: string): Generator<string> {
    for (const row of journal.batchedCalls(id)) yield client.encode(callOf(row))
  }

  /** Cuts what was gathered: as many calls as there is money for. The others stay for the next batch. */
  async function cut({ calls, landed }: Group): Promise<void> {
    const names = calls.map(({ call }) => call)
    try {
      const wait = notBefore - clock.now().getTime()
      if (wait > 0) await sleep(wait)
      if (gone) return
      if (calls.length <= settings.finish) {
        await Promise.all(calls.map(run.online))
        return
      }
      const turn = purse.reserve(calls[0]!.reserved)
      if (turn) await turn
      let n = 1
      while (n < calls.length && n < mostRows && purse.take(calls[n]!.reserved)) n++
      for (const call of calls.splice(n)) gather(call)
      names.length = n
      const id = sha256([journal.batches().length, ...names].join('\n')).slice(0, 32)
      const batch: Batch = { id, ...route, state: 'cut', rows: n, at: clock.now().toISOString() }
      reached('batch.cut.before')
      await journal.putBatch(batch, calls)
      reached('batch.cut.after')
      // The journal has their texts, and the batch may be out for a day.
      calls.length = 0
      say(batch)
      await carry(batch, landed)
    } finally {
      for (const call of names) if (waiting.get(call)?.landed === landed.promise) waiting.delete(call)
    }
  }

  async function carry(batch: Batch, landed: PromiseWithResolvers<void>): Promise<void> {
    landings.set(batch.id, landed)
    try {
      await drive(batch)
    } catch (error) {
      if (isDown(error)) await abandon(batch.id)
      throw error
    } finally {
      landings.delete(batch.id)
    }
  }

  /** A batch that cannot go on now. Where it was never begun its calls are free again; else they count in full. */
  async function abandon(id: string): Promise<void> {
    const batch = journal.batches({ route, open: true }).find(one => one.id === id)
    if (!batch) return
    const began =
      batch.state === 'submitting' ? await look(batch, remotes()).catch(() => id) : batch.state === 'submitted'
    if (!began) await takeBack(batch, 'the provider was down before it was submitted')
    else for (const { reserved } of journal.batchedCalls(id)) purse.settle(reserved, reserved)
  }

  const remotes = (): Set<string> => new Set(journal.batches({ route }).flatMap(b => b.remote ?? []))

  async function drive(from: Batch, cancel = false): Promise<void> {
    let batch = from
    const known = remotes()
    // Looking for it in between is no success.
    const submitting = patience()
    for (;;) {
      const { id, state } = batch
      stopped()
      if (state === 'over') return
      if (state === 'cut' || state === 'uploaded') {
        if (cancel) batch = await takeBack(batch, 'cancelled before it was submitted')
        else if (state === 'cut' && client.upload) {
          const upload = await patiently(() => client.upload!(id, rowsOf(id)))
          reached('batch.sent')
          batch = await move(batch, { state: 'uploaded', upload })
        } else batch = await submit(await move(batch, { state: 'submitting' }), submitting)
      } else if (state === 'submitting') {
        const remote = await look(batch, known)
        if (remote) batch = await move(batch, { state: 'submitted', remote })
        else if (cancel) batch = await takeBack(batch, 'cancelled before it was submitted')
        else batch = await submit(batch, submitting)
      } else {
        if (cancel) await patiently(() => client.cancel(batch.remote!))
        batch = await follow(batch, known)
      }
    }
  }

  /** The batch of a submission that may have come through: looked for twice, since lists lag behind. */
  async function look({ id, upload, rows, at }: Batch, known: Set<string>): Promise<string | undefined> {
    const mine = new Set([...journal.batchedCalls(id)].map(c => c.call))
    const since = Date.parse(at) - skewMs
    const lost = { name: id, ...(upload ? { upload } : {}), rows, since, known, ours: (key: Sha) => mine.has(key) }
    const found = await patiently(() => client.find(lost))
    if (found) return found
    await sleep(Math.min(firstPollMs, longestPoll))
    return patiently(() => client.find(lost))
  }

  async function submit(batch: Batch, after: ReturnType<typeof patience>): Promise<Batch> {
    const { id, upload } = batch
    for (;;) {
      stopped()
      reached('batch.submit')
      try {
        const remote = await client.submit(id, { ...(upload ? { upload } : {}), rows: () => rowsOf(id) })
        reached('batch.sent')
        return await move(batch, { state: 'submitted', remote })
      } catch (error) {
        await after(error)
        // It may have begun: it is looked for before anything else.
        if (error instanceof Fault && error.policy === 'health' && !error.unsent) return batch
      }
    }
  }

  /** Looks at a submitted batch, ever more rarely, until it ends, and lands it. */
  async function follow(batch: Batch, known: Set<string>): Promise<Batch> {
    let pause = Math.min(firstPollMs, longestPoll)
    let told = ''
    for (;;) {
      const status = await patiently(() => client.poll(batch.remote!))
      reached('batch.polled')
      const { done, message } = status
      const now = `${status.state} ${done ?? ''}`
      if (now !== told)
        say(batch, { state: status.state, ...(done === undefined ? {} : { done }), ...(message ? { message } : {}) })
      told = now
      if (status.state === 'failed') return refused(batch, message ?? 'the provider gave no reason')
      if (status.state === 'ended') {
        const { ours, foreign } = await patiently(() => land(batch))
        if (ours === 0 && foreign > 0) {
          known.add(batch.remote!)
          const { remote: _, ...without } = batch
          return move(without, { state: 'submitting', note: 'the batch that was found was another one' })
        }
        fruitless = ours > 0 ? 0 : fruitless + 1
        const over = await takeBack(batch, message ?? '')
        if (fruitless >= tries)
          throw down(`${fruitless} in a row ended without a reply. Last: ${message ?? 'no reason given'}`)
        return over
      }
      await sleep(pause)
      pause = Math.min(longestPoll, pause * 1.5)
    }
  }

  /** A batch that never ran. Too much at once waits and comes back smaller; anything else is wrong with the rows. */
  async function refused(batch: Batch, why: string): Promise<Batch> {
    const over = await takeBack(batch, why)
    if (!/limit|quota|capacity|too many/i.test(why) || batch.rows === 1) throw rejects(why)
    mostRows = Math.ceil(batch.rows / 2)
    notBefore = clock.now().getTime() + longestPoll
    return over
  }

  /** Writes down the replies of a batch that ended, and takes back what failed in passing. */
  async function land(batch: Batch): Promise<{ ours: number; foreign: number }> {
    const open = new Map([...journal.batchedCalls(batch.id)].map(row => [row.call, row]))
    const carrier = { batch: batch.id }
    // What an earlier landing brought already.
    const before = batch.rows - open.size
    let ours = before
    let foreign = 0
    let writing: Promise<void>[] = []
    try {
      const lookUp = (key: Sha) => {
        const row = open.get(key)
        return row && callOf(row)
      }
      for await (const result of client.results(batch.remote!, lookUp)) {
        const row = open.get(result.key)
        if (!row) {
          foreign++
          continue
        }
        open.delete(result.key)
        if ('reply' in result) {
          ours++
          writing.push(settle(row, result.reply, carrier))
        } else writing.push(giveBack(row, carrier))
        if (writing.length >= landingAtOnce) {
          await Promise.all(writing)
          writing = []
          reached('batch.landing')
        }
      }
    } finally {
      await Promise.all(writing)
    }
    return { ours, foreign: Math.max(0, foreign - before) }
  }

  async function settle(row: BatchedCall, reply: Reply, carrier: { batch: string }): Promise<void> {
    const { money, saved } = to.cost(reply, true)
    purse.settle(row.reserved, money)
    await journal.settle(row.call, settledOf(row.cap, reply, money), carrier)
    const { step = '', root = '' } = waiting.get(row.call) ?? {}
    waiting.delete(row.call)
    emit({ event: 'call', teacher: to.name, step, root, from: 'teacher', usage: reply.usage, usd: money.usd, saved })
  }

  async function giveBack(row: BatchedCall, carrier: { batch: string }): Promise<void> {
    purse.settle(row.reserved)
    failures.set(row.call, (failures.get(row.call) ?? 0) + 1)
    waiting.delete(row.call)
    await journal.withdraw(row.call, row.cap, carrier)
  }

  /** Calls without a reply were not worked on: they are free to be asked again. */
  async function takeBack(batch: Batch, note: string): Promise<Batch> {
    const rows = [...journal.batchedCalls(batch.id)]
    await Promise.all(rows.map(row => giveBack(row, { batch: batch.id })))
    const over = await move(batch, { state: 'over', ...(note ? { note } : {}) })
    if (batch.upload) await client.discard?.(batch.upload).catch(() => {})
    return over
  }

  function gather(call: Gathered): Promise<void> {
    group.calls.push(call)
    group.bytes += call.text.length + 600
    const { promise } = group.landed
    waiting.set(call.call, { landed: promise, step: call.step, root: call.root })
    return promise
  }
  const batches: Batches = {
    add(call) {
      stopped()
      const known = waiting.get(call.call)
      if (known) return known.landed
      if ((failures.get(call.call) ?? 0) >= tries) return undefined
      if (gone) throw gone
      const landed = gather(call)
      if (group.calls.length >= mostRows || group.bytes >= mostBytes) batches.flush()
      return landed
    },
    carrying(call) {
      if (landings.size === 0 && !gone) return undefined
      const known = waiting.get(call)
      if (known) return known.landed
      const id = journal.carriedBy(call)
      if (id !== undefined && gone && !landings.has(id)) throw gone
      return id === undefined ? undefined : landings.get(id)?.promise
    },
    flush() {
      if (group.calls.length === 0) return
      const full = group
      group = newGroup()
      track(cut(full), full.landed)
    },
    resume() {
      for (const batch of journal.batches({ route, open: true })) {
        for (const _ of journal.batchedCalls(batch.id)) purse.adopt()
        const landed = Promise.withResolvers<void>()
        track(carry(batch, landed), landed)
      }
    },
    async cancel(id) {
      const batch = journal.batches({ route, open: true }).find(one => one.id === id)
      if (!batch) return
      for (const _ of journal.batchedCalls(batch.id)) purse.adopt()
      await drive(batch, true)
    },
    async close() {
      closing.abort()
      group.landed.reject(new Stopped())
      await Promise.allSettled(busy)
    },
  }
  return batches
}

/** A reply as the journal keeps it. */
export function settledOf(cap: number, reply: Reply, money: Money) {
  return {
    cap,
    body: reply,
    money,
    finish: reply.finish,
    ...(reply.served ? { served: reply.served } : {}),
    ...(reply.usage.output === undefined ? {} : { outputTokens: reply.usage.output }),
  }
}

const isDown = (error: unknown): error is StillroomError => StillroomError.is(error) && error.code === 'SR_TEACHER_DOWN'

const asInternal = (error: unknown): StillroomError =>
  new StillroomError('SR_INTERNAL', error instanceof Error ? (error.stack ?? error.message) : String(error), {
    cause: error,
  })
