import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { StillroomError } from '../errors/index.ts'
import type { Node, Stage } from '../recipe/index.ts'
import { digestOf, type Id, type Json, type Rec, type Sha } from '../records/index.ts'
import type { Decision, GlobalStep } from '../steps/index.ts'
import type { Done } from '../workspace/index.ts'
import { count } from './counts.ts'
import { rejectLine, wrongOutcome } from './item.ts'
import { annotate, sealEmitted } from './seal.ts'
import { inputDigest, readShard, type ShardRef } from './shards.ts'
import { allShards, recallOr, type StageEnv, type StageOutput, taskKey, working } from './stage.ts'
import { Stopped } from './stop.ts'
import { newShards, writeTask } from './write-task.ts'

/** What one look at one shard found, with the ids that decisions are sliced by. Kept, so that a rerun looks at changed shards alone. */
type Survey = { ids: Id[]; parts: Map<number, unknown>; generation: number }

type Input = { side?: string; shard: ShardRef }

function surveyShard(
  stage: Stage,
  step: GlobalStep,
  pass: number,
  input: Input,
  earlier: unknown,
  key: Sha,
  env: StageEnv,
): Survey {
  const dir = env.paths.task(key)
  const file = join(dir, 'survey.v8')
  try {
    return deserialize(readFileSync(file)) as Survey
  } catch {
    // Not made yet, or by a Node version whose format this one does not read: look again.
  }
  const ids: Id[] = []
  let generation = 0
  function* passing(): Generator<Rec> {
    for (const { record } of readShard(env.store, input.shard)) {
      ids.push(record.id)
      generation = Math.max(generation, record.lineage.generation)
      yield record
    }
  }
  const at = { seed: `${env.seed} ${stage.key}`, ...(input.side ? { side: input.side } : {}), earlier }
  const all = passing()
  const parts = step.passes[pass]!.survey(all, stage.nodes[0]!.options, at)
  for (const _ of all) {
    // A survey that stops early still leaves the ids of its whole shard.
  }
  const survey: Survey = { ids, parts, generation }
  mkdirSync(dir, { recursive: true })
  writeFileSync(`${file}.tmp-${process.pid}`, serialize(survey))
  renameSync(`${file}.tmp-${process.pid}`, file)
  return survey
}

/** Surveys, merged in shard order, decided a partition at a time, combined. */
async function decidePass(
  stage: Stage,
  step: GlobalStep,
  pass: number,
  inputs: Input[],
  earlier: unknown,
  earlierKey: Sha,
  env: StageEnv,
): Promise<{ result: unknown; key: Sha; ids: Id[][]; generation: number }> {
  const { merge, decide, combine } = step.passes[pass]!
  const options = stage.nodes[0]!.options
  const merged = new Map<number, unknown>()
  const ids: Id[][] = []
  const keys: Sha[] = []
  let generation = 0
  for (const input of inputs) {
    env.stop.check()
    const key = taskKey(stage, 'survey', String(pass), input.side ?? '', input.shard.digest, earlierKey)
    keys.push(key)
    const survey = surveyShard(stage, step, pass, input, earlier, key, env)
    if (!input.side) ids.push(survey.ids)
    generation = Math.max(generation, survey.generation)
    for (const [part, artifact] of survey.parts) {
      merged.set(part, merged.has(part) ? merge(merged.get(part), artifact) : artifact)
    }
    await new Promise(resolve => setImmediate(resolve))
  }
  const parts = [...merged.entries()]
    .sort(([a], [b]) => a - b)
    .map(([part, artifact]) => decide(part, artifact, options))
  return { result: combine(parts, options), key: digestOf(keys), ids, generation }
}

/**
 * Runs a global: passes over the complete input, then one task a shard that applies this shard's slice of the decision.
 * A shard whose slice did not change is not touched again.
 */
