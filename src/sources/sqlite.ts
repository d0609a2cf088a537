import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { StillroomError } from '../errors/index.ts'
import { didYouMean } from '../recipe/index.ts'
import type { Json } from '../records/index.ts'
import { firstBytes, Unreadable } from './bytes.ts'
import { distinctNames } from './columns.ts'
import type { SourceConfig } from './config.ts'
import type { SourceFile } from './files.ts'
import { changing, objectionIn, objectionTo } from './query.ts'
import type { Row } from './rows.ts'

/** What is read of a database: the rows of a query, those of a table, or of its only table. */
export type Asked = Pick<SourceConfig, 'sql' | 'table'>

export type DatabaseTable = { name: string; type: 'table' | 'view' | 'virtual' }

/** Rows between two moments in which others get their turn: SQLite itself never waits. */
const turn = 1000

/**
 * Rows of a query or a table of an SQLite file, in the order in which SQLite gives them; a table without a query in that
 * of its rowid or primary key. One row is held at a time. The file is opened so that nothing can be written, neither to it
 * nor beside it, and exactly its own bytes are read.
 * Throws `Unreadable` for a file that is no database or is broken; SR_SOURCE_SQL for a query or table it does not have;
 * SR_SOURCE_READ while another program has changes of it beside the file.
 */
export async function* sqliteRows(file: SourceFile, asked: Asked, bound: number): AsyncGenerator<Row> {
  const objection = asked.sql === undefined ? undefined : objectionIn(asked.sql)
  if (objection) throw wrong(file, objection)
  if (file.size === 0) return
  const database = opened(file)
  let row = 0
  try {
    const sql = asked.sql ?? ofTable(file, asked.table, listed(database))
    if (sql === undefined) return
    const statement = database.prepare(sql)
    statement.setReadBigInts(true)
    statement.setReturnArrays(true)
    const columns = statement.columns()
    const names = distinctNames(columns.map(({ name }) => name))
    const truths = columns.map(({ type }) => /^bool/i.test(type ?? ''))
    for (const cells of statement.iterate() as Iterable<unknown> as Iterable<SQLOutputValue[]>) {
      const values = cells.map((cell, i) => jsonOf(cell, truths[i]!))
      const bytes = values.reduce<number>((n, v) => n + (typeof v === 'string' ? Buffer.byteLength(v) : 8), 0)
      row++
      if (bytes > bound) yield { row, reason: 'line-too-long', evidence: { bytes, bound } }
      else yield { row, value: Object.fromEntries(names.map((name, i) => [name, values[i]!])) }
      if (row % turn === 0) await setImmediate()
    }
  } catch (error) {
    throw told(error, file, database, row)
  } finally {
    database.close()
  }
}

/** Tables and views of an SQLite file, by name. Throws as `sqliteRows` does. */
export function databaseTables(file: SourceFile): DatabaseTable[] {
  if (file.size === 0) return []
  const database = opened(file)
  try {
    return listed(database)
  } catch (error) {
    throw told(error, file, database, 0)
  } finally {
    database.close()
  }
}

/**
 * `immutable` has SQLite read the file and nothing else: no lock, no log beside it, nothing left there. So what others have
 * not brought into the file yet would be missed, and is refused instead.
 */
function opened(file: SourceFile): DatabaseSync {
  const beside = unfinished(file.absolute)
  if (beside) {
    throw new StillroomError('SR_SOURCE_READ', `${file.path} has changes that are not in the file itself yet.`, {
      position: { file: file.path },
      expected: 'a database that no program is writing to',
      received: `${file.path}${beside} beside it`,
      hint: `close the program that uses it, or read a copy made with: sqlite3 ${file.path} "vacuum into 'copy.sqlite'"`,
    })
  }
  const there = firstBytes(file.absolute, 100)
  if (there.length === 100) {
    // What is cut off reads as empty pages, of which SQLite says nothing (file format 1.3.2, 1.3.7).
    const page = there.readUInt16BE(16) === 1 ? 65_536 : there.readUInt16BE(16)
    const known = there.readUInt32BE(24) === there.readUInt32BE(92)
    const bytes = page * there.readUInt32BE(28)
    if (known && file.size < bytes) throw new Unreadable('damaged', `${file.size} of ${bytes} bytes are there`)
  }
  const url = pathToFileURL(file.absolute)
  url.searchParams.set('immutable', '1')
  const database = new DatabaseSync(url, { readOnly: true })
  for (const name of changing) {
    database.function(name, { varargs: true }, () => {
      throw new Changing(name)
    })
  }
  return database
}

