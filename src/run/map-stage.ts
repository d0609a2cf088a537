import type { Stage } from '../recipe/index.ts'
import type { Sha } from '../records/index.ts'
import type { Done } from '../workspace/index.ts'
import { type Carried, encode, rootOf } from './carried.ts'
import { addFunnel, emptyCounts, type Funnel } from './counts.ts'
import { asReady, createWindow, type Window } from './flow.ts'
import { itemRunner, newTally, type Reject, rejectLine } from './item.ts'
import { openPools, type Pools } from './pools.ts'
import { inputDigest, readShard, type ShardRef, wholeShard } from './shards.ts'
import { allShards, recallOr, recorder, records, type StageEnv, type StageOutput, taskKey } from './stage.ts'

/** Items of a pure stage that may be under way at once; nothing there waits, so a few are enough. */
const pureWindow = 64

/**
 * Records that descend from the same subject of a node, together: of `at`, or of the step that made each of them. The
 * descendants of one root follow one another, but not those of each subject below it: a union has them branch by branch.
 */
function* families(items: Iterable<Carried>, at: string | undefined): Generator<Carried[]> {
  let root: string | undefined
  let gathered = new Map<string, Carried[]>()
  for (const item of items) {
    if (rootOf(item) !== root) {
      yield* gathered.values()
      gathered = new Map()
      root = rootOf(item)
    }
    const entry = at === undefined ? item.trail.at(-1) : item.trail.find(([node]) => node === at)
    const key = entry ? `${entry[0]} ${entry[1]}` : `alone ${item.record.id}`
    const family = gathered.get(key)
    if (family) family.push(item)
    else gathered.set(key, [item])
  }
  yield* gathered.values()
}

function* alone(items: Iterable<Carried>): Generator<Carried[]> {
  for (const item of items) yield [item]
}

/**
 * Runs a map stage: one task a shard, taken up as shards become ready. Items go in while the window has room, and come
 * out in input order, so that bytes never depend on which reply came first.
 */
export function mapStage(stage: Stage, env: StageEnv): StageOutput {
  return (async () => {
    const inputs = await env.output(stage.from[0]!)
    const sides: { name: string; digest: Sha; shards: ShardRef[] }[] = []
    for (const [name, keys] of Object.entries(stage.side).sort(([a], [b]) => (a < b ? -1 : 1))) {
      const shards = (await Promise.all(keys.map(key => allShards(env, key)))).flat()
      sides.push({ name, digest: inputDigest(shards), shards })
    }
    let draw: Pools['draw'] | undefined
    const pools: Pools = {
      digests: sides.map(s => `${s.name}:${s.digest}`),
      draw(name, record, n) {
        draw ??= openPools(sides.map(s => ({ name: s.name, records: [...records(env, s.shards)].map(c => c.record) })))
        return draw(name, record, n)
      },
    }
    env.emit({ event: 'stage-sized', stage: stage.key, tasks: inputs.length })
    const keyOf = (shards: ShardRef[]): Sha => taskKey(stage, 'stage', inputDigest(shards), pools.digests)
    const known = await alreadyKnown(inputs)
    if (known) {
      const again = known.map(shard => Promise.resolve(shard))
      const shards = await recallOr(stage, env, keyOf(known), within =>
        Promise.all(openTasks(stage, again, pools, within)),
      )
      return shards.map(shard => Promise.resolve(shard))
    }
    const { within, keep } = recorder(env)
    const outs = openTasks(stage, inputs, pools, within)
    Promise.all(inputs.map(async (input, i) => [await input, await outs[i]] as const))
      .then(pairs => {
        const there = pairs.filter(([input]) => input !== undefined)
        keep(
          keyOf(there.map(([input]) => input!)),
          there.map(([, out]) => out),
        )
      })
      // A summary is a shortcut: what kept it from being made is told where it matters.
      .catch(() => {})
    return outs
  })()
}

/** The input when nothing of it is still being made. */
async function alreadyKnown(inputs: Promise<ShardRef | undefined>[]): Promise<ShardRef[] | undefined> {
  const pending = Symbol('pending')
  const known: ShardRef[] = []
  for (const input of inputs) {
    const shard = await Promise.race([input, Promise.resolve(pending)])
    if (typeof shard === 'symbol') return undefined
    if (shard) known.push(shard)
  }
  return known
}

