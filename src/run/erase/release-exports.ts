import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { exportFile } from '../export.ts'
import type { Place } from './held.ts'

type Told = { release: { name: string; version: string }; files: string[] }

/** Exports of these releases for trainers and vendors, in the folder `exports` beside the recipe: names of folders. */
export function releaseExports({ releases }: Place, names: ReadonlySet<string>): string[] {
  const folder = join(dirname(releases), 'exports')
  const found = existsSync(folder) ? readdirSync(folder).sort() : []
  return found.filter(name => {
    const told = toldOf(join(folder, name))
    return told !== undefined && names.has(`${told.release.name}-${told.release.version}`)
  })
}

function toldOf(dir: string): Told | undefined {
  const file = join(dir, exportFile)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Told) : undefined
}

/** Removes the files of an export, and what it says of itself last, so that a kill in between is made good. */
export function removeExport({ releases }: Place, name: string): void {
  const dir = join(dirname(releases), 'exports', name)
  for (const path of toldOf(dir)?.files ?? []) rmSync(join(dir, path), { force: true })
  rmSync(join(dir, exportFile), { force: true })
}
