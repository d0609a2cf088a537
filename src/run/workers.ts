import { availableParallelism } from 'node:os'
import { serialize } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { StillroomError } from '../errors/index.ts'
import type { Node, Stage } from '../recipe/index.ts'
import type { Sha } from '../records/index.ts'
import type { Done } from '../workspace/index.ts'
import { doJob, type Given, type Job, type JobEnv } from './jobs.ts'
import { Stopped } from './stop.ts'

/** A stage as a thread can rebuild it: its steps by their words, which only code knows. */
export type StageNote = Omit<Stage, 'nodes'> & { nodes: NodeNote[] }
export type NodeNote = Omit<Node, 'step' | 'word'> & {
  word: NonNullable<Node['word']>
  step: { verb: string; version: number; about: string }
}

/** What a thread is told when it starts. */
export type Hello = { root: string; seed: number; language: string; tokenizer: string | undefined }
export type Order = {
  n: number
  job: Job
  stage: Sha
  note?: StageNote
  given?: { key: Sha; bytes?: SharedArrayBuffer }
}
/** `strange`: the thread's steps are not those of this process, so the job is to be done here. */
export type Answer = { n: number } & ({ done: Done | undefined } | { strange: true } | { failed: Failure })
export type Failure = { code?: StillroomError['code']; message: string; more: object; stack?: string; errno?: string }

/**
 * Does jobs: in this thread at first, and in others as soon as there was enough of them, since a thread takes longer to
 * start than a small corpus to be done. Which thread does a job changes nothing of what it writes.
 */
export type Workers = {
  /** Jobs to keep under way, so that no thread waits and memory stays bounded. */
  slots: number
  run(job: Job, stage: Stage, given?: Given): Promise<Done | undefined>
  /** Jobs under way end; those that wait are dropped. */
  close(): Promise<void>
}

/** Compressed bytes of jobs done in the main thread before others are started: about a second of work. */
const enough = 1 << 20

const sizeOf = ({ shard }: Job): number =>
  shard.pieces.reduce((sum, { piece }) => sum + piece.frames.reduce((sum, [, bytes]) => sum + bytes, 0), 0)

