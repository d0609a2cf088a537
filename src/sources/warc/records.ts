import type { Json } from '../../records/index.ts'
import { Unreadable } from '../bytes.ts'
import type { SourceFile } from '../files.ts'
import type { SourceReason } from '../reasons.ts'
import { pieces } from './pieces.ts'

/** The head of a record: fields by name in lower case. Of an ARC file those that its line has. */
export type Head = { [field: string]: string }
/** A record of an archive of pages, counted from 1, and where it begins in the file; or what cannot be read. */
export type ArchiveRecord = { row: number; at: number; head: Head } & (
  | { is: 'record'; block: Buffer }
  | { is: 'rejected'; reason: SourceReason; evidence: { [name: string]: Json } }
)

const longestLine = 1 << 16
const mostFields = 1000
const warcLine = /^WARC\/\d/
/** `URL IP date type length`, with more fields between in version 2. */
const arcLine = /^([a-z][a-z0-9+.-]*:\S*) \S* (\d{8,14}) (\S+)(?: .*)? (\d+)\s*$/i

/**
 * Records of a WARC (ISO 28500) or ARC file that are wanted by their heads, in order; the blocks of others are skipped, and
 * so are those over `bound`, with a rejection. A length that does not lead to the next record, a head that is none, and bytes
 * that are missing cost the record they are in: the next line that begins one is looked for.
 */
