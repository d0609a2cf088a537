import type { Kind, Rec } from '../records/index.ts'
import type {
  Answer,
  Ask,
  Ctx,
  FilterStep,
  GlobalStep,
  GridStep,
  GroupStep,
  MapStep,
  Outcome,
  Pure,
  Spec,
  Verb,
} from './contract.ts'

/** The shorthand for one call a record: two pure functions around a teacher. */
export type OneCall<O, I extends Kind, G extends Kind, T> = Spec<O> & {
  /** Name of the teacher to ask, out of the options. */
  teacher(options: O): string
  prompt(record: Rec<I>, ctx: Pure<O>): Ask<T>
  parse(reply: Answer<T>, record: Rec<I>, options: O, key: string): Outcome<I, G>
  /** A refused, truncated or unparseable reply: dropped with that reason unless the step says otherwise. */
  unusable?(reply: Answer<T>, record: Rec<I>, options: O, key: string): Outcome<I, G>
}

/** The drop that an unusable reply ends in: the reply stays in the journal, the evidence says why. */
export function unusable(reply: Answer): Outcome {
  return {
    is: 'dropped',
    reason: reply.bad?.reason ?? 'unparseable',
    evidence: { call: reply.call, detail: reply.bad?.detail },
  }
}

const badReplies = ['refused', 'truncated', 'unparseable', 'rejected'] as const

/** A step over one record at a time, with calls. Deterministic but for what the journal holds. */
export function defineMap<O, I extends Kind, G extends Kind>(step: Omit<MapStep<O, I, G>, 'shape'>): MapStep<O, I, G>
export function defineMap<O, I extends Kind, G extends Kind, T = unknown>(step: OneCall<O, I, G, T>): MapStep<O, I, G>
export function defineMap(step: Omit<MapStep, 'shape'> | OneCall<any, any, any, any>): MapStep {
  if (!('prompt' in step)) return { ...step, shape: 'map' }
  const { teacher, prompt, parse, unusable: own, ...spec } = step
  return {
    ...spec,
    reasons: [...new Set([...spec.reasons, ...badReplies])],
    shape: 'map',
    async run(record: Rec, ctx: Ctx<any>) {
      const reply = await ctx.call(teacher(ctx.options), prompt(record, ctx))
      if (reply.bad) return own ? own(reply, record, ctx.options, ctx.key) : unusable(reply)
      return parse(reply, record, ctx.options, ctx.key)
    },
  }
}

/** A step that sees all descendants of one record together. */
export function defineGroup<O, I extends Kind, G extends Kind>(
  step: Omit<GroupStep<O, I, G>, 'shape'>,
): GroupStep<O, I, G> {
  return { ...step, shape: 'group' }
}

/** A pure, synchronous test. */
export function defineFilter<O>(step: Omit<FilterStep<O>, 'shape'>): FilterStep<O> {
  return { ...step, shape: 'filter' }
}

/** A decision over the whole input, made from mergeable artifacts. */
export function defineGlobal<O>(step: Omit<GlobalStep<O>, 'shape'>): GlobalStep<O> {
  return { ...step, shape: 'global' }
}

/** Records out of the options alone. */
export function defineGrid<O>(step: Omit<GridStep<O>, 'shape'>): GridStep<O> {
  return { ...step, shape: 'grid' }
}

/** A word of the recipe that expands into primitive steps. */
export function defineVerb<O>(verb: Omit<Verb<O>, 'shape'>): Verb<O> {
  return { ...verb, shape: 'verb' }
}
