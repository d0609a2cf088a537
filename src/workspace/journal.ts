import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { zstdDecompressSync } from 'node:zlib'
import { StillroomError } from '../errors/index.ts'
import { type Sha, sha256 } from '../records/index.ts'
import { type Answer, type BatchWrite, keyOf, pragmas, type Write } from './journal-writer.ts'
import type { Reached } from './store.ts'

/** What names a call. `request` is the digest of the request as asked: without cap, seed, endpoint and time-outs. */
export type CallKey = {
  provider: string
  model: string
  revision?: string
  request: Sha
  draw: number
  attempt: number
}
/** How it is carried: one HTTP exchange, or a row of a provider's batch. */
export type Carrier = 'http' | { batch: string }
/** Dollars and tokens. Dollars are null when no price is known. */
export type Money = { usd: number | null; tokens: number }

/** A reply as kept, with what the bill needs. `body` is the teacher's whole Reply. */
export type Settled<R> = { cap: number; body: R; money: Money; served?: string; finish: string; outputTokens?: number }

/** What attempts of one call share. */
export function callBase(key: Omit<CallKey, 'attempt'>): Sha {
  const { provider, model, revision, request, draw } = key
  return sha256([provider, model, revision ?? '', request, draw].join('\n'))
}

/** The name of a call in lineage and in the journal. */
export function callSha(key: CallKey): Sha {
  return sha256(`${callBase(key)}\n${key.attempt}`)
}

export type CallRow = CallKey & {
  call: Sha
  cap: number
  state: 'intent' | 'reply'
  carrier: string
  reserved: Money
  settled?: Money
  served?: string
  finish?: string
  at: string
  requestBody?: unknown
  replyBody?: unknown
}

/** A call without any text: what its name is made of, and the digest of its reply. */
export type Cited = CallKey & { call: Sha; reply?: Sha; served?: string; finish?: string; at: string }

/**
 * Where a batch stands. `cut`: its calls are chosen and their money is reserved. `uploaded`: the provider has the rows.
 * `submitting`: it may have been started. `submitted`: it was. `over`: every call has its reply or was taken back.
 */
export type BatchState = 'cut' | 'uploaded' | 'submitting' | 'submitted' | 'over'
/** A batch in the journal. `upload` and `remote` are the provider's names for the rows and for the batch. */
export type Batch = {
  id: string
  provider: string
  model: string
  revision?: string
  state: BatchState
  rows: number
  upload?: string
  remote?: string
  /** Why it ended as it did. */
  note?: string
  /** When it came to this state. */
  at: string
}
/** A call of a batch. */
export type BatchedCall = CallKey & { call: Sha; cap: number; reserved: Money }

/**
 * Every paid call, before it is sent and after it came back. An interface, because many machines will write segments of
 * their own; locally it is SQLite in WAL mode with a full sync at every group commit.
 */