export async function* archiveRecords(
  file: SourceFile,
  { bound, wanted }: { bound: number; wanted(head: Head): boolean },
): AsyncGenerator<ArchiveRecord> {
  let source = pieces(file, bound)
  let bytes: Buffer = Buffer.alloc(0)
  let [pos, base, packed] = [0, 0, false]
  let broken: { why: string; at: number } | undefined
  let row = 0

  /** True where a byte is there to be read. */
  async function more(): Promise<boolean> {
    while (pos >= bytes.length) {
      if (broken) return false
      const next = await source.next()
      if (next.done) return false
      if ('broken' in next.value) broken = { why: next.value.broken, at: next.value.at }
      else [bytes, pos, base, packed] = [next.value.bytes, 0, next.value.at, next.value.packed]
    }
    return true
  }
  const place = (): number => (packed ? base : base + pos)
  function unread(given: Buffer): void {
    if (given.length === 0) return
    if (given.buffer === bytes.buffer && given.byteOffset + given.length === bytes.byteOffset + pos) {
      pos -= given.length
      return
    }
    if (!packed) base += pos - given.length
    bytes = Buffer.concat([given, bytes.subarray(pos)])
    pos = 0
  }
  /** At most n bytes, fewer where the file ends or is broken. */
  async function take(n: number): Promise<Buffer> {
    const parts: Buffer[] = []
    let left = n
    while (left > 0 && (await more())) {
      const part = bytes.subarray(pos, pos + left)
      parts.push(part)
      pos += part.length
      left -= part.length
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }
  async function skip(n: number): Promise<number> {
    let left = n
    while (left > 0 && (await more())) {
      const step = Math.min(left, bytes.length - pos)
      pos += step
      left -= step
    }
    return n - left
  }
  /** A line with its end; a part of one that is too long, or the last. */
  async function line(): Promise<Buffer> {
    const parts: Buffer[] = []
    let length = 0
    while (length < longestLine && (await more())) {
      const end = bytes.indexOf(10, pos)
      const part = bytes.subarray(pos, Math.min(end < 0 ? bytes.length : end + 1, pos + longestLine - length))
      parts.push(part)
      pos += part.length
      length += part.length
      if (part.at(-1) === 10) break
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }
  async function blankLines(): Promise<void> {
    while ((await more()) && (bytes[pos] === 10 || bytes[pos] === 13)) pos++
  }
  async function atRecord(): Promise<boolean> {
    const begin = await take(arc ? longestLine >> 3 : 6)
    unread(begin)
    const text = begin.toString('latin1')
    return begin.length === 0 || (arc ? arcLine.test(text.split('\n')[0]!) : warcLine.test(text))
  }

  let arc = false
  let begun = false
  /** Bytes that belong to no record, from here on; those behind one that is already rejected are told of there. */
  let junk: { at: number; bytes: number } | undefined
  let mending = false
  const damaged = (at: number, head: Head, evidence: { [name: string]: Json }): ArchiveRecord => ({
    ...{ is: 'rejected', row: ++row, at, head, reason: 'damaged', evidence },
  })
  function* between(): Generator<ArchiveRecord> {
    const why = broken
    broken = undefined
    if (why && !mending) yield damaged(why.at, {}, { error: why.why })
    else if (junk && !mending) yield damaged(junk.at, {}, { error: 'no record begins here', bytes: junk.bytes })
    junk = undefined
    mending = false
  }

  try {
    for (;;) {
      await blankLines()
      const at = place()
      const first = await line()
      if (first.length === 0) {
        const goesOn = broken !== undefined
        if (!begun && !goesOn && junk) throw new Unreadable('unknown-format', 'no record of a WARC or ARC file in it')
        yield* between()
        if (goesOn) continue
        return
      }
      const text = first.toString('latin1')
      if (!begun && /^filedesc:/.test(text)) arc = true
      const fields = warcLine.test(text) && !arc ? undefined : arc ? arcLine.exec(text) : null
      if (fields === null) {
        const next = arc ? -1 : glued(first)
        if (next > 0) unread(first.subarray(next))
        junk ??= { at, bytes: 0 }
        junk.bytes += next > 0 ? next : first.length
        continue
      }
      yield* between()
      begun = true
      const head = fields
        ? { 'warc-target-uri': fields[1]!, 'content-type': fields[3]!, 'content-length': fields[4]!, arc: text.trim() }
        : await warcHead()
      if (typeof head === 'string') {
        yield damaged(at, {}, { error: head })
        mending = true
        continue
      }
      const stated = head['content-length'] ?? ''
      if (!/^\d{1,15}$/.test(stated)) {
        yield damaged(at, head, { error: 'no Content-Length' })
        mending = true
        continue
      }
      const length = Number(stated)
      const small = length <= bound
      const block = small ? await take(length) : Buffer.alloc(0)
      // What a file does not hold is not looked for in it.
      const left = packed ? Number.POSITIVE_INFINITY : file.size - place()
      const cut = !small && length > left
      const got = small ? block.length : cut ? left : await skip(length)
      const whole = got === length
      const behind = await take(4)
      unread(behind)
      await blankLines()
      // Two line ends close a record (ISO 28500, 5); some writers leave them out, or one.
      if (!whole || !(behind.toString('latin1') === '\r\n\r\n' || (await atRecord()))) {
        // The next record may stand in what was taken for this one.
        const next = small ? nextIn(block, arc) : -1
        if (next >= 0) unread(block.subarray(next))
        const cause = broken?.why
        broken = undefined
        const error = whole ? 'the record does not end where it says' : `it is cut off after ${got} of ${length} bytes`
        yield damaged(at, head, { error, ...(cause === undefined ? {} : { cause }) })
        mending = true
        if (!small && !whole && !cut && cause === undefined) {
          await source.return(undefined)
          source = pieces(file, bound, at + 1)
          ;[bytes, pos, junk] = [Buffer.alloc(0), 0, undefined]
        }
        continue
      }
      row++
      if (!wanted(head)) continue
      if (small) yield { is: 'record', row, at, head, block }
      else yield { is: 'rejected', row, at, head, reason: 'too-large', evidence: { bytes: length, bound } }
    }
  } finally {
    await source.return(undefined)
  }

  /** The fields of a head, or what is wrong with it. */
  async function warcHead(): Promise<Head | string> {
    const head: Head = {}
    let last = ''
    for (let n = 0; n < mostFields; n++) {
      const next = await line()
      if (next.at(-1) !== 10) return 'the head of the record is cut off'
      const text = next.toString('utf8').trimEnd()
      if (text === '') return head
      if (glued(next) >= 0) {
        unread(next.subarray(glued(next)))
        return 'the head of the record is cut off'
      }
      const [, name, value] = /^([^\s:]+)\s*:\s*(.*)$/s.exec(text) ?? []
      if (name !== undefined) {
        last = name.toLowerCase()
        head[last] ??= value!
      } else if (/^[ \t]/.test(text) && last !== '') head[last] += ` ${text.trim()}`
      else return 'the head of the record holds lines that are no fields'
    }
    return 'the head of the record does not end'
  }
}

/** Where a line ends with the first of a record, behind what was cut off before it; -1 where it does not. */
function glued(line: Buffer): number {
  const end = /WARC\/\d\.\d\r?\n$/.exec(line.toString('latin1', Math.max(0, line.length - 12)))?.[0]
  return end === undefined ? -1 : line.length - end.length
}

/** Where in a block that is none the next record begins; -1 where it does not. */
function nextIn(block: Buffer, arc: boolean): number {
  if (arc) return -1
  for (let at = block.indexOf('WARC/'); at >= 0; at = block.indexOf('WARC/', at + 5))
    if (/^WARC\/\d\.\d\r?\n[\w-]+:/.test(block.toString('latin1', at, at + 64))) return at
  return -1
}
