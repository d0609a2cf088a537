import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeEndings } from '../code/language.ts'
import type { SourceFile } from '../files.ts'
import { licenseOfManifest, manifests } from './manifest.ts'
import { licenseOfText } from './texts.ts'

/** A folder with license files: what they say together, and their names. Files below it are under it, up to a nearer one. */
export type LicensedFolder = {
  /** Relative to the recipe; `.` for its own. */
  folder: string
  /** SPDX expression, `proprietary` or `unknown`. */
  license: string
  files: string[]
  /** Files of the source that it speaks for. */
  covers: number
}

export type Licenses = {
  /** License of a file that says nothing itself: SPDX expression, `proprietary` or `unknown`. */
  of(file: Pick<SourceFile, 'absolute' | 'below'>): string
  /** All that was read to know it: their bytes decide the records as well. */
  files: SourceFile[]
  folders: LicensedFolder[]
}

const largest = 1 << 20
const named =
  /^(?:un)?licen[cs]e(?:s?\.(?:md|txt|rst|adoc|html))?$|^(?:un)?licen[cs]e[-_.]\S+$|^copying(?:[-_.]\S+)?$|^(?:mit|bsd|apache)[-_]licen[cs]e(?:\.\w+)?$/i
/** Programs and tables that are called so. */
const otherwise = [...codeEndings, 'json', 'jsonl', 'yml', 'yaml', 'toml', 'csv', 'xml', 'css', 'lock', 'png', 'svg']
/** Licenses of what others made, which lies along. */
const ofOthers = /third|3rd|vendor|notices?\b|header|template|checker/i

/**
 * The licenses that lie beside files: of each folder from a file up to the one that its pattern names outright, the nearest
 * that has a license file or a manifest with a license. What cannot be told stays `unknown`: a text that is not known, and
 * several that no rule joins.
 */
export async function licensesOf(files: readonly SourceFile[]): Promise<Licenses> {
  const folders = new Map<string, Found | undefined>()
  const nearest = new Map<string, string | undefined>()
  const covers = new Map<string, number>()
  for (const file of files) {
    const chain = foldersUp(file)
    for (const folder of chain) {
      if (!folders.has(folder.absolute)) folders.set(folder.absolute, await look(folder))
      if (folders.get(folder.absolute)) break
    }
    const at = chain.find(({ absolute }) => folders.get(absolute))?.absolute
    nearest.set(folderOf(file), at)
    if (at !== undefined) covers.set(at, (covers.get(at) ?? 0) + 1)
  }
  const found = [...folders].flatMap(([absolute, one]) => (one ? [{ absolute, ...one }] : []))
  const byPath =
    <T>(of: (one: T) => string) =>
    (a: T, b: T) =>
      of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0
  return {
    of: file => folders.get(nearest.get(folderOf(file)) ?? '')?.license ?? 'unknown',
    files: found.flatMap(({ files }) => files).sort(byPath(({ path }) => path)),
    folders: found
      .map(({ absolute, path, license, files }) => ({
        folder: path || '.',
        license,
        files: files.map(({ path }) => path.slice(path.lastIndexOf('/') + 1)),
        covers: covers.get(absolute) ?? 0,
      }))
      .sort(byPath(({ folder }) => folder)),
  }
}

/** Folders with license files above the files of a source, for those who ask before a recipe is written. */
export const foldersWithLicenses = async (files: readonly SourceFile[]): Promise<LicensedFolder[]> =>
  (await licensesOf(files)).folders

/** The licenses of files with how many have each, most first. */
export async function licenseCounts(files: readonly SourceFile[]): Promise<{ license: string; files: number }[]> {
  const { of } = await licensesOf(files)
  const counts = new Map<string, number>()
  for (const file of files) counts.set(of(file), (counts.get(of(file)) ?? 0) + 1)
  return [...counts]
    .map(([license, n]) => ({ license, files: n }))
    .sort((a, b) => b.files - a.files || (a.license < b.license ? -1 : 1))
}

type Folder = { absolute: string; path: string }
type Found = { path: string; license: string; files: SourceFile[] }

