import { closeSync, createReadStream, openSync, readSync } from 'node:fs'
import { createInflateRaw } from 'node:zlib'
import { Unreadable } from '../bytes.ts'
import type { SourceFile } from '../files.ts'
import type { Budget, Limits, Member } from '../form.ts'
import { type Listed, listed } from './directory.ts'
import { type Broken, counted, type Entry, membersOf } from './members.ts'
import { zipNames } from './name.ts'

/**
 * Members of a zip by its central directory, in order of their names by code units; what is not in it, since it is cut off
 * or broken, is looked for from one local header to the next and comes behind, in the order of the file (APPNOTE 6.3.10).
 */
export function zipMembers(file: SourceFile, limits: Limits, budget: Budget): AsyncGenerator<Member> {
  return membersOf(file, entriesOf(file, budget), limits, budget)
}

async function* entriesOf(file: SourceFile, budget: Budget): AsyncGenerator<Entry | Broken> {
  const { entries, error } = listed(file.absolute, budget.members + 1)
  const names = zipNames(entries.map(({ raw, flags, extra }) => ({ raw, utf8: (flags & 0x800) !== 0, extra })))
  // Of a hundred thousand members only the numbers are kept.
  const named = entries.map(({ raw: _raw, extra: _extra, ...entry }, i) => ({ ...entry, name: names[i]! }))
  const known = entries.length
  entries.length = 0
  named.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.offset - b.offset))
  for (const entry of named) if (!/[/\\]$/.test(entry.name)) yield asEntry(file, entry.name, entry, budget)
  if (error === undefined) return
  let found = known
  for await (const entry of salvaged(file, new Set(named.map(({ offset }) => offset)), budget)) {
    found++
    yield entry
  }
  yield { broken: { error, members: found } }
}

type Numbers = Omit<Listed, 'raw' | 'extra'>

/** Kinds of files by Unix modes: 0 where none is said. */
const regular = [0, 0o100000]

function asEntry(file: SourceFile, name: string, entry: Numbers, budget: Budget): Entry {
  const { flags, method, mode, crc, packed, bytes, offset } = entry
  const fault: Entry['fault'] = !regular.includes(mode)
    ? { reason: 'unsafe-path', evidence: { type: mode === 0o120000 ? 'a link' : 'a device' } }
    : flags & 1
      ? { reason: 'encrypted', evidence: { error: 'a password is needed' } }
      : method !== 0 && method !== 8
        ? { reason: 'unknown-format', evidence: { compression: method } }
        : undefined
  return {
    name,
    packed,
    sum: { crc, bytes },
    ...(fault ? { fault } : {}),
    async *bytes() {
      const local = localHeader(file.absolute, offset)
      if (!local) throw new Unreadable('damaged', 'no local header', { error: 'it is not where the list says' })
      yield* counted(unpacked(file.absolute, local.data, packed, method), budget)
    },
  }
}

type Local = { name: Buffer; flags: number; method: number; crc: number; packed: number; bytes: number; data: number }

/** The header in front of the bytes of a member. */
function localHeader(absolute: string, offset: number): Local | undefined {
  const handle = openSync(absolute, 'r')
  try {
    const head = Buffer.allocUnsafe(30)
    if (readSync(handle, head, 0, 30, offset) < 30 || head.readUInt32LE(0) !== 0x04034b50) return undefined
    const [name, extra] = [Buffer.allocUnsafe(head.readUInt16LE(26)), head.readUInt16LE(28)]
    readSync(handle, name, 0, name.length, offset + 30)
    return {
      name,
      flags: head.readUInt16LE(6),
      method: head.readUInt16LE(8),
      crc: head.readUInt32LE(14),
      packed: head.readUInt32LE(18),
      bytes: head.readUInt32LE(22),
      data: offset + 30 + name.length + extra,
    }
  } finally {
    closeSync(handle)
  }
}

/** Bytes of a member; `used` is told how many it took in the file. Throws `Unreadable`. */
async function* unpacked(
  absolute: string,
  start: number,
  packed: number,
  method: number,
  used?: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  if (packed === 0) return
  const raw = createReadStream(absolute, { start, end: start + packed - 1, highWaterMark: 1 << 16 })
  const inflate = method === 8 ? raw.pipe(createInflateRaw()) : undefined
  if (inflate) raw.on('error', error => inflate.destroy(error))
  let size = 0
  try {
    for await (const chunk of (inflate ?? raw) as AsyncIterable<Buffer>) {
      size += chunk.length
      yield chunk
    }
    used?.(inflate ? inflate.bytesWritten : size)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (code.startsWith('Z_')) throw new Unreadable('damaged', message, { error: `deflate: ${message}` })
    throw error
  } finally {
    raw.destroy()
    inflate?.destroy()
  }
}

/** Members by their local headers, without those at offsets that are known. */
async function* salvaged(file: SourceFile, known: ReadonlySet<number>, budget: Budget): AsyncGenerator<Entry> {
  let at = nextHeader(file.absolute, 0)
  while (at !== undefined) {
    const local = localHeader(file.absolute, at)
    const zip64 = local?.packed === 0xffffffff
    const sized = local && !zip64 && (!(local.flags & 8) || local.packed > 0)
    let end = local ? local.data + (sized ? local.packed : 0) : at + 4
    if (local && !known.has(at) && plausible(local)) {
      const [name] = zipNames([{ raw: local.name, utf8: (local.flags & 0x800) !== 0 }])
      // Without its size a member ends where its deflate stream does.
      const packed = sized ? local.packed : Math.max(0, file.size - local.data)
      const entry = asEntry(file, name!, { ...local, packed, offset: at, mode: 0 }, budget)
      if (!sized && local.method === 0)
        entry.fault ??= { reason: 'damaged', evidence: { error: 'its size is not known' } }
      if (!sized) delete entry.sum
      const { data, method } = local
      entry.bytes = () =>
        counted(
          unpacked(file.absolute, data, packed, method, bytes => {
            end = data + bytes
          }),
          budget,
        )
      if (!/[/\\]$/.test(name!)) yield entry
    }
    at = nextHeader(file.absolute, Math.max(end, at + 4))
  }
}

/** Bytes that look like a header may stand anywhere. */
const plausible = ({ name, method }: Local): boolean => name.length > 0 && !name.includes(0) && method < 100

/** Where the next local header begins. */
function nextHeader(absolute: string, from: number): number | undefined {
  const handle = openSync(absolute, 'r')
  try {
    const window = Buffer.alloc(1 << 16)
    for (let at = from; ; at += window.length - 3) {
      const size = readSync(handle, window, 0, window.length, at)
      const found = window.subarray(0, size).indexOf('PK\x03\x04', 0, 'latin1')
      if (found >= 0) return at + found
      if (size < window.length) return undefined
    }
  } finally {
    closeSync(handle)
  }
}
