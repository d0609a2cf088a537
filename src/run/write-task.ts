import type { Stage } from '../recipe/index.ts'
import type { Sha } from '../records/index.ts'
import type { Counts, Done } from '../workspace/index.ts'
import type { Carried } from './carried.ts'
import { emptyCounts } from './counts.ts'
import { cuttingWriter, joinShards, type ShardRef } from './shards.ts'
import type { StageEnv } from './stage.ts'

/** Where a task puts what it finds: records that go on, lines about those that do not, and their counts. */
export type TaskOutput = { write(item: Carried): void; reject(line: string): void; counts: Counts }

/** Writes the new shards of a task whose work is one pass, unless a done record says what it left before. */
export async function writeTask(
  stage: Stage,
  step: string,
  key: Sha,
  env: StageEnv,
  work: (output: TaskOutput) => void | Promise<void>,
): Promise<Done> {
  const known = env.store.done(key)
  if (known) {
    env.finished(stage, known, true)
    return known
  }
  const counts = emptyCounts()
  const writer = env.store.open(key)
  try {
    const { write, end } = cuttingWriter(writer)
    await work({ write, reject: writer.reject, counts })
    end()
    const done = await writer.commit({ stage: stage.id, funnel: { [step]: counts } })
    env.finished(stage, done, false)
    return done
  } catch (error) {
    writer.discard()
    throw error
  }
}

/** The shards of finished tasks, cut anew and known by their digests. */
export function newShards(outputs: Done[], env: StageEnv): ShardRef[] {
  const shards = joinShards(outputs)
  for (const shard of shards) env.shards.set(shard.digest, shard)
  return shards
}
