import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Manifest, tombstoneFile } from '../release/index.ts'

/** Versions in their order: numbers as numbers, what is made before a version in front of it. */
export function older(a: string, b: string): boolean {
  const parts = (version: string) => {
    const [, numbers = '', rest = '~'] = /^([\d.]+)(?:-(.*))?$/.exec(version) ?? []
    return [...numbers.split('.').map(n => n.padStart(9, '0')), rest].join('.')
  }
  return parts(a) < parts(b)
}

/** The run that wrote a release, where its `run.json` says so: that of one that was withdrawn or damaged does not. */
export function releasedBy(dir: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')) as { run?: string }).run
  } catch {
    return undefined
  }
}

const stands = (dir: string): boolean => existsSync(join(dir, 'manifest.json')) && !existsSync(join(dir, tombstoneFile))

/** The newest release of a name in a folder of releases: by its date, then by its version. Undefined without one. */
export function newestRelease(folder: string, name: string): string | undefined {
  const found: { dir: string; date: string; version: string }[] = []
  for (const entry of existsSync(folder) ? readdirSync(folder) : []) {
    const dir = join(folder, entry)
    if (!stands(dir)) continue
    const manifest = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as Manifest
    if (manifest.name === name) found.push({ dir, date: manifest.date, version: manifest.version })
  }
  found.sort((a, b) => (a.date < b.date || (a.date === b.date && older(a.version, b.version)) ? -1 : 1))
  return found.at(-1)?.dir
}

/**
 * The release that a recipe is exported and trained from: that of its own version where it lies there and was not withdrawn,
 * else the newest of its name, and `instead` says so. Undefined without any.
 */
export function releaseOfRecipe(
  base: string,
  { name, release }: { name: string; release?: { version: string } | undefined },
): { dir: string; instead?: string } | undefined {
  const releases = join(base, 'releases')
  const own = release && join(releases, `${name}-${release.version}`)
  if (own && stands(own)) return { dir: own }
  const dir = newestRelease(releases, name)
  if (dir === undefined) return undefined
  const { version } = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as Manifest
  const said = release ? `Version ${release.version} of the recipe is not released` : 'The recipe names no version'
  return { dir, instead: `${said}: the newest release is taken, ${name} ${version}.` }
}
