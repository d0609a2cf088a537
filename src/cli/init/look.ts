import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { personalEntities, scanPersonalData } from '../../curate/index.ts'
import { StillroomError } from '../../errors/index.ts'
import { type Kind, sha256 } from '../../records/index.ts'
import {
  databaseTables,
  type FormName,
  formByEnding,
  formOf,
  type Licenses,
  licensesOf,
  listFiles,
  readSource,
  type SourceConfig,
  type SourceFile,
} from '../../sources/index.ts'
import { identifyLanguage, tokenizer } from '../../text/index.ts'
import { textOf } from '../reading.ts'
import { askable } from './askable.ts'
import { peopleIn } from './people.ts'
import type { Group, LicenseFile, Passed, Seen } from './seen.ts'
import { type Look, lookAtRows } from './shape.ts'

/** Documents that are read of one source for its languages, lengths and personal data, and characters of each. */
const [sample, readable] = [24, 20_000]
/** Rows that are counted one by one. */
const counted = 5000
/** Names of files that hold the text of a license. */
const isLicenseFile = (path: string): boolean =>
  /^(?:un)?licen[cs]es?(?:[-_.]|$)|^copying(?:[-_.]|$)/i.test(basename(path)) &&
  !/\.(?:jsonl?|ya?ml|csv|[jt]s|py)$/i.test(path)
/** What stands beside documents and is none of them. */
const beside =
  /^(?:readme|changelog|changes|contributing|contributors|code[-_]of[-_]conduct|security|authors|todo|notice)(?:[._-].*)?$/i

/** Looks at every file of a folder, and into a sample of them. Reads only; nothing outside of the folder. */
export async function look(folder: string): Promise<Seen> {
  const files = await listFiles({ files: ['**/*'] }, folder)
  const passed = new Map<string, string[]>()
  const pass = (path: string, why: string) => {
    const list = passed.get(why)
    if (list) list.push(path)
    else passed.set(why, [path])
  }
  const drafts = await groupsOf(files, pass)
  const names = new Set<string>()
  const groups: Group[] = []
  for (const draft of drafts) {
    const license = await licenseFor(draft.members)
    groups.push({ ...(await describe(draft, files)), name: nameFor(draft, names), ...(license ? { license } : {}) })
  }
  return {
    groups,
    passed: [...passed].map(([why, files]) => ({ files, why })) satisfies Passed[],
    licenses: filesOf(await licensesOf(files)),
  }
}

/** Files of one source before they are looked into. */
type Draft = { folder: string; pattern: string; members: SourceFile[]; table?: string; look?: Look; code?: true }

async function groupsOf(files: readonly SourceFile[], pass: (path: string, why: string) => void): Promise<Draft[]> {
  const groups = new Map<string, Draft>()
  const put = (file: SourceFile, draft: Omit<Draft, 'members'>) => {
    const key = JSON.stringify([draft.pattern, draft.table, draft.look?.sign, draft.code])
    const group = groups.get(key) ?? { ...draft, members: [] }
    group.members.push(file)
    groups.set(key, group)
  }
  const isDocument = ({ path }: SourceFile) => holdsOf(path) === 'document' && !isLicenseFile(path)
  const inFolders = files.some(file => isDocument(file) && file.path.includes('/'))
  for (const file of files) {
    const form = formByEnding(file.path)
    const [top, ...deeper] = file.path.split('/')
    const folder = deeper.length > 0 ? top! : ''
    if (isLicenseFile(file.path)) continue
    if (!form) pass(file.path, unread(file.path))
    else if (file.size === 0) pass(file.path, 'empty')
    else if (formOf(form).holds === 'document') {
      if (inFolders && beside.test(basename(file.path))) pass(file.path, 'beside the documents')
      else put(file, { folder, pattern: folder ? `${folder}/**/*` : '*', ...(isCode(form) ? { code: true } : {}) })
    } else if (form === 'sqlite') {
      for (const table of tablesIn(file, why => pass(file.path, why))) {
        const seen = await lookAtRows(file, table).catch((error: Error) => error)
        if (seen instanceof Error) pass(`${table} of ${file.path}`, reasonOf(seen))
        else put(file, { folder, pattern: file.path, table, look: seen })
      }
    } else {
      const pattern = [...file.path.split('/').slice(0, -1), `*${fullEnding(file.path)}`].join('/')
      const seen = await lookAtRows(file).catch((error: Error) => error)
      if (seen instanceof Error) pass(file.path, reasonOf(seen))
      else put(file, { folder, pattern, look: seen })
    }
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, draft]) => draft)
}

const holdsOf = (path: string) => {
  const form = formByEnding(path)
  return form && formOf(form).holds
}
const isCode = (form: FormName) => (form as string) === 'code'
const fullEnding = (path: string) => /\.\w+(?:\.gz)?$/.exec(path)![0]

