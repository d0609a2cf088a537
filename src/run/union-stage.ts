import { StillroomError } from '../errors/index.ts'
import type { Stage } from '../recipe/index.ts'
import type { Id, Rec } from '../records/index.ts'
import type { Carried } from './carried.ts'
import { inputDigest, readShard, type ShardRef } from './shards.ts'
import { allShards, recallOr, records, type StageEnv, type StageOutput, taskKey } from './stage.ts'
import { newShards, writeTask } from './write-task.ts'

/** Two branches' views of one record: annotations united by step key. Throws SR_UNION_CONFLICT when the content differs. */
function unite(a: Rec, b: Rec, stage: Stage): Rec {
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
  return {
    ...a,
    facets: { ...b.facets, ...a.facets },
    scores: { ...b.scores, ...a.scores },
    lineage: members.length > 0 ? { ...a.lineage, members } : a.lineage,
  }
}

/**
 * Joins branches: records in the order of the branches, the same id once. Where no id comes twice, the shards of the
 * branches follow one another as they lie and nothing is written.
 */
export function unionStage(stage: Stage, env: StageEnv): StageOutput {
  return (async () => {
    const branches: ShardRef[][] = []
    for (const key of stage.from) branches.push(await allShards(env, key))
    env.emit({ event: 'stage-sized', stage: stage.key, tasks: 1 })
    const key = taskKey(stage, 'stage', branches.map(inputDigest))
    const shards = await recallOr(stage, env, key, within => joined(stage, branches, within))
    return shards.map(shard => Promise.resolve(shard))
  })()
}

async function joined(stage: Stage, branches: ShardRef[][], env: StageEnv): Promise<ShardRef[]> {
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
  return twice.size === 0 ? branches.flat() : united(stage, branches, twice, env)
}

async function united(stage: Stage, branches: ShardRef[][], twice: Set<Id>, env: StageEnv): Promise<ShardRef[]> {
  const done = await writeTask(stage, stage.key, taskKey(stage, branches.map(inputDigest)), env, ({ write }) => {
    const held = new Map<Id, Carried>()
    for (const item of records(env, branches.flat())) {
      if (!twice.has(item.record.id)) continue
      const first = held.get(item.record.id)
      held.set(item.record.id, first ? { record: unite(first.record, item.record, stage), trail: first.trail } : item)
    }
    for (const item of records(env, branches.flat())) {
      if (!twice.has(item.record.id)) write(item)
      const kept = held.get(item.record.id)
      if (kept) write(kept)
      held.delete(item.record.id)
    }
  })
  return newShards([done], env)
}
