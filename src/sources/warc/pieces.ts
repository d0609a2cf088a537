import { type FileHandle, open } from 'node:fs/promises'
import { constants, crc32, createInflateRaw, inflateRawSync } from 'node:zlib'
import { Unreadable } from '../bytes.ts'
import type { SourceFile } from '../files.ts'

/**
 * The next bytes of an archive of pages, unpacked. `at` is where they stand in the file: of a packed one where their gzip
 * member begins, as its indexes have it. `broken`: bytes are missing here, and what follows begins with a record.
 */
export type Piece = ({ bytes: Buffer; packed: boolean } | { broken: string }) & { at: number }

const window = 1 << 20
/** A member that unpacks to more is unpacked as a stream. */
const atOnce = 1 << 23
/** Bytes unpacked, against those of the file: text packs to a fifth, and nothing that is text to a hundredth. */
const mostPacked = 100
/** Bytes that any archive may unpack to, against those that a record may have. */
const mostRecords = 16

/**
 * Reads from a byte of the file on. Gzip is told by its first bytes: members one after the other, of which each may hold a
 * record, a part of one or all of them. One that is damaged gives what comes before the damage, and the next one that begins
 * with a record is looked for (RFC 1952). Memory holds a piece at a time, so that the size of an archive is not bounded; throws
 * `Unreadable` for one that unpacks to more than text does, by its size and the `bound` of a record.
 */
export async function* pieces(file: SourceFile, bound: number, from = 0): AsyncGenerator<Piece> {
  const handle = await open(file.absolute)
  try {
    const head = await bytesAt(handle, 0, 3)
    if (head[0] === 0x1f && head[1] === 0x8b)
      yield* members(handle, Math.max(mostRecords * bound, mostPacked * file.size), from)
    else
      for (let at = from; ; ) {
        const bytes = await bytesAt(handle, at, window)
        if (bytes.length === 0) return
        yield { bytes, packed: false, at }
        at += bytes.length
      }
  } finally {
    await handle.close()
  }
}

async function bytesAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, at)
  return buffer.subarray(0, bytesRead)
}

async function* members(handle: FileHandle, most: number, from: number): AsyncGenerator<Piece> {
  let left = most
  let held: { at: number; bytes: Buffer } = { at: 0, bytes: Buffer.alloc(0) }
  /** Bytes from a place on: what is held of them, or all that fits into the window. */
  const near = async (at: number, whole: boolean): Promise<Buffer> => {
    const within = at >= held.at && at < held.at + held.bytes.length
    if (!within || (whole && at > held.at)) held = { at, bytes: await bytesAt(handle, at, window) }
    return held.bytes.subarray(at - held.at)
  }
  const counted = (bytes: Buffer): Buffer => {
    left -= bytes.length
    if (left < 0) throw new Unreadable('over-limit', `more than ${most} bytes, unpacked`, { bound: most })
    return bytes
  }
  let at: number | undefined = from > 0 ? await nextMember(near, from) : 0
  while (at !== undefined) {
    const member = await wholeMember(near, at)
    if (member && 'why' in member) {
      yield { broken: member.why, at }
      at = await nextMember(near, at + 1)
      continue
    }
    if (member) {
      yield { bytes: counted(member.bytes), packed: true, at }
      at += member.length
    } else {
      const head = headLength(await near(at, true))
      let why: string | undefined
      let length = 0
      if (head === undefined) why = 'no gzip member begins here'
      else {
        const streamed = memberFrom(handle, at, head)
        for (;;) {
          const next = await streamed.next()
          if (next.done) {
            ;({ why, length } = next.value)
            break
          }
          yield { bytes: counted(next.value), packed: true, at }
        }
      }
      if (why !== undefined) {
        yield { broken: why, at }
        at = await nextMember(near, at + 1)
        continue
      }
      at += length
    }
    // Some writers fill up the last block of the file.
    let rest = await near(at, false)
    if (rest.length === 0) rest = await near(at, true)
    if (rest.length === 0 || rest.every(byte => byte === 0)) {
      const next: Buffer = rest.length === 0 ? rest : await bytesAt(handle, at + rest.length, window)
      if (next.every(byte => byte === 0)) return
    }
  }
}

type Near = (at: number, whole: boolean) => Promise<Buffer>

const otherSum = 'gzip: the checksum does not fit'

