import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { zstdDecompressSync } from 'node:zlib'

function read<T>(dir: string, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(join(dir, '.stillroom', 'journal.sqlite'), { readOnly: true })
  try {
    return work(db)
  } finally {
    db.close()
  }
}

/** Every text in a workspace's journal by digest, unpacked apart from our own reader. */
export function journalTexts(dir: string): Map<string, string> {
  const rows = read(
    dir,
    db => db.prepare('select digest, body from blobs').all() as { digest: string; body: Uint8Array }[],
  )
  return new Map(
    rows.map(({ digest, body }) => {
      const packed = body[0] === 0x28 && body[1] === 0xb5
      return [digest, Buffer.from(packed ? zstdDecompressSync(body) : body).toString('utf8')]
    }),
  )
}

/** Names of the calls a journal intended, each with the text of its request. */
export function journalCalls(dir: string): Map<string, string> {
  const texts = journalTexts(dir)
  const rows = read(
    dir,
    db => db.prepare('select call, request from intents').all() as { call: string; request: string }[],
  )
  return new Map(rows.map(({ call, request }) => [call, texts.get(request) ?? '']))
}
