import { StillroomError } from '../errors/index.ts'
import type { Node } from '../recipe/index.ts'
import type { Id, Json, Kind, Rec, Sha, Slug } from '../records/index.ts'
import { payloadProblem, random } from '../records/index.ts'
import type { Ask, Ctx, Draft, Dropped, GroupOutcome, Outcome, Verdict } from '../steps/index.ts'
import { Parked } from '../teachers/index.ts'
import type { Calls } from './calls.ts'
import { type Carried, noted, type Trail } from './carried.ts'
import { concealed } from './conceal.ts'
import { count, emptyCounts, type Funnel } from './counts.ts'
import type { Pools } from './pools.ts'
import { type Asked, annotate, nothingUsed, repair, sealMade, type Used } from './seal.ts'
import { Stopped, Unpaid } from './stop.ts'

/** A record that ended, with why: one line of a rejects file. */
export type Reject = { step: string; reason: Slug; evidence?: Json; index?: number; record: Rec; conceal?: true }

/** What processing needs from the run around it. */
export type ItemEnv = {
  calls: Pick<Calls, 'ask' | 'embed' | 'execute'>
  pools: Pools
  /** A record that a trail names, out of the shard it lies in. */
  ancestor(id: Id, shard: Sha): Rec | undefined
  /** Kinds that a node takes, by key. */
  takes(node: string): Kind[]
  tokens(text: string): number
  tokenizer(): string
  language: string
  seed: number
  /** Digest of the shard that is being processed; goes into the trail of what is made. */
  shard: Sha
  /** The record that an item entered the paid part as. */
  root(item: Carried): Id
  /** The task is done again after it was laid aside. */
  again: boolean
  /** A root that needed a reply nobody has paid for. */
  unpaid(item: Carried, node: Node): void
}

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 200) ?? String(value)

/** A step that breaks its own declaration: a mistake of its author, which ends the run by name. */
export function wrongOutcome(node: Node, message: string, received: unknown): StillroomError {
  return new StillroomError('SR_STEP_OUTCOME', `Step ${node.key} ${message}.`, {
    received: shown(received),
    expected: `one of ${node.step.reasons.join(', ') || '(no reasons declared)'}`,
    hint: 'declare the reason in the step, or return another outcome',
  })
}

/** Re-readable documents leave no text behind when they are rejected: id, reason, evidence and offsets are enough. */
export function rejectLine(reject: Reject): string {
  const { record } = reject
  if (reject.conceal) return JSON.stringify({ ...reject, record: concealed(record) })
  if (record.kind !== 'document') return JSON.stringify(reject)
  const { text: _, ...rest } = record
  return JSON.stringify({ ...reject, record: rest })
}

/** What is wrong with an outcome of a user's step: a door like any other, so it is checked before anything is written. */
function outcomeProblem(outcome: unknown): string | undefined {
  if (typeof outcome !== 'object' || outcome === null)
    return `the step returned ${shown(outcome)} instead of an outcome`
  const { payload, made, each, is } = outcome as {
    payload?: unknown
    made?: { payload?: unknown }[]
    each?: unknown
    is?: unknown
  }
  if (each === undefined && !['passed', 'dropped', 'fixed', 'made'].includes(String(is)))
    return `there is no outcome ${shown(is)}`
  const payloads = [...(is === 'fixed' ? [payload] : []), ...(made ?? []).map(draft => draft?.payload)]
  return payloads.map(payloadProblem).find(problem => problem !== undefined)
}

/** What ends a record's turn without an outcome, however its step takes it. */
const endsTurn = (error: unknown): boolean =>
  error instanceof Stopped || error instanceof Unpaid || error instanceof Parked || StillroomError.is(error)

/** `ended`: why one of its calls got no answer in this run. */
type Turn = { ctx: Ctx<unknown>; used: Used; ended?: unknown }

