import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import type { Node, Stage } from '../recipe/index.ts'
import type { Id, Json, Rec, Sha } from '../records/index.ts'
import type { GlobalStep } from '../steps/index.ts'
import type { Done, Paths, Store } from '../workspace/index.ts'
import { noted, vectorsBeside } from './carried.ts'
import { count } from './counts.ts'
import { rejectLine, wrongOutcome } from './item.ts'
import { mapTask } from './map-task.ts'
import { annotate, nothingUsed, repair } from './seal.ts'
import { readShard, type ShardRef } from './shards.ts'
import { writeTask } from './write-task.ts'

/**
 * Work on one shard that asks nobody: a description that any thread can do, and, later, any machine. What it writes is
 * known by its key and depends on nothing else.
 */
export type Job =
  /** Maps, groups and filters without teachers. */
  | { do: 'map'; key: Sha; shard: ShardRef }
  /** One look of a pass of a global. */
  | { do: 'survey'; key: Sha; shard: ShardRef; side?: string; pass: number; seed: string }
  /** A shard under its slice of a decision. */
  | { do: 'apply'; key: Sha; shard: ShardRef; each: [Id, Json][] }

/** What a pass combined to, or what a decision shares: handed to a thread once, not with every job. */
export type Given = { key: Sha; value: unknown }

/** What a job needs of the run around it. */
export type JobEnv = {
  store: Store
  paths: Paths
  seed: number
  language: string
  tokens(text: string): number
  tokenizer(): string
}

/** What one look at one shard found, with the ids that decisions are sliced by. Kept, so that a rerun looks at changed shards alone. */
export type Survey = { ids: Id[]; parts: Map<number, unknown>; generation: number }

/** Does a job; a survey is read back with `readSurvey`. */
export async function doJob(job: Job, given: Given | undefined, stage: Stage, env: JobEnv): Promise<Done | undefined> {
  if (job.do === 'map') return mapTask(stage, job.key, job.shard, env)
  if (job.do === 'apply') return applyShard(stage, job, given?.value as Json | undefined, env)
  surveyShard(stage, job, given?.value, env)
  return undefined
}

const surveyFile = (key: Sha, paths: Paths): string => join(paths.task(key), 'survey.v8')

export function readSurvey(key: Sha, paths: Paths): Survey | undefined {
  try {
    return deserialize(readFileSync(surveyFile(key, paths))) as Survey
  } catch {
    // Not made yet, or by a Node version whose format this one does not read: look again.
    return undefined
  }
}

function surveyShard(stage: Stage, job: Job & { do: 'survey' }, earlier: unknown, env: JobEnv): void {
  const { step, options } = stage.nodes[0]!
  const ids: Id[] = []
  let generation = 0
  const { see, vector } = vectorsBeside()
  function* passing(): Generator<Rec> {
    for (const item of readShard(env.store, job.shard)) {
      const record = see(item)
      ids.push(record.id)
      generation = Math.max(generation, record.lineage.generation)
      yield record
    }
  }
  const at = { seed: job.seed, ...(job.side === undefined ? {} : { side: job.side }), earlier, vector }
  const all = passing()
  const parts = (step as GlobalStep).passes[job.pass]!.survey(all, options, at)
  for (const _ of all) {
    // A survey that stops early still leaves the ids of its whole shard.
  }
  mkdirSync(env.paths.task(job.key), { recursive: true })
  const file = surveyFile(job.key, env.paths)
  writeFileSync(`${file}.tmp-${process.pid}`, serialize({ ids, parts, generation } satisfies Survey))
  renameSync(`${file}.tmp-${process.pid}`, file)
}

function applyShard(
  stage: Stage,
  job: Job & { do: 'apply' },
  shared: Json | undefined,
  { store }: JobEnv,
): Promise<Done> {
  const node = stage.nodes[0]!
  const step = node.step as GlobalStep
  const decided = new Map(job.each)
  const beside = vectorsBeside()
  return writeTask(stage.id, node.key, job.key, store, ({ write, reject, counts }) => {
    for (const item of readShard(store, job.shard)) {
      const record = beside.see(item)
      counts.in++
      const verdict = step.apply(record, decided.get(record.id), shared, node.options, beside)
      if (verdict.is === 'consumed') counts.consumed++
      else if (verdict.is === 'passed') {
        counts.passed++
        const { notes } = verdict
        write(notes ? noted(item, annotate(record, notes, node.owner), notes, node.owner) : item)
      } else if (verdict.is === 'fixed') {
        declared(node, verdict.reason, 'repairs')
        counts.fixed++
        count(counts.repairs, verdict.reason)
        const repaired = repair(record, verdict.payload, node, nothingUsed())
        const { notes = {} } = verdict
        write(noted({ record, trail: item.trail }, annotate(repaired, notes, node.owner), notes, node.owner))
      } else {
        const { is: _, reason, ...more } = verdict
        declared(node, reason, 'drops')
        count(counts.dropped, reason)
        reject(rejectLine({ step: node.key, reason, ...more, record }))
      }
    }
  })
}

function declared(node: Node, reason: string, does: string): void {
  if (!node.step.reasons.includes(reason)) throw wrongOutcome(node, `${does} a record for an undeclared reason`, reason)
}
