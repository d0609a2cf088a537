import { StillroomError } from '../errors/index.ts'
import type { Node, Plan, Stage } from '../recipe/index.ts'
import type { Id } from '../records/index.ts'
import { type Carried, rootOf } from './carried.ts'
import { inputDigest, readShard, type ShardRef } from './shards.ts'
import { allShards, recallOr, records, type StageEnv, type StageOutput, taskKey, working } from './stage.ts'
import { knownOr, newShards, type TaskOutput, writeTask } from './write-task.ts'

/** Two branches' views of one record: annotations united by step key. Throws SR_UNION_CONFLICT when the content differs. */
function unite(one: Carried, other: Carried, stage: Stage): Carried {
  const [a, b] = [one.record, other.record]
  if (a.digest !== b.digest) {
    throw new StillroomError(
      'SR_UNION_CONFLICT',
      `Record ${a.id} reaches ${stage.key} on two branches with different content.`,
      {
        received: `${a.digest.slice(0, 12)} and ${b.digest.slice(0, 12)}`,
        hint: 'let one branch only change it, or give one of the steps another `as`',
      },
    )
  }
  const members = [...new Set([...(a.lineage.members ?? []), ...(b.lineage.members ?? [])])].sort()
  const said = [...(a.lineage.reviews ?? []), ...(b.lineage.reviews ?? [])]
  const reviews = [...new Map(said.map(review => [JSON.stringify(review), review])).values()]
  const language = a.language ?? b.language
  const record = {
    ...a,
    ...(language ? { language } : {}),
    facets: { ...b.facets, ...a.facets },
    scores: { ...b.scores, ...a.scores },
    lineage: { ...a.lineage, ...(members.length > 0 ? { members } : {}), ...(reviews.length > 0 ? { reviews } : {}) },
  }
  const vectors = { ...other.vectors, ...one.vectors }
  return { record, trail: one.trail, ...(Object.keys(vectors).length > 0 ? { vectors } : {}) }
}

/**
 * True where a group step behind the union may gather what a step before it made: then one family lies on several
 * branches. From each group step back to the step whose subjects it gathers by, no union may lie that tears them apart.
 */
function feedsGroup(union: Stage, plan: Plan): boolean {
  const byKey = new Map(plan.stages.map(s => [s.key, s]))
  function reached(key: string, stops: (node: Node) => boolean, seen: Set<string>): boolean {
    if (key === union.key) return true
    const stage = byKey.get(key)
    if (!stage || seen.has(key) || stage.nodes.some(stops)) return false
    seen.add(key)
    return stage.from.some(from => reached(from, stops, seen))
  }
  return plan.stages.some(({ nodes: [first], from }) => {
    if (first?.step.shape !== 'group') return false
    const at = first.group
    const stops = (node: Node): boolean => (at === undefined ? node.step.gives !== 'same' : node.key === at)
    return from.some(key => reached(key, stops, new Set()))
  })
}

/**
 * Joins branches: records in the order of the branches, the same id once. Where no id comes twice, the shards of the
 * branches follow one another as they lie and nothing is written. Before a group step the records are written anew,
 * family by family in the order in which their roots come first, so that what the branches made of one root is together.
 */
export function unionStage(stage: Stage, env: StageEnv): StageOutput {
  return (async () => {
    const branches: ShardRef[][] = []
    for (const key of stage.from) branches.push(await allShards(env, key))
    env.emit({ event: 'stage-sized', stage: stage.key, tasks: 1 })
    const order = feedsGroup(stage, env.plan) ? 'families' : 'branches'
    const key = taskKey(stage, 'stage', order, branches.map(inputDigest))
    const shards = await recallOr(stage, env, key, within =>
      working(env, stage, () => joined(stage, branches, order, within)),
    )
    return shards.map(shard => Promise.resolve(shard))
  })()
}

type Order = 'families' | 'branches'

async function joined(stage: Stage, branches: ShardRef[][], order: Order, env: StageEnv): Promise<ShardRef[]> {
  const seen = new Set<Id>()
  const twice = new Set<Id>()
  for (const shard of branches.flat()) {
    for (const { record } of readShard(env.store, shard)) {
      if (seen.has(record.id)) twice.add(record.id)
      else seen.add(record.id)
    }
    env.stop.check()
    await new Promise(resolve => setImmediate(resolve))
  }
  if (twice.size === 0 && order === 'branches') return branches.flat()
  return united(stage, branches, order, twice, env)
}

async function united(
  stage: Stage,
  branches: ShardRef[][],
  order: Order,
  twice: Set<Id>,
  env: StageEnv,
): Promise<ShardRef[]> {
  const key = taskKey(stage, order, branches.map(inputDigest))
  const write = ({ write, counts }: TaskOutput): void => {
    const held = new Map<Id, Carried>()
    for (const item of records(env, branches.flat())) {
      if (!twice.has(item.record.id)) continue
      const first = held.get(item.record.id)
      held.set(item.record.id, first ? unite(first, item, stage) : item)
    }
    const ordered = order === 'families' ? byRoot(branches.flat(), env) : records(env, branches.flat())
    for (const item of ordered) {
      counts.in++
      const kept = twice.has(item.record.id) ? held.get(item.record.id) : item
      if (kept) {
        write(kept)
        counts.passed++
      } else counts.consumed++
      held.delete(item.record.id)
    }
  }
  const done = await knownOr(stage, key, env, () => writeTask(stage.id, stage.key, key, env.store, write))
  return newShards([done], env)
}

/** Shards whose records are held at once while families are put together; branches mostly have their roots in one order. */
const heldShards = 16

/** The records of shards root by root, in the order in which the roots come first; memory holds roots and a few shards. */
function* byRoot(shards: ShardRef[], env: StageEnv): Generator<Carried> {
  const where = new Map<Id, Set<ShardRef>>()
  for (const shard of shards) {
    for (const item of readShard(env.store, shard)) {
      const root = rootOf(item)
      const known = where.get(root)
      if (known) known.add(shard)
      else where.set(root, new Set([shard]))
    }
  }
  const held = new Map<ShardRef, Map<Id, Carried[]>>()
  for (const [root, lie] of where) {
    for (const shard of lie) {
      const records = held.get(shard) ?? Map.groupBy(readShard(env.store, shard), rootOf)
      // Taken out and put back, the one used least lately stands first.
      held.delete(shard)
      if (held.size >= heldShards) held.delete(held.keys().next().value!)
      held.set(shard, records)
      yield* records.get(root)!
    }
  }
}
