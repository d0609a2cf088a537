import { type ZodType, z } from 'zod'
import { StillroomError } from '../errors/index.ts'
import { canonical, type Json, type Sha, sha256, unit } from '../records/index.ts'
import type { Answer, Ask } from '../steps/index.ts'
import {
  instruct,
  type Reply,
  type Request,
  readStructured,
  reask,
  type Sampling,
  type Teacher,
} from '../teachers/index.ts'
import { type CallKey, callBase, callSha, type Emit, type Journal, type Money } from '../workspace/index.ts'
import type { Window } from './flow.ts'
import { type Stop, Unpaid } from './stop.ts'

/** A teacher as the engine uses it: who it is, how it is asked, and the way there. */
export type OpenTeacher = {
  name: string
  teacher: Teacher
  sampling: Sampling
  /** Output cap in tokens. */
  cap: number
  /** Most calls in the air. */
  concurrency: number
  /** Calls whose intent is committed: those in the air and a few that go out as soon as there is room. */
  room: Window
  /** The way there, with limits and back-off. `before` runs when it is this call's turn and may still refuse. */
  send(
    request: Request,
    wire: { seed: number; cap: number; draw: number },
    before: () => void,
    gaveUp: (mayHaveCost: boolean) => void,
  ): Promise<Reply>
  cost(reply: Reply): Money
  worstCase(request: Request): Money
}

export type Budget = { usd?: number; tokens?: number; calls?: number }

const schemas = new WeakMap<ZodType, { [key: string]: Json }>()
function schemaOf(type: ZodType): { [key: string]: Json } {
  let schema = schemas.get(type)
  if (!schema) {
    const { $schema: _, ...rest } = z.toJSONSchema(type, { io: 'input' }) as { [key: string]: Json }
    schema = rest
    schemas.set(type, schema)
  }
  return schema
}

/** The request as asked: what its digest is taken over. Task and prompt digests say nothing that the messages do not. */
function asAsked(ask: Ask, sampling: Sampling): Request {
  const { task: _, prompts: __, reply, ...request } = ask
  const merged = { ...sampling, ...request.sampling }
  return {
    ...request,
    ...(Object.keys(merged).length > 0 ? { sampling: merged } : {}),
    ...(reply ? { schema: { name: 'reply', schema: schemaOf(reply) } } : {}),
  }
}

export type Calls = {
  /** Asks with the whole ladder: journal, budget, sending, structured reply, one re-ask. */
  ask<T>(teacher: OpenTeacher, ask: Ask<T>, draw: number, note: (call: Sha) => void): Promise<Answer<T>>
  /** Calls in the air have landed. */
  settled(): Promise<void>
}

/**
 * What may still be spent. A reservation that does not fit waits while others are out, since they cost less than their
 * worst case when they land; when none is out, the budget is reached and the run stops.
 */
function openPurse(before: ReturnType<Journal['spent']>, budget: Budget, stop: Stop) {
  // A call that an earlier process sent without hearing back may have been answered.
  const spent = { usd: before.usd, tokens: before.tokens, calls: before.calls + before.orphans }
  const waiting: { money: Money; go: () => void }[] = []
  let out = 0
  stop.tripped.catch(serve)

  function add({ usd, tokens }: Money, sign: 1 | -1): void {
    spent.usd += sign * (usd ?? 0)
    spent.tokens += sign * tokens
    spent.calls += sign
  }
  function limit(money: Money): string | undefined {
    if (budget.usd !== undefined && spent.usd + (money.usd ?? 0) > budget.usd) return `$${budget.usd}`
    if (budget.tokens !== undefined && spent.tokens + money.tokens > budget.tokens) return `${budget.tokens} tokens`
    if (budget.calls !== undefined && spent.calls + 1 > budget.calls) return `${budget.calls} calls`
    return undefined
  }
  function take(money: Money): void {
    out++
    add(money, 1)
  }
  /** Whoever waits, in order, as far as there is room; everybody once the run is stopping. */
  function serve(): void {
    for (let next = waiting[0]; next; next = waiting[0]) {
      const over = limit(next.money)
      if (over && out > 0 && !stop.reason) return
      if (over) {
        stop.trip(
          new StillroomError('SR_BUDGET', `The budget of ${over} is reached.`, {
            received: `$${spent.usd.toFixed(4)}, ${spent.tokens} tokens and ${spent.calls} calls spent`,
            hint: 'raise `budget` in the recipe and run again, or take what is finished with: stillroom release --partial',
          }),
        )
      } else if (!stop.reason) take(next.money)
      waiting.shift()
      next.go()
    }
  }
  return {
    /** Takes the worst case of a call, at once or when the promise resolves. Throws `Stopped`. */
    reserve(money: Money): Promise<void> | undefined {
      if (waiting.length === 0 && !limit(money)) {
        take(money)
        return undefined
      }
      const turn = new Promise<void>(go => waiting.push({ money, go }))
      serve()
      return turn.then(stop.check)
    },
    /** Gives the reservation back and counts what the call did cost, if it was made. */
    settle(reserved: Money, cost?: Money): void {
      out--
      add(reserved, -1)
      if (cost) add(cost, 1)
      serve()
    },
  }
}

