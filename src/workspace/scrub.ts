import { existsSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { StillroomError } from '../errors/index.ts'
import type { Sha } from '../records/index.ts'
import { unpack } from './journal.ts'
import { keyOf, pragmas } from './journal-writer.ts'

/** A call as the scrub sees it. */
export type HeldCall = {
  call: Sha
  provider: string
  model: string
  request: Sha
  reply: Sha | null
  carrier: string
  at: string
}

/** What a provider was sent of the calls that go. */
export type Sent = { provider: string; model: string; calls: number; first: string; last: string }

/** Looks at everything a journal holds, as it lies: calls, and the texts of requests and replies by digest. */
export function readHeld(file: string): {
  calls: HeldCall[]
  texts(see: (digest: Sha, text: string) => void): void
  close(): void
} {
  const db = new DatabaseSync(file)
  db.exec(pragmas)
  const calls = db
    .prepare(
      "select i.call, i.provider, i.model, i.request, r.reply, i.carrier, i.at from intents i left join replies r on r.n = i.n where i.call <> '' order by i.n",
    )
    .all() as unknown as HeldCall[]
  return {
    calls,
    texts(see) {
      const rows = db.prepare('select digest, body from blobs order by n').iterate()
      for (const { digest, body } of rows as Iterable<{ digest: Sha; body: Uint8Array }>) see(digest, unpack(body))
    },
    close: () => db.close(),
  }
}

/** Calls of a batch that its provider still works on. */
export function openInBatch(file: string, calls: ReadonlySet<Sha>): Sha[] {
  const db = new DatabaseSync(file)
  try {
    const rows = db
      .prepare(
        `select i.call from intents i left join replies r on r.n = i.n join batches b on b.id = substr(i.carrier, 7)
         where i.carrier <> 'http' and r.n is null and b.state <> 'over'`,
      )
      .all() as { call: Sha }[]
    return rows.map(({ call }) => call).filter(call => calls.has(call))
  } finally {
    db.close()
  }
}

/**
 * Takes calls out of the journal: what was asked and answered goes, with everything their names were made of; what they
 * cost stays. Texts that no other call has are overwritten, the file is written anew without free pages, and the log of
 * its writes is cut to nothing. Doing it again changes nothing. Throws SR_WORKSPACE while another process reads it.
 */
export function scrubJournal(file: string, calls: ReadonlySet<Sha>): void {
  const db = new DatabaseSync(file)
  try {
    db.exec(pragmas)
    db.exec('pragma secure_delete = on')
    db.exec('begin immediate')
    const find = db.prepare('select n from intents where key = ? and call = ?')
    const blank = db.prepare("update intents set key = 0, call = '', request = '' where n = ?")
    const empty = db.prepare("update replies set reply = '' where n = ?")
    const unpin = db.prepare('delete from pins where call = ?')
    for (const call of calls) {
      for (const { n } of find.all(keyOf(call), call) as { n: number }[]) {
        blank.run(n)
        empty.run(n)
      }
      unpin.run(call)
    }
    db.exec('create temp table used as select request as digest from intents union select reply from replies')
    db.exec('delete from blobs where digest not in (select digest from used)')
    db.exec('commit')
    db.exec('drop table used')
    db.exec('vacuum')
    const { busy } = db.prepare('pragma wal_checkpoint(truncate)').get() as { busy: number }
    const wal = `${file}-wal`
    if (busy !== 0 || (existsSync(wal) && statSync(wal).size > 0)) throw new Error('it is being read')
  } catch (cause) {
    throw new StillroomError('SR_WORKSPACE', 'The journal could not be written anew.', {
      received: (cause as Error).message,
      hint: 'end whatever reads this workspace, and give the same command again; it goes on where it stopped',
      cause,
    })
  } finally {
    db.close()
  }
}

/** What each provider was sent, for those who have to tell it. */
export function sentTo(calls: Iterable<HeldCall>): Sent[] {
  const sent = new Map<string, Sent>()
  for (const { provider, model, at } of calls) {
    const name = `${provider}/${model}`
    const one = sent.get(name) ?? { provider, model, calls: 0, first: at, last: at }
    sent.set(name, {
      ...one,
      calls: one.calls + 1,
      first: at < one.first ? at : one.first,
      last: at > one.last ? at : one.last,
    })
  }
  return [...sent.keys()].sort().map(name => sent.get(name)!)
}
