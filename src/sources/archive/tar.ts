import { rawBytes, Unreadable } from '../bytes.ts'
import type { SourceFile } from '../files.ts'
import type { Budget, Limits, Member } from '../form.ts'
import { decodedNames } from './charset.ts'
import { type Broken, counted, type Entry, membersOf } from './members.ts'

/** Bytes of a header, and the unit that contents are filled up to. */
const block = 512
/** Names and attributes beyond it are no honest header. */
const longest = 2 ** 20

/**
 * Members of a tar in the order in which they stand, packed or not: plain, ustar and pax (IEEE Std 1003.1, pax), with long
 * names of GNU tar. After a damaged header it goes on at the next one.
 */
export function tarMembers(file: SourceFile, limits: Limits, budget: Budget): AsyncGenerator<Member> {
  return membersOf(file, entriesOf(file, budget), limits, budget)
}

async function* entriesOf(file: SourceFile, budget: Budget): AsyncGenerator<Entry | Broken> {
  const bytes = reader(counted(rawBytes(file), budget))
  let [ended, lost] = [false, false]
  let own: Attributes = {}
  let all: Attributes = {}
  try {
    for (;;) {
      const head = await bytes.take(block)
      if (head.length < block) {
        if (head.length > 0 && !ended) yield { broken: { error: 'it ends in the middle of a header' } }
        return
      }
      if (head.every(byte => byte === 0)) {
        ended = true
        continue
      }
      const header = headerOf(head, lost)
      if (!header) {
        // What follows the end mark belongs to nobody, unless it is another tar.
        if (!lost && !ended) yield { broken: { error: 'a header is damaged' } }
        lost = true
        continue
      }
      ;[ended, lost] = [false, false]
      const { type } = header
      let { size } = header
      if ('xgLK'.includes(type)) {
        if (size > longest) {
          yield { broken: { error: 'a name or attribute is too long' } }
          await bytes.skip(padded(size))
          continue
        }
        const content = (await bytes.take(padded(size))).subarray(0, size)
        if (type === 'x') own = { ...own, ...attributesOf(content) }
        else if (type === 'g') all = { ...all, ...attributesOf(content) }
        else if (type === 'L') own.path = decodedNames([content.subarray(0, endOf(content))])[0]!
        continue
      }
      const attributes = { ...all, ...own }
      own = {}
      if (/^\d{1,15}$/.test(attributes.size ?? '')) size = Number(attributes.size)
      if ('123456'.includes(type)) size = 0
      if (type === 'S') for (let more = head[482]; more; ) more = (await bytes.take(block))[504]
      const name = attributes.path ?? header.name
      const sparse = type === 'S' || Object.keys(attributes).some(key => key.startsWith('GNU.sparse.'))
      const fault: Entry['fault'] = '12346'.includes(type)
        ? { reason: 'unsafe-path', evidence: { type: type === '1' || type === '2' ? 'a link' : 'a device' } }
        : sparse
          ? { reason: 'unknown-format', evidence: { found: 'a file with holes' } }
          : undefined
      let left = size
      const folder = type === '5' || /\/$/.test(name)
      if (!folder && !'DMNV'.includes(type)) {
        yield {
          name,
          ...(fault ? { fault } : {}),
          async *bytes() {
            while (left > 0) {
              const chunk = await bytes.some(left)
              if (chunk.length === 0) throw new Unreadable('damaged', 'cut off', { error: 'the archive ends in it' })
              left -= chunk.length
              yield chunk
            }
          },
        }
      }
      await bytes.skip(left + padded(size) - size)
    }
  } finally {
    await bytes.close()
  }
}

const padded = (size: number): number => Math.ceil(size / block) * block

type Attributes = { [name: string]: string }

/** Records of a pax header: `<length> <name>=<value>` and a newline each; what follows a broken one is left. */
function attributesOf(content: Buffer): Attributes {
  const found: Attributes = {}
  for (let at = 0; at < content.length; ) {
    const length = Number(/^(\d{1,7}) /.exec(content.toString('latin1', at, at + 9))?.[1])
    if (!(length > 4) || at + length > content.length) break
    const [, name, value] = /^\d+ ([^=]+)=([\s\S]*)\n$/.exec(content.toString('utf8', at, at + length)) ?? []
    if (name) found[name] = value!
    at += length
  }
  return found
}

type Header = { name: string; size: number; type: string }

/** A header whose checksum holds; undefined for any other block. Those of before 1988 have nothing else to be known by. */
function headerOf(head: Buffer, lost: boolean): Header | undefined {
  const magic = head.toString('latin1', 257, 262) === 'ustar'
  if (!magic && lost) return undefined
  let [sum, signed] = [0, 0]
  for (let i = 0; i < block; i++) {
    const byte = i >= 148 && i < 156 ? 32 : head[i]!
    sum += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  const stated = numberOf(head.subarray(148, 156))
  if (stated === undefined || (stated !== sum && stated !== signed)) return undefined
  const size = numberOf(head.subarray(124, 136))
  if (size === undefined) return undefined
  const text = (from: number, to: number): Buffer => head.subarray(from, from + endOf(head.subarray(from, to)))
  // GNU tar keeps times where ustar keeps the folders of a long name.
  const prefix = magic && head[262] === 0 ? text(345, 500) : Buffer.alloc(0)
  const raw = prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), text(0, 100)]) : text(0, 100)
  return { name: decodedNames([raw])[0]!, size, type: head[156] === 0 ? '0' : String.fromCharCode(head[156]!) }
}

function endOf(field: Buffer): number {
  const end = field.indexOf(0)
  return end < 0 ? field.length : end
}

/** Octal digits, or base 256 where they would not do. */
function numberOf(field: Buffer): number | undefined {
  if (field[0]! & 0x80) {
    const value = field.subarray(1).reduce((n, byte) => n * 256 + byte, field[0]! & 0x7f)
    return Number.isSafeInteger(value) ? value : undefined
  }
  const digits = field.subarray(0, endOf(field)).toString('latin1').trim()
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : undefined
}

/** Takes chunks as bytes. */
function reader(chunks: AsyncGenerator<Buffer>) {
  let held: Buffer = Buffer.alloc(0)
  /** At least one byte, at most `n`; none at the end. */
  async function some(n: number): Promise<Buffer> {
    while (held.length === 0) {
      const next = await chunks.next()
      if (next.done) return held
      held = next.value
    }
    const given = held.subarray(0, n)
    held = held.subarray(given.length)
    return given
  }
  return {
    some,
    /** `n` bytes, or what is left. */
    async take(n: number): Promise<Buffer> {
      const parts: Buffer[] = []
      for (let left = n; left > 0; ) {
        const part = await some(left)
        if (part.length === 0) break
        parts.push(part)
        left -= part.length
      }
      return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
    },
    async skip(n: number): Promise<void> {
      for (let left = n; left > 0; ) {
        const part = await some(left)
        if (part.length === 0) return
        left -= part.length
      }
    },
    close: () => chunks.return(undefined),
  }
}
