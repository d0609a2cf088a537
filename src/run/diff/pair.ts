import { digestOf, type Id, madeId } from '../../records/index.ts'
import type { Known, Side } from './side.ts'

/** Most items of one reply whose place in it is found again. */
const mostItems = 64

/** Its place among what was made of its subjects; undefined where it was named otherwise, as chunks are by what they say. */
function placeOf(id: Id, { parents, made }: Known): number | undefined {
  if (!made || made.named || parents.length === 0) return undefined
  for (let i = 0; i < mostItems; i++) if (madeId(parents, made.step, i) === id) return i
  return undefined
}

export type Pairs = { get(id: Id): Id | undefined }

/**
 * Which record of one side stands for which of the other.
 *
 * The same id first: a file that is one document and a row with a declared id keep theirs when they are edited, and what
 * a step makes is named by its subject, the step and its place in the reply, so that another prompt or teacher gives
 * another text under the same id. Chunks, and rows without an id of their own, are named by what they say; so an edited
 * chunk is another one, and so is everything made of it. Those are paired by where they come from: the same step made both
 * out of subjects that are the same or paired, in the same place of the reply where that can be told, and there is no other
 * on either side that could be meant. A row of a file without an id is never paired: without an id it is what it says.
 */
export function pairsOf(a: Side, b: Side): { toB: Pairs; toA: Pairs } {
  /** What a side holds alone, by where it comes from. */
  function kinOf(side: Side, other: Side): { of: Map<Id, string>; all: Map<string, Id[]> } {
    const of = new Map<Id, string>()
    const kin = (id: Id): string => {
      const known = of.get(id)
      if (known !== undefined) return known
      const record = side.records.get(id)
      if (!record || other.records.has(id) || !record.made || record.parents.length === 0) return id
      // A record never descends from itself; a damaged file that says so must not hang.
      of.set(id, id)
      const found = digestOf([record.made.step, placeOf(id, record) ?? '?', ...record.parents.map(kin)])
      of.set(id, found)
      return found
    }
    const all = new Map<string, Id[]>()
    for (const id of side.records.keys()) {
      if (other.records.has(id)) continue
      const key = kin(id)
      if (key === id) continue
      const list = all.get(key)
      if (list) list.push(id)
      else all.set(key, [id])
    }
    return { of, all }
  }
  const [inA, inB] = [kinOf(a, b), kinOf(b, a)]
  const found = new Map<Id, Id | undefined>()
  function toB(id: Id): Id | undefined {
    const record = a.records.get(id)
    if (!record || b.records.has(id)) return id
    if (found.has(id)) return found.get(id)
    const key = inA.of.get(id)
    const [mine, theirs] = [inA.all.get(key ?? ''), inB.all.get(key ?? '')]
    const twin = mine?.length === 1 && theirs?.length === 1 ? theirs[0]! : undefined
    const parents = twin === undefined ? [] : b.records.get(twin)!.parents
    found.set(id, undefined)
    const alike =
      twin !== undefined &&
      parents.length === record.parents.length &&
      record.parents.every((parent, i) => toB(parent) === parents[i])
    found.set(id, alike ? twin : undefined)
    return found.get(id)
  }
  const back = new Map<Id, Id>()
  for (const id of a.records.keys()) {
    const twin = toB(id)
    if (twin !== undefined && twin !== id) back.set(twin, id)
  }
  return {
    toB: { get: toB },
    toA: {
      get: id => (!b.records.has(id) || a.records.has(id) ? id : back.get(id)),
    },
  }
}
