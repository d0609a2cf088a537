import { DatabaseSync } from 'node:sqlite'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { StillroomError } from '../errors/index.ts'
import { type Sha, sha256 } from '../records/index.ts'
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
const keyOf = (digest: Sha): number => Number.parseInt(digest.slice(0, 12), 16)
const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
/** Short bodies gain nothing from compression; JSON and a zstd frame differ in their first byte. */
const pack = (text: string): Uint8Array => (text.length < 1024 ? Buffer.from(text) : zstdCompressSync(text, level))
function unpack(body: Uint8Array): unknown {
  const raw = body[0] === 0x28 && body[1] === 0xb5 ? zstdDecompressSync(body) : Buffer.from(body)
  return JSON.parse(raw.toString('utf8'))
}

/** Writes wait this long for others to share their commit: little beside any call, and one sync for many. */
const groupMs = 1
/** Request bodies known to be stored, so that the draws of one prompt are packed once. */
const rememberedBodies = 4096

/** Opens or creates the journal. `now` is the injected clock. Throws SR_WORKSPACE for a newer schema. */
export function openJournal(file: string, now: () => Date, reached: Reached): Journal {
  const db = new DatabaseSync(file)
  db.exec(
    'pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000; pragma cache_size = -16000',
  )
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
    putBlob: db.prepare(
      'insert into blobs (key, digest, body) select ?1, ?2, ?3 where not exists (select 1 from blobs where key = ?1 and digest = ?2)',
    ),
    intend: db.prepare('insert into intents values (null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    withdraw: db.prepare('delete from intents where n = ?'),
    settle: db.prepare('insert into replies values (?, ?, ?, ?, ?, ?, ?)'),
  }
  /** Numbers of the intents whose replies are awaited. */
  const open = new Map<string, number>()

  type Write = { run(): void; resolve(): void; reject(error: unknown): void; kind: 'intent' | 'reply' | 'withdrawal' }
  let waiting: Write[] = []
  let timer: NodeJS.Timeout | undefined
  let commits = 0
  const stored = new Set<Sha>()

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    const batch = waiting
    waiting = []
    if (batch.length === 0) return
    const has = { intent: batch.some(w => w.kind === 'intent'), reply: batch.some(w => w.kind === 'reply') }
    try {
      if (has.intent) reached('intent.before')
      if (has.reply) reached('reply.before')
      db.exec('begin immediate')
      for (const write of batch) write.run()
      db.exec('commit')
    } catch (error) {
      try {
        db.exec('rollback')
      } catch {
        // Nothing was open: the first error is the one to report.
      }
      const failure = /full/i.test(String(error))
        ? new StillroomError('SR_DISK_FULL', 'The disk is full: the journal could not be written.', {
            cause: error,
            hint: 'make room and run again; nothing that was paid for is lost but the replies in the air',
          })
        : error
      stored.clear()
      for (const write of batch) write.reject(failure)
      return
    }
    commits++
    reached('commit')
    if (has.intent) reached('intent.after')
    if (has.reply) reached('reply.after')
    for (const write of batch) write.resolve()
  }
  function later(kind: Write['kind'], run: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      waiting.push({ run, resolve, reject, kind })
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
    intend(call, key, cap, carrier, reserved, request) {
      const at = now().toISOString()
      const where = carrier === 'http' ? 'http' : `batch ${carrier.batch}`
      return later('intent', () => {
        const { provider, model, revision = '', draw, attempt } = key
        if (!stored.has(key.request)) {
          if (stored.size >= rememberedBodies) stored.clear()
          stored.add(key.request)
          q.putBlob.run(keyOf(key.request), key.request, pack(request))
        }
        const { lastInsertRowid } = q.intend.run(
          ...[keyOf(call), call, cap, provider, model, revision, key.request, draw, attempt],
          ...[where, reserved.usd, reserved.tokens, at],
        )
        open.set(`${call}:${cap}`, Number(lastInsertRowid))
      })
    },
    withdraw(call, cap) {
      return later('withdrawal', () => {
        const n = open.get(`${call}:${cap}`)
        if (n === undefined) return
        q.withdraw.run(n)
        open.delete(`${call}:${cap}`)
      })
    },
    settle(call, settled) {
      const text = JSON.stringify(settled.body)
      const digest = sha256(text)
      const { cap, money, served = null, finish, outputTokens = null } = settled
      return later('reply', () => {
        const n = open.get(`${call}:${cap}`)
        if (n === undefined) throw new StillroomError('SR_INTERNAL', `a reply to ${call} without an intent`)
        q.putBlob.run(keyOf(digest), digest, pack(text))
        q.settle.run(n, money.usd, money.tokens, digest, served, finish, outputTokens)
        open.delete(`${call}:${cap}`)
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
      flush()
      db.close()
    },
  }
}
