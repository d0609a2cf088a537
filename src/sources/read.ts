import { StillroomError } from '../errors/index.ts'
import type { Facets, Json, Kind, Payload, RobotsNote, Score, SourceNote, TeacherId } from '../records/index.ts'
import { Unreadable } from './bytes.ts'
import { type Columns, Misshapen, object } from './columns.ts'
import { completionOf, isCompletion } from './completion.ts'
import type { SourceConfig } from './config.ts'
import { formOfFile } from './detect.ts'
import { readDocument } from './document.ts'
import { askedOfDuckdb, duckdbRows } from './duckdb.ts'
import { examColumns, examOf, layoutOf } from './exams.ts'
import { formatOf, idFile, type SourceFile } from './files.ts'
import type { Limits } from './form.ts'
import { type FormName, formByEnding, formOf, standardLimits } from './forms.ts'
import { openIds } from './ids.ts'
import { type Leaf, leavesOf } from './leaves.ts'
import { type SourceReason, sourceReasons } from './reasons.ts'
import { jsonRows, type Row } from './rows.ts'
import { guessKind, notesOf, payloadOf, renamed, type SelfReport, selfReport } from './shape.ts'
import type { Asked } from './sqlite.ts'
import { jsonOf, textOf, wholeBytes } from './unfold.ts'

/** What a reader gives: a record to be (with what its row says of its own origin), or a rejection. `row` counts from 1; `span` counts bytes of the text as UTF-8. */
export type Item = (
  | ({
      is: 'record'
      payload: Payload
      rowId?: string
      row?: number
      language?: string
      facets?: Facets
      /** The model that wrote it. */
      teacher?: TeacherId
      /** Marks that people gave it, by aspect: votes of a forum. */
      scores?: { [aspect: string]: Score }
      /** Its own address, in place of that of the file. */
      uri?: string
      /** What its site said of the use of it. */
      robots?: RobotsNote
    } & Pick<SourceNote, 'format' | 'encoding' | 'part' | 'places'> &
      SelfReport)
  | { is: 'rejected'; reason: SourceReason; evidence: Json; row?: number; span?: [number, number] }
) & {
  /** The member of an archive that it stands in; the file itself where there is none. */
  file?: Pick<SourceFile, 'path' | 'below'>
}

export type ReadOptions = {
  /** Kind of the whole source (`sourceKind`); default by the first row of this file. */
  kind?: Kind
  /** Longest line, row or document in bytes; default as the source says, or 32 MiB. */
  bound?: number
  /** All files of the source, which a query over them needs; default this one. */
  files?: readonly SourceFile[]
}

const largest = standardLimits.bytes

/** What a source allows to be read. */
export const limitsOf = (config: SourceConfig, bound?: number): Limits => ({
  ...{ ...standardLimits, ...config.limits },
  ...(bound ? { bytes: bound } : {}),
})

/**
 * The records of one file, as a stream: memory is bounded by the longest row allowed, plus the ids of an `id:` column.
 * A bad row, or a bad file, becomes a rejection and everything else goes on. Throws SR_SOURCE_READ, and
 * SR_SOURCE_SQL for a query that its database cannot answer.
 */
export async function* readSource(
  name: string,
  config: SourceConfig,
  file: SourceFile,
  options: ReadOptions = {},
): AsyncGenerator<Item> {
  const limits = limitsOf(config, options.bound)
  const files = options.files ?? [file]
  if (askedOfDuckdb(config, files)) {
    // The query is over all of them, and is asked once.
    if (file !== files[0]) return
    const of = files.length > 1 ? { file: joined(files) } : {}
    const rows = readRows(name, config, file, duckdbRows(files, config, limits.bytes), options.kind)
    for await (const item of rows) yield { ...item, ...of }
    return
  }
  for await (const leaf of leavesOf(config, file, limits)) {
    const at = leaf.file.path === file.path ? {} : { file: { path: leaf.file.path, below: leaf.file.below } }
    if (leaf.is === 'file')
      for await (const item of readLeaf(name, config, leaf, options, limits)) yield { ...at, ...item }
    else yield { ...at, is: 'rejected', reason: leaf.reason, evidence: leaf.evidence }
  }
}