export function globalStage(stage: Stage, env: StageEnv): StageOutput {
  return (async () => {
    const step = stage.nodes[0]!.step as GlobalStep
    const main = await allShards(env, stage.from[0]!)
    const inputs: Input[] = main.map(shard => ({ shard }))
    for (const [side, keys] of Object.entries(stage.side).sort(([a], [b]) => (a < b ? -1 : 1))) {
      for (const key of keys) for (const shard of await allShards(env, key)) inputs.push({ side, shard })
    }
    env.emit({ event: 'stage-sized', stage: stage.key, tasks: main.length + (step.emit ? 1 : 0) })
    const sides = inputs.slice(main.length).map(i => `${i.side}:${i.shard.digest}`)
    const key = taskKey(stage, 'stage', inputDigest(main), sides)
    const shards = await recallOr(stage, env, key, within =>
      working(env, stage, () => named(stage, decideAndApply(stage, main, inputs, within))),
    )
    return shards.map(shard => Promise.resolve(shard))
  })()
}

/** What a global's code throws ends the run under its name: unlike a map it has no one record to give up. */
async function named<T>(stage: Stage, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const code = (error as NodeJS.ErrnoException | undefined)?.code
    if (error instanceof Stopped || StillroomError.is(error) || code?.startsWith('E')) throw error
    throw new StillroomError(
      'SR_STEP_FAILED',
      `Step ${stage.key} threw: ${error instanceof Error ? error.message : error}`,
      {
        cause: error,
        hint: 'mend the step and run again; what is finished before it is kept',
      },
    )
  }
}

async function decideAndApply(stage: Stage, main: ShardRef[], inputs: Input[], env: StageEnv): Promise<ShardRef[]> {
  const node = stage.nodes[0]!
  const step = node.step as GlobalStep
  let earlier: unknown
  let earlierKey = ''
  let ids: Id[][] = []
  let generation = 0
  for (let pass = 0; pass < step.passes.length; pass++) {
    const decided = await decidePass(stage, step, pass, inputs, earlier, earlierKey, env)
    earlier = decided.result
    earlierKey = decided.key
    if (pass === 0) {
      ids = decided.ids
      generation = decided.generation
    }
  }
  const decision = earlier as Decision
  for (const message of decision.notes ?? []) env.note(node, message)
  const outputs: Done[] = []
  for (const [i, shard] of main.entries()) {
    env.stop.check()
    outputs.push(await applyShard(stage, node, step, shard, ids[i]!, decision, env))
    await new Promise(resolve => setImmediate(resolve))
  }
  if (step.emit) outputs.push(await emitAll(stage, node, step, inputDigest(main), generation, decision, env))
  return newShards(outputs, env)
}

function applyShard(
  stage: Stage,
  node: Node,
  step: GlobalStep,
  shard: ShardRef,
  ids: Id[],
  decision: Decision,
  env: StageEnv,
): Promise<Done> {
  const slice = ids.filter(id => decision.each.has(id)).map(id => [id, decision.each.get(id)] as [Id, Json])
  const key = taskKey(stage, 'apply', shard.digest, digestOf([decision.shared ?? null, slice]))
  return writeTask(stage, node.key, key, env, ({ write, reject, counts }) => {
    for (const item of readShard(env.store, shard)) {
      counts.in++
      const verdict = step.apply(item.record, decision.each.get(item.record.id), decision.shared, node.options)
      if (verdict.is === 'consumed') counts.consumed++
      else if (verdict.is === 'passed') {
        counts.passed++
        write(verdict.notes ? { record: annotate(item.record, verdict.notes, node.owner), trail: item.trail } : item)
      } else {
        const { reason, evidence } = verdict
        if (!step.reasons.includes(reason)) throw wrongOutcome(node, 'drops a record for an undeclared reason', reason)
        count(counts.dropped, reason)
        reject(
          rejectLine({ step: node.key, reason, ...(evidence === undefined ? {} : { evidence }), record: item.record }),
        )
      }
    }
  })
}

function emitAll(
  stage: Stage,
  node: Node,
  step: GlobalStep,
  corpus: Sha,
  generation: number,
  decision: Decision,
  env: StageEnv,
): Promise<Done> {
  const key = taskKey(stage, 'emit', corpus, String(generation), digestOf(decision.shared ?? null))
  return writeTask(stage, node.key, key, env, ({ write, counts }) => {
    for (const draft of step.emit?.(decision.shared, node.options) ?? []) {
      counts.items++
      counts.made++
      write({ record: sealEmitted(draft, corpus, generation, node), trail: [] })
    }
  })
}
