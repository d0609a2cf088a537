import { StillroomError } from '../errors/index.ts'
import { type Sha, sha256 } from '../records/index.ts'
import { type BatchCall, Fault, instruct, type Reply, readRequest } from '../teachers/index.ts'
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
  /** The landing of the unfinished batch that carries a call already, or will. Throws SR_TEACHER_DOWN as `add` does. */
  carrying(call: Sha, asker: { step: string; root: string }): Promise<void> | undefined
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
/** Calls of a first batch that must be refused, and none answered, for the route to refuse them all. */
const mostRefusals = 5
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
  /** Replies that were more than a refusal: the requests themselves are sound. */
  let answered = false
  let fruitless = 0
  let notBefore = Number.NEGATIVE_INFINITY

  function track(work: Promise<void>, landed: PromiseWithResolvers<void>): void {
    const done = work
      .finally(() => forget(landed))
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
      const now = clock.elapsed()
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
  function outOfReach({ id }: Batch, why: string): StillroomError {
    const name = id.slice(0, 8)
    return new StillroomError('SR_TEACHER_REJECTS', `Batch ${name} of teacher ${to.name} cannot be collected: ${why}`, {
      hint: `run again with the key of the account that began it, or give it up: stillroom batches cancel ${name}. Its calls then count in full and are asked again`,
    })
  }
  function down(why: string): StillroomError {
    return new StillroomError('SR_TEACHER_DOWN', `The batches of teacher ${to.name} do not come through: ${why}`, {
      hint: 'everything received so far is kept; run again later, or ask online: mode: online',
    })
  }

  const callOf = (row: BatchedCall): BatchCall => {
    const request = readRequest(journal.request(row.request) ?? '{"messages":[]}')
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
    const wait = notBefore - clock.elapsed()
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
    const names = calls.map(({ call }) => call)
    const id = sha256([journal.batches().length, ...names].join('\n')).slice(0, 32)
    const batch: Batch = { id, ...route, state: 'cut', rows: n, at: clock.now().toISOString() }
    reached('batch.cut.before')
    await journal.putBatch(batch, calls)
    reached('batch.cut.after')
    // The journal has their texts, and the batch may be out for a day.
    calls.length = 0
    say(batch)
    await carry(batch, landed)
  }

  async function carry(batch: Batch, landed: PromiseWithResolvers<void>, cancel = false): Promise<void> {
    landings.set(batch.id, landed)
    try {
      await drive(batch, cancel)
    } catch (error) {
      if (isDown(error)) await abandon(batch.id)
      throw error
    } finally {
      landings.delete(batch.id)
    }
  }

  /** Nobody waits for this landing any more: what it did not bring is asked anew. */
  function forget({ promise }: PromiseWithResolvers<void>): void {
    for (const [call, { landed }] of waiting) if (landed === promise) waiting.delete(call)
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
          const upload = await refusing(batch, () => patiently(() => client.upload!(id, rowsOf(id))))
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
        batch = await follow(batch, known, cancel)
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
        await refusing(batch, () => after(error))
        // It may have begun: it is looked for before anything else.
        if (error instanceof Fault && error.policy === 'health' && !error.unsent) return batch
      }
    }
  }

  /**
   * Looks at a submitted batch, ever more rarely, until it ends, and lands it. One that the provider does not show is
   * kept, since another key may show it, until somebody cancels it.
   */
  async function follow(batch: Batch, known: Set<string>, cancel: boolean): Promise<Batch> {
    const lost = (why: string): Promise<Batch> => (cancel ? giveUp(batch, why) : Promise.reject(outOfReach(batch, why)))
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
      if (status.state === 'gone') return lost(message ?? 'the provider does not show it')
      if (status.state === 'failed') {
        const why = message ?? 'the provider gave no reason'
        return cancel ? takeBack(batch, why) : refused(batch, why)
      }
      if (status.state === 'ended') {
        const landed = await patiently(() => land(batch).catch(resultsGone))
        if (!landed) return lost('its results are not there')
        const { ours, foreign } = landed
        if (ours === 0 && foreign > 0) {
          known.add(batch.remote!)
          const { remote: _, ...without } = batch
          return move(without, { state: 'submitting', note: 'the batch that was found was another one' })
        }
        fruitless = ours > 0 ? 0 : fruitless + 1
        const over = await takeBack(batch, message ?? '', true)
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
    // Others of ours may fill what the provider holds for us: then this one waits for them as it is.
    const alone = landings.size <= 1
    if (!/limit|quota|capacity|too many/i.test(why) || (batch.rows === 1 && alone)) throw rejects(why)
    if (alone) mostRows = Math.ceil(batch.rows / 2)
    notBefore = clock.elapsed() + longestPoll
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
    /** Refused rows, as long as nothing says that not all would be. */
    let refusals: { row: BatchedCall; reply: Reply }[] = []
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
          const { reply } = result
          answered ||= reply.finish !== 'rejected'
          if (!answered) {
            refusals.push({ row, reply })
            continue
          }
          writing.push(settle(row, reply, carrier), ...refusals.map(({ row, reply }) => settle(row, reply, carrier)))
          refusals = []
        } else writing.push(giveBack(row, carrier, true))
        if (writing.length >= landingAtOnce) {
          await Promise.all(writing)
          writing = []
          reached('batch.landing')
        }
      }
      // As online, where the first five calls decide: it is no single row that is wrong.
      if (refusals.length >= mostRefusals) {
        await Promise.all(writing)
        const why = `all ${refusals.length} calls were refused, the last with ${refusals.at(-1)!.reply.rejected?.message}`
        await takeBack(batch, why)
        throw rejects(why)
      }
      writing.push(...refusals.map(({ row, reply }) => settle(row, reply, carrier)))
    } finally {
      await Promise.all(writing)
    }
    return { ours, foreign: Math.max(0, foreign - before) }
  }

  async function settle(row: BatchedCall, reply: Reply, carrier: { batch: string }): Promise<void> {
    const { money, saved } = to.cost(reply, row.reserved, true)
    purse.settle(row.reserved, money)
    await journal.settle(row.call, settledOf(row.cap, reply, money), carrier)
    const { step = '', root = '' } = waiting.get(row.call) ?? {}
    waiting.delete(row.call)
    emit({ event: 'call', teacher: to.name, step, root, from: 'teacher', usage: reply.usage, usd: money.usd, saved })
  }

  /** A call without a reply is free to be asked again. `tried`: it was in a batch that ran. */
  async function giveBack(row: BatchedCall, carrier: { batch: string }, tried: boolean): Promise<void> {
    purse.settle(row.reserved)
    if (tried) failures.set(row.call, (failures.get(row.call) ?? 0) + 1)
    waiting.delete(row.call)
    await journal.withdraw(row.call, row.cap, carrier)
  }

  /** Ends a batch. Its calls without a reply were not worked on: they are free to be asked again. */
  async function takeBack(batch: Batch, note: string, ran = false): Promise<Batch> {
    const back = [...journal.batchedCalls(batch.id)].map(row => giveBack(row, { batch: batch.id }, ran))
    // Entered together, they share a commit: a batch that is not over has all its calls.
    const [over] = await Promise.all([move(batch, { state: 'over', ...(note ? { note } : {}) }), ...back])
    if (batch.upload) await client.discard?.(batch.upload).catch(() => {})
    return over
  }

  /** A batch that the provider refuses to begin: its calls are free to be asked otherwise. */
  async function refusing<T>(batch: Batch, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (isRefusal(error)) await takeBack(batch, error.message)
      throw error
    }
  }

  /** Ends a batch of which nothing can be had any more. It may have been paid for, so its calls count in full. */
  async function giveUp(batch: Batch, why: string): Promise<Batch> {
    for (const { reserved } of journal.batchedCalls(batch.id)) purse.settle(reserved, reserved)
    return move(batch, { state: 'over', note: `given up: ${why}` })
  }

  function gather(call: Gathered): Promise<void> {
    group.calls.push(call)
    group.bytes += Buffer.byteLength(call.text) + 600
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
    carrying(call, { step, root }) {
      const known = waiting.get(call)
      if (known) return known.landed
      if (landings.size === 0 && !gone) return undefined
      const id = journal.carriedBy(call)
      if (id === undefined) return undefined
      const landed = landings.get(id)?.promise
      if (landed) waiting.set(call, { landed, step, root })
      else if (gone) throw gone
      return landed
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
        // Whoever asks online now does not want another batch begun.
        const unwanted = to.mode !== 'batch' && (batch.state === 'cut' || batch.state === 'uploaded')
        track(carry(batch, landed, unwanted), landed)
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

const isRefusal = (error: unknown): error is StillroomError =>
  StillroomError.is(error) && error.code === 'SR_TEACHER_REJECTS'

/** Results that are not kept any more are no reason to wait. */
function resultsGone(error: unknown): undefined {
  if (!(error instanceof Fault && (error.status === 404 || error.status === 410))) throw error
}

const isDown = (error: unknown): error is StillroomError => StillroomError.is(error) && error.code === 'SR_TEACHER_DOWN'

const asInternal = (error: unknown): StillroomError =>
  new StillroomError('SR_INTERNAL', error instanceof Error ? (error.stack ?? error.message) : String(error), {
    cause: error,
  })
