import { digestOf, type Id, type Sha, unit } from '../records/index.ts'
import { isPool, samplingOf, type TeacherEntry } from './config.ts'
import { resolveTeacher } from './presets.ts'

/** A teacher that may be chosen under a name, with its share and with whom to ask instead. */
export type PoolMember = {
  /** What the recipe calls the teacher; never a pool. */
  name: string
  /** Its part of the whole; weights are only ever compared. */
  weight: number
  /** What answers and how it is asked, as the journal tells it apart: changing anything else moves no record. */
  identity: Sha
  /** Its own fallbacks, else those of the nearest pool around it. They may name pools. */
  then: { refusal?: string; outage?: string }
}

/**
 * The teachers that a name stands for: itself, or the members of a pool, pools within it laid open at their share of its
 * weight. A member that is reached on several ways counts once, with the sum.
 */
export function poolMembers(name: string, entries: { readonly [name: string]: TeacherEntry }): PoolMember[] {
  const found = new Map<string, PoolMember>()
  function visit(name: string, weight: number, around: PoolMember['then']): void {
    const entry = entries[name]!
    const then = { ...around, ...entry.then }
    if (isPool(entry)) {
      const members = Object.entries(entry['any-of'])
      const sum = members.reduce((sum, [, weight]) => sum + weight, 0)
      for (const [member, part] of members) visit(member, (weight * part) / sum, then)
      return
    }
    const key = JSON.stringify([name, then.refusal, then.outage])
    const known = found.get(key)
    if (known) known.weight += weight
    else found.set(key, { name, weight, identity: answering(name, entry), then })
  }
  visit(name, 1, {})
  return [...found.values()]
}

function answering(name: string, entry: Exclude<TeacherEntry, { 'any-of': unknown }>): Sha {
  const { provider, model, revision } = resolveTeacher(name, entry)
  return digestOf({ provider, model, revision, sampling: samplingOf(entry), dimensions: entry.dimensions })
}

/**
 * The member that answers for a record: weighted rendezvous hashing (largest -weight / ln u), so that each has its share
 * of the records, the order of the recipe does not matter, and a member that comes or goes moves its own share only.
 * Names decide between members that are one and the same teacher, such as one model on two servers, and nowhere else.
 */
export function chooseMember(members: readonly PoolMember[], seed: number, record: Id): PoolMember {
  const [only, ...others] = members
  if (!only) throw new TypeError('a pool without members')
  if (others.length === 0) return only
  const sums = new Map<Sha, number>()
  for (const { identity, weight } of members) sums.set(identity, (sums.get(identity) ?? 0) + weight)
  const identity = winner([...sums], ([identity, weight]) => [weight, identity], seed, record)[0]
  const same = members.filter(member => member.identity === identity)
  return winner(
    same,
    ({ weight, name, then }) => [weight, identity, name, then.refusal ?? '', then.outage ?? ''],
    seed,
    record,
  )
}

function winner<T>(items: readonly T[], of: (item: T) => [weight: number, ...key: string[]], seed: number, id: Id): T {
  let best: { item: T; score: number; key: string } | undefined
  for (const item of items) {
    const [weight, ...parts] = of(item)
    const key = parts.join('\u0000')
    // Smallest is the same choice as largest -weight / ln u, and log1p(-u) is finite for every u in [0, 1).
    const score = -Math.log1p(-unit(seed, 'any-of', id, ...parts)) / weight
    if (!best || score < best.score || (score === best.score && key < best.key)) best = { item, score, key }
  }
  return best!.item
}