export function openWorkers(
  env: JobEnv & { tokenizerName: string | undefined },
  { threads = availableParallelism(), from = enough } = {},
): Workers {
  type Waiting = {
    job: Job
    stage: Stage
    given: Given | undefined
    resolve(done: Done | undefined): void
    reject(e: unknown): void
  }
  type Thread = { worker: Worker; busy: Waiting | undefined; knows: Set<Sha>; held: Sha[] }
  const queue: Waiting[] = []
  const pool: Thread[] = []
  let seen = 0
  let asked = 0
  let closing: Promise<void> | undefined
  let here: Promise<unknown> = Promise.resolve()

  /** One job after the other; calls and replies go on between them. */
  function inline({ job, stage, given, resolve, reject }: Waiting): Promise<unknown> {
    here = here.then(async () => {
      if (closing) return reject(new Stopped())
      await doJob(job, given, stage, env).then(resolve, reject)
      await new Promise(next => setImmediate(next))
    })
    return here
  }

  function start(): void {
    for (let i = 0; i < threads; i++) {
      const hello: Hello = {
        root: env.paths.root,
        seed: env.seed,
        language: env.language,
        tokenizer: env.tokenizerName,
      }
      // The entry stands beside the rooms, because it brings the list of built-in steps along.
      const entry = new URL(`../worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
      const worker = new Worker(entry, { workerData: hello })
      const thread: Thread = { worker, busy: undefined, knows: new Set(), held: [] }
      worker.on('message', (answer: Answer) => landed(thread, answer))
      worker.on('error', error => lost(thread, error.message, error))
      // A step may end the process, which is its thread here.
      worker.on('exit', code => lost(thread, `exit code ${code}`))
      worker.unref()
      pool.push(thread)
    }
  }

  function lost(thread: Thread, why: string, cause?: unknown): void {
    if (!pool.includes(thread)) return
    pool.splice(pool.indexOf(thread), 1)
    const { busy } = thread
    busy?.reject(
      new StillroomError('SR_STEP_FAILED', `Step ${busy.stage.key} ended the thread it ran in: ${why}`, {
        cause,
        hint: 'where memory ran out, leave the longest records out or give more: NODE_OPTIONS=--max-old-space-size=8192',
      }),
    )
    if (pool.length === 0) for (const waiting of queue.splice(0)) void inline(waiting)
  }

  function landed(thread: Thread, answer: Answer): void {
    const { busy } = thread
    thread.busy = undefined
    thread.worker.unref()
    if (busy) {
      if ('done' in answer) busy.resolve(answer.done)
      else if ('strange' in answer) void inline(busy)
      else busy.reject(errorOf(answer.failed))
    }
    feed(thread)
  }

  function feed(thread: Thread): void {
    if (thread.busy) return
    const next = queue.shift()
    if (!next) return
    thread.busy = next
    const { job, stage, given } = next
    const order: Order = { n: asked++, job, stage: stage.id }
    if (!thread.knows.has(stage.id)) order.note = noteOf(stage)!
    thread.knows.add(stage.id)
    if (given) {
      order.given = { key: given.key }
      if (!thread.held.includes(given.key)) {
        order.given.bytes = bytesOf(given)
        thread.held = [...thread.held, given.key].slice(-held)
      }
    }
    thread.worker.ref()
    thread.worker.postMessage(order)
  }

  return {
    slots: Math.max(1, threads) * 2,
    run(job, stage, given) {
      return new Promise((resolve, reject) => {
        const waiting = { job, stage, given, resolve, reject }
        if (closing) return reject(new Stopped())
        seen += sizeOf(job)
        if (pool.length === 0 && threads > 0 && seen > from) start()
        if (pool.length === 0 || !noteOf(stage)) return void inline(waiting)
        queue.push(waiting)
        for (const thread of pool) feed(thread)
      })
    },
    close: () => (closing ??= end()),
  }

  async function end(): Promise<void> {
    for (const waiting of queue.splice(0)) waiting.reject(new Stopped())
    await here
    await Promise.all(
      [...pool].map(async ({ worker, busy }) => {
        if (busy) await new Promise(resolve => worker.once('message', resolve).once('exit', resolve))
        await worker.terminate()
      }),
    )
  }
}

/** How many shared values a thread keeps: those of the stages that run at once. */
export const held = 4

const packed = new WeakMap<Given, SharedArrayBuffer>()
/** One copy for all threads. */
function bytesOf(given: Given): SharedArrayBuffer {
  let shared = packed.get(given)
  if (!shared) {
    const bytes = serialize(given.value)
    shared = new SharedArrayBuffer(bytes.length)
    new Uint8Array(shared).set(bytes)
    packed.set(given, shared)
  }
  return shared
}

const notes = new WeakMap<Stage, StageNote | undefined>()
/** Undefined for a stage that no thread can rebuild: its steps have no words, or their options hold functions. */
function noteOf(stage: Stage): StageNote | undefined {
  if (!notes.has(stage)) notes.set(stage, makeNote(stage))
  return notes.get(stage)
}

function makeNote(stage: Stage): StageNote | undefined {
  if (stage.nodes.some(node => node.word === undefined)) return undefined
  const nodes = stage.nodes.map(({ step: { verb, version, about }, word, ...node }) => ({
    ...node,
    word: word!,
    step: { verb, version, about },
  }))
  try {
    return structuredClone({ ...stage, nodes })
  } catch {
    return undefined
  }
}

function errorOf({ code, message, more, stack, errno }: Failure): Error {
  if (code) return new StillroomError(code, message, more)
  return Object.assign(new Error(message), { stack, ...(errno ? { code: errno } : {}) })
}
