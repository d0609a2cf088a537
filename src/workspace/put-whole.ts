import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Writes a small file whole or not at all, and the folder that it lies in where there is none. */
export function putWhole(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  const draft = `${file}.tmp-${process.pid}`
  writeFileSync(draft, text)
  renameSync(draft, file)
}
