import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Hub } from '../hub/index.ts'
import type { Node, Plan, Stage } from '../recipe/index.ts'
import { digestOf, type Id, type Json, type Kind, type Rec, type Sha } from '../records/index.ts'
import { type Done, type Emit, type Paths, putWhole, type Store } from '../workspace/index.ts'
import type { Calls, OpenTeacher } from './calls.ts'
import type { Carried } from './carried.ts'
import { addFunnel, type Funnel } from './counts.ts'
import type { Clock } from './session.ts'
import { readShard, type ShardRef } from './shards.ts'
import type { Stop } from './stop.ts'
import type { Workers } from './workers.ts'

/**
 * What a stage gives: its shards in order, each as soon as it is ready. The list itself is known when the number of
 * shards is; `undefined` is a shard in which nothing was left.
 */
export type StageOutput = Promise<Promise<ShardRef | undefined>[]>

/** What every stage needs from the run. */
export type StageEnv = {
  plan: Plan
  store: Store
  paths: Paths
  calls: Pick<Calls, 'ask' | 'embed' | 'execute'>
  /** Does what asks nobody, in other threads where there is enough of it. */
  workers: Workers
  emit: Emit
  stop: Stop
  clock: Clock
  /** The Hub that sources come from. Throws SR_USAGE, SR_KEY_MISSING where the environment is wrong. */
  hub(): Hub
  /** The environment, where addresses of databases stand. */
  variables: Record<string, string | undefined>
  /** Nothing is asked of anybody: what is not there counts as missing. */
  closed: boolean
  seed: number
  language: string
  tokens(text: string): number
  tokenizer(): string
  /** All teachers that may answer under a name. */
  answering(name: string): OpenTeacher[]
  /** Work in a stage begins; what it returns says that it ended or waits. */
  begin(stage: string): () => void
  root(item: Carried): Id
  output(stage: string): StageOutput
  takes(node: string): Kind[]
  /** Shards by digest, as far as they are finished: where trails point to. */
  shards: Map<Sha, ShardRef>
  ancestor(id: string, shard: Sha): Rec | undefined
  unpaid(item: Carried, node: Node): void
  /** A sentence about a decision, for people. */
  note(node: Node, message: string): void
  /** Figures of a decision, for gates. */
  found(node: Node, figures: { [name: string]: Json }): void
  /** What looks of a global found lies under these keys: a later look at the same shards needs no other. */
  looked(keys: readonly Sha[]): void
  /** A task of this run: its counts, and whether it was already there. */
  finished(stage: Stage, done: Done, cached: boolean): void
  /** A stage whose tasks were all there already. */
  recalled(stage: Stage, summary: Sha, what: Summary): void
}

/** All shards of a stage, waited for. */
export async function allShards(env: StageEnv, stage: string): Promise<ShardRef[]> {
  const shards = await Promise.all(await env.output(stage))
  return shards.filter(s => s !== undefined)
}

/** Work that never waits for a reply, counted while it goes on. */
export async function working<T>(env: StageEnv, stage: Stage, work: () => Promise<T>): Promise<T> {
  const end = env.begin(stage.key)
  try {
    return await work()
  } finally {
    end()
  }
}

/** Records of shards in order, without memory of what was read. */
export function* records(env: StageEnv, shards: ShardRef[]): Generator<Carried> {
  for (const shard of shards) yield* readShard(env.store, shard)
}

/** What a finished stage gave: its shards (null where nothing was left), counts, tasks, and what its decision said. */
export type Summary = {
  shards: (ShardRef | null)[]
  tasks: Sha[]
  funnel: Funnel
  notes: string[]
  found?: { [name: string]: Json }
  /** Where the looks of a global lie. They are no tasks: a stage is recalled without them. */
  looks?: Sha[]
  /** One of its tasks is to run again: it still tells which there were, and is recalled no more. */
  retried?: true
}

/**
 * The done records are the truth: a summary counts while each of its tasks has its own, and the file it wrote. What a
 * union passes on as it lies belongs to the tasks of stages before it, which look after it themselves.
 */
function stillThere({ tasks, shards, retried }: Summary, store: Store): boolean {
  const written = new Set(shards.flatMap(shard => shard?.pieces.map(({ task }) => task) ?? []))
  return !retried && tasks.every(task => store.whole(task, written.has(task)))
}

/** Where the summary of a stage over these inputs lies. */
const summaryFile = (env: StageEnv, key: Sha): string => join(env.paths.stages, `${key}.json`)

/** Notes down what a stage does while it runs; `keep` writes it once every shard is there. */
export function recorder(env: StageEnv): { within: StageEnv; keep(key: Sha, shards: (ShardRef | undefined)[]): void } {
  let incomplete = false
  const summary: Summary = { shards: [], tasks: [], funnel: {}, notes: [] }
  const within: StageEnv = {
    ...env,
    finished(of, done, cached) {
      summary.tasks.push(done.task)
      addFunnel(summary.funnel, done.funnel)
      env.finished(of, done, cached)
    },
    looked(keys) {
      summary.looks = [...(summary.looks ?? []), ...keys]
    },
    unpaid(item, node) {
      incomplete = true
      env.unpaid(item, node)
    },
    note(node, message) {
      summary.notes.push(message)
      env.note(node, message)
    },
    found(node, figures) {
      summary.found = figures
      env.found(node, figures)
    },
  }
  return {
    within,
    keep(key, shards) {
      if (incomplete) return
      summary.shards = shards.map(shard => shard ?? null)
      writeSummary(summaryFile(env, key), summary)
    },
  }
}

/**
 * What a stage gave over these inputs before, if all of it is still there: one file for the whole stage, so that a
 * finished run of thousands of tasks resumes at once.
 */
export function recall(stage: Stage, env: StageEnv, key: Sha): (ShardRef | undefined)[] | undefined {
  const known = readSummary(summaryFile(env, key))
  if (!known || !stillThere(known, env.store)) return undefined
  env.recalled(stage, key, known)
  for (const shard of known.shards) if (shard) env.shards.set(shard.digest, shard)
  return known.shards.map(shard => shard ?? undefined)
}

/** Recalls a stage, or runs it to its end. */
export async function recallOr(
  stage: Stage,
  env: StageEnv,
  key: Sha,
  work: (env: StageEnv) => Promise<(ShardRef | undefined)[]>,
): Promise<(ShardRef | undefined)[]> {
  const recalled = recall(stage, env, key)
  if (recalled) return recalled
  const { within, keep } = recorder(env)
  const shards = await work(within)
  keep(key, shards)
  return shards
}

export function writeSummary(file: string, summary: Summary): void {
  putWhole(file, JSON.stringify(summary))
}

export function readSummary(file: string): Summary | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Summary
  } catch {
    return undefined
  }
}

/** The key of a task: everything its bytes depend on. */
export function taskKey(stage: Stage, ...inputs: (string | string[])[]): Sha {
  return digestOf([stage.id, ...inputs])
}