/** The records of a file that is no archive, as `leavesOf` gives it. Throws as `readSource` does. */
export async function* readLeaf(
  name: string,
  config: SourceConfig,
  { file, format }: Leaf & { is: 'file' },
  options: ReadOptions,
  limits: Limits,
): AsyncGenerator<Item> {
  const form = formOf(format)
  if (!config.exam && form.holds === 'rows') {
    const rows = rowsOf(file, format, limits.bytes, config)
    yield* readRows(name, config, file, format === 'jsonl' ? named(config, file, rows, limits) : rows, options.kind)
    return
  }
  try {
    if (config.exam) yield* readExams(config, file)
    else if (form.holds === 'document')
      yield* readDocument({ ...config, kind: options.kind ?? config.kind }, file, format, limits.bytes)
    else if (form.holds === 'items') {
      const kind = options.kind ?? config.kind ?? form.kinds[0]!
      if (form.kinds.includes(kind)) yield* (await form.load())(file, config, kind, limits)
      else yield { is: 'rejected', reason: 'wrong-shape', evidence: { kind, expected: [...form.kinds] } }
    }
  } catch (error) {
    if (error instanceof Unreadable) yield { is: 'rejected', reason: error.reason, evidence: error.evidence }
    else throw unread(error, `${file.path} of source ${name}`)
  }
}

/** Rows as records of one kind: as stated, or that of the first row. */
async function* readRows(
  name: string,
  config: SourceConfig,
  file: SourceFile,
  rows: AsyncGenerator<Row>,
  stated?: Kind,
): AsyncGenerator<Item> {
  const ids = new Set<string>()
  let kind = stated ?? config.kind
  let empty = true
  try {
    for await (const row of rows) {
      empty = false
      kind ??= 'value' in row ? kindOf(config, row.value) : undefined
      yield itemOf(config, kind ?? 'row', row, ids)
    }
    if (empty) yield { is: 'rejected', reason: 'empty-file', evidence: { bytes: file.size } }
  } catch (error) {
    if (error instanceof Unreadable) yield { is: 'rejected', reason: error.reason, evidence: error.evidence }
    else throw unread(error, `${file.path} of source ${name}`)
  }
}

/** Rows with the ids that stand in a file beside theirs, if there is one. */
async function* named(
  config: SourceConfig,
  file: SourceFile,
  rows: AsyncGenerator<Row>,
  { bytes }: Limits,
): AsyncGenerator<Row> {
  const beside = await idFile(config, file)
  const name = beside && openIds(jsonRows(beside, bytes), config.id!)
  for await (const row of rows) yield name ? await name(row) : row
}

/** Rows of a query belong to all the files that it was asked of. */
const joined = (files: readonly SourceFile[]): Pick<SourceFile, 'path' | 'below'> => ({
  path: files.map(({ path }) => path).join(' + '),
  below: files.map(({ below }) => below).join(' + '),
})

/** What the file system refuses, whichever reader met it. */
function unread(error: unknown, file: string): StillroomError {
  if (StillroomError.is(error)) return error
  return new StillroomError('SR_SOURCE_READ', `The file ${file} could not be read.`, {
    received: (error as Error).message,
    hint: 'Check that the file still exists and that you may read it, then run again.',
    cause: error,
  })
}

/** Rows without a usable one among them after which a source is given the benefit of the doubt. */
const patience = 100

/**
 * Kind of record a source holds: as declared, `document` for prose, else by the first row that can be read. Looks no
 * further than the first row that becomes a record, or `patience` rows.
 * @throws StillroomError SR_SOURCE_EMPTY without files, and where every row of every file would be rejected; SR_SOURCE_SQL
 * for a query or table that a database does not have.
 */
