import { serialize } from 'node:v8'
import { StillroomError } from '../errors/index.ts'
import type { Node, Stage } from '../recipe/index.ts'
import { digestOf, type Id, type Json, type Sha, sha256 } from '../records/index.ts'
import type { Decision, GlobalStep } from '../steps/index.ts'
import { type Done, spend } from '../workspace/index.ts'
import { noted } from './carried.ts'
import { ahead } from './flow.ts'
import { type Given, type Job, readSurvey, type Survey } from './jobs.ts'
import { sealEmitted } from './seal.ts'
import { inputDigest, type ShardRef } from './shards.ts'
import { allShards, recallOr, type StageEnv, type StageOutput, taskKey, working } from './stage.ts'
import { Stopped } from './stop.ts'
import { knownOr, newShards, writeTask } from './write-task.ts'

type Input = { side?: string; shard: ShardRef }
/** What the inputs told so far: ids by input, and the deepest generation. */
type Seen = { ids: Id[][]; generation: number }

/** Surveys, merged in shard order, decided a partition at a time, combined. */
async function decidePass(
  stage: Stage,
  step: GlobalStep,
  pass: number,
  inputs: Input[],
  before: { given: Given | undefined; seen: Seen },
  env: StageEnv,
): Promise<{ given: Given; seen: Seen }> {
  const { merge, decide, combine, of } = step.passes[pass]!
  const slice = step.passes[pass - 1]?.slice
  const options = stage.nodes[0]!.options
  const merged = new Map<number, unknown>()
  const ids = [...before.seen.ids]
  const keys: Sha[] = []
  let { generation } = before.seen
  let at = 0
  /** The survey of an input: what was found before, or a look at it now; undefined when this pass need not look. */
  async function survey({ side, shard }: Input, i: number): Promise<Survey | undefined> {
    env.stop.check()
    if (of === 'sides' && side === undefined) return undefined
    let given = before.given
    if (slice) {
      const value = slice(given!.value, before.seen.ids[i] ?? [], side)
      if (value === undefined) return undefined
      given = givenOf(value)
    }
    const key = taskKey(stage, 'survey', String(pass), side ?? '', shard.digest, given?.key ?? '')
    keys.push(key)
    const known = readSurvey(key, env.paths)
    if (known) return known
    const job: Job = { do: 'survey', key, shard, pass, seed: `${env.seed} ${stage.key}`, ...(side ? { side } : {}) }
    await env.workers.run(job, stage, given)
    const found = readSurvey(key, env.paths)
    // Taken for a shard that needs no look, its records would be left out of the decision.
    if (!found) throw new Error(`what a look at ${shard.digest.slice(0, 12)} found cannot be read back`)
    return found
  }
  for await (const found of ahead(inputs, env.workers.slots, survey)) {
    const place = at++
    if (!found) continue
    ids[place] = found.ids
    generation = Math.max(generation, found.generation)
    for (const [part, artifact] of found.parts) {
      merged.set(part, merged.has(part) ? merge(merged.get(part), artifact) : artifact)
    }
    await new Promise(resolve => setImmediate(resolve))
  }
  const parts = [...merged.entries()]
    .sort(([a], [b]) => a - b)
    .map(([part, artifact]) => decide(part, artifact, options))
  env.looked(keys)
  // Its own name: two steps that looked at nothing share no value.
  const key = taskKey(stage, 'pass', String(pass), keys)
  return { given: { key, value: combine(parts, options) }, seen: { ids, generation } }
}

/** Slices that many shards share are packed once. */
const known = new WeakMap<object, Given>()
function givenOf(value: unknown): Given {
  const given = (typeof value === 'object' && value && known.get(value)) || { key: sha256(serialize(value)), value }
  if (typeof value === 'object' && value) known.set(value, given)
  return given
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
  let state: { given: Given | undefined; seen: Seen } = { given: undefined, seen: { ids: [], generation: 0 } }
  for (let pass = 0; pass < step.passes.length; pass++) {
    state = await decidePass(stage, step, pass, inputs, state, env)
  }
  const decision = state.given!.value as Decision
  const { ids, generation } = state.seen
  if (decision.spends) spend(env.paths.ledger, { ...decision.spends, step: node.key })
  for (const message of decision.notes ?? []) env.note(node, message)
  if (decision.found) env.found(node, decision.found)
  const shared: Given = { key: digestOf(decision.shared ?? null), value: decision.shared }
  const outputs: Done[] = []
  const apply = (shard: ShardRef, i: number): Promise<Done> => {
    env.stop.check()
    const each = (ids[i] ?? []).filter(id => decision.each.has(id)).map(id => [id, decision.each.get(id)] as [Id, Json])
    const key = taskKey(stage, 'apply', shard.digest, digestOf([shared.key, each]))
    return knownOr(stage, key, env, async () => {
      const done = await env.workers.run({ do: 'apply', key, shard, each }, stage, shared)
      return done!
    })
  }
  for await (const done of ahead(main, env.workers.slots, apply)) outputs.push(done)
  if (step.emit) outputs.push(await emitAll(stage, node, step, inputDigest(main), generation, shared, env))
  return newShards(outputs, env)
}

function emitAll(
  stage: Stage,
  node: Node,
  step: GlobalStep,
  corpus: Sha,
  generation: number,
  shared: Given,
  env: StageEnv,
): Promise<Done> {
  const key = taskKey(stage, 'emit', corpus, String(generation), shared.key)
  return knownOr(stage, key, env, () =>
    writeTask(stage.id, node.key, key, env.store, ({ write, counts }) => {
      for (const draft of step.emit?.(shared.value as Json | undefined, node.options) ?? []) {
        counts.items++
        counts.made++
        const record = sealEmitted(draft, corpus, generation, node)
        write(noted({ record, trail: [] }, record, draft.notes ?? {}, node.owner))
      }
    }),
  )
}