function endingOf(path: string): string {
  const ending = /\.\w+$/.exec(basename(path))?.[0]
  return ending ? ending.toLowerCase() : 'files without an ending'
}

/** Forms that nobody reads, and what their programs save them as. */
const savedAs: { readonly [ending: string]: string } = {
  ...{ '.doc': '.docx', '.odt': '.docx', '.rtf': '.docx', '.pages': '.docx' },
  ...{ '.xls': '.xlsx', '.ods': '.xlsx', '.ppt': 'PDF', '.pptx': 'PDF', '.odp': 'PDF', '.adoc': 'HTML' },
}

function unread(path: string): string {
  const ending = endingOf(path)
  const other = savedAs[ending]
  return `no reader for ${ending}${other ? `; save as ${other}` : ''}`
}

const reasonOf = (error: Error) =>
  StillroomError.is(error) && error.received ? `no row to use: ${error.received}` : error.message

/** Tables of a database, views aside; none where it cannot be read. */
function tablesIn(file: SourceFile, fail: (why: string) => void): string[] {
  try {
    return databaseTables(file).flatMap(({ name, type }) => (type === 'view' ? [] : [name]))
  } catch (error) {
    fail((error as Error).message)
    return []
  }
}

/** License files and manifests, folder by folder, with what they say together. */
const filesOf = ({ folders }: Licenses): LicenseFile[] =>
  folders.map(({ folder, license, files }) => ({
    file: files.map(name => (folder === '.' ? name : `${folder}/${name}`)).join(', '),
    says: license,
  }))

/** The license that stands nearest above the members; where they have several, the recipe is to tell each. */
async function licenseFor(members: readonly SourceFile[]): Promise<Group['license']> {
  const licenses = await licensesOf(members)
  const ids = [...new Set(members.map(file => licenses.of(file)))].sort()
  const known = ids.filter(id => id !== 'unknown')
  if (known.length === 0) return undefined
  const from = filesOf(licenses)
    .map(({ file }) => file)
    .join(', ')
  return { id: ids.length === 1 ? ids[0]! : 'detect', ids, from }
}

/** What the files of a group hold, from a sample of them. */
async function describe(draft: Draft, files: readonly SourceFile[]): Promise<Omit<Group, 'name' | 'license'>> {
  const { members, look: rows, table } = draft
  const seen = rows
    ? await readRows(draft, rows)
    : await readTexts(members, { files: draft.pattern, license: 'unknown', origin: 'real' } as SourceConfig)
  const forms = Map.groupBy(members, ({ path }) => formByEnding(path)!)
  const material = rows ? rows.material : draft.code ? ('code' as const) : ('documents' as const)
  const kind: Kind | undefined = rows ? rows.kind : 'document'
  const personal: { [entity: string]: number } = {}
  for (const text of seen.texts) {
    for (const { entity } of scanPersonalData(text, { wanted })) personal[entity] = (personal[entity] ?? 0) + 1
  }
  const people = rows?.material === 'tables' ? peopleIn(rows.rows, rows.personal) : undefined
  return {
    files: patternOf(draft, files),
    ...(table === undefined ? {} : { table }),
    forms: [...forms].sort(([, a], [, b]) => b.length - a.length).map(([form]) => form),
    count: members.length,
    bytes: members.reduce((sum, { size }) => sum + size, 0),
    ...(kind === undefined ? {} : { kind }),
    material: people ? 'people' : material,
    ...(rows?.shape ? { shape: rows.shape } : {}),
    ...(rows?.columns ? { columns: rows.columns } : {}),
    ...(rows?.asked ? { asked: rows.asked } : {}),
    ...(rows?.synthetic ? { synthetic: true } : {}),
    records: seen.records,
    ...(seen.atLeast ? { atLeast: true } : {}),
    ...tokensOf(seen),
    languages: languagesIn(seen.texts),
    personal,
    ...(people ? { people } : {}),
    ...(rows?.material === 'tables' && !people ? { headers: Object.keys(rows.rows[0] ?? {}) } : {}),
    ...(material === 'documents' ? { askable: await askable(seen.texts.slice(0, sample)) } : {}),
    copies: copiesAmong(members),
  }
}

const wanted = personalEntities(undefined)

/** `part` is the share of all that the texts are. */
type Sampled = { texts: string[]; sizes: number[]; records: number; atLeast?: boolean; part: number }

/** Documents, evenly out of all members; each file that holds one is one. */
async function readTexts(members: readonly SourceFile[], config: SourceConfig): Promise<Sampled> {
  const step = Math.max(1, members.length / sample)
  const picked = members.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step)).slice(0, sample)
  const texts: string[] = []
  const sizes: number[] = []
  let bytes = 0
  for (const file of picked) {
    bytes += file.size
    for await (const item of readSource('', { ...config, files: file.path }, file)) {
      if (item.is !== 'record' || item.payload.kind !== 'document') continue
      texts.push(item.payload.text.slice(0, readable))
      sizes.push(item.payload.text.length)
    }
  }
  const all = members.reduce((sum, { size }) => sum + size, 0)
  return { texts, sizes, records: members.length, part: all > 0 ? bytes / all : 1 }
}

