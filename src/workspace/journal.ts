import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { zstdDecompressSync } from 'node:zlib'
import { StillroomError } from '../errors/index.ts'
import { type Sha, sha256 } from '../records/index.ts'
import { type Answer, keyOf, pragmas, type Write } from './journal-writer.ts'
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
  /** Takes back an intent of this process whose call was never sent. */
  withdraw(call: Sha, cap: number): Promise<void>
  /** Committed when the promise resolves: only then may anyone see the reply. */
  settle<R>(call: Sha, settled: Settled<R>): Promise<void>
  /** Current attempt of a call; rises only by `retry`. */
  attempt(base: Sha): number
  raise(base: Sha, reason: string): void
  show(call: Sha): CallRow[]
  /** Sums over everything ever journalled here: settled plus what is reserved by intents without a reply. */
  spent(): { usd: number; tokens: number; calls: number; orphans: number }
  /** Commits since opening; tests kill at a count of them. */
  commits(): number
  close(): void
}

const schemaVersion = 1
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
create table if not exists attempts (base text primary key, attempt integer not null, reason text not null) without rowid;
`
function unpack(body: Uint8Array): unknown {
  const raw = body[0] === 0x28 && body[1] === 0xb5 ? zstdDecompressSync(body) : Buffer.from(body)
  return JSON.parse(raw.toString('utf8'))
}

/** Writes wait this long for others to share their commit: little beside any call, and one sync for many. */
const groupMs = 2

/** Opens or creates the journal. `now` is the injected clock. Throws SR_WORKSPACE for a newer schema. */
export function openJournal(file: string, now: () => Date, reached: Reached): Journal {
  const db = new DatabaseSync(file)
  db.exec(pragmas)
  db.exec(schema)
  const version = db.prepare("select value from meta where name = 'schema'").get() as { value: string } | undefined
  if (!version) db.prepare("insert into meta values ('schema', ?)").run(String(schemaVersion))
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
  }

  type Waiting = { write: Write; resolve(): void; reject(error: unknown): void }
  let waiting: Waiting[] = []
  let sent: Waiting[] | undefined
  let timer: NodeJS.Timeout | undefined
  let commits = 0
  let thread: Worker | undefined

  /** Started when writing is near: most commands only read. It holds the process while a batch is under way, and no longer. */
  function writer(): Worker {
    if (thread) return thread
    const entry = new URL(`./journal-writer${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
    thread = new Worker(entry, { workerData: { journal: file } })
    thread.on('message', ({ failed }: Answer) => landed(failed))
    thread.on('error', error => {
      thread = undefined
      landed(String(error))
    })
    return thread
  }
  function flush(): void {
    timer = undefined
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
    if (waiting.length > 0) timer ??= setTimeout(flush, groupMs)
  }
  function later(write: Write): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.push({ write, resolve, reject })
      timer ??= setTimeout(flush, groupMs)
    })
  }
  function body(digest: string | null): unknown {
    if (!digest) return undefined
    const row = q.blob.get(keyOf(digest), digest) as { body: Uint8Array } | undefined
    return row && unpack(row.body)
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
      const where = carrier === 'http' ? 'http' : `batch ${carrier.batch}`
      const at = now().toISOString()
      const what = { call, cap, provider, model, revision, request, text, draw, attempt, carrier: where, at }
      return later({ kind: 'intent', ...what, usd: reserved.usd, tokens: reserved.tokens })
    },
    withdraw: (call, cap) => later({ kind: 'withdrawal', call, cap }),
    settle(call, { cap, body: reply, money, served = null, finish, outputTokens = null }) {
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
      })
    },
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
        .all(keyOf(call), call) as { [column: string]: string | number | null }[]
      return rows.map(row => ({
        call,
        provider: String(row.provider),
        model: String(row.model),
        ...(row.revision ? { revision: String(row.revision) } : {}),
        request: String(row.request),
        draw: Number(row.draw),
        attempt: Number(row.attempt),
        cap: Number(row.cap),
        state: row.reply === null ? ('intent' as const) : ('reply' as const),
        carrier: String(row.carrier),
        reserved: { usd: row.reserved_usd as number | null, tokens: Number(row.reserved_tokens) },
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
    spent() {
      const row = db
        .prepare(
          `select sum(ifnull(case when r.n is null then i.reserved_usd else r.settled_usd end, 0)) usd,
                  sum(case when r.n is null then i.reserved_tokens else r.settled_tokens end) tokens,
                  count(r.n) calls, sum(r.n is null) orphans
           from intents i left join replies r on r.n = i.n`,
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

const kindsOf = (batch: { write: Write }[]): ('intent' | 'reply')[] =>
  (['intent', 'reply'] as const).filter(kind => batch.some(one => one.write.kind === kind))

function writeError(failed: string): StillroomError {
  if (/full/i.test(failed)) {
    return new StillroomError('SR_DISK_FULL', 'The disk is full: the journal could not be written.', {
      received: failed,
      hint: 'make room and run again; nothing that was paid for is lost but the replies in the air',
    })
  }
  return new StillroomError('SR_WORKSPACE', 'The journal could not be written.', { received: failed })
}