export type Journal = {
  /** The reply with the lowest cap that serves: finished within `cap`, or cut off at one at least as high. */
  lookup<R>(call: Sha, cap: number): Settled<R> | undefined
  /** Starts what writing needs, so that the first call does not wait for it. */
  prepare(): void
  /** Committed when the promise resolves: only then may the call be sent. `request` is the canonical JSON of its digest. */
  intend(call: Sha, key: CallKey, cap: number, carrier: Carrier, reserved: Money, request: string): Promise<void>
  /** Takes back an intent whose call was never worked on. */
  withdraw(call: Sha, cap: number, carrier?: Carrier): Promise<void>
  /** Committed when the promise resolves: only then may anyone see the reply. */
  settle<R>(call: Sha, settled: Settled<R>, carrier?: Carrier): Promise<void>
  /** Writes down a batch; with `calls` and the canonical JSON of their requests, an intent for each in the same commit. */
  putBatch(batch: Omit<Batch, 'at'>, calls?: readonly (BatchedCall & { text: string })[]): Promise<void>
  /** Batches, in the order in which they were cut; only those of a route, or not yet over, where asked. */
  batches(which?: { route?: { provider: string; model: string; revision?: string }; open?: boolean }): Batch[]
  /** Calls of a batch without a reply, in the order in which they were cut. */
  batchedCalls(id: string): IterableIterator<BatchedCall>
  /** Canonical JSON of a request by its digest. */
  request(digest: Sha): string | undefined
  /** The batch that carries a call and is not over. */
  carriedBy(call: Sha): string | undefined
  /** The teacher that stood in for a call's own when that was down. */
  pinned(call: Sha): string | undefined
  /** Committed when the promise resolves: only then may the other teacher be asked. */
  pin(call: Sha, teacher: string): Promise<void>
  /** Current attempt of a call; rises only by `retry`. */
  attempt(base: Sha): number
  raise(base: Sha, reason: string): void
  show(call: Sha): CallRow[]
  /** What a call was and which reply counts, by digests alone. */
  cite(call: Sha): Cited | undefined
  /** Sums over all calls of teachers ever journalled here: what is settled, and what was reserved where nobody knows the cost. */
  spent(): { usd: number; tokens: number; calls: number; orphans: number }
  /** Commits since opening; tests kill at a count of them. */
  commits(): number
  close(): void
}

export const schemaVersion = 2
/**
 * Rows are appended and found through the first 48 bits of their digest: with the digests themselves as keys every commit
 * would rewrite pages all over the file. A reply carries the number of its intent; an intent without one is an orphan.
 */
const schema = `
create table if not exists meta (name text primary key, value text) without rowid;
create table if not exists blobs (n integer primary key, key integer not null, digest text not null, body blob not null);
create index if not exists blobs_key on blobs (key);
create table if not exists intents (
  n integer primary key, key integer not null, call text not null, cap integer not null,
  provider text not null, model text not null, revision text not null, request text not null,
  draw integer not null, attempt integer not null,
  carrier text not null, reserved_usd real, reserved_tokens integer not null, at text not null
);
create index if not exists intents_key on intents (key);
create table if not exists replies (
  n integer primary key, settled_usd real, settled_tokens integer not null, reply text not null,
  served text, finish text not null, output_tokens integer
);
create index if not exists intents_batch on intents (carrier) where carrier <> 'http';
create table if not exists batches (
  id text primary key, provider text not null, model text not null, revision text not null,
  state text not null, rows integer not null, upload text, remote text, note text, at text not null
);
create table if not exists pins (call text primary key, teacher text not null, at text not null) without rowid;
create table if not exists attempts (base text primary key, attempt integer not null, reason text not null) without rowid;
`

type Row = { [column: string]: string | number | null }

/** A row of `intents`. */
const intentOf = (row: Row): BatchedCall => ({
  call: String(row.call),
  provider: String(row.provider),
  model: String(row.model),
  ...(row.revision ? { revision: String(row.revision) } : {}),
  request: String(row.request),
  draw: Number(row.draw),
  attempt: Number(row.attempt),
  cap: Number(row.cap),
  reserved: { usd: row.reserved_usd as number | null, tokens: Number(row.reserved_tokens) },
})

const carrierText = (carrier: Carrier): string => (carrier === 'http' ? 'http' : `batch ${carrier.batch}`)

export function unpack(body: Uint8Array): string {
  const raw = body[0] === 0x28 && body[1] === 0xb5 ? zstdDecompressSync(body) : Buffer.from(body)
  return raw.toString('utf8')
}

const bitBytes = 2 ** 21

/** Writes wait this long for others to share their commit: little beside any call, and one sync for many. */
const groupMs = 2

