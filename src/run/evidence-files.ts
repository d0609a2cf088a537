import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StillroomError } from '../errors/index.ts'
import { type Sha, sha256 } from '../records/index.ts'

/**
 * What the files of a folder state of exactly these rows, in order of their names, each with the digest of its file.
 * `noun` and `again` say in an error what such a file is, and how one comes by it. Throws SR_WORKSPACE for one that is no JSON.
 */
export function statedOf<T extends { format: number; of: { digest: Sha } }>(
  folder: string,
  digest: Sha,
  { noun, again }: { noun: string; again: string },
): { value: T; sha256: Sha }[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter(name => name.endsWith('.json'))
    .sort()
    .flatMap(name => {
      const file = join(folder, name)
      const text = readFileSync(file, 'utf8')
      let value: T
      try {
        value = JSON.parse(text)
      } catch (cause) {
        throw new StillroomError('SR_WORKSPACE', `${file} is no ${noun}.`, {
          position: { file },
          hint: `${again}, or take the file out of the workspace`,
          cause,
        })
      }
      return value.format === 1 && value.of?.digest === digest ? [{ value, sha256: sha256(text) }] : []
    })
}
