import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Sha } from '../../records/index.ts'

async function digestOfFile(file: string): Promise<Sha> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** Digests of the files that are there, by path relative to the folder. */
export async function digestsOfFiles(folder: string, paths: readonly string[]): Promise<{ [path: string]: Sha }> {
  const found: { [path: string]: Sha } = {}
  for (const path of [...new Set(paths)].sort()) {
    const file = join(folder, path)
    if (existsSync(file)) found[path] = await digestOfFile(file)
  }
  return found
}
