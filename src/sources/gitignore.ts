import { readFile, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'

/** A line of a .gitignore. `parts` are the names of its path with signs; `folder`: folders alone; `back`: taken back in. */
type Rule = { parts: string[]; folder: boolean; back: boolean }

/** Lines as gitignore(5) reads them. A pattern with a slash before its end counts from the folder of the file. */
export function ignoreRules(text: string): Rule[] {
  return text.split(/\r?\n/).flatMap(line => {
    let pattern = line.replace(/(?<!\\) +$/, '')
    if (pattern === '' || pattern.startsWith('#')) return []
    const back = pattern.startsWith('!')
    if (back) pattern = pattern.slice(1)
    const folder = pattern.endsWith('/')
    const anchored = pattern.replace(/\/+$/, '').includes('/')
    const parts = pattern.split('/').filter(part => part !== '')
    if (parts.length === 0) return []
    return [{ parts: anchored ? parts : ['**', ...parts], folder, back }]
  })
}

/** What the rules of one file say of a path below its folder; the last one that matches counts. */
export function ignoredBy(rules: readonly Rule[], path: string, isFolder: boolean): 'ignored' | 'back' | undefined {
  const names = path.split('/')
  const rule = rules.findLast(({ parts, folder }) => (isFolder || !folder) && matchParts(parts, names))
  return rule && (rule.back ? 'back' : 'ignored')
}

/** Names against parts, where `**` stands for any number of names; in time of their product, whatever anybody writes there. */
function matchParts(parts: readonly string[], names: readonly string[]): boolean {
  // reached[n]: the parts so far match the first n names.
  let reached = names.map(() => false)
  reached.unshift(true)
  for (const [i, part] of parts.entries()) {
    const next = reached.map(() => false)
    // At the end it means all that is inside of a folder, and not the folder.
    const least = part === '**' && i === parts.length - 1 ? 1 : 0
    for (let n = 0; n <= names.length; n++) {
      if (!reached[n]) continue
      if (part === '**') for (let to = n + least; to <= names.length; to++) next[to] = true
      else if (n < names.length && matchName(part, names[n]!)) next[n + 1] = true
    }
    reached = next
  }
  return reached[names.length]!
}

/** One name against one part with `*`, `?`, `[a-z]` and `\`; goes back to the last star alone. */
function matchName(part: string, name: string): boolean {
  let [p, n, star, mark] = [0, 0, -1, 0]
  while (n < name.length) {
    const step = p < part.length && part[p] !== '*' ? matchSign(part, p, name[n]!) : 0
    if (part[p] === '*') [star, mark, p] = [p, n, p + 1]
    else if (step > 0) [p, n] = [p + step, n + 1]
    else if (star >= 0) [p, n, mark] = [star + 1, mark + 1, mark + 1]
    else return false
  }
  while (part[p] === '*') p++
  return p >= part.length
}

/** Characters of the part that this one stands for; 0 where it does not match. */
function matchSign(part: string, at: number, c: string): number {
  if (part[at] === '?') return 1
  if (part[at] === '\\') return part[at + 1] === c ? 2 : 0
  const end = part[at] === '[' ? part.indexOf(']', at + 2) : -1
  if (end < 0) return part[at] === c ? 1 : 0
  const not = part[at + 1] === '!' || part[at + 1] === '^'
  let found = false
  for (let i = at + (not ? 2 : 1); i < end; i++) {
    const range = part[i + 1] === '-' && i + 2 < end
    if (range ? c >= part[i]! && c <= part[i + 2]! : c === part[i]) found = true
    if (range) i += 2
  }
  return found !== not ? end - at + 1 : 0
}

/**
 * Whether git would leave a file out, by the .gitignore files from the root of its repository down. Three things differ from
 * git, since a recipe names what it wants: a folder that is named outright is entered though it is ignored; in the
 * repository that the recipe itself lies in, only folders are left out, since data is often kept out of git by its ending;
 * and what one machine alone ignores (.git/info/exclude) does not count.
 */
export function openIgnores(base: string): (absolute: string, root: string) => Promise<boolean> {
  const repositories = new Map<string, Promise<string | undefined>>()
  const rules = new Map<string, Promise<Rule[]>>()

  const repositoryOf = (folder: string): Promise<string | undefined> => {
    let found = repositories.get(folder)
    if (!found) {
      // A file of this name stands in a worktree or a submodule.
      found = stat(join(folder, '.git')).then(
        () => folder,
        () => (dirname(folder) === folder ? undefined : repositoryOf(dirname(folder))),
      )
      repositories.set(folder, found)
    }
    return found
  }
  const rulesOf = (folder: string): Promise<Rule[]> => {
    let found = rules.get(folder)
    if (!found) {
      found = readFile(join(folder, '.gitignore'), 'utf8').then(ignoreRules, () => [])
      rules.set(folder, found)
    }
    return found
  }
  /** By the nearest file that says anything of the path. */
  const says = async (repository: string, absolute: string, isFolder: boolean): Promise<boolean> => {
    for (let folder = dirname(absolute); ; folder = dirname(folder)) {
      const found = ignoredBy(await rulesOf(folder), relative(folder, absolute).replaceAll('\\', '/'), isFolder)
      if (found) return found === 'ignored'
      if (folder === repository || folder === dirname(folder)) return false
    }
  }
  const folders = new Map<string, Promise<boolean>>()
  const folderIgnored = (repository: string, folder: string, root: string): Promise<boolean> => {
    if (folder.length <= Math.max(root.length, repository.length)) return Promise.resolve(false)
    let found = folders.get(`${root}\0${folder}`)
    if (!found) {
      found = folderIgnored(repository, dirname(folder), root).then(up => up || says(repository, folder, true))
      folders.set(`${root}\0${folder}`, found)
    }
    return found
  }

  return async (absolute, root) => {
    const folder = dirname(absolute)
    const repository = await repositoryOf(folder)
    if (repository === undefined) return false
    if (await folderIgnored(repository, folder, resolve(root))) return true
    const own = `${resolve(base)}/`.startsWith(`${repository}/`)
    return !own && (await says(repository, absolute, false))
  }
}