/** The ending of what holds changes beside a database: a log that is not empty, or a journal of an unfinished write. */
function unfinished(absolute: string): string | undefined {
  if ((statSync(`${absolute}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return '-wal'
  if ((statSync(`${absolute}-journal`, { throwIfNoEntry: false })?.size ?? 0) < 8) return undefined
  const head = Buffer.alloc(8)
  const handle = openSync(`${absolute}-journal`, 'r')
  try {
    readSync(handle, head, 0, 8, 0)
  } finally {
    closeSync(handle)
  }
  return head.toString('hex') === 'd9d505f920a163d7' ? '-journal' : undefined
}

/** A function was called that gives something else each time, by the query or a view behind it. */
class Changing extends Error {
  readonly function: string
  constructor(name: string) {
    super(name)
    this.function = name
  }
}

function listed(database: DatabaseSync): DatabaseTable[] {
  const rows = database
    .prepare("select name, type from pragma_table_list where schema = 'main' and type <> 'shadow'")
    .all() as unknown as DatabaseTable[]
  return rows
    .filter(({ name }) => !/^sqlite_/i.test(name))
    .map(({ name, type }) => ({ name, type }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The query that a table stands for; undefined where the file has none. */
function ofTable(file: SourceFile, wanted: string | undefined, tables: DatabaseTable[]): string | undefined {
  const own = wanted === undefined ? tables.filter(({ type }) => type !== 'view') : []
  if (wanted === undefined && tables.length === 0) return undefined
  const same = (name: string) => name.toLowerCase() === wanted?.toLowerCase()
  const table =
    own.length === 1 ? own[0] : (tables.find(({ name }) => name === wanted) ?? tables.find(t => same(t.name)))
  const names = tables.map(({ name }) => name)
  if (!table) {
    const expected = names.length === 0 ? 'a database that has tables' : `one of ${names.join(', ')}`
    throw wrong(
      file,
      wanted === undefined
        ? {
            ...{ message: 'It is not said which table of the database is read.', expected },
            ...{ received: 'neither table nor sql', hint: 'name one with `table:`, or write a query as `sql:`' },
          }
        : {
            ...{ message: `The database has no table \`${wanted}\`.`, expected },
            ...{ received: wanted, hint: didYouMean(wanted, names) },
          },
    )
  }
  // An index that holds all columns would be read instead, in its own order.
  return `select * from "${table.name.replaceAll('"', '""')}"${table.type === 'table' ? ' not indexed' : ''}`
}

/**
 * As the reader of Parquet has it: whole numbers that a double cannot hold as text, bytes in base64. A text comes as Node
 * gives it: bytes that are no UTF-8 replaced, and under Node 22 cut at a NUL.
 */
function jsonOf(cell: SQLOutputValue, truth: boolean): Json {
  if (typeof cell === 'bigint') {
    if (truth && (cell === 0n || cell === 1n)) return cell === 1n
    return Number.isSafeInteger(Number(cell)) ? Number(cell) : cell.toString()
  }
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : null
  return cell instanceof Uint8Array ? Buffer.from(cell).toString('base64') : cell
}

/** What SQLite said, as the error of this house: the file's fault, the query's, or the file system's own. */
function told(error: unknown, file: SourceFile, database: DatabaseSync, row: number): unknown {
  if (error instanceof Changing) return wrong(file, objectionTo(error.function))
  const { code, errcode = 1, message } = error as { code?: string; errcode?: number; message: string }
  if (code !== 'ERR_SQLITE_ERROR') return error
  const [corrupt, notADatabase] = [11, 26]
  // The upper bytes tell more about the lowest.
  const kind = errcode & 0xff
  if (kind === corrupt || kind === notADatabase)
    return new Unreadable('damaged', `SQLite, after row ${row}: ${message}`)
  const [failed, readOnly, tooBig, mismatch] = [1, 8, 18, 20]
  if (![failed, readOnly, tooBig, mismatch].includes(kind)) return error
  const missing = /^no such table: (?:main\.)?(.+)$/.exec(message)?.[1]
  let tables: DatabaseTable[]
  try {
    tables = listed(database)
  } catch {
    // What cannot even say which tables it has is broken, whatever was asked.
    return new Unreadable('damaged', `SQLite: ${message}`)
  }
  return wrong(file, {
    message: kind === readOnly ? 'The query of a source only reads.' : `The query cannot be answered: ${message}.`,
    expected: `a query of ${shapesOf(database, tables) || 'a database that has tables'}`,
    received: row === 0 ? message : `${message}, after row ${row}`,
    hint:
      missing === undefined
        ? 'try the query with `sqlite3 <file>`; texts stand in single quotes'
        : didYouMean(
            missing,
            tables.map(({ name }) => name),
          ),
  })
}

/** Tables with their columns, the first of both where there are many. */
function shapesOf(database: DatabaseSync, tables: DatabaseTable[]): string {
  const few = (names: string[], most: number) =>
    names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')}, and ${names.length - most} more`
  const columns = database.prepare('select name from pragma_table_info(?)')
  const shapes = tables.slice(0, 20).map(({ name }) => {
    try {
      return `${name} (${few(
        (columns.all(name) as { name: string }[]).map(column => column.name),
        20,
      )})`
    } catch {
      // A view of a table that is gone has a name and no columns.
      return name
    }
  })
  return few([...shapes, ...tables.slice(20).map(({ name }) => name)], 20)
}

function wrong(
  file: SourceFile,
  { message, ...more }: { message: string; expected: string; received: string; hint: string },
): StillroomError {
  return new StillroomError('SR_SOURCE_SQL', message, { position: { file: file.path }, ...more })
}
