import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** One entry of the central directory of a zip. Sizes are what it says. */
export type Listed = {
  raw: Buffer
  flags: number
  method: number
  crc: number
  packed: number
  bytes: number
  /** Of the local header, from the beginning of the file. */
  offset: number
  /** Type bits of a Unix mode, where there are any. */
  mode: number
  extra: { id: number; data: Buffer }[]
}

type Read = (at: number, length: number) => Buffer

/**
 * At most `most` entries of the central directory of a zip, and what went wrong with it (APPNOTE 4.3.12 to 4.3.16). It is
 * read in large pieces, since there may be a hundred thousand of them. Throws what the file system says.
 */
export function listed(absolute: string, most: number): { entries: Listed[]; error?: string } {
  const handle = openSync(absolute, 'r')
  try {
    const read: Read = (at, length) => {
      const into = Buffer.alloc(Math.max(0, length))
      return into.subarray(0, readSync(handle, into, 0, into.length, at))
    }
    const end = endOf(read, fstatSync(handle).size)
    return end === undefined ? { entries: [], error: 'it has no list of its members' } : entriesOf(read, end, most)
  } finally {
    closeSync(handle)
  }
}

/** Where the list begins, how many it says it has, and what stands before the archive in the file. */
type End = { at: number; count: number; before: number }

function endOf(read: Read, size: number): End | undefined {
  const begin = Math.max(0, size - 22 - 0xffff)
  const tail = read(begin, size - begin)
  for (let at = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1'); at >= 0; ) {
    if (at + 22 <= tail.length) {
      const end = wide(read, tail, at) ?? {
        count: tail.readUInt16LE(at + 10),
        bytes: tail.readUInt32LE(at + 12),
        at: tail.readUInt32LE(at + 16),
        ends: begin + at,
      }
      // What a program put in front of the archive moves all offsets.
      const before = signed(read, end.at) || end.count === 0 ? 0 : end.ends - end.bytes - end.at
      if (before >= 0 && (end.count === 0 || signed(read, end.at + before)))
        return { at: end.at + before, count: end.count, before }
    }
    at = at === 0 ? -1 : tail.lastIndexOf('PK\x05\x06', at - 1, 'latin1')
  }
  return undefined
}

const signed = (read: Read, at: number): boolean => read(at, 4).toString('latin1') === 'PK\x01\x02'

/** The record of zip64 that the one at `at` has before it. */
function wide(
  read: Read,
  tail: Buffer,
  at: number,
): { count: number; bytes: number; at: number; ends: number } | undefined {
  if (at < 20 || tail.toString('latin1', at - 20, at - 16) !== 'PK\x06\x07') return undefined
  const ends = whole(tail, at - 12)
  const record = Number.isSafeInteger(ends) ? read(ends, 56) : Buffer.alloc(0)
  if (record.length < 56 || record.toString('latin1', 0, 4) !== 'PK\x06\x06') return undefined
  return { count: whole(record, 32), bytes: whole(record, 40), at: whole(record, 48), ends }
}

const whole = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at))

/** Bytes of the list that are read at once. */
const piece = 1 << 20

function entriesOf(read: Read, { at: begin, count, before }: End, most: number): { entries: Listed[]; error?: string } {
  const entries: Listed[] = []
  let at = begin
  let held = read(at, piece)
  let pos = 0
  for (let n = 0; n < count && entries.length < most; n++) {
    if (held.length - pos < 46 + 3 * 0xffff && held.length === piece) {
      at += pos
      held = read(at, piece)
      pos = 0
    }
    const rest = held.subarray(pos)
    if (rest.length < 46 || rest.toString('latin1', 0, 4) !== 'PK\x01\x02')
      return { entries, error: 'its list of members is damaged' }
    const [name, extra, comment] = [rest.readUInt16LE(28), rest.readUInt16LE(30), rest.readUInt16LE(32)]
    if (rest.length < 46 + name + extra + comment) return { entries, error: 'its list of members is cut off' }
    entries.push(asListed(rest.subarray(0, 46 + name + extra), name, before))
    pos += 46 + name + extra + comment
  }
  return { entries }
}

function asListed(head: Buffer, name: number, before: number): Listed {
  const fields = fieldsOf(head.subarray(46 + name))
  const long = fields.find(({ id }) => id === 1)?.data ?? Buffer.alloc(0)
  let used = 0
  /** Where a number has no room it stands in a field of its own (APPNOTE 4.5.3). */
  const size = (at: number): number => {
    const short = head.readUInt32LE(at)
    if (short !== 0xffffffff || used + 8 > long.length) return short
    used += 8
    return whole(long, used - 8)
  }
  const [bytes, packed] = [size(24), size(20)]
  const host = head[5]!
  return {
    raw: Buffer.from(head.subarray(46, 46 + name)),
    flags: head.readUInt16LE(8),
    method: head.readUInt16LE(10),
    crc: head.readUInt32LE(16),
    packed,
    bytes,
    offset: size(42) + before,
    mode: host === 3 || host === 19 ? head.readUInt16LE(40) & 0o170000 : 0,
    extra: fields.filter(({ id }) => id === 0x7075).map(({ id, data }) => ({ id, data: Buffer.from(data) })),
  }
}

/** Fields of an entry; those behind a broken one are left. */
function fieldsOf(bytes: Buffer): { id: number; data: Buffer }[] {
  const fields: { id: number; data: Buffer }[] = []
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt16LE(at + 2)
    if (end > bytes.length) break
    fields.push({ id: bytes.readUInt16LE(at), data: bytes.subarray(at + 4, end) })
    at = end
  }
  return fields
}
