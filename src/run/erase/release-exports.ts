import { existsSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { exportFile, exportIn, isInside } from '../export.ts'
import type { Place } from './held.ts'

const below = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .sort()
        .map(name => join(folder, name))
    : []

/** Exports of these releases for trainers and vendors, beside the recipe: folders, relative to that of the recipe. */
export function releaseExports({ releases }: Place, names: ReadonlySet<string>): string[] {
  const base = dirname(releases)
  return below(join(base, 'exports'))
    .filter(dir => {
      const release = exportIn(dir)?.release
      return release !== undefined && names.has(`${release.name}-${release.version}`)
    })
    .map(dir => dir.slice(base.length + 1).replaceAll('\\', '/'))
}

/** Removes the files of an export, and what it says of itself last, so that a kill in between is made good. */
export function removeExport({ releases }: Place, name: string): void {
  const dir = join(dirname(releases), name)
  for (const path of exportIn(dir)?.files ?? []) if (isInside(path)) rmSync(join(dir, path), { force: true })
  rmSync(join(dir, exportFile), { force: true })
}
