import { digestOf } from './canonical.ts'
import type { Id, Payload, Sha } from './record.ts'

/** Ids are the first 128 bits of a sha256 over what names the record: never over its position or the time. */
function idOf(...parts: (string | number)[]): Id {
  return digestOf(parts).slice(0, 32)
}

/** A file that is one document: the same file edited keeps its id. */
export const fileId = (source: string, path: string): Id => idOf('file', source, path)

/** A row inside a file by its declared `id:` column. */
export const declaredRowId = (source: string, value: string): Id => idOf('row', source, value)

/** A row without a declared id: its file, content and how often that content came before in the file. */
export const rowId = (source: string, path: string, digest: Sha, occurrence: number): Id =>
  idOf('row', source, path, digest, occurrence)

/** A made record: its subject parents, the step key and a local name (index in the reply, or digest and occurrence for chunks). */
export const madeId = (subjects: Id[], stepKey: string, local: string | number): Id =>
  idOf('made', stepKey, local, ...subjects)

/** Digest of the content alone: kind and payload, none of the notes. */
export function payloadDigest(payload: Payload): Sha {
  return digestOf(payload)
}
