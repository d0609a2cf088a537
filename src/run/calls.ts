import { type ZodType, z } from 'zod'
import { StillroomError } from '../errors/index.ts'
import { canonical, type Id, type Json, type Sha, sha256, unit } from '../records/index.ts'
import type { Answer, Ask } from '../steps/index.ts'
import {
  type Form,
  inOrder,
  instruct,
  Parked,
  type Reply,
  type Request,
  type Route,
  readRequest,
  readStructured,
  reask,
  type Sampling,
  type Teacher,
} from '../teachers/index.ts'
import {
  type BatchedCall,
  type CallKey,
  callBase,
  callSha,
  type Emit,
  type Journal,
  type Money,
  type Reached,
  type Saved,
} from '../workspace/index.ts'
import { type Batches, type Gathered, openBatches, settledOf } from './batches.ts'
import { openEmbedder, RefusedText } from './embeddings.ts'
import { type Executor, openExecutor } from './executions.ts'
import { type Budget, openPurse } from './purse.ts'
import type { Clock } from './session.ts'
import { asStop, type Stop, Stopped, Unpaid } from './stop.ts'
import { openWarmth } from './warmth.ts'

/** A teacher as the engine uses it: who it is, how it is asked, and the way there. */
export type OpenTeacher = {
  name: string
  teacher: Teacher
  sampling: Sampling
  /** Output cap in tokens. */
  cap: number
  /** Most calls in the air. */
  concurrency: number
  /** The way there, shared by all teachers of the same endpoint and model. */
  route: Route
  mode: 'online' | 'batch'
  /** Seconds, rows and megabytes of its batches, and the patience of its route. */
  settings: { rows?: number; megabytes: number; poll: number; finish: number; patienceMs: number }
  /**
   * What a reply cost, and what cache and batch saved. Of one that does not say how many tokens it took, dollars are null
   * and tokens the `most` that were reserved.
   */
  cost(reply: Reply, most: Money, batch: boolean): { money: Money; saved: Saved }
  /** `cap` bounds the reply; default the teacher's own. */
  worstCase(request: Request, batch: boolean, cap?: number): Money
  /** Of its vectors, where it embeds and the recipe says so. */
  dimensions?: number
  /** Generations of synthetic rows behind what it was trained on, where the recipe says so. */
  generation?: number
}

/** Who answers a record under a name, out of a pool or not, and the names that are asked instead. */
export type Choice = { to: OpenTeacher; then: { refusal?: string; outage?: string }; pool: boolean }

/** For whom a question is asked. */
export type Asker = {
  record: Id
  step: string
  /** The record that the item entered the paid part as. */
  root: Id
  draw: number
  /** The task is done again: calls that the journal has were counted when it was done first. */
  again: boolean
}
/** What the asker hears while its question is under way. */
export type Heard = {
  /** A call that is part of the answer. */
  call(call: Sha): void
  /** Nobody answers for now: the work around it is to be laid aside until this resolves. */
  parked(until: Promise<void>): void
  /** Who answered in the end, and the generation of what that teacher was trained on. */
  by(teacher: string, generation: number | undefined): void
}

const schemas = new WeakMap<ZodType, { [key: string]: Json }>()
function schemaOf(type: ZodType): { [key: string]: Json } {
  let schema = schemas.get(type)
  if (!schema) {
    const { $schema: _, ...rest } = z.toJSONSchema(type, { io: 'input' }) as { [key: string]: Json }
    schema = inOrder(rest)
    schemas.set(type, schema)
  }
  return schema
}

/** The request as asked: what its digest is taken over. What else an ask holds says nothing that the messages do not. */
function asAsked(ask: Ask, sampling: Sampling): Request {
  const { task: _, prompts: __, prefix: ___, reply, ...request } = ask
  const merged = writesNothing(ask) ? {} : { ...sampling, ...request.sampling }
  return {
    ...request,
    ...(Object.keys(merged).length > 0 ? { sampling: merged } : {}),
    ...(reply ? { schema: { name: 'reply', schema: schemaOf(reply) } } : {}),
  }
}

/** What is looked at and not written: there is nothing to be sampled, and nothing to be cut off. */
const writesNothing = ({ form }: Pick<Request, 'form'>): boolean => form === 'score' || form === 'reward'
const capOf = (to: OpenTeacher, asked: Pick<Request, 'form'>): number => (writesNothing(asked) ? 1 : to.cap)

/** What the journal knows a teacher by. */
function modelOf({ provider, model, revision }: Teacher): { provider: string; model: string; revision?: string } {
  return { provider, model, ...(revision ? { revision } : {}) }
}

