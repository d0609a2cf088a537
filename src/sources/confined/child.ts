/** What a reading process runs: one document after the other, until its parent is gone. */
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { Json } from '../../records/index.ts'
import { Unreadable } from '../bytes.ts'
import type { About, Form, Prose, ReadDocument } from '../form.ts'
import { formOf } from '../forms.ts'
import type { SourceReason } from '../reasons.ts'
import type { Watched } from './watch.ts'

/** Bytes of the whole process, and milliseconds of processor time for one document. */
export type Allowed = { memory: number; cpu: number }
export type Job = { about: About } & ({ absolute: string } | { bytes: Uint8Array })
export type Answer =
  | { prose: Prose }
  | { unreadable: SourceReason; message: string; evidence: Json }
  /** What the file system said, or the reader that could not be loaded. */
  | { refused: string }

const own = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
/** Odd while a document is read. */
const turns = new Int32Array(new SharedArrayBuffer(4))
const watched: Watched = { turns, allowed: JSON.parse(process.argv[2]!) as Allowed, parent: process.ppid }
new Worker(new URL(`./watch.${own}`, import.meta.url), { workerData: watched }).unref()

async function answered(job: Job): Promise<Answer> {
  let bytes: Buffer
  let read: ReadDocument
  try {
    read = await (formOf(job.about.format) as Form & { holds: 'document' }).load()
    bytes = 'absolute' in job ? readFileSync(job.absolute) : Buffer.from(job.bytes)
  } catch (error) {
    return { refused: String((error as Error).message) }
  }
  try {
    return { prose: await read(bytes, job.about) }
  } catch (error) {
    if (error instanceof Unreadable)
      return { unreadable: error.reason, message: error.message, evidence: error.evidence }
    // Whatever else a parser throws, it is about this file: nesting that its stack does not hold, for one.
    const message = String((error as Error)?.message ?? error).slice(0, 300)
    return { unreadable: 'damaged', message, evidence: { error: message } }
  }
}

// Signals go to the whole group of processes; the parent says when to end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('disconnect', () => process.exit(0))
// A promise that nobody waits for belongs to a document that is answered for already.
process.on('unhandledRejection', () => {})
process.on('message', async (job: Job) => {
  Atomics.add(turns, 0, 1)
  const answer = await answered(job)
  Atomics.add(turns, 0, 1)
  process.send!(answer)
})
