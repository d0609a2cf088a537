import type { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl'
import { Unreadable } from '../bytes.ts'

/** Most bytes of one entry, of all that are read together, and most entries. */
export type ZipLimits = { bytes: number; expanded: number; members: number }
export type ZipEntry = { name: string; size: number; read(): Promise<Buffer> }

/** For a document that is an archive inside, by the bound of its text: its pictures are not read. */
export const packageLimits = (bound: number): ZipLimits => ({ bytes: 4 * bound, expanded: 8 * bound, members: 50_000 })

/** What begins like a file of the compound format of Microsoft, and not like a zip archive. */
const compound = Buffer.from('d0cf11e0a1b11ae1', 'hex')

/**
 * Why bytes that should be a zip archive are none: an old or an encrypted Office file, or something else altogether.
 * `old` names the older format with that ending.
 */
export function notZip(bytes: Buffer, old: string): Unreadable | undefined {
  if (bytes.subarray(0, 8).equals(compound)) {
    // Names of streams are UTF-16. A workbook or text with a password is a stream of this name.
    const locked = bytes.includes(Buffer.from('EncryptedPackage', 'utf16le'))
    if (locked) return new Unreadable('encrypted', 'the file has a password; save a copy without')
    return new Unreadable('unknown-format', `a file of the ${old}; save it in the newer one`)
  }
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === 0x504b0304) return undefined
  if (bytes.length === 0) return new Unreadable('empty-file', 'no bytes', { bytes: 0 })
  return new Unreadable('unknown-format', 'no zip archive, which a file of this ending is inside')
}

/**
 * The entries of a zip archive in memory, folders left out, in the order of its directory. An entry is inflated when it is
 * read, and what is read is counted, whatever sizes the archive states. Throws `Unreadable`: `damaged`, `over-limit`,
 * `encrypted`.
 */
export async function* entriesOf(bytes: Buffer, limits: ZipLimits): AsyncGenerator<ZipEntry> {
  const zip = await told(fromBufferPromise(bytes, { lazyEntries: true, autoClose: false }))
  const left = { expanded: limits.expanded }
  if (zip.entryCount > limits.members) throw overLimit({ members: zip.entryCount, limit: limits.members })
  const entries = zip.eachEntry()
  for (;;) {
    const next = await told(entries.next())
    if (next.done) return
    const entry = next.value
    if (entry.fileName.endsWith('/')) continue
    yield { name: entry.fileName, size: entry.uncompressedSize, read: () => inflated(zip, entry, limits, left) }
  }
}

/** All entries by name; the first of a name counts. */
export async function openZip(bytes: Buffer, limits: ZipLimits): Promise<Map<string, ZipEntry>> {
  const found = new Map<string, ZipEntry>()
  for await (const entry of entriesOf(bytes, limits)) if (!found.has(entry.name)) found.set(entry.name, entry)
  return found
}

async function inflated(zip: ZipFile, entry: Entry, limits: ZipLimits, left: { expanded: number }): Promise<Buffer> {
  if (entry.isEncrypted()) throw new Unreadable('encrypted', `${entry.fileName} has a password`)
  const most = Math.min(limits.bytes, left.expanded)
  const chunks: Buffer[] = []
  let size = 0
  const stream: Readable = await told(zip.openReadStreamPromise(entry))
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > most) throw overLimit({ member: entry.fileName, limit: most })
      chunks.push(chunk)
    }
  } catch (error) {
    throw asUnreadable(error)
  } finally {
    stream.destroy()
  }
  left.expanded -= size
  const whole = Buffer.concat(chunks, size)
  if (crc32(whole) !== entry.crc32) throw new Unreadable('damaged', `zip: ${entry.fileName} has another checksum`)
  return whole
}

const overLimit = (evidence: { [name: string]: string | number }): Unreadable =>
  new Unreadable('over-limit', 'the archive unpacks to more than the limit', evidence)

const told = <T>(value: Promise<T>): Promise<T> =>
  value.catch((error: unknown) => {
    throw asUnreadable(error)
  })

const asUnreadable = (error: unknown): Unreadable =>
  error instanceof Unreadable ? error : new Unreadable('damaged', `zip: ${(error as Error).message}`)
