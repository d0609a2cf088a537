import type { Stage } from '../recipe/index.ts'
import type { GridStep } from '../steps/index.ts'
import { emptyCounts } from './counts.ts'
import { sealGrid } from './seal.ts'
import { cuttingWriter, joinShards } from './shards.ts'
import { type StageEnv, type StageOutput, taskKey } from './stage.ts'

/** Writes the rows of a grid: records out of the options alone. */
export function gridStage(stage: Stage, env: StageEnv): StageOutput {
  return (async () => {
    const node = stage.nodes[0]!
    const step = node.step as GridStep
    const key = taskKey(stage, 'grid')
    env.emit({ event: 'stage-sized', stage: stage.key, tasks: 1 })
    let done = env.store.done(key)
    const cached = done !== undefined
    if (!done) {
      const writer = env.store.open(key)
      const counts = emptyCounts()
      try {
        const { write, end } = cuttingWriter(writer)
        for (const draft of step.rows(node.options)) {
          counts.items++
          counts.made++
          write({ record: sealGrid(draft, node), trail: [] })
        }
        end()
        done = writer.commit({ stage: stage.id, funnel: { [node.key]: counts } })
      } catch (error) {
        writer.discard()
        throw error
      }
    }
    env.finished(stage, done, cached)
    const shards = joinShards([{ task: key, output: done.output }])
    for (const shard of shards) env.shards.set(shard.digest, shard)
    return shards.map(shard => Promise.resolve(shard))
  })()
}