export async function sourceKind(config: SourceConfig, files: readonly SourceFile[]): Promise<Kind> {
  if (config.urls) return 'document'
  if (files.length === 0) {
    throw new StillroomError('SR_SOURCE_EMPTY', 'The patterns of a source match no file.', {
      received: [config.files ?? []].flat().join(', '),
      hint: 'Paths are relative to the recipe; hidden folders, node_modules and releases are skipped unless named.',
    })
  }
  expectDatabases(config, files)
  const limits = limitsOf(config)
  const together = askedOfDuckdb(config, files)
  // Among files of all sorts those that are one document decide: what rows beside them are is anybody's guess.
  if (!config.exam && (config.kind ?? 'document') === 'document' && (await holdProse(config, files, limits)))
    return 'document'
  let kind = config.kind
  let looked = 0
  const reasons: Reasons = {}
  for (const file of files) {
    for await (const leaf of leavesOf(config, file, limits)) {
      if (leaf.is === 'rejected') {
        bump(reasons, leaf.reason)
        continue
      }
      const form = formOf(leaf.format)
      if (!config.exam && form.holds === 'items' && (await form.told?.(leaf.file))) {
        const wanted = config.kind ?? form.kinds[0]!
        if (form.kinds.includes(wanted)) return wanted
      }
      if (config.exam || formOf(leaf.format).holds !== 'rows') {
        for await (const item of readLeaf('', config, leaf, {}, limits)) {
          if (item.is === 'record') return item.payload.kind
          bump(reasons, item.reason)
        }
        continue
      }
      const before = looked
      try {
        const rows = together
          ? duckdbRows(files, config, limits.bytes)
          : rowsOf(leaf.file, leaf.format, limits.bytes, config)
        for await (const row of rows) {
          kind ??= 'value' in row ? kindOf(config, row.value) : undefined
          const item = itemOf(config, kind ?? 'row', row, new Set())
          if (item.is === 'record') return item.payload.kind
          bump(reasons, item.reason)
          if (++looked >= patience && kind) return kind
        }
        if (looked === before) bump(reasons, 'empty-file')
      } catch (error) {
        if (!(error instanceof Unreadable)) throw unread(error, file.path)
        bump(reasons, error.reason)
      }
    }
  }
  const counted = Object.entries(reasons).map(([reason, n]) => `${n} ${reason}`)
  throw new StillroomError('SR_SOURCE_EMPTY', 'No row of the source can be used.', {
    expected: kind ? `rows of kind ${kind}` : 'rows with named columns',
    received: counted.join(', '),
    hint: hintFor(reasons),
  })
}

/** Whether any of the files, or of the members of archives, is one document. */
async function holdProse(config: SourceConfig, files: readonly SourceFile[], limits: Limits): Promise<boolean> {
  // Most are told by their names.
  if (files.some(file => formOf(formatOf(config, file.path)).holds === 'document' && formByEnding(file.path)))
    return true
  for (const file of files) {
    for await (const leaf of leavesOf(config, file, limits))
      if (leaf.is === 'file' && formOf(leaf.format).holds === 'document') return true
  }
  return false
}

/** A query or table named for other files would be passed over in silence. */
function expectDatabases(config: SourceConfig, files: readonly SourceFile[]): void {
  const option = config.sql === undefined ? 'table' : 'sql'
  if (config[option] === undefined || config.attach || askedOfDuckdb(config, files)) return
  const taking: FormName[] = option === 'sql' ? ['sqlite'] : ['sqlite', 'xlsx']
  const other = files.find(file => !taking.includes(formatOf(config, file.path)))
  if (!other) return
  const those = option === 'sql' ? 'databases' : 'databases and workbooks'
  throw new StillroomError('SR_SOURCE_SQL', `\`${option}\` reads ${those}, and ${other.path} is none.`, {
    position: { file: other.path },
    expected:
      option === 'sql'
        ? 'SQLite files (.sqlite, .sqlite3, .db), or files of Parquet, CSV and JSON Lines alone'
        : 'SQLite files (.sqlite, .sqlite3, .db) or workbooks (.xlsx, .xlsm)',
    received: formatOf(config, other.path),
    hint: `name ${those} alone in \`files\`, or leave \`${option}\` out`,
  })
}

