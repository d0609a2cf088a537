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
const schema = `
create table if not exists meta (name text primary key, value text) without rowid;
create table if not exists blobs (digest text primary key, body blob not null) without rowid;
create table if not exists calls (
  call text not null, cap integer not null,
  provider text not null, model text not null, revision text not null, request text not null,
  draw integer not null, attempt integer not null,
  carrier text not null, state text not null,
  reserved_usd real, reserved_tokens integer not null, orphaned_usd real not null default 0, orphaned_tokens integer not null default 0,
  settled_usd real, settled_tokens integer, reply text, served text, finish text, output_tokens integer, at text not null,
  primary key (call, cap)
) without rowid;
create index if not exists calls_orphan on calls (state) where state = 'intent';
create table if not exists attempts (base text primary key, attempt integer not null, reason text not null) without rowid;
`
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
      "select cap, reply, settled_usd, settled_tokens, served, finish, output_tokens from calls where call = ? and state = 'reply' order by cap",
    ),
    blob: db.prepare('select body from blobs where digest = ?'),
    putBlob: db.prepare('insert or ignore into blobs values (?, ?)'),
    intend: db.prepare(
      `insert into calls (call, cap, provider, model, revision, request, draw, attempt, carrier, state, reserved_usd, reserved_tokens, at)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'intent', ?, ?, ?)
       on conflict (call, cap) do update set orphaned_usd = orphaned_usd + ifnull(reserved_usd, 0),
         orphaned_tokens = orphaned_tokens + reserved_tokens, reserved_usd = excluded.reserved_usd,
         reserved_tokens = excluded.reserved_tokens, carrier = excluded.carrier, at = excluded.at where state = 'intent'`,
    ),
    settle: db.prepare(
      `update calls set state = 'reply', settled_usd = ?, settled_tokens = ?, reply = ?, served = ?, finish = ?, output_tokens = ?
       where call = ? and cap = ?`,
    ),
  }

  type Write = { run(): void; resolve(): void; reject(error: unknown): void; kind: 'intent' | 'reply' }
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
    const row = q.blob.get(digest) as { body: Uint8Array } | undefined
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
      for (const row of q.find.iterate(call) as Iterable<Row>) {
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
      return later('intent', () => {
        if (!stored.has(key.request)) {
          if (stored.size >= rememberedBodies) stored.clear()
          stored.add(key.request)
          q.putBlob.run(key.request, pack(request))
        }
        const where = carrier === 'http' ? 'http' : `batch ${carrier.batch}`
        q.intend.run(
          call,
          cap,
          key.provider,
          key.model,
          key.revision ?? '',
          key.request,
          key.draw,
          key.attempt,
          where,
          reserved.usd,
          reserved.tokens,
          at,
        )
      })
    },
    settle(call, settled) {
      const text = JSON.stringify(settled.body)
      const digest = sha256(text)
      return later('reply', () => {
        q.putBlob.run(digest, pack(text))
        q.settle.run(
          settled.money.usd,
          settled.money.tokens,
          digest,
          settled.served ?? null,
          settled.finish,
          settled.outputTokens ?? null,
          call,
          settled.cap,
        )
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
      const rows = db.prepare('select * from calls where call = ? order by cap').all(call) as Record<string, any>[]
      return rows.map(row => ({
        call,
        provider: row.provider,
        model: row.model,
        ...(row.revision ? { revision: row.revision } : {}),
        request: row.request,
        draw: row.draw,
        attempt: row.attempt,
        cap: row.cap,
        state: row.state,
        carrier: row.carrier,
        reserved: { usd: row.reserved_usd, tokens: row.reserved_tokens },
        ...(row.state === 'reply' ? { settled: { usd: row.settled_usd, tokens: row.settled_tokens } } : {}),
        served: row.served ?? undefined,
        finish: row.finish ?? undefined,
        at: row.at,
        requestBody: body(row.request),
        replyBody: body(row.reply),
      }))
    },
    spent() {
      const row = db
        .prepare(
          `select sum(case when state = 'reply' then ifnull(settled_usd, 0) else ifnull(reserved_usd, 0) end + orphaned_usd) usd,
                  sum(case when state = 'reply' then settled_tokens else reserved_tokens end + orphaned_tokens) tokens,
                  sum(state = 'reply') calls, sum(state = 'intent') orphans from calls`,
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
