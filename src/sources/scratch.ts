import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const open = new Set<string>()

const removeAll = (): void => {
  for (const folder of open) rmSync(folder, { recursive: true, force: true })
}

/** A folder for what is unpacked, of its own, that exists once it is asked for; `remove` takes it away with all in it. */
export function scratch(): { file(): string; remove(): void } {
  let folder: string | undefined
  let files = 0
  return {
    file() {
      if (folder === undefined) {
        folder = mkdtempSync(join(tmpdir(), 'stillroom-unpacked-'))
        if (open.size === 0) process.once('exit', removeAll)
        open.add(folder)
      }
      // Names of members never reach the disk.
      return join(folder, String(++files))
    },
    remove() {
      if (folder === undefined) return
      rmSync(folder, { recursive: true, force: true })
      open.delete(folder)
      if (open.size === 0) process.off('exit', removeAll)
    },
  }
}
