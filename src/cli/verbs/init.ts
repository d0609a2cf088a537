import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import type { Kind } from '../../records/index.ts'
import { listFiles, type SourceConfig, type SourceFile, sourceKind } from '../../sources/index.ts'
import { detectLanguage } from '../../text/index.ts'
import type { Run } from '../commands.ts'
import { bytes, counted } from '../figures.ts'
import type { Io } from '../io.ts'
import { here } from '../open.ts'
import { recipeText } from '../recipe-text.ts'
import { reporterOf } from '../reporter.ts'

/** Files that would become one source. `kind` is absent where their rows could not be made out. */
export type Seen = { name: string; files: string; kind?: Kind; count: number; bytes: number }
export type Answers = { name: string; license: string; commercial: boolean | undefined }

export const run: Run = async call => {
  const { io, given } = call
  const folder = resolve(io.cwd, call.args[0] ?? '.')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'recipe.yaml')
  if (existsSync(file)) {
    throw new StillroomError('SR_USAGE', `${here(io, file)} exists and is not overwritten.`, {
      hint: 'edit it, or give init another folder',
    })
  }
  const all = await listFiles({ files: '.' }, folder)
  const seen = await sourcesOf(all, folder)
  const documents = seen.filter(source => source.kind === 'document')
  if (documents.length === 0) {
    throw new StillroomError('SR_SOURCE_EMPTY', `There are no documents in ${here(io, folder)}.`, {
      expected: 'files that end in .md, .rst or .txt, or .jsonl, .csv or .parquet with a text column',
      hint: 'put some into a folder such as docs/, or give init the folder that holds them',
    })
  }
  const language = languageOf(all)
  const answers = given.yes ? defaults(folder) : await ask(io, defaults(folder))
  writeFileSync(file, recipeText(seen, answers, language))
  const reporter = reporterOf(call)
  reporter.say(
    ...seen.map(
      ({ name, kind, count, bytes: size }) =>
        `${name}: ${counted(count, 'file')}, ${bytes(size)}, ${kind ?? 'rows of an unknown shape, commented out'}`,
    ),
    '',
    `${here(io, file)} is written. Next:`,
    ...['plan', 'preview -n 3', 'run'].map(
      word => `  stillroom ${word}${folder === io.cwd ? '' : ` ${here(io, folder)}`}`,
    ),
  )
  reporter.result({ recipe: file, sources: seen, language })
  return 0
}

const prose = /\.(?:md|markdown|rst|txt)$/i
const data = /\.(?:jsonl|ndjson|csv|tsv|parquet)(?:\.gz)?$/i

/** Files in groups: prose by its first folder, data by folder and ending. What is left out is configuration. */
async function sourcesOf(files: SourceFile[], base: string): Promise<Seen[]> {
  const groups = new Map<string, SourceFile[]>()
  const inFolders = files.some(({ path }) => prose.test(path) && path.includes('/'))
  for (const file of files) {
    const folders = file.path.split('/').slice(0, -1)
    let pattern: string | undefined
    if (prose.test(file.path)) {
      // Beside folders of documents, what lies at the top is a readme or a license.
      if (folders.length > 0) pattern = `${folders[0]}/**/*.{md,markdown,rst,txt}`
      else if (!inFolders) pattern = '*.{md,markdown,rst,txt}'
    } else if (data.test(file.path)) pattern = [...folders, `*${data.exec(file.path)![0]}`].join('/')
    if (pattern) groups.set(pattern, [...(groups.get(pattern) ?? []), file])
  }
  const names = new Set<string>()
  const seen: Seen[] = []
  for (const [pattern, members] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const files = members.length === 1 ? members[0]!.path : narrowed(pattern, members)
    const config = { files, license: 'unknown', origin: 'real' } as SourceConfig
    const kind = await sourceKind(config, await listFiles(config, base)).catch(() => undefined)
    const size = members.reduce((n, file) => n + file.size, 0)
    seen.push({
      name: nameFor(members[0]!.path, names),
      files,
      ...(kind ? { kind } : {}),
      count: members.length,
      bytes: size,
    })
  }
  return seen
}

/** The pattern with the endings that are really there. */
function narrowed(pattern: string, members: SourceFile[]): string {
  const endings = [...new Set(members.map(({ path }) => path.slice(path.lastIndexOf('.') + 1)))].sort()
  return pattern.replace(/\{[^}]*\}/, endings.length === 1 ? endings[0]! : `{${endings.join(',')}}`)
}

function nameFor(path: string, taken: Set<string>): string {
  const from = prose.test(path)
    ? path.includes('/')
      ? path.split('/')[0]!
      : 'documents'
    : basename(path).replace(/\..*$/, '')
  const plain = from.replace(/[^\p{L}\p{N}_-]+/gu, '-').replace(/^-+|-+$/g, '') || 'source'
  let name = plain
  for (let n = 2; taken.has(name); n++) name = `${plain}-${n}`
  taken.add(name)
  return name
}

/** The language that most of the first documents are in. */
function languageOf(files: SourceFile[]): string {
  const votes: { [language: string]: number } = {}
  for (const { absolute } of files.filter(({ path }) => prose.test(path)).slice(0, 12)) {
    const language = detectLanguage(readFileSync(absolute, 'utf8').slice(0, 4000))
    if (language) votes[language] = (votes[language] ?? 0) + 1
  }
  const [most] = Object.entries(votes).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  return most?.[0] ?? 'en'
}

function defaults(folder: string): Answers {
  const name =
    basename(folder)
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '') || 'dataset'
  return { name, license: 'unknown', commercial: undefined }
}

async function ask(io: Io, standing: Answers): Promise<Answers> {
  if (!io.question) return standing
  const put = async (question: string, standard: string): Promise<string> =>
    (await io.question!(`${question} [${standard}] `)).trim() || standard
  const name = await put('Name of the dataset?', standing.name)
  const license = await put('License of the documents, as SPDX id, proprietary or unknown?', standing.license)
  const commercial = await put('Will the trained model be used commercially: yes, no, open?', 'open')
  return {
    name: /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) ? name : standing.name,
    license,
    commercial: /^y/i.test(commercial) ? true : /^n/i.test(commercial) ? false : undefined,
  }
}
