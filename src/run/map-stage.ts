import type { Stage } from '../recipe/index.ts'
import type { Sha } from '../records/index.ts'
import type { Done } from '../workspace/index.ts'
import { type Carried, encode } from './carried.ts'
import { addFunnel, emptyCounts, type Funnel } from './counts.ts'
import { textsAtOnce } from './embeddings.ts'
import { inItems } from './families.ts'
import { asReady, createWindow, type Window } from './flow.ts'
import { itemRunner, newTally, rejectLine, type Tally } from './item.ts'
import { openPools, type Pools } from './pools.ts'
import { inputDigest, readShard, type ShardRef, wholeShard } from './shards.ts'
import { allShards, recall, recorder, records, type StageEnv, type StageOutput, taskKey } from './stage.ts'

/** Records that may wait for their vectors at once. */
const mostEmbedding = 2048
/** Items of a pure stage that may be under way at once; nothing there waits, so a few are enough. */
const pureWindow = 64

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
      draw(name, record, n, turn) {
        draw ??= openPools(sides.map(s => ({ name: s.name, records: records(env, s.shards).map(c => c.record) })))
        return draw(name, record, n, turn)
      },
    }
    env.emit({ event: 'stage-sized', stage: stage.key, tasks: inputs.length })
    const keyOf = (shards: ShardRef[]): Sha => taskKey(stage, 'stage', inputDigest(shards), pools.digests)
    const known = await alreadyKnown(inputs)
    const recalled = known && recall(stage, env, keyOf(known))
    if (recalled) return recalled.map(shard => Promise.resolve(shard))
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

/** A stage whose tasks need nothing but their records: no teacher, no side input, no ancestor, no code to run. */
const asksNobody = ({ nodes, side }: Stage): boolean =>
  Object.keys(side).length === 0 &&
  nodes.every(({ teachers, step: { needs } }) => teachers.length === 0 && !needs?.ancestors?.length && !needs?.executes)

/** What the tasks of a stage share. */
type Scene = {
  stage: Stage
  /** Items under way. */
  window: Window
  /** Tasks whose items are being read in: few, so that few shards are open at a time. */
  reading: Window
  pools: Pools
  env: StageEnv
}

function openTasks(
  stage: Stage,
  inputs: Promise<ShardRef | undefined>[],
  pools: Pools,
  env: StageEnv,
): Promise<ShardRef | undefined>[] {
  const asked = stage.nodes.flatMap(n => n.teachers).flatMap(name => env.answering(name))
  // More than can be in the air: the next call is at hand, and those that wait for a prompt prefix hold up no others.
  const inAir = asked.reduce((sum, { concurrency }) => sum + Math.ceil(concurrency * 1.25), 4)
  // Many texts go out in one request where they are embedded.
  const embeds = stage.nodes.some(({ step }) => step.needs?.embeds)
  const width = asked.length === 0 ? pureWindow : embeds ? Math.min(inAir * textsAtOnce, mostEmbedding) : inAir
  const reading = asksNobody(stage) ? env.workers.slots : 1
  const outs = inputs.map(() => Promise.withResolvers<ShardRef | undefined>())
  for (const out of outs) out.promise.catch(() => {})
  const scene: Scene = { stage, window: createWindow(width), reading: createWindow(reading), pools, env }
  feed(scene, inputs, outs).catch(error => {
    for (const out of outs) out.reject(error)
  })
  return outs.map(out => out.promise)
}

