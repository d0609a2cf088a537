import { isUtf8 } from 'node:buffer'
import { closeSync, createReadStream, openSync, readSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { StillroomError } from '../errors/index.ts'
import type { Json } from '../records/index.ts'
import { type Encoding, encodingOf, guessed, sniffed } from './encoding.ts'
import type { SourceFile } from './files.ts'
import type { SourceReason } from './reasons.ts'

/** Why the rest of a file cannot be read; readers turn it into a rejection and go on with the next file. */
export class Unreadable extends Error {
  readonly reason: SourceReason
  readonly evidence: Json
  constructor(reason: SourceReason, message: string, evidence: Json = { error: message }) {
    super(message)
    this.reason = reason
    this.evidence = evidence
  }
}

/**
 * All bytes of a file, unpacked if they are packed (gzip, zstd). Throws `Unreadable` where they are more than `most`, and
 * SR_SOURCE_READ when the file system refuses.
 */
export async function wholeFile(file: SourceFile, most: number): Promise<Buffer> {
  if (!packed(file)) {
    // In one piece: chunks and what they are joined to would lie in memory side by side.
    if (file.size > most) throw tooLarge(file.size, most)
    const bytes = await readFile(file.absolute).catch(error => {
      throw refused(file.path, error)
    })
    if (bytes.length > most) throw tooLarge(bytes.length, most)
    return bytes
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of rawBytes(file)) {
    size += chunk.length
    if (size > most) throw tooLarge(file.size, most)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function packed(file: SourceFile): boolean {
  try {
    return packedWith(file) !== undefined
  } catch (error) {
    throw refused(file.path, error)
  }
}

export const tooLarge = (bytes: number, bound: number): Unreadable =>
  new Unreadable('too-large', `more than ${bound} bytes`, { bytes, bound })

/**
 * Bytes of a whole text as text, without a byte order mark, and what they were where it was not UTF-8: UTF-16 told by its
 * mark, what the text says itself (`stated`) where it is no UTF-8, or an older encoding where only one can be meant. Throws
 * `Unreadable`.
 */
export function decodedBytes(bytes: Buffer, stated?: string): { text: string; encoding?: string } {
  const said = stated !== undefined && !/^utf-?8$/i.test(stated) ? stated : undefined
  const { encoding, mark } = encodingOf(bytes, said === undefined)
  if (!encoding.startsWith('utf-16')) refuseBinary(bytes)
  const body = bytes.subarray(mark)
  if (encoding !== 'utf-8') return { text: decoded(encoding, body), encoding }
  if (isUtf8(body)) return { text: body.toString('utf8') }
  if (said !== undefined) return { text: decoded(said, body), encoding: said }
  const later = mark === 0 ? guessed(aroundFirstHigh(body)) : 'utf-8'
  if (later !== 'utf-8') return { text: decoded(later, body), encoding: later }
  const character = body.toString('utf8').indexOf('\ufffd')
  throw new Unreadable('invalid-utf8', `at character ${character}`, { character })
}

/** The stretch that begins with the line of the first byte beyond ASCII: a long text may have a page of English first. */
function aroundFirstHigh(bytes: Buffer): Buffer {
  const at = bytes.findIndex(byte => byte > 0x7f)
  const from = bytes.lastIndexOf(0x0a, at) + 1
  return bytes.subarray(from, from + sniffed)
}

function refuseBinary(head: Buffer): void {
  if (head.subarray(0, sniffed).includes(0))
    throw new Unreadable('binary', 'a NUL byte, and no byte order mark of UTF-16')
  if (head.subarray(0, 5).toString('latin1') === '%PDF-') throw new Unreadable('binary', 'a PDF file')
}

/** The text alone. Throws `Unreadable`. */
export const textOfBytes = (bytes: Buffer): string => decodedBytes(bytes).text

/**
 * The file as UTF-8 bytes without a byte order mark: unpacked if they are packed (gzip, zstd), transcoded if it is UTF-16
 * (told by its mark) or, where `old` allows it, an older encoding that its first 64 kB tell. UTF-8 itself passes
 * unchecked, so that a reader can
 * reject a single row for a bad byte. Throws `Unreadable`, and SR_SOURCE_READ when the file system refuses.
 */
export async function* utf8Bytes(file: SourceFile, old = false): AsyncGenerator<Buffer> {
  const chunks = rawBytes(file)
  try {
    let head = Buffer.alloc(0)
    while (head.length < sniffed) {
      const next = await chunks.next()
      if (next.done) break
      head = Buffer.concat([head, next.value])
    }
    const { encoding, mark } = encodingOf(head, old)
    if (!encoding.startsWith('utf-16')) refuseBinary(head)
    const decode = encoding === 'utf-8' ? undefined : transcoder(encoding)
    const first = head.subarray(mark)
    if (first.length > 0) yield decode ? decode(first) : first
    for await (const chunk of chunks) yield decode ? decode(chunk) : chunk
    if (decode) yield decode()
  } finally {
    await chunks.return(undefined)
  }
}

/** The first bytes of a file as they lie there, or those from a place on. Throws what the file system says. */
export function firstBytes(absolute: string, most: number, from = 0): Buffer {
  const head = Buffer.allocUnsafe(most)
  const handle = openSync(absolute, 'r')
  try {
    let size = 0
    for (let more = -1; more !== 0 && size < most; size += more)
      more = readSync(handle, head, size, most - size, from + size)
    return head.subarray(0, size)
  } finally {
    closeSync(handle)
  }
}

/** Whether the bytes may begin a text: no NUL, but for UTF-16 with its mark. */
export const textual = (head: Buffer): boolean =>
  !head.includes(0) || (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)

/** What the first bytes say a file is packed with, whatever its name. */
export function packingOf(head: Buffer): 'gzip' | 'zstd' | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  return head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528 ? 'zstd' : undefined
}

/** How a file is packed. Throws what the file system says. */
export const packedWith = ({ absolute }: Pick<SourceFile, 'absolute'>): 'gzip' | 'zstd' | undefined =>
  packingOf(firstBytes(absolute, 4))

const unpackers = { gzip: createGunzip, zstd: createZstdDecompress }

/** The bytes of a file, unpacked if they are packed. Throws `Unreadable` and SR_SOURCE_READ. */
export async function* rawBytes(file: Pick<SourceFile, 'path' | 'absolute'>): AsyncGenerator<Buffer> {
  let raw: ReturnType<typeof createReadStream> | undefined
  let unpacked: Transform | undefined
  let packing: ReturnType<typeof packedWith>
  try {
    packing = packedWith(file)
    raw = createReadStream(file.absolute, { highWaterMark: 1 << 18 })
    unpacked = packing && raw.pipe(unpackers[packing]())
    if (unpacked) raw.on('error', error => unpacked!.destroy(error))
    for await (const chunk of (unpacked ?? raw) as AsyncIterable<Buffer>) yield chunk
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? ''
    if (/^z/i.test(code)) throw new Unreadable('damaged', `${packing}: ${(cause as Error).message}`)
    throw refused(file.path, cause)
  } finally {
    raw?.destroy()
    unpacked?.destroy()
  }
}

/** What the file system says of a file, as the error that it is. */
export function refused(path: string, cause: unknown): StillroomError {
  if (StillroomError.is(cause)) return cause
  return new StillroomError('SR_SOURCE_READ', `The file ${path} could not be read.`, {
    received: (cause as NodeJS.ErrnoException).code || (cause as Error).message,
    hint: 'Check that the file still exists and that you may read it, then run again.',
    cause,
  })
}

function decoded(encoding: string, bytes: Buffer): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    throw new Unreadable('invalid-utf8', `bytes that are no ${encoding}`)
  }
}

/** Turns chunks of another encoding into UTF-8; without a chunk it ends the text. */
function transcoder(encoding: Encoding): (chunk?: Buffer) => Buffer {
  const decoder = new TextDecoder(encoding, { fatal: true })
  return chunk => {
    try {
      return Buffer.from(chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode())
    } catch {
      throw new Unreadable('invalid-utf8', `bytes that are no ${encoding}`)
    }
  }
}
