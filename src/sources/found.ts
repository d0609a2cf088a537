import { statSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { firstBytes } from './bytes.ts'
import { formOfHead, headBytes } from './detect.ts'
import { listFiles, type SourceFile } from './files.ts'
import { formByEnding } from './forms.ts'

export type Found = {
  files: SourceFile[]
  /** Files of folders that nothing reads, by ending. */
  unread: { [ending: string]: number }
}

/**
 * All files that paths and patterns name, databases too; of those below folders the ones that something reads, by their
 * ending or their first bytes.
 */
export async function filesBelow(named: readonly string[], base: string): Promise<Found> {
  const files = new Map<string, SourceFile>()
  const unread: Found['unread'] = {}
  for (const name of named) {
    const folder = statSync(resolve(base, name), { throwIfNoEntry: false })?.isDirectory()
    for (const file of await listFiles({ files: name }, base, { every: true })) {
      if (!folder || isReadable(file)) files.set(file.path, file)
      else {
        const ending = extname(file.path).toLowerCase() || 'no ending'
        unread[ending] = (unread[ending] ?? 0) + 1
      }
    }
  }
  return { files: [...files.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)), unread }
}

function isReadable({ path, absolute }: SourceFile): boolean {
  if (formByEnding(path)) return true
  try {
    return formOfHead(path, firstBytes(absolute, headBytes)) !== undefined
  } catch {
    return false
  }
}