export type Calls = {
  /** Asks with the whole ladder: journal, budget, sending, structured reply, one re-ask, and whoever stands in. */
  ask<T>(name: string, ask: Ask<T>, from: Asker, heard: Heard): Promise<Answer<T>>
  /** Vectors of texts, in their order; always of one model. */
  embed(name: string, texts: readonly string[], from: Asker, heard: Pick<Heard, 'parked'>): Promise<Float32Array[]>
  /** Runs code in the sandbox, or finds what came of it in the journal. */
  execute: Executor['execute']
  /** Nothing that runs asks this teacher any more: what waits for its next batch goes out. */
  flush(to: OpenTeacher): void
  /** Calls in the air have landed; batches are left to their providers. */
  close(): Promise<void>
}

/** A call by name, before anything is known of its reply. */
export type Named<T = unknown> = { key: CallKey; call: Sha; text: string; asked: T }

/**
 * The one way to a teacher. Equal requests share one reply, also while it is in the air. The intent is committed before
 * sending and the reply before anyone sees it. With closed teachers a missing reply throws `Unpaid`.
 */
export function openCalls(run: {
  journal: Journal
  seed: number
  closed: boolean
  budget: Budget
  clock: Clock
  stop: Stop
  emit: Emit
  reached: Reached
  /** Who answers a record under a name of the recipe. */
  choose(name: string, record: Id): Choice
  /** All that may be asked. */
  teachers: readonly OpenTeacher[]
}): Calls {
  const { journal, stop, emit, clock } = run
  const air = new Map<Sha, { cap: number; sending: Promise<Reply> }>()
  const warmth = openWarmth(clock.elapsed)
  if (!run.closed) journal.prepare()
  const purse = openPurse(journal.spent(), run.budget, stop)

  const embedder = openEmbedder({ ...run, purse, name: (to, asked) => nameOf(to, asked, 0) })

  const executor = openExecutor(run)

  const batches = new Map<string, Batches>()
  const routeOf = (teacher: Teacher): string => Object.values(modelOf(teacher)).join('\n')
  // Of several teachers on a route, one in batches says how.
  const batchedFirst = run.teachers.toSorted((a, b) => Number(b.mode === 'batch') - Number(a.mode === 'batch'))
  for (const to of run.closed ? [] : batchedFirst) {
    if (!to.teacher.batch || batches.has(routeOf(to.teacher))) continue
    const route = modelOf(to.teacher)
    // A route that is asked online now may still be owed the replies of a batch.
    if (to.mode !== 'batch' && journal.batches({ route, open: true }).length === 0) continue
    const own = openBatches(to, {
      ...{ journal, purse, clock, stop, emit, reached: run.reached },
      seedOf,
      online: call => patientlyOnline(to, call),
    })
    batches.set(routeOf(to.teacher), own)
    own.resume()
  }

  /** Another attempt asks under another seed: an equal request would get an equal reply. */
  function seedOf({ request, draw, attempt }: Pick<BatchedCall, 'request' | 'draw' | 'attempt'>): number {
    return Math.floor(unit(run.seed, request, draw, ...(attempt > 0 ? [attempt] : [])) * 2 ** 31)
  }

  function nameOf<T extends object>(to: OpenTeacher, asked: T, draw: number): Named<T> {
    const text = canonical(asked)
    const named = { ...modelOf(to.teacher), request: sha256(text), draw }
    const key: CallKey = { ...named, attempt: journal.attempt(callBase(named)) }
    return { key, call: callSha(key), text, asked }
  }

  async function fetchReply(to: OpenTeacher, named: Named<Request>, ask: Ask, from: Asker): Promise<Reply> {
    const { call, asked } = named
    const cap = capOf(to, asked)
    const known = journal.lookup<Reply>(call, cap)
    if (known) {
      const { step, root } = from
      const { usage } = known.body
      if (!from.again)
        emit({ event: 'call', teacher: to.name, step, root, from: 'journal', usage, usd: known.money.usd })
      return known.body
    }
    if (run.closed) throw new Unpaid()
    if (asked.form && !to.teacher.can.forms?.includes(asked.form)) throw notAsked(to, asked.form)
    const shared = air.get(call)
    if (shared) {
      const landed = await shared.sending
      // Under another cap the reply may not serve; then it is this request's turn to ask.
      return shared.cap === cap ? landed : fetchReply(to, named, ask, from)
    }
    const queue = batches.get(routeOf(to.teacher))
    const carried = queue?.carrying(call, from)
    if (carried) throw new Parked(carried)
    // Providers take batches of chats.
    if (to.mode === 'batch' && queue && !asked.form) {
      const { key, text } = named
      const { step, root } = from
      const reserved = to.worstCase(asked, true)
      const landed = queue.add({ ...key, call, cap, reserved, text, step, root })
      if (landed) throw new Parked(landed)
    }
    if (to.route.parked) throw new Parked(to.route.parked)
    return inAir(call, cap, () => online(to, named, ask, from))
  }

  /** While a call is in the air, whoever asks the same shares it. */
  async function inAir(call: Sha, cap: number, send: () => Promise<Reply>): Promise<Reply> {
    const sending = send()
    const flight = { cap, sending }
    air.set(call, flight)
    try {
      return await sending
    } finally {
      if (air.get(call) === flight) air.delete(call)
    }
  }

  async function online(
    to: OpenTeacher,
    { key, call, text, asked }: Named<Request>,
    ask: Pick<Ask, 'task' | 'prefix'>,
    { step, root }: Pick<Asker, 'step' | 'root'>,
  ): Promise<Reply> {
    const { task, prefix } = ask
    const sent: Request = { ...asked, ...(task && { task }), ...(prefix && { prefix }) }
    const asSent = to.teacher.can.schema ? sent : instruct(sent)
    const cap = capOf(to, asked)
    const wire = { seed: seedOf(key), cap, draw: key.draw }
    const most = to.worstCase(asked, false, cap)
    const cold = to.teacher.can.cache && !asked.form ? warmth.enter(to.route, sent) : undefined
    if (cold?.wait) await cold.wait
    let prepared = 'no' as 'no' | 'reserved' | 'intended'
    let out = false
    let mayHaveCost = false
    let sentAt = 0
    let reply: Reply
    try {
      stop.check()
      reply = await to.route.call(
        limits => {
          sentAt = clock.elapsed()
          return to.teacher.doGenerate(asSent, { ...wire, limits })
        },
        {
          lane: `${to.name} ${step}`,
          tokens: most.tokens,
          async prepare() {
            stop.check()
            // Its reply was lost on the way: nobody knows what it cost, so it counts in full beside the next one.
            if (prepared === 'intended') purse.settle(most, most)
            prepared = 'no'
            mayHaveCost = false
            const reserved = purse.reserve(most)
            if (reserved) await reserved
            prepared = 'reserved'
            await journal.intend(call, key, cap, 'http', most, text)
            prepared = 'intended'
          },
          before() {
            stop.check()
            out = true
            mayHaveCost = true
            emit({ event: 'air', teacher: to.name, by: 1 })
          },
          gaveUp(may) {
            mayHaveCost = may
          },
        },
      )
    } catch (error) {
      if (prepared === 'intended' && !mayHaveCost) await journal.withdraw(call, cap).catch(() => {})
      // Nobody knows what a call cost that was worked on and never came back: it counts in full.
      if (prepared !== 'no') purse.settle(most, mayHaveCost ? most : undefined)
      throw error
    } finally {
      cold?.leave()
      if (out) emit({ event: 'air', teacher: to.name, by: -1 })
    }
    const { money, saved } = to.cost(reply, most, false)
    purse.settle(most, money)
    await journal.settle(call, settledOf(cap, reply, money))
    const ms = clock.elapsed() - sentAt
    const { usage } = reply
    emit({ event: 'call', teacher: to.name, step, root, from: 'teacher', usage, usd: money.usd, saved, ms })
    return reply
  }

  /** A call that a batch could not bring, asked online until it is in the journal. */
  async function patientlyOnline(to: OpenTeacher, row: Gathered): Promise<void> {
    const { key, call, text, step, root } = { key: row, ...row }
    for (;;) {
      if (journal.lookup(call, row.cap)) return
      try {
        const named = { key, call, text, asked: readRequest(text) }
        await (air.get(call)?.sending ?? inAir(call, row.cap, () => online(to, named, {}, { step, root })))
      } catch (error) {
        if (!(error instanceof Parked)) throw error
        await error.until
      }
    }
  }

  /** Asks one teacher: the reply, read as the step wants it, after one more question where it cannot be read. */
  async function ladder<T>(
    to: OpenTeacher,
    named: Named<Request>,
    ask: Ask<T>,
    from: Asker,
    calls: Sha[],
  ): Promise<Answer<T>> {
    const first = await fetchReply(to, named, ask, from)
    calls.push(named.call)
    const bad = unusableFinish(first)
    if (bad) return { ...first, call: named.call, bad }
    if (!ask.reply) return { ...first, call: named.call }
    const read = readStructured(first.content ?? '', ask.reply)
    if ('data' in read) return { ...first, call: named.call, data: read.data as T }
    const again = nameOf(to, reask(named.asked, first.content ?? '', read.errors), from.draw)
    const second = await fetchReply(to, again, ask, from)
    calls.push(again.call)
    const worse = unusableFinish(second)
    if (worse) return { ...second, call: again.call, bad: worse }
    const reread = readStructured(second.content ?? '', ask.reply)
    if ('data' in reread) return { ...second, call: again.call, data: reread.data as T }
    return { ...second, call: again.call, bad: { reason: 'unparseable', detail: reread.errors } }
  }

  return {
    async ask<T>(name: string, ask: Ask<T>, from: Asker, heard: Heard): Promise<Answer<T>> {
      stop.check()
      for (let choice = run.choose(name, from.record); ; ) {
        const { to, then } = choice
        const named = nameOf(to, asAsked(ask, to.sampling), from.draw)
        const instead = then.outage === undefined ? undefined : run.choose(then.outage, from.record)
        // Who stood in once does so for good: the run comes out alike, whoever is up when it goes on.
        if (instead && journal.pinned(named.call) === instead.to.teacher.id) {
          choice = instead
          continue
        }
        // Of a teacher that is gone before it has answered nothing counts: who stands in is asked from the start.
        const calls: Sha[] = []
        try {
          const answer = await ladder(to, named, ask, from, calls)
          for (const call of calls) heard.call(call)
          if (answer.bad?.reason === 'refused' && then.refusal !== undefined) {
            choice = run.choose(then.refusal, from.record)
            continue
          }
          const { id } = to.teacher
          heard.by(id, to.generation)
          return { ...answer, by: id }
        } catch (error) {
          if (error instanceof Parked) heard.parked(error.until)
          if (error instanceof Parked || error instanceof Stopped || error instanceof Unpaid) throw error
          // Whatever kept a reply away says nothing of the record: it ends the run, and no row.
          const why = asStop(error)
          if (!instead || why.code !== 'SR_TEACHER_DOWN') {
            stop.trip(why)
            throw why
          }
          await journal.pin(named.call, instead.to.teacher.id)
          choice = instead
        }
      }
    },
    async embed(name, texts, from, heard) {
      stop.check()
      const { to, pool } = run.choose(name, from.record)
      if (pool) throw mixedVectors(name)
      try {
        return await Promise.all(texts.map(text => embedder.embed(to, text, from)))
      } catch (error) {
        if (error instanceof Parked) heard.parked(error.until)
        if (error instanceof Parked || error instanceof Stopped || error instanceof Unpaid) throw error
        if (error instanceof RefusedText) throw error
        // As above: whatever else kept a vector away says nothing of the record.
        const why = asStop(error)
        stop.trip(why)
        throw why
      }
    },
    execute: executor.execute,
    flush: to => batches.get(routeOf(to.teacher))?.flush(),
    async close() {
      await Promise.all([...batches.values()].map(queue => queue.close()))
      await Promise.allSettled([...air.values()].map(flight => flight.sending))
      await embedder.close()
      await executor.close()
    },
  }
}

function notAsked(to: OpenTeacher, form: Form): StillroomError {
  return new StillroomError('SR_TEACHER_REJECTS', `Teacher ${to.name} (${to.teacher.id}) cannot be asked to ${form}.`, {
    hint: 'name a model on a server of vLLM or the like, or say with `forms:` what the server can',
  })
}

function mixedVectors(name: string): StillroomError {
  return new StillroomError(
    'SR_RECIPE_CONFLICT',
    `Vectors of different models cannot be compared, and ${name} is a pool.`,
    {
      hint: 'name one embedding teacher',
    },
  )
}

function unusableFinish(reply: Reply): Answer['bad'] {
  if (reply.finish === 'rejected') {
    return { reason: 'rejected', detail: `${reply.rejected?.status ?? ''} ${reply.rejected?.message ?? ''}`.trim() }
  }
  if (reply.finish === 'refusal' || reply.finish === 'filtered') {
    return { reason: 'refused', detail: reply.content?.slice(0, 200) || reply.finish }
  }
  if (reply.finish === 'length')
    return { reason: 'truncated', detail: `cut off after ${reply.usage.output ?? 'all allowed'} tokens` }
  return undefined
}
