import type { Stage } from '../recipe/index.ts'
import type { Sha } from '../records/index.ts'
import type { Done } from '../workspace/index.ts'
import { encode } from './carried.ts'
import { addFunnel, emptyCounts, type Funnel } from './counts.ts'
import { inItems } from './families.ts'
import { type ItemEnv, itemRunner, newTally, rejectLine } from './item.ts'
import type { JobEnv } from './jobs.ts'
import { readShard, type ShardRef } from './shards.ts'

const none = (): never => {
  throw new Error('a step without teachers, side inputs and ancestors has none to ask')
}
/** What a stage that asks nobody sees of the run. */
const alone = {
  calls: { ask: none, embed: none, execute: none },
  pools: { digests: [], draw: none },
  ancestor: none,
  takes: none,
  root: none,
  unpaid: none,
}

/** A task of a map stage that asks nobody: record after record, in input order. */
export async function mapTask(stage: Stage, key: Sha, shard: ShardRef, env: JobEnv): Promise<Done> {
  const around: ItemEnv = { ...alone, ...env, shard: shard.digest, again: false }
  const through = itemRunner(stage.nodes, around)
  const funnel: Funnel = {}
  for (const node of stage.nodes) funnel[node.key] = emptyCounts()
  const writer = env.store.open(key)
  try {
    for (const items of inItems(stage.nodes[0]!, readShard(env.store, shard))) {
      const tally = newTally()
      for (const item of await through(items, tally)) writer.output(encode(item))
      for (const reject of tally.rejects) writer.reject(rejectLine(reject))
      addFunnel(funnel, tally.funnel)
    }
    return await writer.commit({ stage: stage.id, funnel })
  } catch (error) {
    writer.discard()
    throw error
  }
}