function openTasks(
  stage: Stage,
  inputs: Promise<ShardRef | undefined>[],
  pools: Pools,
  env: StageEnv,
): Promise<ShardRef | undefined>[] {
  const paid = stage.nodes.flatMap(n => n.teachers)
  // A quarter more than can be in the air: enough to have the next call at hand, little to hold in memory.
  const width =
    paid.length > 0 ? Math.ceil(Math.max(...paid.map(t => env.teacher(t).concurrency)) * 1.25) + 4 : pureWindow
  const outs = inputs.map(() => Promise.withResolvers<ShardRef | undefined>())
  for (const out of outs) out.promise.catch(() => {})
  feed(stage, inputs, outs, createWindow(width), pools, env).catch(error => {
    for (const out of outs) out.reject(error)
  })
  return outs.map(out => out.promise)
}

async function feed(
  stage: Stage,
  inputs: Promise<ShardRef | undefined>[],
  outs: PromiseWithResolvers<ShardRef | undefined>[],
  window: Window,
  pools: Pools,
  env: StageEnv,
): Promise<void> {
  const first = stage.nodes[0]!
  for await (const { index, value: shard } of asReady(inputs)) {
    const out = outs[index]!
    if (!shard) {
      out.resolve(undefined)
      continue
    }
    const key = taskKey(stage, shard.digest, pools.digests)
    const known = env.store.done(key)
    if (known) {
      finish(stage, known, true, out, env)
      continue
    }
    const lines = readShard(env.store, shard)
    const items = first.step.shape === 'group' ? families(lines, first.group) : alone(lines)
    const { ended } = await startTask(stage, key, shard, items, window, pools, env)
    // Work that never waits would keep replies of other stages from being read.
    await new Promise(resolve => setImmediate(resolve))
    ended.then(
      done => (done ? finish(stage, done, false, out, env) : out.resolve(undefined)),
      error => out.reject(error),
    )
  }
}

function finish(
  stage: Stage,
  done: Done,
  cached: boolean,
  out: PromiseWithResolvers<ShardRef | undefined>,
  env: StageEnv,
): void {
  env.finished(stage, done, cached)
  const shard = wholeShard(done.task, done.output)
  if (shard) env.shards.set(shard.digest, shard)
  out.resolve(shard)
}

/**
 * Resolves when every item of the task has entered the window; `ended` when the task is on disk, with nothing when a reply
 * that nobody has paid for was missing: such a task is not finished and leaves nothing behind.
 */
async function startTask(
  stage: Stage,
  key: Sha,
  shard: ShardRef,
  items: Iterable<Carried[]>,
  window: Window,
  pools: Pools,
  env: StageEnv,
): Promise<{ ended: Promise<Done | undefined> }> {
  const through = itemRunner(stage.nodes, { ...env, pools, shard: shard.digest })
  const writer = env.store.open(key)
  const funnel: Funnel = {}
  for (const node of stage.nodes) funnel[node.key] = emptyCounts()
  const waiting = new Map<number, { out: Carried[]; rejects: Reject[]; funnel: Funnel }>()
  let written = 0
  let started = 0
  let sealed = false
  let failed = false
  let unpaid = false
  const { promise, resolve, reject } = Promise.withResolvers<Done | undefined>()

  function write(): void {
    for (let next = waiting.get(written); next; next = waiting.get(written)) {
      waiting.delete(written++)
      for (const item of next.out) writer.output(encode(item))
      for (const r of next.rejects) writer.reject(rejectLine(r))
      addFunnel(funnel, next.funnel)
    }
    if (!sealed || written !== started || failed) return
    if (unpaid) {
      writer.discard()
      resolve(undefined)
    } else writer.commit({ stage: stage.id, funnel }).then(resolve, fail)
  }
  function fail(error: unknown): void {
    if (failed) return
    failed = true
    writer.discard()
    reject(error)
  }
  promise.catch(() => {})
  try {
    for (const item of items) {
      const wait = window.enter()
      if (wait) await wait
      env.stop.check()
      if (failed) {
        window.leave()
        break
      }
      const place = started++
      const tally = newTally()
      through(item, tally)
        .then(out => {
          if (failed) return
          unpaid ||= tally.unpaid
          waiting.set(place, { out, rejects: tally.rejects, funnel: tally.funnel })
          write()
        })
        .catch(fail)
        .finally(() => window.leave())
    }
    sealed = true
    if (!failed) write()
  } catch (error) {
    fail(error)
  }
  return { ended: promise }
}
