import { isUtf8 } from 'node:buffer'
import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { Unreadable } from '../bytes.ts'

/** What a server answered: fields in lower case, those that were sent several times joined. */
export type Answer = { status: number; headers: { [name: string]: string }; body: Buffer }

/** Reads a stored answer (RFC 9112). Undefined where no status line begins it. */
export function answerOf(block: Buffer): Answer | undefined {
  const status = /^(?:HTTP\/\d(?:\.\d)?|ICY)[ \t]+(\d{3})\b/i.exec(block.toString('latin1', 0, 64))?.[1]
  if (status === undefined) return undefined
  const ends = [block.indexOf('\r\n\r\n'), block.indexOf('\n\n')].map((at, i) => ({ at, length: i === 0 ? 4 : 2 }))
  const end = ends.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at)[0] ?? { at: block.length, length: 0 }
  const headers: { [name: string]: string } = {}
  const lines = block
    .toString('latin1', 0, end.at)
    .replace(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/)
    .slice(1)
  for (const line of lines) {
    const [, name, value] = /^([^\s:]+)\s*:\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined) continue
    const key = name.toLowerCase()
    headers[key] = headers[key] === undefined ? value! : `${headers[key]}, ${value}`
  }
  return { status: Number(status), headers, body: block.subarray(end.at + end.length) }
}

/**
 * A body out of its chunks; `whole` is false where it breaks off, and what came stands. Undefined for one that does not
 * begin with a chunk: crawlers keep the header of an answer that they stored without.
 */
export function unchunked(body: Buffer): { bytes: Buffer; whole: boolean } | undefined {
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const end = body.indexOf(10, at)
    const size = end < 0 || end - at > 1024 ? undefined : /^([0-9a-f]{1,8})\s*(?:;.*)?\r?$/i.exec(line(at, end))?.[1]
    if (size === undefined) return parts.length === 0 ? undefined : { bytes: Buffer.concat(parts), whole: false }
    const length = Number.parseInt(size, 16)
    if (length === 0) return { bytes: Buffer.concat(parts), whole: true }
    const part = body.subarray(end + 1, end + 1 + length)
    parts.push(part)
    if (part.length < length) return { bytes: Buffer.concat(parts), whole: false }
    at = end + 1 + length
    if (body[at] === 13) at++
    if (body[at] === 10) at++
  }
  function line(from: number, to: number): string {
    return body.toString('latin1', from, to).trimStart()
  }
}

const lenient = { finishFlush: constants.Z_SYNC_FLUSH }
const unpackers: { [coding: string]: (bytes: Buffer, maxOutputLength: number) => Buffer } = {
  gzip: (bytes, maxOutputLength) => gunzipSync(bytes, { ...lenient, maxOutputLength }),
  deflate(bytes, maxOutputLength) {
    try {
      return inflateSync(bytes, { ...lenient, maxOutputLength })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw error
      // What some servers mean by it.
      return inflateRawSync(bytes, { ...lenient, maxOutputLength })
    }
  },
  br: (bytes, maxOutputLength) =>
    brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength }),
  zstd: (bytes, maxOutputLength) => zstdDecompressSync(bytes, { maxOutputLength }),
}

/**
 * A body without its content codings, the last one first. One that was stored without them stays as it is. Throws
 * `Unreadable` where it is neither, or more than `bound` bytes.
 */
export function decoded(body: Buffer, codings: string, bound: number): Buffer {
  let bytes = body
  const names = codings
    .toLowerCase()
    .split(',')
    .map(name => name.trim().replace(/^x-/, ''))
  for (const name of names.reverse()) {
    if (name === '' || name === 'identity' || bytes.length === 0) continue
    const unpack = unpackers[name]
    if (!unpack) throw new Unreadable('damaged', `content coding ${name.slice(0, 40)}`)
    try {
      bytes = unpack(bytes, bound)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
        throw new Unreadable('too-large', `more than ${bound} bytes, decoded`, { bound })
      if (!isText(bytes)) throw new Unreadable('damaged', `${name}: ${(error as Error).message}`)
    }
  }
  return bytes
}

const isText = (bytes: Buffer): boolean => {
  const head = bytes.subarray(0, 4096)
  return !head.includes(0) && isUtf8(head.subarray(0, head.length < 4096 ? head.length : head.lastIndexOf(10) + 1))
}
