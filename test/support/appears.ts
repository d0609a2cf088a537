import { existsSync, watch } from 'node:fs'
import { dirname } from 'node:path'

/** Waits until one of these files is there; their folders are. */
export function appears(...files: string[]): Promise<void> {
  return new Promise(resolve => {
    const watchers = [...new Set(files.map(file => dirname(file)))].map(dir => watch(dir, look))
    function look(): void {
      if (!files.some(file => existsSync(file))) return
      for (const watcher of watchers) watcher.close()
      resolve()
    }
    look()
  })
}