/**
 * The one way to a teacher. Equal requests share one reply, also while it is in the air. The intent is committed before
 * sending and the reply before anyone sees it. With closed teachers a missing reply throws `Unpaid`.
 */
export function openCalls(run: {
  journal: Journal
  seed: number
  closed: boolean
  budget: Budget
  stop: Stop
  emit: Emit
}): Calls {
  const { journal, stop, emit } = run
  const air = new Map<Sha, { cap: number; sending: Promise<{ reply: Reply; call: Sha }> }>()
  if (!run.closed) journal.prepare()
  const purse = openPurse(journal.spent(), run.budget, stop)

  async function fetchReply(
    to: OpenTeacher,
    asked: Request,
    ask: Ask,
    draw: number,
  ): Promise<{ reply: Reply; call: Sha }> {
    const text = canonical(asked)
    const request = sha256(text)
    const { provider, model, revision } = to.teacher
    const named = { provider, model, ...(revision ? { revision } : {}), request, draw }
    const key: CallKey = { ...named, attempt: journal.attempt(callBase(named)) }
    const call = callSha(key)
    const known = journal.lookup<Reply>(call, to.cap)
    if (known) {
      emit({ event: 'call', teacher: to.name, from: 'journal', usage: known.body.usage, usd: known.money.usd })
      return { reply: known.body, call }
    }
    if (run.closed) throw new Unpaid()
    const shared = air.get(call)
    if (shared) {
      const landed = await shared.sending
      // Under another cap the reply may not serve; then it is this request's turn to ask.
      if (shared.cap === to.cap) return landed
      return fetchReply(to, asked, ask, draw)
    }
    const sending = (async () => {
      const sent: Request = ask.task ? { ...asked, task: ask.task } : asked
      // Another attempt asks under another seed: an equal request would get an equal reply.
      const named = key.attempt > 0 ? [request, draw, key.attempt] : [request, draw]
      const wire = { seed: Math.floor(unit(run.seed, ...named) * 2 ** 31), cap: to.cap, draw }
      const wait = to.room.enter()
      if (wait) await wait
      let reply: Reply
      let money: Money
      let out = false
      let mayHaveCost = false
      try {
        stop.check()
        const most = to.worstCase(asked)
        const reserved = purse.reserve(most)
        if (reserved) await reserved
        try {
          await journal.intend(call, key, to.cap, 'http', most, text)
          const before = (): void => {
            stop.check()
            out = true
            mayHaveCost = true
            emit({ event: 'air', teacher: to.name, by: 1 })
          }
          const asSent = to.teacher.can.schema ? sent : instruct(sent)
          reply = await to.send(asSent, wire, before, may => (mayHaveCost = may))
        } catch (error) {
          if (!mayHaveCost) await journal.withdraw(call, to.cap).catch(() => {})
          // Nobody knows what a call cost that was worked on and never came back: it counts in full.
          purse.settle(most, mayHaveCost ? most : undefined)
          throw error
        }
        money = to.cost(reply)
        purse.settle(most, money)
      } finally {
        to.room.leave()
        if (out) emit({ event: 'air', teacher: to.name, by: -1 })
      }
      await journal.settle(call, {
        cap: to.cap,
        body: reply,
        money,
        finish: reply.finish,
        ...(reply.served ? { served: reply.served } : {}),
        ...(reply.usage.output === undefined ? {} : { outputTokens: reply.usage.output }),
      })
      emit({ event: 'call', teacher: to.name, from: 'teacher', usage: reply.usage, usd: money.usd })
      return { reply, call }
    })()
    air.set(call, { cap: to.cap, sending })
    try {
      return await sending
    } finally {
      air.delete(call)
    }
  }

  return {
    async ask<T>(to: OpenTeacher, ask: Ask<T>, draw: number, note: (call: Sha) => void): Promise<Answer<T>> {
      stop.check()
      const asked = asAsked(ask, to.sampling)
      const first = await fetchReply(to, asked, ask, draw)
      note(first.call)
      const bad = unusableFinish(first.reply)
      if (bad) return { ...first.reply, call: first.call, bad }
      if (!ask.reply) return { ...first.reply, call: first.call }
      const read = readStructured(first.reply.content ?? '', ask.reply)
      if ('data' in read) return { ...first.reply, call: first.call, data: read.data as T }
      const again = reask(asked, first.reply.content ?? '', read.errors)
      const second = await fetchReply(to, again, { ...again, task: ask.task }, draw)
      note(second.call)
      const worse = unusableFinish(second.reply)
      if (worse) return { ...second.reply, call: second.call, bad: worse }
      const reread = readStructured(second.reply.content ?? '', ask.reply)
      if ('data' in reread) return { ...second.reply, call: second.call, data: reread.data as T }
      return { ...second.reply, call: second.call, bad: { reason: 'unparseable', detail: reread.errors } }
    },
    async settled() {
      await Promise.allSettled([...air.values()].map(flight => flight.sending))
    },
  }
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