type Reasons = { [reason in SourceReason]?: number }

function bump(reasons: Reasons, reason: SourceReason): void {
  reasons[reason] = (reasons[reason] ?? 0) + 1
}

function hintFor(reasons: Reasons): string {
  const [most] = Object.entries(reasons).sort(([, a], [, b]) => b - a)[0] as [SourceReason, number]
  const mended = most === 'missing-column' || most === 'wrong-shape'
  return `${sourceReasons[most]}${mended ? ' Say what the rows are with kind: and columns:.' : ''}`
}

/** A row of a table as it stands, or why it cannot be read. */
export type TableRow = { row: number } & ({ columns: Columns } | { reason: SourceReason; evidence: Json })

/** The rows of a table as they stand: for looking and for imports, not for records. A document has none. */
export async function* readTable(
  file: SourceFile,
  config: Pick<SourceConfig, 'format' | 'limits'> & Asked = {},
): AsyncGenerator<TableRow> {
  let last = 0
  try {
    const format = await formOfFile(config, file)
    for await (const row of rowsOf(file, format, config.limits?.bytes ?? largest, config)) {
      last = row.row
      const columns = 'value' in row ? object(row.value) : undefined
      if (columns) yield { row: row.row, columns }
      else if ('reason' in row) yield { row: row.row, reason: row.reason, evidence: row.evidence }
      else yield { row: row.row, reason: 'wrong-shape', evidence: { row: 'not an object' } }
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw unread(error, file.path)
    yield { row: last + 1, reason: error.reason, evidence: { error: error.message } }
  }
}

/** Rows of a benchmark, nested forms unfolded: `.json` holds one value, or JSON Lines in spite of its name. */
async function* benchmarkRows(config: SourceConfig, file: SourceFile): AsyncGenerator<TableRow> {
  if (config.format === undefined && /\.json(?:\.gz)?$/i.test(file.path) && file.size <= wholeBytes) {
    let bad: SourceReason | undefined
    const value = jsonOf((await textOf(file, reason => (bad = reason))) ?? '')
    if (bad) yield { row: 1, reason: bad, evidence: { bytes: file.size } }
    let row = 0
    for (const one of value === undefined ? [] : Array.isArray(value) ? value : [value]) {
      const columns = object(one)
      if (!columns) yield { row: ++row, reason: 'wrong-shape', evidence: { row: 'not an object' } }
      else for (const inner of examColumns(columns)) yield { row: ++row, columns: inner }
    }
    if (bad || value !== undefined) return
  }
  let row = 0
  for await (const one of readTable(file, config)) {
    if (!('columns' in one)) yield one
    else for (const columns of examColumns(one.columns)) yield { row: ++row, columns }
  }
}

/** The exams of a benchmark. Each file has the layout that is named, or the one of its first row that has any. */
async function* readExams(config: SourceConfig, file: SourceFile): AsyncGenerator<Item> {
  const { layout: named, shots } = config.exam!
  let layout = named === 'auto' ? undefined : named
  let empty = true
  const ids = new Set<string>()
  for await (const row of benchmarkRows(config, file)) {
    empty = false
    if (!('columns' in row)) {
      yield { is: 'rejected', reason: row.reason, evidence: row.evidence, row: row.row }
      continue
    }
    try {
      const columns = renamed(row.columns, config.columns)
      if (named === 'auto') layout ??= layoutOf(columns)
      const { payload, id: own, part } = examOf(columns, layout, { shots })
      const given = config.id === undefined ? own : row.columns[config.id]
      const rowId = given === undefined || given === null ? undefined : String(given)
      if (rowId === undefined && config.id !== undefined) throw new Misshapen('missing-column', { column: config.id })
      if (rowId !== undefined && ids.has(rowId)) throw new Misshapen('duplicate-id', { id: rowId })
      if (rowId !== undefined) ids.add(rowId)
      const { facets, ...notes } = { ...notesOf(columns, config.columns), ...selfReport(row.columns) }
      const all = { ...(part === undefined ? {} : { topic: part }), ...facets }
      const about = {
        ...(rowId === undefined ? {} : { rowId }),
        ...(Object.keys(all).length > 0 ? { facets: all } : {}),
      }
      yield { is: 'record', payload, row: row.row, ...about, ...notes }
    } catch (error) {
      if (!(error instanceof Misshapen)) throw error
      yield { is: 'rejected', reason: error.reason, evidence: error.evidence, row: row.row }
    }
  }
  if (empty) yield { is: 'rejected', reason: 'empty-file', evidence: { bytes: file.size } }
}

/** The first readable rows of a file as they stand, at most `n`. */
export async function firstRows(config: SourceConfig, file: SourceFile, n: number): Promise<Columns[]> {
  const rows: Columns[] = []
  for await (const row of readTable(file, config)) {
    if ('columns' in row) rows.push(row.columns)
    if (rows.length >= n) break
  }
  return rows
}

/** The rows of a file whose form holds rows; none of any other. */
async function* rowsOf(file: SourceFile, format: FormName, bound: number, asked: Asked): AsyncGenerator<Row> {
  const form = formOf(format)
  if (form.holds === 'rows') yield* (await form.load())(file, asked, bound)
}

function kindOf(config: SourceConfig, value: Json): Kind | undefined {
  const given = object(value)
  if (!given) return undefined
  try {
    return guessKind(renamed(asRow(given), config.columns), config.columns)
  } catch {
    return undefined
  }
}

/** A completion as the row it is in our own files; all else as it stands. */
const asRow = (columns: Columns): Columns => (isCompletion(columns) ? { ...completionOf(columns) } : columns)

/**
 * Whose words a record holds, where the source names a model or the row does (`model`). Questions alone are nobody's
 * answer: they are as real as the source says.
 */
function writtenBy(
  { teacher }: SourceConfig,
  payload: Payload,
  model: string | undefined,
): { teacher?: TeacherId; origin?: 'synthetic' } {
  if (teacher === undefined && model === undefined) return {}
  if (payload.kind === 'prompt' && !payload.messages.some(({ role }) => role === 'assistant')) return {}
  if (teacher === undefined) throw new Misshapen('no-teacher', { model: model! })
  return { teacher: model === undefined ? teacher : `${teacher.split('/')[0]}/${model}`, origin: 'synthetic' }
}

function itemOf(config: SourceConfig, kind: Kind, row: Row, ids: Set<string>): Item {
  const part = row.part === undefined ? {} : { part: row.part }
  const at = { row: row.row, ...(row.span ? { span: row.span } : {}) }
  if ('reason' in row) return { is: 'rejected', reason: row.reason, evidence: row.evidence, ...at }
  try {
    const given = object(row.value)
    if (!given) throw new Misshapen('wrong-shape', { row: 'not an object' })
    const read = asRow(given)
    const columns = renamed(read, config.columns)
    const payload = payloadOf(kind, kind === 'row' ? given : columns)
    const writer = writtenBy(config, payload, read === given ? undefined : String(read.model))
    const notes = { ...notesOf(columns, config.columns), ...selfReport(given), ...writer }
    if (config.id === undefined) return { is: 'record', payload, row: row.row, ...part, ...notes }
    const id = given[config.id] ?? read[config.id]
    if (id === undefined || id === null || id === '') throw new Misshapen('missing-column', { column: config.id })
    if (typeof id === 'object') throw new Misshapen('wrong-shape', { [config.id]: 'an id that is not a single value' })
    const rowId = String(id)
    if (ids.has(rowId)) throw new Misshapen('duplicate-id', { id: rowId })
    ids.add(rowId)
    return { is: 'record', payload, rowId, row: row.row, ...part, ...notes }
  } catch (error) {
    if (error instanceof Misshapen) return { is: 'rejected', reason: error.reason, evidence: error.evidence, ...at }
    throw error
  }
}