/** Its folder, and which root it was found below: the same folder may be named outright by another pattern. */
const folderOf = ({ absolute, below }: Pick<SourceFile, 'absolute' | 'below'>): string =>
  `${absolute.slice(0, absolute.lastIndexOf('/'))}\0${below.split('/').length}`

/** The folder of a file and those above it, nearest first, up to the one that is named outright. */
function foldersUp({ absolute, path, below }: SourceFile): Folder[] {
  const deep = below.split('/').length
  const [whole, own] = [absolute.split('/'), path.split('/')]
  return Array.from({ length: deep }, (_, i) => ({
    absolute: whole.slice(0, whole.length - 1 - i).join('/') || '/',
    path: own.slice(0, own.length - 1 - i).join('/'),
  }))
}

async function look({ absolute, path }: Folder): Promise<Found | undefined> {
  const entries = await readdir(absolute, { withFileTypes: true }).catch(() => [])
  const names = entries.flatMap(one => (one.isFile() ? [one.name] : [])).sort()
  const texts: { name: string; license: string | undefined }[] = []
  const files: SourceFile[] = []
  const stated = new Set<string>()
  for (const name of names) {
    const manifest = (manifests as readonly string[]).includes(name)
    if (!manifest && !isLicense(name)) continue
    const whole = join(absolute, name)
    const info = await stat(whole).catch(() => undefined)
    if (!info || info.size > largest) continue
    const text = await readFile(whole, 'utf8').catch(() => undefined)
    if (text === undefined) continue
    const license = manifest ? licenseOfManifest(name, text) : licenseOfText(text)
    // A page of documentation about the license is called so in small letters.
    if (license === undefined && !manifest && /^[a-z]+\.\w+$/.test(name)) continue
    if (!manifest) texts.push({ name, license })
    else if (license === undefined) continue
    else stated.add(license)
    const { size, mtimeMs } = info
    files.push({ path: path === '' ? name : `${path}/${name}`, below: name, absolute: whole, size, mtimeMs })
  }
  if (texts.length === 0 && stated.size === 0) return undefined
  return { path, license: together(texts, [...stated]), files }
}

function isLicense(name: string): boolean {
  const ending = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? ''
  return named.test(name) && !ofOthers.test(name) && !otherwise.includes(ending)
}

/** One license out of all that a folder says. */
function together(texts: { name: string; license: string | undefined }[], stated: string[]): string {
  if (stated.length > 1) return 'unknown'
  if (texts.length === 0) return stated[0]!
  const license = ofTexts(texts)
  if (stated.length === 0 || license === 'unknown' || license === stated[0]) return license
  // A manifest may say more than the text, which is the same for `-only` and `-or-later`, and in another order.
  const parts = (expression: string): string =>
    expression
      .replace(/-(?:only|or-later)\b/g, '')
      .split(' OR ')
      .sort()
      .join()
  return parts(license) === parts(stated[0]!) ? stated[0]! : 'unknown'
}

function ofTexts(texts: { name: string; license: string | undefined }[]): string {
  const found = new Set(texts.map(({ license }) => license ?? 'unknown'))
  if (found.has('unknown')) return 'unknown'
  const [only, ...more] = [...found].sort((a, b) => (a === 'MIT' ? -1 : b === 'MIT' ? 1 : a < b ? -1 : 1))
  if (more.length === 0) return only!
  // The GNU Lesser License is a supplement of the General one, which lies beside it.
  const lesser = [...found].find(one => one.startsWith('LGPL-3'))
  if (lesser && found.size === 2 && found.has('GPL-3.0-only')) return lesser
  // Files that are named after what they hold offer a choice: LICENSE-MIT beside LICENSE-APACHE.
  const choice = texts.every(({ name, license }) => {
    const word = /^(?:un)?licen[cs]e[-_.]([A-Za-z]+)(?:[-_.]?\d[\d.]*)?(?:\.(?:md|txt))?$/i
      .exec(name)?.[1]
      ?.toLowerCase()
    return word !== undefined && license!.toLowerCase().startsWith(word)
  })
  return choice ? [only, ...more].join(' OR ') : 'unknown'
}
