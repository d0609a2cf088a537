import { createHmac, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Rec, type Sha, sha256 } from '../../records/index.ts'
import { keyOrNew, putWhole, readKey } from '../../workspace/index.ts'

/** The key of erasures: what is hashed with it can be matched as long as the key is there, and never read back. */
export const erasureKey = 'erasure.key'

/** Where erasures lie: the list of what must not come back, an erasure under way, and the certificates. */
export const erasureFolder = (root: string): string => join(root, 'erasures')
const listFile = (root: string): string => join(erasureFolder(root), 'suppressed.json')

/** What may come back: a record by id, a content by digest, a file of a source, or a whole source. */
export type Suppressed = { id: string } | { digest: Sha } | { source: string; path?: string }

const nameOf = (what: Suppressed): string =>
  'id' in what
    ? `id ${what.id}`
    : 'digest' in what
      ? `digest ${what.digest}`
      : `source ${what.source} ${what.path ?? ''}`

/** Keyed hash of a name, with the key of this workspace. */
export function keyedHash(root: string): (name: string) => Sha {
  const key = keyOrNew(root, erasureKey, () => randomBytes(32).toString('hex'))
  return name => createHmac('sha256', key).update(name).digest('hex')
}

/** Adds to the list of what sources drop from now on. Adding it again changes nothing. */
export function suppress(root: string, all: readonly Suppressed[]): void {
  const hash = keyedHash(root)
  const entries = [...new Set([...readList(root), ...all.map(nameOf).map(hash)])].sort()
  putWhole(listFile(root), `${JSON.stringify({ format: 1, entries }, null, 1)}\n`)
}

function readList(root: string): Sha[] {
  const file = listFile(root)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { entries: Sha[] }).entries : []
}

/**
 * What sources keep out: `state` is part of the key of their tasks. Undefined where nothing was ever erased, and where the
 * key was destroyed, since then nobody can tell what was.
 */
export function suppression(
  root: string,
): { state: Sha; holds(source: string, path: string, record: Pick<Rec, 'id' | 'digest'>): boolean } | undefined {
  const entries = new Set(readList(root))
  const key = readKey(root, erasureKey)
  if (entries.size === 0 || key === undefined) return undefined
  const listed = (what: Suppressed): boolean =>
    entries.has(createHmac('sha256', key).update(nameOf(what)).digest('hex'))
  return {
    state: sha256([...entries].sort().join('\n')),
    holds: (source, path, { id, digest }) =>
      listed({ id }) || listed({ digest }) || listed({ source, path }) || listed({ source }),
  }
}
