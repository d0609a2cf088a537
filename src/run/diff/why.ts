import type { Id, Json, Slug } from '../../records/index.ts'
import type { Pairs } from './pair.ts'
import { addressKey, type Drop, type Known, lostKey, type Side } from './side.ts'

/**
 * Why a row of one side is not on the other. `at` is the record of the first side that it hangs on: the row itself, or one
 * that it comes from.
 *
 * - `dropped`, `lost`: by a step of the other side, with the evidence it gave.
 * - `rejected`: its source could not take it there.
 * - `no-source`, `not-read`, `gone`: the source is not read there; or nothing of its file is; or its file is, and not it.
 * - `edited`: what it comes from says something else there.
 * - `no-step`: the step that made it is not there. `step`: that step is another one there.
 * - `not-made`: the same step made it here and not there, of the same.
 * - `set-aside`: it is there, and not among the rows.
 * - `unknown`: a release alone does not tell.
 */
export type Why = { is: Absence; step?: string; reason?: Slug; at: Id; evidence?: Json }
export type Absence =
  | 'dropped'
  | 'lost'
  | 'rejected'
  | 'no-source'
  | 'not-read'
  | 'gone'
  | 'edited'
  | 'no-step'
  | 'step'
  | 'not-made'
  | 'set-aside'
  | 'unknown'

/**
 * Why a row reads otherwise, by the first thing on its way from its source that differs: the text of the source, the
 * version or the options of a step, its teacher, its prompt, what else was shown, another reply to the same question, or a
 * repair behind it.
 */
export type Otherwise = { is: Difference; step?: string; at: Id }
export type Difference =
  | 'source'
  | 'version'
  | 'teacher'
  | 'prompt'
  | 'context'
  | 'options'
  | 'reply'
  | 'repair'
  | 'origin'

const of = (is: Absence, drop: Drop, at: Id): Why => ({ is, ...drop, at })

/** Why a row that `own` has is missing on the other side. `twins` leads from here to there. */
export function whyMissing(id: Id, own: Side, other: Side, twins: Pairs): Why {
  const seen = new Set<Id>()
  /** The place where the way of a record ends on the other side; undefined where it is there and goes on. */
  function endOf(id: Id, top: boolean): Why | undefined {
    const twin = twins.get(id)
    const drop = other.dropped.get(twin ?? id) ?? other.dropped.get(id)
    if (drop) return of('dropped', drop, id)
    const record = own.records.get(id)
    if (twin !== undefined || other.seen.has(id)) {
      // Both have it: only its way on can differ, or what it says.
      return top ? { is: 'set-aside', at: id } : undefined
    }
    if (!record || seen.has(id)) return undefined
    seen.add(id)
    for (const parent of record.parents) {
      const end = endOf(parent, false)
      if (end) return end
    }
    return ownEnd(id, record)
  }
  function ownEnd(id: Id, record: Known): Why {
    const { made, source } = record
    if (made) {
      const { step } = made
      for (const parent of record.parents) {
        const lost = other.lost.get(lostKey(twins.get(parent) ?? parent, step))
        if (lost) return of('lost', lost, id)
      }
      const edited = record.parents.find(parent => reads(parent) === 'otherwise')
      if (edited !== undefined) return { is: 'edited', step, at: edited }
      if (!other.steps.has(step)) return { is: 'no-step', step, at: id }
      if (own.steps.get(step) !== other.steps.get(step)) return { is: 'step', step, at: id }
      return { is: other.complete ? 'not-made' : 'unknown', step, at: id }
    }
    if (!source) return { is: 'unknown', at: id }
    if (!other.sources.has(source.name)) return { is: 'no-source', step: source.name, at: id }
    const rejected = other.rejected.get(addressKey(source))
    if (rejected) return of('rejected', rejected, id)
    const step = source.name
    if (!other.complete) return { is: 'unknown', step, at: id }
    return { is: other.addresses.has(addressKey(source)) ? 'gone' : 'not-read', step, at: id }
  }
  function reads(id: Id): 'alike' | 'otherwise' {
    const twin = twins.get(id)
    const [mine, theirs] = [own.records.get(id), twin === undefined ? undefined : other.records.get(twin)]
    return mine && theirs && mine.digest !== theirs.digest ? 'otherwise' : 'alike'
  }
  return endOf(id, true) ?? { is: 'unknown', at: id }
}

/** Why a row and its counterpart read otherwise. */
export function whyOtherwise(id: Id, twin: Id, a: Side, b: Side, twins: Pairs): Otherwise {
  const seen = new Set<Id>()
  function first(x: Id, y: Id): Otherwise | undefined {
    const [mine, theirs] = [a.records.get(x), b.records.get(y)]
    // What says the same on both sides hands no difference on.
    if (!mine || !theirs || mine.digest === theirs.digest || seen.has(x)) return undefined
    seen.add(x)
    if (mine.parents.length !== theirs.parents.length) return { is: 'origin', at: x, ...stepOf(mine) }
    for (const [i, parent] of mine.parents.entries()) {
      const other = theirs.parents[i]!
      if (other !== parent && twins.get(parent) !== other) return { is: 'origin', at: x, ...stepOf(mine) }
      const found = first(parent, other)
      if (found) return found
    }
    return own(x, mine, theirs)
  }
  function own(at: Id, x: Known, y: Known): Otherwise {
    const [mine, theirs] = [x.made, y.made]
    if (!mine || !theirs) return { is: 'source', at, ...stepOf(x) }
    const step = mine.step
    if (mine.step !== theirs.step || mine.version !== theirs.version) return { is: 'version', step, at }
    if (mine.teachers !== theirs.teachers) return { is: 'teacher', step, at }
    if (mine.prompts !== theirs.prompts) return { is: 'prompt', step, at }
    if (x.context !== y.context) return { is: 'context', step, at }
    if (a.steps.get(step) !== b.steps.get(step)) return { is: 'options', step, at }
    return { is: mine.calls === theirs.calls ? 'repair' : 'reply', step, at }
  }
  return first(id, twin) ?? { is: 'repair', at: id }
}

const stepOf = ({ made, source }: Known): { step?: string } => {
  const step = made?.step ?? source?.name
  return step === undefined ? {} : { step }
}