/** A member that fits into the window; undefined for a larger one, and one that breaks off. */
async function wholeMember(
  near: Near,
  at: number,
): Promise<{ bytes: Buffer; length: number } | { why: string } | undefined> {
  for (const whole of [false, true]) {
    const packed = await near(at, whole)
    const head = headLength(packed)
    if (head === undefined) continue
    try {
      const { buffer, engine } = inflateRawSync(packed.subarray(head), {
        ...{ info: true, maxOutputLength: atOnce, chunkSize: 1 << 16 },
      }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } }
      const end = head + engine.bytesWritten
      if (packed.length < end + 8) continue
      const sound = packed.readUInt32LE(end) === crc32(buffer) && packed.readUInt32LE(end + 4) === buffer.length
      return sound ? { bytes: buffer, length: end + 8 } : { why: otherSum }
    } catch {
      // Cut off by the window, too large, or damaged: the stream finds out which.
    }
  }
  return undefined
}

/** Packed bytes unpacked in one go: what they give is there before the next of them turn out to be damaged. */
const step = 2048

/** A member as a stream; at the end its length, and why it is damaged. */
async function* memberFrom(
  handle: FileHandle,
  at: number,
  head: number,
): AsyncGenerator<Buffer, { why?: string; length: number }> {
  const engine = createInflateRaw({ chunkSize: 1 << 16, finishFlush: constants.Z_SYNC_FLUSH })
  const given: Buffer[] = []
  let told: (end: Error | 'end' | undefined) => void = () => {}
  let ended: Error | 'end' | undefined
  const over = (end: Error | 'end'): void => {
    ended ??= end
    told(ended)
  }
  engine
    .on('data', bytes => given.push(bytes))
    .on('end', () => over('end'))
    .on('error', over)
  const write = (bytes: Buffer | undefined): Promise<unknown> =>
    new Promise(resolve => {
      told = resolve
      if (ended) resolve(ended)
      else if (bytes) engine.write(bytes, () => resolve(undefined))
      else engine.end()
    })
  let sum = 0
  let size = 0
  try {
    for (let next = at + head; ended === undefined; ) {
      const packed = await bytesAt(handle, next, 1 << 18)
      next += packed.length
      for (let from = 0; from < Math.max(packed.length, 1) && ended === undefined; from += step) {
        await write(packed.length === 0 ? undefined : packed.subarray(from, from + step))
        for (const bytes of given.splice(0)) {
          sum = crc32(bytes, sum)
          size = (size + bytes.length) % 2 ** 32
          yield bytes
        }
      }
    }
    const failed = ended as Error | 'end'
    if (failed !== 'end') return { why: `gzip: ${failed.message}`, length: 0 }
    const end = at + head + engine.bytesWritten
    const trailer = await bytesAt(handle, end, 8)
    if (trailer.length < 8) return { why: 'gzip: the file ends here', length: 0 }
    const sound = trailer.readUInt32LE(0) === sum && trailer.readUInt32LE(4) === size
    return { length: end + 8 - at, ...(sound ? {} : { why: otherSum }) }
  } finally {
    engine.destroy()
  }
}

/** Bytes of the header of a member; undefined where none begins. */
function headLength(bytes: Buffer): number | undefined {
  if (bytes.length < 18 || bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) return undefined
  const flags = bytes[3]!
  if (flags & 0xe0) return undefined
  let at = 10
  if (flags & 4) at += 2 + bytes.readUInt16LE(at)
  for (const flag of [8, 16]) {
    if (!(flags & flag)) continue
    const end = bytes.indexOf(0, at)
    if (end < 0) return undefined
    at = end + 1
  }
  return flags & 2 ? at + 2 : at
}

/** The next place from which on a member begins with a record: three bytes may look like one by chance. */
async function nextMember(near: Near, from: number): Promise<number | undefined> {
  for (let at = from; ; ) {
    const bytes = await near(at, true)
    if (bytes.length < 18) return undefined
    for (let i = bytes.indexOf(0x1f); i >= 0 && i < bytes.length - 1; i = bytes.indexOf(0x1f, i + 1)) {
      if (bytes[i + 1] !== 0x8b || bytes.length - i < 512) {
        if (bytes[i + 1] !== 0x8b || bytes.length === window) continue
      }
      const head = headLength(bytes.subarray(i))
      if (head !== undefined && beginsRecord(bytes.subarray(i + head, i + head + 4096))) return at + i
    }
    if (bytes.length < window) return undefined
    at += bytes.length - 512
  }
}

function beginsRecord(packed: Buffer): boolean {
  try {
    const begin = inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, 200).toString('latin1')
    return /^(?:WARC\/\d|filedesc:|[a-z]+:\S+ \S* \d{14} )/.test(begin)
  } catch {
    return false
  }
}
