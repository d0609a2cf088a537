import { createHash, type Hash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import type { HubFile } from './dataset.ts'

/** A hash to which the bytes of a file are given: sha256 for what lies in LFS, that of a git blob for all else. */
export function hashFor({ sha256, size }: Pick<HubFile, 'sha256' | 'size'>): Hash {
  return sha256 === undefined ? createHash('sha1').update(`blob ${size}\0`) : createHash('sha256')
}

/** What that hash has to come to. */
export const digestOf = ({ sha256, oid }: Pick<HubFile, 'sha256' | 'oid'>): string => sha256 ?? oid

/** Whether a file on disk is, byte for byte, the one that the Hub names. */
export async function isSame(path: string, file: HubFile): Promise<boolean> {
  if (statSync(path, { throwIfNoEntry: false })?.size !== file.size) return false
  const hash = hashFor(file)
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex') === digestOf(file)
}
