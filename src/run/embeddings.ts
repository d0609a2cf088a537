import { StillroomError } from '../errors/index.ts'
import type { Sha } from '../records/index.ts'
import { Fault, Parked, type Reply, type Request } from '../teachers/index.ts'
import type { Emit, Journal, Money } from '../workspace/index.ts'
import { settledOf } from './batches.ts'
import type { Asker, Named, OpenTeacher } from './calls.ts'
import { packVector, unpackVector } from './carried.ts'
import type { Purse } from './purse.ts'
import type { Clock } from './session.ts'
import { type Stop, Unpaid } from './stop.ts'

/** Texts of one request, where the teacher takes as many. */
export const textsAtOnce = 64

/** A vector in the journal: a reply without words. */
type Kept = Reply & { vector: string }
/** A text that waits for its vector. */
type Wanted = { named: Named; text: string; most: Money; from: Asker; landed: PromiseWithResolvers<Float32Array> }

/** A text that its teacher refuses: an error of the record, not of the run. It ends as `step-error` with this message. */
export class RefusedText extends Error {}

/** Texts that have to go out in smaller requests. */
class Apart extends Error {}

export type Embedder = {
  /** The vector of a text: from the journal, from the air, or asked for together with others that wait. */
  embed(to: OpenTeacher, text: string, from: Asker): Promise<Float32Array>
  /** What is in the air has landed. */
  close(): Promise<void>
}

/**
 * Each text is a call of its own in the journal, whatever request it goes out in: an intent before, a vector after, so
 * that no text is paid for twice and one that is refused costs the others nothing.
 */
export function openEmbedder(run: {
  journal: Journal
  purse: Purse
  closed: boolean
  clock: Clock
  stop: Stop
  emit: Emit
  name(to: OpenTeacher, asked: object): Named
}): Embedder {
  const { journal, purse, stop, emit, clock } = run
  const air = new Map<Sha, Promise<Float32Array>>()
  const waiting = new Map<OpenTeacher, Wanted[]>()
  const flying = new Set<Promise<void>>()

  /** Records of a stage come in one turn of the event loop; at its end, what came goes out. */
  function gather(to: OpenTeacher, wanted: Wanted): void {
    const group = waiting.get(to)
    if (group) {
      group.push(wanted)
      return
    }
    waiting.set(to, [wanted])
    setImmediate(() => {
      const all = waiting.get(to)!
      waiting.delete(to)
      for (const part of parts(all, to)) fly(to, part)
    })
  }

  function fly(to: OpenTeacher, group: Wanted[]): void {
    const flight: Promise<void> = send(to, group)
      .catch(error => {
        for (const { landed } of group) landed.reject(error)
      })
      .finally(() => flying.delete(flight))
    flying.add(flight)
  }

  async function send(to: OpenTeacher, group: Wanted[]): Promise<void> {
    const { teacher, route, name, dimensions } = to
    if (route.parked) throw new Parked(route.parked)
    const texts = group.map(({ text }) => text)
    const most = { ...sum(group.map(({ most }) => most)), calls: group.length }
    const each = (work: (wanted: Wanted, i: number) => Promise<void>): Promise<unknown> => Promise.all(group.map(work))
    let prepared = 'no' as 'no' | 'reserved' | 'intended'
    let out = false
    let mayHaveCost = false
    let sentAt = 0
    try {
      stop.check()
      const embedded = await route.call(
        async limits => {
          sentAt = clock.elapsed()
          const came = await teacher.doEmbed!(texts, { limits, ...(dimensions === undefined ? {} : { dimensions }) })
          // One of the texts is at fault: alone it fails by itself, and the others do not. The route hears of that one.
          if (came.rejected && texts.length > 1) throw new Apart()
          if (!came.rejected && came.vectors.length !== texts.length)
            throw new Fault('route', `${came.vectors.length} vectors came for ${texts.length} texts`)
          return came
        },
        {
          lane: `${name} ${group[0]!.from.step}`,
          tokens: most.tokens,
          async prepare() {
            stop.check()
            // Its vectors were lost on the way: nobody knows what they cost, so they count in full beside the next.
            if (prepared === 'intended') purse.settle(most, most)
            prepared = 'no'
            mayHaveCost = false
            // What is left of a budget is used up, text by text.
            await purse.reserve(most, texts.length > 1 ? new Apart() : undefined)
            prepared = 'reserved'
            await each(({ named, most }) => journal.intend(named.call, named.key, cap, 'http', most, named.text))
            prepared = 'intended'
          },
          before() {
            stop.check()
            out = mayHaveCost = true
            emit({ event: 'air', teacher: name, by: 1 })
          },
          gaveUp(may) {
            mayHaveCost = may
          },
        },
      )
      const { vectors, usage, served, rejected } = embedded
      if (rejected) {
        mayHaveCost = false
        throw refused(to, group[0]!, rejected)
      }
      // Its share: forecasts multiply it by the number of texts.
      const ms = (clock.elapsed() - sentAt) / group.length
      const tokens = shares(usage.input, group)
      let spent: Money = { usd: 0, tokens: 0 }
      await each(async ({ named, most, from, landed }, i) => {
        const own = { ...(tokens ? { input: tokens[i]! } : {}), output: 0 }
        const reply: Kept = {
          ...{ content: null, finish: 'stop', usage: own, warnings: [], vector: packVector(vectors[i]!) },
          ...(served ? { served } : {}),
        }
        const { money, saved } = to.cost(reply, most, false)
        spent = sum([spent, money])
        await journal.settle(named.call, settledOf(cap, reply, money))
        const { step, root } = from
        emit({ event: 'call', teacher: name, step, root, from: 'teacher', usage: own, usd: money.usd, saved, ms })
        landed.resolve(vectors[i]!)
      })
      purse.settle(most, { ...spent, calls: group.length })
      prepared = 'no'
    } catch (error) {
      // Nobody charges for a request that was refused.
      if (error instanceof Apart) mayHaveCost = false
      if (prepared === 'intended' && !mayHaveCost)
        await each(({ named }) => journal.withdraw(named.call, cap).catch(() => {}))
      if (prepared !== 'no') purse.settle(most, mayHaveCost ? most : undefined)
      if (!(error instanceof Apart)) throw error
      const half = group.length >> 1
      fly(to, group.slice(0, half))
      fly(to, group.slice(half))
    } finally {
      if (out) emit({ event: 'air', teacher: name, by: -1 })
    }
  }

  return {
    async embed(to, text, from) {
      const { teacher, dimensions } = to
      const asked = { embed: text, ...(dimensions === undefined ? {} : { dimensions }) }
      const named = run.name(to, asked)
      const known = journal.lookup<Kept>(named.call, cap)
      if (known) {
        const { step, root } = from
        const { usage, vector } = known.body
        if (!from.again)
          emit({ event: 'call', teacher: to.name, step, root, from: 'journal', usage, usd: known.money.usd })
        return unpackVector(vector)
      }
      if (run.closed) throw new Unpaid()
      if (!teacher.doEmbed) throw noEmbedder(to)
      const shared = air.get(named.call)
      if (shared) return shared
      const landed = Promise.withResolvers<Float32Array>()
      air.set(named.call, landed.promise)
      const request: Request = { messages: [{ role: 'user', content: text }] }
      gather(to, { named, text, most: to.worstCase(request, false, 0), from, landed })
      return landed.promise.finally(() => air.delete(named.call))
    },
    async close() {
      while (flying.size > 0) await Promise.allSettled(flying)
    },
  }
}

