import { isUtf8 } from 'node:buffer'
import { closeSync, createReadStream, openSync, readSync } from 'node:fs'
import type { Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { StillroomError } from '../errors/index.ts'
import type { Json } from '../records/index.ts'
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
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of rawBytes(file)) {
    size += chunk.length
    if (size > most) throw tooLarge(file.size, most)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export const tooLarge = (bytes: number, bound: number): Unreadable =>
  new Unreadable('too-large', `more than ${bound} bytes`, { bytes, bound })

/**
 * Bytes of a whole text as text, without a byte order mark: UTF-8, UTF-16 told by its mark, or Shift-JIS. Throws
 * `Unreadable`.
 */
export function textOfBytes(bytes: Buffer): string {
  const { encoding, mark } = encodingOf(bytes, true)
  const body = bytes.subarray(mark)
  if (encoding !== 'utf-8') return decoded(encoding, body)
  if (isUtf8(body)) return body.toString('utf8')
  const character = body.toString('utf8').indexOf('\ufffd')
  throw new Unreadable('invalid-utf8', `at character ${character}`, { character })
}

/** Bytes looked at to tell the encoding. */
const sniffed = 1 << 16

/**
 * The file as UTF-8 bytes without a byte order mark: unpacked if they are packed (gzip, zstd), transcoded if it is UTF-16
 * (told by its mark) or, where `japanese` allows it, Shift-JIS. UTF-8 itself passes unchecked, so that a reader can
 * reject a single row for a bad byte. Throws `Unreadable`, and SR_SOURCE_READ when the file system refuses.
 */
export async function* utf8Bytes(file: SourceFile, japanese = false): AsyncGenerator<Buffer> {
  const chunks = rawBytes(file)
  try {
    let head = Buffer.alloc(0)
    while (head.length < sniffed) {
      const next = await chunks.next()
      if (next.done) break
      head = Buffer.concat([head, next.value])
    }
    const { encoding, mark } = encodingOf(head, japanese)
    const decode = encoding === 'utf-8' ? undefined : transcoder(encoding)
    const first = head.subarray(mark)
    if (first.length > 0) yield decode ? decode(first) : first
    for await (const chunk of chunks) yield decode ? decode(chunk) : chunk
    if (decode) yield decode()
  } finally {
    await chunks.return(undefined)
  }
}

/** The first bytes of a file as they lie there. Throws what the file system says. */
export function firstBytes(absolute: string, most: number): Buffer {
  const head = Buffer.alloc(most)
  const handle = openSync(absolute, 'r')
  try {
    let size = 0
    for (let more = -1; more !== 0 && size < most; size += more) more = readSync(handle, head, size, most - size, size)
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

function decoded(encoding: Encoding, bytes: Buffer): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    throw new Unreadable('invalid-utf8', `bytes that are no ${encoding}`)
  }
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'shift_jis'

function encodingOf(head: Buffer, japanese: boolean): { encoding: Encoding; mark: number } {
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: 'utf-16le', mark: 2 }
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: 'utf-16be', mark: 2 }
  const mark = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0
  if (head.subarray(0, sniffed).includes(0))
    throw new Unreadable('binary', 'a NUL byte, and no byte order mark of UTF-16')
  if (head.subarray(0, 5).toString('latin1') === '%PDF-') throw new Unreadable('binary', 'a PDF file')
  return { encoding: japanese && isShiftJis(head) ? 'shift_jis' : 'utf-8', mark }
}

/**
 * No UTF-8, decodes without an error, and gives kana and kanji side by side: the accented letters of Latin-1 also
 * decode to kanji, but stand alone between ASCII letters.
 */
function isShiftJis(head: Buffer): boolean {
  // The last line may be cut in the middle of a character.
  const whole = head.subarray(0, head.length < sniffed ? head.length : head.lastIndexOf(0x0a) + 1)
  if (isUtf8(whole)) return false
  try {
    const text = new TextDecoder('shift_jis', { fatal: true }).decode(whole)
    const all = text.match(/[\u3041-\u30fa\u4e00-\u9fff]/g)?.length ?? 0
    const runs = text.match(/[\u3041-\u30fa\u4e00-\u9fff]{2,}/g)?.join('').length ?? 0
    return all >= 4 && runs >= 0.8 * all
  } catch {
    return false
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
