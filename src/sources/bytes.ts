import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
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
 * All bytes of a file, unpacked if its name ends in `.gz`. Throws `Unreadable` where they are more than `most`, and
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
 * The file as UTF-8 bytes without a byte order mark: unpacked if its name ends in `.gz`, transcoded if it is UTF-16
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

async function* rawBytes(file: SourceFile): AsyncGenerator<Buffer> {
  const raw = createReadStream(file.absolute, { highWaterMark: 1 << 18 })
  const packed = /\.gz$/i.test(file.path)
  const stream = packed ? raw.pipe(createGunzip()) : raw
  if (packed) raw.on('error', error => stream.destroy(error))
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield chunk
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? ''
    if (code.startsWith('Z_')) throw new Unreadable('damaged', `gzip: ${(cause as Error).message}`)
    throw new StillroomError('SR_SOURCE_READ', `The file ${file.path} could not be read.`, {
      received: code || (cause as Error).message,
      hint: 'Check that the file still exists and that you may read it, then run again.',
      cause,
    })
  } finally {
    raw.destroy()
    stream.destroy()
  }
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