/** Vectors have no length to be cut at. */
const cap = 1

/** Texts in requests that the teacher takes, in the order in which they came. */
function* parts(all: Wanted[], { teacher }: OpenTeacher): Generator<Wanted[]> {
  const { texts = textsAtOnce, tokens = Number.POSITIVE_INFINITY } = teacher.embeds ?? {}
  let part: Wanted[] = []
  let held = 0
  for (const wanted of all) {
    if (part.length > 0 && (part.length >= Math.min(texts, textsAtOnce) || held + wanted.most.tokens > tokens)) {
      yield part
      part = []
      held = 0
    }
    part.push(wanted)
    held += wanted.most.tokens
  }
  if (part.length > 0) yield part
}

function sum(all: Money[]): Money {
  let total: Money = { usd: 0, tokens: 0 }
  for (const { usd, tokens } of all) {
    total = { usd: total.usd === null || usd === null ? null : total.usd + usd, tokens: total.tokens + tokens }
  }
  return total
}

/** The tokens of a request, over its texts by their length; whole numbers that add up. */
function shares(total: number | undefined, group: Wanted[]): number[] | undefined {
  if (total === undefined) return undefined
  const all = group.reduce((sum, { text }) => sum + text.length + 1, 0)
  let [before, given] = [0, 0]
  return group.map(({ text }) => {
    before += text.length + 1
    const share = Math.round((total * before) / all) - given
    given += share
    return share
  })
}

function refused(to: OpenTeacher, { from }: Wanted, rejected: NonNullable<Reply['rejected']>): RefusedText {
  return new RefusedText(`${to.name} refuses the text of ${from.record}: ${rejected.status} ${rejected.message}`)
}

function noEmbedder(to: OpenTeacher): StillroomError {
  return new StillroomError('SR_TEACHER_REJECTS', `Teacher ${to.name} (${to.teacher.id}) makes no vectors of texts.`, {
    hint: 'name a model for embeddings, such as openai/text-embedding-3-small, or leave the teacher out for built-in vectors',
  })
}
