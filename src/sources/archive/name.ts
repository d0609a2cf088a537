import { isUtf8 } from 'node:buffer'
import { crc32 } from 'node:zlib'
import { decodedNames } from './charset.ts'

/** Parts of a path in an archive that nobody means to read, as in folders. */
const hidden = /^\.|^(?:__MACOSX|node_modules)$/

/**
 * A path of an archive as one below it, with slashes; undefined where it leads out of it, or to a drive, or holds
 * characters that no honest name has.
 */
export function memberPath(name: string): string | undefined {
  const path = name.replaceAll('\\', '/')
  if (/^\/|^[A-Za-z]:|\p{Cc}/u.test(path)) return undefined
  const parts = path.split('/').filter(part => part !== '' && part !== '.')
  return parts.length === 0 || parts.includes('..') ? undefined : parts.join('/')
}

/** True for hidden files and folders, and what programs leave behind in archives. */
export const isHidden = (path: string): boolean => path.split('/').some(part => hidden.test(part))

/** Gives each path once: a second `a.md` is `a (2).md`. */
export function distinctPaths(): (path: string) => string {
  const taken = new Map<string, number>()
  return path => {
    const dot = path.indexOf('.', path.lastIndexOf('/') + 2)
    const [before, ending] = dot < 0 ? [path, ''] : [path.slice(0, dot), path.slice(dot)]
    let name = path
    let n = taken.get(path) ?? 1
    while (taken.has(name)) name = `${before} (${++n})${ending}`
    taken.set(path, n)
    if (name !== path) taken.set(name, 1)
    return name
  }
}

export type RawName = { raw: Buffer; utf8: boolean; extra?: readonly { id: number; data: Buffer }[] }

/** Names of a zip: UTF-8 where it says so or they are, else Shift-JIS where they read as Japanese, else CP437. */
export function zipNames(names: readonly RawName[]): string[] {
  const unicode = names.map(({ raw, utf8, extra = [] }) => {
    // Info-ZIP keeps the name in UTF-8 beside that of the system, with a checksum of the latter.
    const field = extra.find(({ id, data }) => id === 0x7075 && data.length > 5 && data[0] === 1)
    if (field && field.data.readUInt32LE(1) === crc32(raw)) return field.data.subarray(5).toString('utf8')
    return utf8 && isUtf8(raw) ? raw.toString('utf8') : undefined
  })
  const others = decodedNames(names.flatMap(({ raw }, i) => (unicode[i] === undefined ? [raw] : [])))
  let at = 0
  return unicode.map(name => name ?? others[at++]!)
}
