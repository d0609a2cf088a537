import type { Stage } from '../recipe/index.ts'
import type { GridStep } from '../steps/index.ts'
import { sealGrid } from './seal.ts'
import { type StageEnv, type StageOutput, taskKey } from './stage.ts'
import { knownOr, newShards, writeTask } from './write-task.ts'

/** Writes the rows of a grid: records out of the options alone. */
export async function gridStage(stage: Stage, env: StageEnv): StageOutput {
  const node = stage.nodes[0]!
  const step = node.step as GridStep
  env.emit({ event: 'stage-sized', stage: stage.key, tasks: 1 })
  const key = taskKey(stage, 'grid')
  const done = await knownOr(stage, key, env, () =>
    writeTask(stage.id, node.key, key, env.store, ({ write, counts }) => {
      for (const draft of step.rows(node.options)) {
        counts.items++
        counts.made++
        write({ record: sealGrid(draft, node), trail: [] })
      }
    }),
  )
  return newShards([done], env).map(shard => Promise.resolve(shard))
}
