import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { StillroomError } from '../../errors/index.ts'
import type { Kind } from '../../records/index.ts'
import {
  databaseTables,
  firstRows,
  listFiles,
  type SourceConfig,
  type SourceFile,
  sourceKind,
} from '../../sources/index.ts'
import { detectLanguage } from '../../text/index.ts'
import type { Run } from '../commands.ts'
import { bytes, counted } from '../figures.ts'
import type { Io } from '../io.ts'
import { here } from '../open.ts'
import { recipeText } from '../recipe-text.ts'
import { reporterOf } from '../reporter.ts'

/**
 * Files that would become one source. `kind` is absent where their rows could not be made out; `asked` names the column
 * whose short texts look like queries.
 */
export type Seen = {
  name: string
  files: string | string[]
  /** Of a database. */
  table?: string
  kind?: Kind
  asked?: string
  synthetic?: true
  count: number
  bytes: number
}
/** Files that are left out, and why. */
export type Passed = { files: string[]; why: string }
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
  const { seen, passed } = await sourcesOf(all, folder)
  if (!seen.some(source => source.kind === 'document')) {
    const read = seen.map(({ name, kind }) => `${name} (${kind ?? 'rows of an unknown shape'})`)
    const left = passed.map(({ files, why }) => `${few(files)} (${why})`)
    throw new StillroomError('SR_SOURCE_EMPTY', `There are no documents in ${here(io, folder)}.`, {
      expected: 'files that end in .md, .rst or .txt, or .jsonl, .json, .csv, .parquet or .sqlite with a text column',
      ...(read.length + left.length > 0 ? { received: [...read, ...left].join(', ') } : {}),
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
    ...passed.map(({ files, why }) => `passed over: ${few(files)} (${why})`),
    '',
    `${here(io, file)} is written. Next:`,
    ...['plan', 'preview -n 3', 'run'].map(
      word => `  stillroom ${word}${folder === io.cwd ? '' : ` ${here(io, folder)}`}`,
    ),
  )
  reporter.result({ recipe: file, sources: seen, passed, language })
  return 0
}

const prose = /\.(?:md|markdown|rst|txt|pdf)$/i
const data = /\.(?:jsonl|ndjson|json|csv|tsv|parquet)(?:\.gz)?$/i
const databases = '**/*.{sqlite,sqlite3,db}'
/** Documents that no reader takes, so that nobody waits for them in vain. */
const unread = '**/*.{html,htm,doc,docx,odt,epub,xls,xlsx,ppt,pptx,adoc,xml}'

function few(files: string[]): string {
  return files.length <= 5 ? files.join(', ') : `${files.slice(0, 4).join(', ')} and ${files.length - 4} more`
}

/**
 * Files in groups: prose by its first folder, data by folder, ending and shape,
 * databases by table. Short texts in the column of a table
 * are taken for queries where there are other documents.
 */
async function sourcesOf(files: SourceFile[], base: string): Promise<{ seen: Seen[]; passed: Passed[] }> {
  const groups = new Map<string, { pattern: string; members: SourceFile[]; look?: Look; table?: string }>()
  const passed = new Map<string, string[]>()
  const matched: { [pattern: string]: number } = {}
  const pass = (path: string, why: string) => passed.set(why, [...(passed.get(why) ?? []), path])
  const put = (file: SourceFile, pattern: string, look?: Look, table?: string) => {
    const key = JSON.stringify([pattern, table, look])
    const group = groups.get(key) ?? { pattern, members: [], ...(look ? { look } : {}), ...(table ? { table } : {}) }
    group.members.push(file)
    groups.set(key, group)
  }
  const inFolders = files.some(({ path }) => prose.test(path) && path.includes('/'))
  for (const file of files) {
    const folders = file.path.split('/').slice(0, -1)
    if (prose.test(file.path)) {
      // Beside folders of documents, what lies at the top is a readme or a license.
      if (folders.length === 0 && inFolders) pass(file.path, 'beside folders of documents')
      else
        put(file, folders.length > 0 ? `${folders[0]}/**/*.{md,markdown,rst,txt,pdf}` : '*.{md,markdown,rst,txt,pdf}')
      continue
    }
    const ending = data.exec(file.path)?.[0]
    if (ending === undefined) {
      pass(file.path, 'name it under `files:` to read it')
      continue
    }
    const pattern = [...folders, `*${ending}`].join('/')
    matched[pattern] = (matched[pattern] ?? 0) + 1
    const look = await lookAt(file).catch((error: Error) => error)
    if (!(look instanceof Error)) put(file, pattern, look)
    else pass(file.path, reasonOf(look))
  }
  for (const file of await listFiles({ files: databases }, base)) {
    for (const table of tablesIn(file, error => pass(file.path, error.message))) {
      const look = await lookAt(file, table).catch((error: Error) => error)
      if (!(look instanceof Error)) put(file, file.path, look, table)
      else pass(`${table} of ${file.path}`, reasonOf(look))
    }
  }
  for (const file of await listFiles({ files: unread }, base))
    pass(file.path, 'no reader; make it Markdown or plain text')
  const texts = [...groups.values()].some(({ look }) => !look || (look.kind === 'document' && !look.asked))
  const names = new Set<string>()
  const seen: Seen[] = []
  for (const [, { pattern, members, look, table }] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const paths = members.map(({ path }) => path)
    // A pattern that also fits unlike files would merge them.
    const fits = !look || matched[pattern] === members.length
    const asked = look?.asked
    const kind = !look ? 'document' : asked && (texts || look.kind === 'row') ? 'prompt' : look.kind
    seen.push({
      name: nameFor(table ?? paths[0]!, names),
      files: paths.length === 1 ? paths[0]! : fits ? narrowed(pattern, members) : paths,
      ...(table === undefined ? {} : { table }),
      ...(kind === 'row' ? {} : { kind }),
      ...(asked ? { asked } : {}),
      ...(look?.synthetic ? { synthetic: true } : {}),
      count: members.length,
      bytes: members.reduce((n, file) => n + file.size, 0),
    })
  }
  return { seen, passed: [...passed].map(([why, files]) => ({ files, why })) }
}

const reasonOf = (error: Error) =>
  StillroomError.is(error) && error.received ? `no row to use: ${error.received}` : error.message

/** Tables of a database, views aside; none where it cannot be read. */
function tablesIn(file: SourceFile, fail: (error: Error) => void): string[] {
  try {
    return databaseTables(file).flatMap(({ name, type }) => (type === 'view' ? [] : [name]))
  } catch (error) {
    fail(error as Error)
    return []
  }
}

type Look = { kind: Kind; columns: string[]; asked?: string; synthetic?: true }

const messageColumns = ['text', 'content', 'query', 'question', 'message', 'utterance', 'request']

/** What the first hundred rows of a file tell; columns that only some rows have do not make it another shape. */
async function lookAt(file: SourceFile, table?: string): Promise<Look> {
  const config = { files: file.path, table, license: 'unknown', origin: 'real' } as SourceConfig
  const kind = await sourceKind(config, [file])
  const rows = await firstRows(config, file, 100)
  const columns = Object.keys(rows[0] ?? {}).filter(name => rows.every(row => name in row))
  const asked = kind === 'document' || kind === 'row' ? messageColumns.find(name => short(rows.map(r => r[name]))) : ''
  return {
    kind,
    columns: columns.sort(),
    ...(asked ? { asked } : {}),
    ...(rows.some(({ origin }) => origin === 'synthetic') ? { synthetic: true } : {}),
  }
}

/** Texts of which half have fewer than 200 characters. */
function short(values: unknown[]): boolean {
  const lengths = values.flatMap(value => (typeof value === 'string' && value.trim() ? [value.trim().length] : []))
  lengths.sort((a, b) => a - b)
  return lengths.length * 2 > values.length && lengths[lengths.length >> 1]! < 200
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