/** Runs items through the nodes of a map stage: pure but for calls, and independent of every other item. */
export function itemRunner(nodes: Node[], env: ItemEnv) {
  function context(node: Node, records: Rec[], items: Carried[], tally: Tally): Turn {
    const used = nothingUsed()
    const use = (record: Rec): Rec => {
      if (!used.context.some(r => r.id === record.id)) used.context.push(record)
      return record
    }
    const first = records[0]!
    const needed = node.step.needs?.ancestors ?? []
    let generator: (() => number) | undefined
    const ctx: Ctx<unknown> = {
      options: node.options,
      key: node.key,
      language: first.language ?? env.language,
      tokens: env.tokens,
      get tokenizer() {
        return env.tokenizer()
      },
      random() {
        generator ??= random(env.seed, node.key, first.id)
        return generator()
      },
      draw(pool, n, { turn, of, by } = {}) {
        const drawn = env.pools.draw(pool, first.id, of ?? n, turn)
        if (!by) return drawn.slice(0, n).map(use)
        // Equal ones stay in the order of the draw.
        const seen = drawn.map(record => ({ record, value: by(record) }))
        return seen
          .sort((a, b) => b.value - a.value)
          .slice(0, n)
          .map(({ record }) => use(record))
      },
      ancestor<K extends Kind>(kind: K): Rec<K> | undefined {
        if (!needed.includes(kind)) {
          throw new StillroomError(
            'SR_STEP_OUTCOME',
            `Step ${node.key} reads a ${kind} ancestor that it did not declare.`,
            {
              hint: `add needs: { ancestors: ['${kind}'] }`,
            },
          )
        }
        const trail = items[0]!.trail
        for (let i = trail.length - 1; i >= 0; i--) {
          const [at, id, shard] = trail[i]!
          if (!env.takes(at).includes(kind)) continue
          const record = env.ancestor(id, shard)
          if (record?.kind === kind) return use(record) as unknown as Rec<K>
        }
        return undefined
      },
      call<T>(name: string, ask: Ask<T>, draw = 0) {
        const asked: Asked = { teacher: '', generation: 0, calls: [], prompts: ask.prompts ?? [] }
        used.asked.push(asked)
        return heeded(
          env.calls.ask(name, ask, asker(draw), {
            ...heard,
            call: call => asked.calls.push(call),
            by: (teacher, generation = 0) => Object.assign(asked, { teacher, generation }),
          }),
        )
      },
      embed: (name, texts) => heeded(env.calls.embed(name, texts, asker(0), heard)),
      execute: job => heeded(env.calls.execute(job)),
    }
    const heard = { parked: (until: Promise<void>) => void tally.parked.add(until) }
    const asker = (draw: number) => {
      return { record: first.id, step: node.key, root: env.root(items[0]!), draw, again: env.again }
    }
    /** A step may start several calls and await them one by one; the others must not end the process meanwhile. */
    function heeded<T>(answer: Promise<T>): Promise<T> {
      answer.catch(error => {
        if (endsTurn(error)) turn.ended ??= error
      })
      return answer
    }
    const turn: Turn = { ctx, used }
    return turn
  }

  /**
   * A step that throws, or returns no outcome, ends its record by name and leaves the others alone. One that makes
   * something of a call without an answer has no outcome: with the answer it might have been another.
   */
  async function guarded<T>(node: Node, work: () => T | Promise<T>, turn?: Turn): Promise<T | { threw: string }> {
    try {
      const outcome = await work()
      if (turn?.ended) throw turn.ended
      const wrong = node.module === undefined ? undefined : outcomeProblem(outcome)
      return wrong === undefined ? outcome : { threw: wrong }
    } catch (error) {
      if (turn?.ended) throw turn.ended
      if (endsTurn(error)) throw error
      return { threw: error instanceof Error ? error.message : String(error) }
    }
  }

  function drop(node: Node, { record }: Carried, dropped: Omit<Dropped, 'is'>, tally: Tally): void {
    const { reason, evidence, conceal } = dropped
    count(tally.counts(node).dropped, reason)
    const more = { ...(evidence === undefined ? {} : { evidence }), ...(conceal ? { conceal } : {}) }
    tally.rejects.push({ step: node.key, reason, ...more, record })
  }

  function make(node: Node, drafts: Draft[], subjects: Carried[], used: Used): Carried[] {
    if (node.step.gives === 'same') throw wrongOutcome(node, 'makes records, but gives the same ones', 'made')
    const records = subjects.map(s => s.record)
    const ids = new Set<Id>()
    return drafts.map(draft => {
      if (!node.gives.includes(draft.payload.kind)) {
        const message = `makes a ${draft.payload.kind}, but gives ${node.gives.join(', ')}`
        throw wrongOutcome(node, message, draft.payload.kind)
      }
      const record = sealMade(draft, records, node, used)
      if (ids.has(record.id)) throw wrongOutcome(node, 'gives two drafts the same index', draft.key ?? draft.index)
      ids.add(record.id)
      const trail: Trail = [...subjects[0]!.trail, [node.key, records[0]!.id, env.shard]]
      return noted({ record, trail }, record, draft.notes ?? {}, node.owner)
    })
  }

  function verdict(node: Node, item: Carried, outcome: Verdict, used: Used, tally: Tally): Carried[] {
    if (outcome.is === 'dropped') {
      if (!node.step.reasons.includes(outcome.reason))
        throw wrongOutcome(node, `drops a record for an undeclared reason`, outcome.reason)
      drop(node, item, outcome, tally)
      return []
    }
    tally.counts(node).passed++
    if (!outcome.notes) return [item]
    return [noted(item, annotate(item.record, outcome.notes, node.owner, used), outcome.notes, node.owner)]
  }

  async function one(node: Node, item: Carried, tally: Tally): Promise<Carried[]> {
    const counts = tally.counts(node)
    counts.in++
    const { step } = node
    if (step.shape === 'filter') {
      const outcome = await guarded(node, () => step.test(item.record, node.options))
      if ('threw' in outcome) {
        drop(node, item, { reason: 'step-error', evidence: outcome.threw }, tally)
        return []
      }
      return verdict(node, item, outcome, nothingUsed(), tally)
    }
    if (step.shape !== 'map') throw new StillroomError('SR_INTERNAL', `${node.key} is no step of a map stage`)
    const turn = context(node, [item.record], [item], tally)
    const { used } = turn
    let outcome: Outcome | { threw: string }
    try {
      outcome = await guarded(node, () => step.run(item.record, turn.ctx), turn)
    } catch (error) {
      if (error instanceof Parked) return []
      if (!(error instanceof Unpaid)) throw error
      env.unpaid(item, node)
      tally.unpaid = true
      return []
    }
    if ('threw' in outcome) {
      drop(node, item, { reason: 'step-error', evidence: outcome.threw }, tally)
      return []
    }
    if (outcome.is === 'passed' || outcome.is === 'dropped') return verdict(node, item, outcome, used, tally)
    if (outcome.is === 'fixed') {
      if (!step.reasons.includes(outcome.reason))
        throw wrongOutcome(node, 'repairs for an undeclared reason', outcome.reason)
      counts.fixed++
      count(counts.repairs, outcome.reason)
      const record = repair(item.record, outcome.payload, node, used)
      const repaired = annotate(record, outcome.notes, node.owner, used)
      return [noted({ record, trail: item.trail }, repaired, outcome.notes ?? {}, node.owner)]
    }
    for (const lost of outcome.lost ?? []) {
      if (!step.reasons.includes(lost.reason))
        throw wrongOutcome(node, 'loses an item for an undeclared reason', lost.reason)
      count(counts.lost, lost.reason)
      tally.rejects.push({
        step: node.key,
        reason: lost.reason,
        index: lost.index,
        ...(lost.evidence === undefined ? {} : { evidence: lost.evidence }),
        record: item.record,
      })
    }
    counts.items += outcome.made.length + (outcome.lost?.length ?? 0)
    counts.made += outcome.made.length
    if (outcome.made.length === 0) {
      drop(node, item, { reason: 'empty' }, tally)
      return []
    }
    counts.expanded++
    return make(node, outcome.made, [item], used)
  }

  async function family(node: Node, items: Carried[], tally: Tally): Promise<Carried[]> {
    const counts = tally.counts(node)
    counts.in += items.length
    const { step } = node
    if (step.shape !== 'group') throw new StillroomError('SR_INTERNAL', `${node.key} is no group step`)
    const records = items.map(i => i.record)
    const turn = context(node, records, items, tally)
    const { used } = turn
    let outcome: GroupOutcome | { threw: string }
    try {
      outcome = await guarded(node, () => step.run(records, turn.ctx), turn)
    } catch (error) {
      if (error instanceof Parked) return []
      if (!(error instanceof Unpaid)) throw error
      for (const item of items) env.unpaid(item, node)
      tally.unpaid = true
      return []
    }
    if ('threw' in outcome) {
      for (const item of items) drop(node, item, { reason: 'step-error', evidence: outcome.threw }, tally)
      return []
    }
    const out: Carried[] = []
    for (const item of items) {
      const ended = outcome.each.get(item.record.id)
      if (!ended) throw wrongOutcome(node, `says nothing of record ${item.record.id} of its group`, 'no outcome')
      if (ended.is === 'consumed') counts.consumed++
      else out.push(...verdict(node, item, ended, used, tally))
    }
    const byId = new Map(items.map(i => [i.record.id, i]))
    for (const draft of outcome.made ?? []) {
      const subjects = draft.from.map(id => byId.get(id)).filter(s => s !== undefined)
      if (subjects.length !== draft.from.length || subjects.length === 0) {
        throw wrongOutcome(node, 'makes a record from records outside its group', draft.from)
      }
      counts.items++
      counts.made++
      out.push(...make(node, [draft], subjects, used))
    }
    return out
  }

  /** One item: a record, or a family where the stage begins with a group step. */
  return async function through(items: Carried[], tally: Tally): Promise<Carried[]> {
    let current = items
    for (const node of nodes) {
      if (current.length === 0) break
      if (node.step.shape === 'group') current = await family(node, current, tally)
      else if (current.length === 1) current = await one(node, current[0]!, tally)
      else {
        const next: Carried[] = []
        for (const item of current) next.push(...(await one(node, item, tally)))
        current = next
      }
    }
    return current
  }
}

/**
 * Counts and rejects of one item, merged in input order. `unpaid`: a reply is missing, so the task is not finished.
 * `parked`: what the item waits for, so that its task is done again.
 */
export type Tally = {
  funnel: Funnel
  rejects: Reject[]
  unpaid: boolean
  parked: Set<Promise<void>>
  counts(node: Node): Funnel[string]
}
export function newTally(): Tally {
  const funnel: Funnel = {}
  return {
    funnel,
    rejects: [],
    unpaid: false,
    parked: new Set(),
    counts: node => {
      funnel[node.key] ??= emptyCounts()
      return funnel[node.key]!
    },
  }
}
