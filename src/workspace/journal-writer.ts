/**
 * The writing half of the journal, in a thread of its own: packing, inserting and syncing would hold up the replies of
 * thousands of calls. It takes one batch after the other, commits it whole, and says so.
 */
import { hash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { constants, zstdCompressSync } from 'node:zlib'
// Types alone: a thread of its own would load the whole room for one digest.
import type { Sha } from '../records/index.ts'

export type Intent = {
  kind: 'intent'
  call: Sha
  cap: number
  provider: string
  model: string
  revision: string
  /** Digest and canonical JSON of what is asked. */
  request: Sha
  text: string
  draw: number
  attempt: number
  carrier: string
  usd: number | null
  tokens: number
  at: string
}
export type Settlement = {
  kind: 'reply'
  call: Sha
  cap: number
  text: string
  usd: number | null
  tokens: number
  served: string | null
  finish: string
  outputTokens: number | null
  carrier: string
}
export type Withdrawal = { kind: 'withdrawal'; call: Sha; cap: number; carrier: string }
/** A batch as it stands from now on. */
export type BatchWrite = {
  kind: 'batch'
  id: string
  provider: string
  model: string
  revision: string
  state: string
  rows: number
  upload: string | null
  remote: string | null
  note: string | null
  at: string
}
export type Pin = { kind: 'pin'; call: Sha; teacher: string; at: string }
export type Write = Intent | Settlement | Withdrawal | BatchWrite | Pin
/** What the thread answers to a batch: nothing, or why it was not committed. */
export type Answer = { failed?: string }

/** Rows are found through the first 48 bits of their digest. */
export const keyOf = (digest: Sha): number => Number.parseInt(digest.slice(0, 12), 16)

/** Settings of both connections. Waiting for the other one comes first: it may be about to close. */
export const pragmas =
  'pragma busy_timeout = 5000; pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -8000'

/** Short bodies gain nothing from compression; JSON and a zstd frame differ in their first byte. */
const pack = (text: string): Uint8Array =>
  text.length < 1024
    ? Buffer.from(text)
    : zstdCompressSync(text, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })

/** Request bodies known to be stored, so that the draws of one prompt are packed once. */
const rememberedBodies = 4096

function openWriter(file: string): { commit(batch: Write[]): void; close(): void } {
  const db = new DatabaseSync(file)
  db.exec(pragmas)
  const putBlob = db.prepare(
    'insert into blobs (key, digest, body) select ?1, ?2, ?3 where not exists (select 1 from blobs where key = ?1 and digest = ?2)',
  )
  const intend = db.prepare('insert into intents values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
  const withdraw = db.prepare('delete from intents where n = ?')
  const settle = db.prepare('insert into replies values (?, ?, ?, ?, ?, ?, ?)')
  const awaited = db.prepare(
    `select i.n from intents i left join replies r on r.n = i.n
     where i.key = ? and i.call = ? and i.cap = ? and i.carrier = ? and r.n is null`,
  )
  const putBatch = db.prepare(
    `insert into batches values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set
     state = excluded.state, upload = excluded.upload, remote = excluded.remote, note = excluded.note, at = excluded.at`,
  )
  const putPin = db.prepare('insert or replace into pins values (?, ?, ?)')
  /** Numbers of the intents whose replies are awaited. */
  const open = new Map<string, number>()
  const stored = new Set<Sha>()

  /** The intent that a reply is for. What an earlier process sent in a batch stands in the file only. */
  function intentOf({ call, cap, carrier }: Settlement | Withdrawal): number | undefined {
    const known = open.get(`${call}:${cap}`)
    if (known !== undefined || carrier === 'http') return known
    return (awaited.get(keyOf(call), call, cap, carrier) as { n: number } | undefined)?.n
  }

  function write(w: Write): void {
    if (w.kind === 'batch') {
      const { id, provider, model, revision, state, rows, upload, remote, note, at } = w
      putBatch.run(id, provider, model, revision, state, rows, upload, remote, note, at)
      return
    }
    if (w.kind === 'pin') {
      putPin.run(w.call, w.teacher, w.at)
      return
    }
    const name = `${w.call}:${w.cap}`
    if (w.kind === 'intent') {
      if (!stored.has(w.request)) {
        if (stored.size >= rememberedBodies) stored.clear()
        stored.add(w.request)
        putBlob.run(keyOf(w.request), w.request, pack(w.text))
      }
      const { lastInsertRowid } = intend.run(
        ...[keyOf(w.call), w.call, w.cap, w.provider, w.model, w.revision, w.request, w.draw, w.attempt],
        ...[w.carrier, w.usd, w.tokens, w.at],
      )
      open.set(name, Number(lastInsertRowid))
      return
    }
    const n = intentOf(w)
    if (w.kind === 'reply') {
      if (n === undefined) throw new Error(`a reply to ${w.call} without an intent`)
      const digest = hash('sha256', w.text, 'hex')
      putBlob.run(keyOf(digest), digest, pack(w.text))
      settle.run(n, w.usd, w.tokens, digest, w.served, w.finish, w.outputTokens)
    } else if (n !== undefined) withdraw.run(n)
    open.delete(name)
  }

  return {
    commit(batch) {
      try {
        db.exec('begin immediate')
        for (const one of batch) write(one)
        db.exec('commit')
      } catch (error) {
        stored.clear()
        try {
          db.exec('rollback')
        } catch {
          // Nothing was open: the first error is the one to report.
        }
        throw error
      }
    },
    close: () => db.close(),
  }
}

if (parentPort && workerData?.journal) {
  const port = parentPort
  const writer = openWriter(workerData.journal as string)
  // A batch, or the flag to raise when the file is closed.
  port.on('message', (batch: Write[] | Int32Array<SharedArrayBuffer>) => {
    if (!Array.isArray(batch)) {
      writer.close()
      Atomics.store(batch, 0, 1)
      Atomics.notify(batch, 0)
      port.close()
      return
    }
    const answer: Answer = {}
    try {
      writer.commit(batch)
    } catch (error) {
      answer.failed = String(error)
    }
    port.postMessage(answer)
  })
}
