import { appendFileSync, closeSync, openSync, rmSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { Json } from '../../records/index.ts'
import { Unreadable } from '../bytes.ts'
import { formOfHead, headBytes } from '../detect.ts'
import type { SourceFile } from '../files.ts'
import { type Budget, type Limits, type Member, packing } from '../form.ts'
import { formOf } from '../forms.ts'
import type { SourceReason } from '../reasons.ts'
import { scratch } from '../scratch.ts'
import { distinctPaths, isHidden, memberPath } from './name.ts'

/** What an archive lists. Its bytes are read, if at all, before the next entry is asked for. */
export type Entry = {
  /** As the archive has it. */
  name: string
  /** Bytes that it takes in the archive, where it is packed by itself. */
  packed?: number
  /** CRC-32 and bytes that it must have. */
  sum?: { crc: number; bytes: number }
  /** Why it cannot be read. */
  fault?: { reason: SourceReason; evidence: Json }
  /** Throws `Unreadable`. */
  bytes(): AsyncGenerator<Buffer>
}

/** A part of an archive that lists nothing. */
export type Broken = { broken: Json }

/**
 * What may come out of one byte of a member, once it is larger than `unsuspected`: text packs to a tenth, deflate to a
 * thousandth at best (RFC 1951).
 */
const ratio = 250
const unsuspected = 2 ** 26

const nothing = Buffer.alloc(0)

/** The limit of all members together is reached. */
class Spent extends Error {}

/** Chunks as they come, counted against what is left. */
export async function* counted(chunks: AsyncGenerator<Buffer>, budget: Budget): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    budget.expanded -= chunk.length
    if (budget.expanded < 0) throw new Spent()
    yield chunk
  }
}

/** Members of an archive, each unpacked to a scratch file that goes when the next is asked for. */
export async function* membersOf(
  archive: SourceFile,
  entries: AsyncGenerator<Entry | Broken>,
  limits: Limits,
  budget: Budget,
): AsyncGenerator<Member> {
  const place = scratch()
  const distinct = distinctPaths()
  const under = (path: string) => `${archive.path}!/${path}`
  const rejected = (path: string, reason: SourceReason, evidence: Json): Member => ({
    is: 'rejected',
    path,
    reason,
    evidence,
  })
  try {
    for await (const entry of entries) {
      if ('broken' in entry) {
        yield rejected(archive.path, 'damaged', entry.broken)
        continue
      }
      if (--budget.members < 0) {
        yield rejected(archive.path, 'over-limit', { members: limits.members })
        return
      }
      const path = memberPath(entry.name)
      if (path === undefined) {
        const member = entry.name.replace(/\p{Cc}/gu, '\ufffd').slice(0, 300)
        yield rejected(archive.path, 'unsafe-path', { member })
        continue
      }
      if (isHidden(path)) continue
      const name = under(distinct(path))
      if (entry.fault) {
        yield rejected(name, entry.fault.reason, entry.fault.evidence)
        continue
      }
      const absolute = place.file()
      try {
        const size = await unpack(entry, path, absolute, limits)
        const below = `${archive.below}${name.slice(archive.path.length)}`
        yield { is: 'file', file: { path: name, below, absolute, size, mtimeMs: archive.mtimeMs } }
      } catch (error) {
        if (error instanceof Unreadable) yield rejected(name, error.reason, error.evidence)
        else throw error
      } finally {
        rmSync(absolute, { force: true })
      }
    }
  } catch (error) {
    if (error instanceof Unreadable) yield rejected(archive.path, error.reason, error.evidence)
    else if (error instanceof Spent) yield rejected(archive.path, 'over-limit', { expanded: limits.expanded })
    else throw error
  } finally {
    await entries.return(undefined)
    place.remove()
  }
}

/** Writes the bytes of a member down, if something reads it. Returns how many they are. Throws `Unreadable`. */
async function unpack(entry: Entry, path: string, absolute: string, limits: Limits): Promise<number> {
  let head: Buffer = nothing
  let bytes = 0
  let crc = 0
  let most = Number.POSITIVE_INFINITY
  let handle: number | undefined
  /** Once there is enough to tell by: what nothing reads is not unpacked. */
  function begin(): number {
    const form = formOfHead(path, head)
    if (form === undefined) throw new Unreadable('unknown-format', 'no reader', { ending: endingOf(path) })
    if (form !== 'packed' && formOf(form).holds === 'document') most = limits.bytes * packing
    const opened = openSync(absolute, 'wx', 0o600)
    appendFileSync(opened, head)
    return opened
  }
  try {
    for await (const chunk of entry.bytes()) {
      bytes += chunk.length
      crc = crc32(chunk, crc)
      if (bytes > most) throw new Unreadable('too-large', 'a document', { bytes, bound: most })
      if (bytes > unsuspected && entry.packed !== undefined && bytes > ratio * entry.packed)
        throw new Unreadable('over-limit', 'expands too much', { bytes, packed: entry.packed, ratio })
      if (handle === undefined) {
        head = Buffer.concat([head, chunk])
        if (head.length >= headBytes) handle = begin()
      } else appendFileSync(handle, chunk)
    }
    handle ??= begin()
    if (entry.sum && (entry.sum.bytes !== bytes || entry.sum.crc !== crc))
      throw new Unreadable('damaged', 'checksum', { error: 'the bytes do not add up to their checksum' })
    return bytes
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}

const endingOf = (path: string): string => /(?<=[^/])\.[^./]+$/.exec(path)?.[0].toLowerCase() ?? 'none'
