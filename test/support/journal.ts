import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { zstdDecompressSync } from 'node:zlib'

/** Calls of a workspace's journal by name, with the texts of request and reply, read apart from our own reader. */
export function journalCalls(dir: string): Map<string, { state: string; request: string; reply: string }> {
  const db = new DatabaseSync(join(dir, '.stillroom', 'journal.sqlite'), { readOnly: true })
  try {
    const blobs = new Map(
      (db.prepare('select digest, body from blobs').all() as { digest: string; body: Uint8Array }[]).map(b => [
        b.digest,
        textOf(b.body),
      ]),
    )
    const rows = db.prepare('select call, state, request, reply from calls').all() as {
      [column: string]: string | null
    }[]
    return new Map(
      rows.map(({ call, state, request, reply }) => [
        call!,
        { state: state!, request: blobs.get(request!) ?? '', reply: blobs.get(reply ?? '') ?? '' },
      ]),
    )
  } finally {
    db.close()
  }
}

function textOf(body: Uint8Array): string {
  const packed = body[0] === 0x28 && body[1] === 0xb5
  return Buffer.from(packed ? zstdDecompressSync(body) : body).toString('utf8')
}
