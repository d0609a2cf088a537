import { realpathSync } from 'node:fs'
import { glob, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { SourceConfig } from './config.ts'
import { type FormName, formByEnding, formOf, inFolders } from './forms.ts'
import { openIgnores } from './gitignore.ts'

/**
 * `path` is relative to the recipe, with slashes, and may begin with `../`; `below` is relative to the folder that the
 * pattern names outright (`docs` of `docs/**\/*.md`); `size` is in bytes.
 */
export type SourceFile = { path: string; below: string; absolute: string; size: number; mtimeMs: number }

/**
 * The form of a file: as the source says, by its ending below `.gz`, or plain text for any other. What a source says of an
 * archive is meant for its members.
 */
export function formatOf(config: Pick<SourceConfig, 'format'>, path: string): FormName {
  const named = formByEnding(path)
  return (named && formOf(named).holds === 'files' ? named : config.format) ?? named ?? 'text'
}

/**
 * The files of a source in order of their paths by code units, each once. Hidden folders, `node_modules` and the
 * releases and exports beside the recipe are skipped unless a pattern names them, and so are the ids of an export. A folder stands
 * for all files below it of known endings but databases; with `every`, for all files. What git ignores is left out of folders and
 * patterns (`openIgnores`), and never a file that is named outright.
 */
export async function listFiles(
  config: { files?: SourceConfig['files'] },
  base: string,
  { every = false } = {},
): Promise<SourceFile[]> {
  const found = new Map<string, SourceFile>()
  const ignored = openIgnores(base)
  for (const pattern of [config.files ?? []].flat()) {
    for await (const [name, root, outright] of matches(pattern, base, every)) {
      const absolute = resolve(base, name)
      const path = relative(base, absolute).split(sep).join('/')
      if (found.has(path) || skipped(path, pattern) || (await ofIds(absolute))) continue
      if (!outright && (await ignored(absolute, resolve(base, root)))) continue
      // A link to nowhere is no file.
      const info = await stat(absolute).catch(() => undefined)
      const below = relative(resolve(base, root), absolute).split(sep).join('/')
      if (info?.isFile()) found.set(path, { path, below, absolute, size: info.size, mtimeMs: info.mtimeMs })
    }
  }
  return onceEach(
    [...found.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)),
    base,
  )
}

/** Files without those that are links to others among them. */
function onceEach(files: SourceFile[], base: string): SourceFile[] {
  const real = files.map(({ absolute }) => realpathSync.native(absolute))
  const root = files.length > 0 ? realpathSync.native(base) : base
  const kept = new Map<string, number>()
  for (const [i, target] of real.entries())
    if (!kept.has(target) || resolve(root, files[i]!.path) === target) kept.set(target, i)
  return files.filter((_, i) => kept.get(real[i]!) === i)
}

/** Names of the rows of a file that has no room for them, line by line: `train.ids.jsonl` beside `train.jsonl`. */
export const idsBeside = (path: string): string => path.replace(/\.jsonl$/, '.ids.jsonl')

/** True for a file of ids that belongs to one of rows. */
async function ofIds(absolute: string): Promise<boolean> {
  if (!absolute.endsWith('.ids.jsonl')) return false
  return (await stat(absolute.replace(/\.ids\.jsonl$/, '.jsonl')).catch(() => undefined)) !== undefined
}

/** The file of ids beside one of rows, where the source names rows and there is one. */
export async function idFile(config: Pick<SourceConfig, 'id'>, file: SourceFile): Promise<SourceFile | undefined> {
  const absolute = idsBeside(file.absolute)
  if (config.id === undefined || absolute === file.absolute) return undefined
  const info = await stat(absolute).catch(() => undefined)
  if (!info?.isFile()) return undefined
  return { path: idsBeside(file.path), below: idsBeside(file.below), absolute, size: info.size, mtimeMs: info.mtimeMs }
}

/** The folders of a pattern before its first sign. */
function fixedFolder(pattern: string): string {
  const parts = pattern.split('/')
  const first = parts.findIndex(part => /[*?[\]{}()!]/.test(part))
  return parts.slice(0, first).join('/') || (pattern.startsWith('/') ? '/' : '.')
}

/** Files with the folder that is named outright. A name that exists is itself, whatever signs it holds (`[slug].md`). */
async function* matches(
  pattern: string,
  base: string,
  every: boolean,
): AsyncGenerator<[name: string, root: string, outright?: true]> {
  const exact = await stat(resolve(base, pattern)).catch(() => undefined)
  if (exact?.isFile()) {
    yield [pattern, dirname(pattern), true]
    return
  }
  // A folder that is not named is not entered either: there may be a hundred thousand files in it.
  const exclude = (path: string) =>
    ['.git', 'node_modules'].some(name => (path === name || path.endsWith(`/${name}`)) && !pattern.includes(name))
  if (!exact?.isDirectory()) {
    const root = fixedFolder(pattern)
    for await (const name of glob(pattern, { cwd: base, exclude })) yield [name, root]
    return
  }
  // A pattern with every ending would be tried ending by ending.
  for await (const name of glob('**/*', { cwd: resolve(base, pattern), exclude }))
    if (every || inFolders(name)) yield [join(pattern, name), pattern]
}

function skipped(path: string, pattern: string): boolean {
  // A worktree or a submodule has a file of this name.
  if (/(?:^|\/)\.git$/.test(path)) return true
  const named = new Set(pattern.split(/[\\/]/))
  const folders = path.split('/').slice(0, -1)
  if (['releases', 'exports'].some(name => folders[0] === name && !named.has(name))) return true
  return folders.some(name => (/^\.[^.]/.test(name) || name === 'node_modules') && !named.has(name))
}