/** Opens or creates the journal. `now` is the injected clock. Throws SR_WORKSPACE for a newer schema. */
export function openJournal(file: string, now: () => Date, reached: Reached): Journal {
  const db = new DatabaseSync(file)
  db.exec(pragmas)
  db.exec(schema)
  const version = db.prepare("select value from meta where name = 'schema'").get() as { value: string } | undefined
  // Version 1 had the same tables but for those of batches and pins, which stand by now.
  if (!version || version.value === '1')
    db.prepare("insert or replace into meta values ('schema', ?)").run(String(schemaVersion))
  else if (Number(version.value) !== schemaVersion) {
    throw new StillroomError('SR_WORKSPACE', 'The journal was written by another version of stillroom.', {
      expected: `schema ${schemaVersion}`,
      received: `schema ${version.value}`,
      hint: 'use the version that wrote it, or another workspace folder',
    })
  }
  const attempts = new Map<string, number>()
  for (const row of db.prepare('select base, attempt from attempts').all() as { base: string; attempt: number }[]) {
    attempts.set(row.base, row.attempt)
  }
  const q = {
    find: db.prepare(
      `select i.cap, r.reply, r.settled_usd, r.settled_tokens, r.served, r.finish, r.output_tokens
       from intents i join replies r on r.n = i.n where i.key = ? and i.call = ? order by i.cap, i.n`,
    ),
    blob: db.prepare('select body from blobs where key = ? and digest = ?'),
    carried: db.prepare(
      `select i.carrier from intents i left join replies r on r.n = i.n
       where i.key = ? and i.call = ? and i.carrier <> 'http' and r.n is null
         and not exists (select 1 from batches b where b.id = substr(i.carrier, 7) and b.state = 'over')`,
    ),
    cited: db.prepare(
      `select i.*, r.reply, r.served, r.finish from intents i left join replies r on r.n = i.n
       where i.key = ? and i.call = ? order by r.n is null, i.cap, i.n limit 1`,
    ),
    pinned: db.prepare('select teacher from pins where call = ?'),
  }

  type Waiting = { write: Write; resolve(): void; reject(error: unknown): void }
  let waiting: Waiting[] = []
  let sent: Waiting[] | undefined
  let scheduled = false
  let commits = 0
  let thread: Worker | undefined

  /** Started when writing is near: most commands only read. It holds the process while a batch is under way, and no longer. */
  function writer(): Worker {
    if (thread) return thread
    const entry = new URL(`./journal-writer${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
    thread = new Worker(entry, { workerData: { journal: file }, resourceLimits: { maxYoungGenerationSizeMb: 8 } })
    thread.on('message', ({ failed }: Answer) => landed(failed))
    thread.on('error', error => {
      thread = undefined
      landed(String(error))
    })
    return thread
  }
  function schedule(): void {
    if (scheduled) return
    scheduled = true
    setTimeout(flush, groupMs)
  }
  function flush(): void {
    scheduled = false
    if (sent || waiting.length === 0) return
    sent = waiting
    waiting = []
    for (const kind of kindsOf(sent)) reached(`${kind}.before`)
    const to = writer()
    to.ref()
    to.postMessage(sent.map(one => one.write))
  }
  function landed(failed: string | undefined): void {
    thread?.unref()
    const batch = sent ?? []
    sent = undefined
    if (failed !== undefined) {
      for (const one of batch) one.reject(writeError(failed))
    } else {
      commits++
      reached('commit')
      for (const kind of kindsOf(batch)) reached(`${kind}.after`)
      for (const one of batch) one.resolve()
    }
    if (waiting.length > 0) schedule()
  }
  function later(write: Write): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.push({ write, resolve, reject })
      schedule()
    })
  }
  /**
   * One bit for each call that may be in the file: most calls of a run are new, and a query for each would cost more than
   * all of its digests.
   */
  let bits: Uint8Array | undefined
  const placeOf = (key: number): number => key % (8 * bitBytes)
  function mayHold(call: Sha): boolean {
    if (!bits) {
      bits = new Uint8Array(bitBytes)
      for (const { key } of db.prepare('select key from intents').iterate() as Iterable<{ key: number }>) mark(key)
    }
    const place = placeOf(keyOf(call))
    return (bits[place >> 3]! & (1 << (place & 7))) !== 0
  }
  function mark(key: number): void {
    const place = placeOf(key)
    bits![place >> 3]! |= 1 << (place & 7)
  }
  function added(call: Sha): void {
    if (bits) mark(keyOf(call))
  }
  function textOf(digest: Sha): string | undefined {
    const row = q.blob.get(keyOf(digest), digest) as { body: Uint8Array } | undefined
    return row && unpack(row.body)
  }
  function body(digest: string | null): unknown {
    const text = digest ? textOf(digest) : undefined
    return text === undefined ? undefined : JSON.parse(text)
  }

  return {
    lookup<R>(call: Sha, cap: number) {
      type Row = {
        cap: number
        reply: string
        settled_usd: number | null
        settled_tokens: number
        served: string | null
        finish: string
        output_tokens: number | null
      }
      if (!mayHold(call)) return undefined
      for (const row of q.find.iterate(keyOf(call), call) as Iterable<Row>) {
        const serves = row.finish === 'length' ? row.cap >= cap : (row.output_tokens ?? row.cap) <= cap
        if (!serves) continue
        return {
          cap: row.cap,
          body: body(row.reply) as R,
          money: { usd: row.settled_usd, tokens: row.settled_tokens },
          served: row.served ?? undefined,
          finish: row.finish,
          outputTokens: row.output_tokens ?? undefined,
        }
      }
      return undefined
    },
    prepare: () => void writer().unref(),
    intend(call, key, cap, carrier, reserved, text) {
      const { provider, model, revision = '', request, draw, attempt } = key
      added(call)
      const where = carrierText(carrier)
      const at = now().toISOString()
      const what = { call, cap, provider, model, revision, request, text, draw, attempt, carrier: where, at }
      return later({ kind: 'intent', ...what, usd: reserved.usd, tokens: reserved.tokens })
    },
    withdraw: (call, cap, carrier = 'http') => later({ kind: 'withdrawal', call, cap, carrier: carrierText(carrier) }),
    settle(call, { cap, body: reply, money, served = null, finish, outputTokens = null }, carrier = 'http') {
      const text = JSON.stringify(reply)
      return later({
        kind: 'reply',
        call,
        cap,
        text,
        usd: money.usd,
        tokens: money.tokens,
        served,
        finish,
        outputTokens,
        carrier: carrierText(carrier),
      })
    },
    async putBatch({ id, provider, model, revision = '', state, rows, upload, remote, note }, calls = []) {
      const at = now().toISOString()
      const own: BatchWrite = {
        ...{ kind: 'batch', id, provider, model, revision, state, rows, at },
        ...{ upload: upload ?? null, remote: remote ?? null, note: note ?? null },
      }
      const carrier = carrierText({ batch: id })
      for (const { call } of calls) added(call)
      const intents = calls.map(({ call, cap, request, text, draw, attempt, reserved }): Write => {
        const what = { call, cap, provider, model, revision, request, text, draw, attempt, carrier, at }
        return { kind: 'intent', ...what, usd: reserved.usd, tokens: reserved.tokens }
      })
      // Entered together, they go out together: one commit.
      await Promise.all([own, ...intents].map(later))
    },
    batches({ route, open } = {}) {
      const rows = db.prepare('select * from batches order by rowid').all() as { [column: string]: unknown }[]
      return rows
        .map(({ revision, upload, remote, note, ...row }) => ({
          ...(row as Omit<Batch, 'revision' | 'upload' | 'remote' | 'note'>),
          ...(revision ? { revision: String(revision) } : {}),
          ...(upload === null ? {} : { upload: String(upload) }),
          ...(remote === null ? {} : { remote: String(remote) }),
          ...(note === null ? {} : { note: String(note) }),
        }))
        .filter(batch => !open || batch.state !== 'over')
        .filter(
          ({ provider, model, revision }) =>
            !route || (provider === route.provider && model === route.model && revision === route.revision),
        )
    },
    *batchedCalls(id) {
      const rows = db
        .prepare(
          `select i.* from intents i left join replies r on r.n = i.n where i.carrier = ? and i.carrier <> 'http'
             and r.n is null order by i.n`,
        )
        .iterate(carrierText({ batch: id })) as Iterable<Row>
      for (const row of rows) yield intentOf(row)
    },
    request: textOf,
    carriedBy(call) {
      const row = q.carried.get(keyOf(call), call) as { carrier: string } | undefined
      return row?.carrier.slice('batch '.length)
    },
    pinned: call => (q.pinned.get(call) as { teacher: string } | undefined)?.teacher,
    pin: (call, teacher) => later({ kind: 'pin', call, teacher, at: now().toISOString() }),
    attempt: base => attempts.get(base) ?? 0,
    raise(base, reason) {
      const next = (attempts.get(base) ?? 0) + 1
      db.prepare(
        'insert into attempts values (?, ?, ?) on conflict (base) do update set attempt = excluded.attempt, reason = excluded.reason',
      ).run(base, next, reason)
      attempts.set(base, next)
    },
    show(call) {
      const rows = db
        .prepare(
          'select i.*, r.* from intents i left join replies r on r.n = i.n where i.key = ? and i.call = ? order by i.cap, i.n',
        )
        .all(keyOf(call), call) as Row[]
      return rows.map(row => ({
        ...intentOf(row),
        state: row.reply === null ? ('intent' as const) : ('reply' as const),
        carrier: String(row.carrier),
        ...(row.reply === null
          ? {}
          : {
              settled: { usd: row.settled_usd as number | null, tokens: Number(row.settled_tokens) },
              finish: String(row.finish),
              ...(row.served === null ? {} : { served: String(row.served) }),
              replyBody: body(String(row.reply)),
            }),
        at: String(row.at),
        requestBody: body(String(row.request)),
      }))
    },
    cite(call) {
      const row = q.cited.get(keyOf(call), call) as Row | undefined
      if (!row) return undefined
      const { cap: _, reserved: __, ...key } = intentOf(row)
      return {
        ...key,
        ...(row.reply === null ? {} : { reply: String(row.reply), finish: String(row.finish) }),
        ...(row.served === null ? {} : { served: String(row.served) }),
        at: String(row.at),
      }
    },
    spent() {
      const row = db
        .prepare(
          `select sum(coalesce(r.settled_usd, i.reserved_usd, 0)) usd,
                  sum(case when r.n is null then i.reserved_tokens else r.settled_tokens end) tokens,
                  count(r.n) calls, sum(r.n is null) orphans
           from intents i left join replies r on r.n = i.n where i.provider <> 'sandbox'`,
        )
        .get() as { usd: number | null; tokens: number | null; calls: number | null; orphans: number | null }
      return { usd: row.usd ?? 0, tokens: row.tokens ?? 0, calls: row.calls ?? 0, orphans: row.orphans ?? 0 }
    },
    commits: () => commits,
    close() {
      // The next to open it must not meet a thread that is still closing.
      if (thread) {
        const closed = new Int32Array(new SharedArrayBuffer(4))
        thread.postMessage(closed)
        Atomics.wait(closed, 0, 0, 5000)
      }
      db.close()
    },
  }
}

const kindsOf = (batch: { write: Write }[]): ('intent' | 'reply' | 'batch')[] =>
  (['intent', 'reply', 'batch'] as const).filter(kind => batch.some(one => one.write.kind === kind))

function writeError(failed: string): StillroomError {
  if (/full/i.test(failed)) {
    return new StillroomError('SR_DISK_FULL', 'The disk is full: the journal could not be written.', {
      received: failed,
      hint: 'make room and run again; nothing that was paid for is lost but the replies in the air',
    })
  }
  return new StillroomError('SR_WORKSPACE', 'The journal could not be written.', { received: failed })
}
