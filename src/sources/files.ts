import { glob, stat } from 'node:fs/promises'
import { relative, resolve, sep } from 'node:path'
import type { SourceConfig } from './config.ts'

/** `path` is relative to the recipe, with slashes, and may begin with `../`; `size` is in bytes. */
export type SourceFile = { path: string; absolute: string; size: number; mtimeMs: number }

export type FileFormat = NonNullable<SourceConfig['format']>

const endings: { [ending: string]: FileFormat } = {
  md: 'markdown',
  markdown: 'markdown',
  rst: 'rst',
  txt: 'text',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  json: 'jsonl',
  csv: 'csv',
  tsv: 'csv',
  parquet: 'parquet',
}

/** Format by the ending, below `.gz`; other endings are read as plain text. */
export function formatOf(config: Pick<SourceConfig, 'format'>, path: string): FileFormat {
  const ending = /\.(\w+)$/.exec(path.replace(/\.gz$/i, ''))?.[1]?.toLowerCase() ?? ''
  return config.format ?? endings[ending] ?? 'text'
}

/**
 * The files of a source in order of their paths by code units, each once. Hidden folders, `node_modules` and the
 * releases beside the recipe are skipped unless a pattern names them. A folder stands for all files of known endings.
 */
export async function listFiles(config: Pick<SourceConfig, 'files'>, base: string): Promise<SourceFile[]> {
  const found = new Map<string, SourceFile>()
  for (const pattern of [config.files].flat()) {
    for await (const name of matches(pattern, base)) {
      const absolute = resolve(base, name)
      const path = relative(base, absolute).split(sep).join('/')
      if (found.has(path) || skipped(path, pattern)) continue
      const info = await stat(absolute)
      if (info.isFile()) found.set(path, { path, absolute, size: info.size, mtimeMs: info.mtimeMs })
    }
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

/** A name that exists is itself, whatever signs it holds (`[slug].md`); all else is a pattern. */
async function* matches(pattern: string, base: string): AsyncGenerator<string> {
  const exact = await stat(resolve(base, pattern)).catch(() => undefined)
  if (exact?.isFile()) {
    yield pattern
    return
  }
  const known = `**/*.{${Object.keys(endings).join(',')}}`
  const wanted = exact?.isDirectory() ? `${pattern.replace(/\/+$/, '')}/${known}` : pattern
  // A folder that is not named is not entered either: there may be a hundred thousand files in it.
  const exclude = (path: string) => /(?:^|\/)node_modules$/.test(path) && !pattern.includes('node_modules')
  yield* glob(wanted, { cwd: base, exclude })
}

function skipped(path: string, pattern: string): boolean {
  const named = new Set(pattern.split(/[\\/]/))
  const folders = path.split('/').slice(0, -1)
  if (folders[0] === 'releases' && !named.has('releases')) return true
  return folders.some(name => (/^\.[^.]/.test(name) || name === 'node_modules') && !named.has(name))
}