/** The texts of rows, and how many there are as far as it is cheap to count. */
async function readRows({ members, table }: Draft, rows: Look): Promise<Sampled> {
  const texts: string[] = []
  const sizes: number[] = []
  let records = 0
  const config = {
    ...{ files: '.', license: 'unknown', origin: 'real', ...(table === undefined ? {} : { table }) },
    ...(rows.kind ? { kind: rows.kind } : {}),
    ...(rows.columns ? { columns: rows.columns } : {}),
    ...(rows.material === 'exams' ? { exam: { layout: 'auto', shots: 0 }, kind: 'exam' } : {}),
  } as SourceConfig
  for (const [i, file] of members.entries()) {
    for await (const item of readSource('', config, file)) {
      if (item.is !== 'record') continue
      records++
      if (texts.length < 10 * sample) {
        const text = textOf(item.payload)
        texts.push(text.slice(0, readable))
        sizes.push(text.length)
      }
      if (records < counted) continue
      return {
        texts,
        sizes,
        records,
        atLeast: true,
        part: texts.length / (records * Math.max(1, members.length / (i + 1))),
      }
    }
  }
  return { texts, sizes, records, part: records > 0 ? texts.length / records : 1 }
}

/** Tokens of all, by those of the sample; the tokenizer is that of the engine's default. */
function tokensOf({ texts, sizes, part }: Sampled): { tokens: number; longest: number } {
  const { count } = tokenizer()
  const each = texts.map((text, i) => (text === '' ? 0 : (count(text) * sizes[i]!) / text.length))
  const sum = each.reduce((all, n) => all + n, 0)
  return { tokens: Math.round(sum / Math.max(part, 1e-9)), longest: Math.round(Math.max(0, ...each)) }
}

function languagesIn(texts: readonly string[]): { [language: string]: number } {
  const votes: { [language: string]: number } = {}
  let all = 0
  for (const text of texts) {
    const language = identifyLanguage(text.slice(0, 4000))?.language
    if (!language) continue
    votes[language] = (votes[language] ?? 0) + 1
    all++
  }
  return Object.fromEntries(Object.entries(votes).map(([language, n]) => [language, n / all]))
}

/** Files that are another one byte for byte. Only those of equal size are read. */
function copiesAmong(members: readonly SourceFile[]): number {
  let copies = 0
  for (const [size, alike] of Map.groupBy(members, file => file.size)) {
    if (alike.length < 2 || size > 1 << 20) continue
    copies += alike.length - new Set(alike.map(({ absolute }) => sha256(readFileSync(absolute)))).size
  }
  return copies
}

/** A pattern that fits these files and no others, or their paths. */
function patternOf({ pattern, members, look: rows }: Draft, files: readonly SourceFile[]): string | string[] {
  const paths = members.map(({ path }) => path)
  if (paths.length === 1) return paths[0]!
  if (rows) {
    const [head, tail] = [pattern.slice(0, pattern.lastIndexOf('*')), pattern.slice(pattern.lastIndexOf('*') + 1)]
    const fits = files.filter(({ path }) => dirname(path) === (dirname(pattern) || '.') && path.endsWith(tail))
    return fits.every(({ path }) => path.startsWith(head)) && fits.length === paths.length ? pattern : paths
  }
  const endings = [...new Set(paths.map(path => path.slice(path.lastIndexOf('.') + 1)))].sort()
  const ending = endings.length === 1 ? endings[0]! : `{${endings.join(',')}}`
  const deep = pattern.endsWith('/**/*')
  const own = new Set(paths)
  const others = files.filter(
    ({ path }) =>
      !own.has(path) &&
      endings.includes(path.slice(path.lastIndexOf('.') + 1)) &&
      (deep ? path.startsWith(pattern.slice(0, -4)) : !path.includes('/')),
  )
  if (others.length === 0) return `${pattern}.${ending}`
  if (paths.length <= 12) return paths
  const names = [...new Set(others.map(({ path }) => basename(path).replace(/\.[^.]*$/, '')))].sort()
  return `${pattern.slice(0, -1)}!(${names.join('|')}).${ending}`
}

function nameFor({ folder, members, table, look: rows, code }: Draft, taken: Set<string>): string {
  const path = members[0]!.path
  const own = rows ? basename(table ?? path).replace(/\..*$/, '') : folder || (code ? 'code' : 'documents')
  const plain = own.replace(/[^\p{L}\p{N}_-]+/gu, '-').replace(/^-+|-+$/g, '') || 'source'
  let name = plain
  for (let n = 2; taken.has(name); n++) name = `${plain}-${n}`
  taken.add(name)
  return name
}