/** Takes shards up as they become ready, each when the items of the one before have gone in. */
async function feed(
  scene: Scene,
  inputs: Promise<ShardRef | undefined>[],
  outs: PromiseWithResolvers<ShardRef | undefined>[],
): Promise<void> {
  const { stage, env, pools } = scene
  for await (const { index, value: shard } of asReady(inputs)) {
    env.stop.check()
    const out = outs[index]!
    if (!shard) {
      out.resolve(undefined)
      continue
    }
    const end = env.begin(stage.key)
    const key = taskKey(stage, shard.digest, pools.digests)
    const known = env.store.done(key)
    if (known) {
      finish(stage, known, true, out, env)
      end()
      continue
    }
    if (asksNobody(stage)) {
      const turn = scene.reading.enter()
      if (turn) await turn
      env.workers
        .run({ do: 'map', key, shard }, stage)
        .then(done => finish(stage, done!, false, out, env))
        .catch(out.reject)
        .finally(() => {
          end()
          scene.reading.leave()
        })
      continue
    }
    await new Promise<void>(entered => {
      complete(scene, key, shard, end, entered).then(
        done => (done ? finish(stage, done, false, out, env) : out.resolve(undefined)),
        out.reject,
      )
    })
    // Work that never waits would keep replies of other stages from being read.
    await new Promise(resolve => setImmediate(resolve))
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
 * Does a task until it is on disk. One whose calls wait for a batch or a parked route is laid aside and done again from
 * its first record when they are there: what it asked before lies in the journal then. Gives nothing when a reply that
 * nobody has paid for was missing: such a task leaves nothing behind. `entered` hears when its items have gone in first.
 */
async function complete(
  scene: Scene,
  key: Sha,
  shard: ShardRef,
  began: () => void,
  entered: () => void,
): Promise<Done | undefined> {
  const { stage, env } = scene
  let end = began
  try {
    for (let again = false; ; again = true) {
      const turn = scene.reading.enter()
      if (turn) await turn
      let left = false
      const ended = await attempt(scene, key, shard, again, () => {
        if (left) return
        left = true
        scene.reading.leave()
        entered()
      })
      if (!('parked' in ended)) return ended.done
      end()
      await Promise.all(ended.parked)
      end = env.begin(stage.key)
    }
  } finally {
    entered()
    // The stage that reads the shard begins in this turn of the event loop, before the end of this one counts.
    end()
  }
}

type Ended = { done: Done | undefined } | { parked: Set<Promise<void>> }

/** One go at a task. `read` is called when every item has entered the window, or none will any more. */
async function attempt(
  { stage, window, pools, env }: Scene,
  key: Sha,
  shard: ShardRef,
  again: boolean,
  read: () => void,
): Promise<Ended> {
  const through = itemRunner(stage.nodes, { ...env, pools, shard: shard.digest, again })
  const writer = env.store.open(key)
  const funnel: Funnel = {}
  for (const node of stage.nodes) funnel[node.key] = emptyCounts()
  const waiting = new Map<number, Tally & { out: Carried[] }>()
  const parked = new Set<Promise<void>>()
  let written = 0
  let started = 0
  let ended = 0
  let sealed = false
  let failed = false
  let unpaid = false
  const { promise, resolve, reject } = Promise.withResolvers<Ended>()

  function write(): void {
    // A task that is laid aside only drives the calls of its other items: what they give is given again.
    if (parked.size > 0) waiting.clear()
    for (let next = waiting.get(written); next; next = waiting.get(written)) {
      waiting.delete(written++)
      for (const item of next.out) writer.output(encode(item))
      for (const r of next.rejects) writer.reject(rejectLine(r))
      addFunnel(funnel, next.funnel)
    }
    if (!sealed || ended !== started || failed) return
    if (parked.size > 0) {
      writer.discard()
      resolve({ parked })
    } else if (unpaid) {
      writer.discard()
      resolve({ done: undefined })
    } else writer.commit({ stage: stage.id, funnel }).then(done => resolve({ done }), fail)
  }
  function fail(error: unknown): void {
    if (failed) return
    failed = true
    writer.discard()
    reject(error)
  }
  promise.catch(() => {})
  try {
    const lines = readShard(env.store, shard)
    const first = stage.nodes[0]!
    for (const item of inItems(first, lines)) {
      const wait = window.enter()
      if (wait) await wait
      if (failed || env.stop.reason) {
        window.leave()
        env.stop.check()
        break
      }
      const place = started++
      const tally = newTally()
      through(item, tally)
        .then(out => {
          if (failed) return
          ended++
          unpaid ||= tally.unpaid
          for (const until of tally.parked) parked.add(until)
          waiting.set(place, { ...tally, out })
          write()
        })
        .catch(fail)
        .finally(() => window.leave())
    }
    sealed = true
    if (!failed) write()
  } catch (error) {
    fail(error)
  } finally {
    read()
  }
  return promise
}
