import type { Stage } from '../recipe/index.ts'
import type { Sha } from '../records/index.ts'
import type { Counts, Done, Store } from '../workspace/index.ts'
import type { Carried } from './carried.ts'
import { emptyCounts } from './counts.ts'
import { cuttingWriter, joinShards, type ShardRef } from './shards.ts'
import type { StageEnv } from './stage.ts'

/** Where a task puts what it finds: records that go on, lines about those that do not, and their counts. */
export type TaskOutput = { write(item: Carried): void; reject(line: string): void; counts: Counts }

type Work = (output: TaskOutput) => void | Promise<void>

/** Writes the new shards of a task whose work is one pass. */
export async function writeTask(stage: Sha, step: string, key: Sha, store: Store, work: Work): Promise<Done> {
  const counts = emptyCounts()
  const writer = store.open(key)
  try {
    const { write, end } = cuttingWriter(writer)
    await work({ write, reject: writer.reject, counts })
    end()
    return await writer.commit({ stage, funnel: { [step]: counts } })
  } catch (error) {
    writer.discard()
    throw error
  }
}

/** A task of the run: done now, unless a done record says what it left before. */
export async function knownOr(stage: Stage, key: Sha, env: StageEnv, work: () => Promise<Done>): Promise<Done> {
  const known = env.store.done(key)
  const done = known ?? (await work())
  env.finished(stage, done, known !== undefined)
  return done
}

/** The shards of finished tasks, cut anew and known by their digests. */
export function newShards(outputs: Done[], env: StageEnv): ShardRef[] {
  const shards = joinShards(outputs)
  for (const shard of shards) env.shards.set(shard.digest, shard)
  return shards
}
