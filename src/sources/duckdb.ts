import { StillroomError } from '../errors/index.ts'
import { didYouMean } from '../recipe/index.ts'
import type { Json } from '../records/index.ts'
import { distinctNames } from './columns.ts'
import type { SourceConfig } from './config.ts'
import { formatOf, type SourceFile } from './files.ts'
import type { FormName } from './forms.ts'
import { changingIn, objectionTo } from './query.ts'
import type { Row } from './rows.ts'
import type { Asked } from './sqlite.ts'

type DuckDb = typeof import('@duckdb/node-api')
type Connection = Awaited<ReturnType<Awaited<ReturnType<DuckDb['DuckDBInstance']['create']>>['connect']>>

export const duckdbPackage = '@duckdb/node-api@1.5.5-r.5'

/** A database beside the files: its name in queries, and its address, which may hold a password. */
export type Attached = { name: string; address: string }

/** Files that DuckDB reads by itself. SQLite files alone need none of it. */
const readers: { [format in FormName]?: (path: string) => string } = {
  parquet: path => `read_parquet(${path})`,
  csv: path => `read_csv(${path})`,
  jsonl: path => `read_json(${path})`,
}

/** True where the query of a source goes to DuckDB, over all of its files at once: they are no SQLite databases. */
export function askedOfDuckdb(
  { sql, table, attach, format }: Pick<SourceConfig, 'sql' | 'table' | 'attach' | 'format'>,
  files: readonly SourceFile[],
): boolean {
  if (attach !== undefined || (sql ?? table) === undefined) return false
  return files.every(file => readers[formatOf({ format }, file.path)] !== undefined)
}

/**
 * Rows of a query over files, in the order in which one thread of DuckDB gives them, a chunk in memory at a time. Each file
 * is a table of its name without folders and ending; `files` is all of them. The query sees these files and the databases
 * attached, and nothing else: no other file, no network, no setting.
 * Throws SR_SOURCE_SQL for a query that cannot be answered; SR_USAGE where DuckDB is not installed.
 */
export async function* duckdbRows(
  files: readonly SourceFile[],
  asked: Asked & Pick<SourceConfig, 'format'>,
  bound: number,
  attached: readonly Attached[] = [],
): AsyncGenerator<Row> {
  const { DuckDBInstance, StatementType } = await loaded()
  // One thread: several would give the rows of a grouping in whichever order they come.
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '384MB' })
  const connection = await instance.connect()
  let row = 0
  try {
    const tables = await prepared(connection, files, asked, attached)
    const sql = asked.sql ?? `select * from ${quoted(tableOf(files, asked.table, tables), '"')}`
    await expectReading(connection, StatementType.SELECT, sql, files, tables)
    const result = await connection.stream(sql).catch(error => {
      throw told(error, files, tables)
    })
    const names = distinctNames(result.columnNames())
    for await (const chunk of result.yieldRows()) {
      for (const cells of chunk) {
        const values = cells.map(jsonOf)
        const bytes = values.reduce<number>((n, v) => n + (typeof v === 'string' ? Buffer.byteLength(v) : 8), 0)
        row++
        if (bytes > bound) yield { row, reason: 'line-too-long', evidence: { bytes, bound } }
        else yield { row, value: Object.fromEntries(names.map((name, i) => [name, values[i]!])) }
      }
    }
  } catch (error) {
    throw StillroomError.is(error) ? error : told(error, files, [], row)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function loaded(): Promise<DuckDb> {
  try {
    return await import('@duckdb/node-api')
  } catch (cause) {
    throw new StillroomError('SR_USAGE', 'Queries over files are answered by DuckDB, which is not installed.', {
      received: (cause as Error).message.split('\n')[0] ?? '',
      hint: `npm install ${duckdbPackage}`,
      cause,
    })
  }
}

/** Makes a table of each file, attaches databases, and shuts the door behind them. Gives the names of the tables. */
async function prepared(
  connection: Connection,
  files: readonly SourceFile[],
  asked: Pick<SourceConfig, 'format'>,
  attached: readonly Attached[],
): Promise<string[]> {
  for (const { name, address } of attached) await attach(connection, name, address)
  const paths = files.map(({ absolute }) => quoted(absolute))
  await connection.run(`set allowed_paths = [${paths.join(', ')}]`)
  await connection.run('set enable_external_access = false')
  await connection.run("set TimeZone = 'UTC'")
  await connection.run('set lock_configuration = true')
  const names = distinctNames(files.map(({ path }) => stemOf(path)))
  for (const [i, file] of files.entries()) {
    const reader = readers[formatOf(asked, file.path)]
    if (!reader) {
      throw wrong(files, {
        message: `DuckDB does not read ${file.path}.`,
        expected: 'files of Parquet, CSV or JSON Lines together, or SQLite files alone',
        received: formatOf(asked, file.path),
        hint: 'give these files a source of their own',
      })
    }
    await connection.run(`create view ${quoted(names[i]!, '"')} as from ${reader(paths[i]!)}`).catch(error => {
      throw told(error, [file], names)
    })
  }
  if (files.length > 1 && !names.includes('files')) {
    // Files of other columns do not go together, and nobody may have asked for it.
    const all = names.map(name => `from ${quoted(name, '"')}`).join(' union all by name ')
    await connection.run(`create view files as ${all}`).catch(() => undefined)
    names.push('files')
  }
  return names
}

/** Read-only. What DuckDB says of an address is not repeated: it may hold a password. */
async function attach(connection: Connection, name: string, address: string): Promise<void> {
  const postgres = /^(?:postgres(?:ql)?:\/\/|host=|dbname=)/.test(address)
  if (postgres) {
    await connection.run('load postgres').catch(() => {
      throw new StillroomError('SR_SOURCE_SQL', 'Postgres is read by an extension of DuckDB, which is not there.', {
        expected: 'the extension `postgres`',
        hint: `install it once, where the network can be reached: npx duckdb -c "install postgres", or run \`install postgres\` through ${duckdbPackage}`,
      })
    })
  }
  const type = postgres ? 'type postgres, ' : ''
  await connection.run(`attach ${quoted(address)} as ${quoted(name, '"')} (${type}read_only)`).catch(error => {
    throw new StillroomError('SR_SOURCE_SQL', `The database \`${name}\` cannot be opened.`, {
      expected: postgres ? 'a Postgres server that answers' : 'a file of DuckDB, or postgres://..',
      received: postgres ? 'DuckDB could not connect' : sentence(error).replaceAll(address, '<address>'),
      hint: 'check the variable that `attach` names',
    })
  })
}

const quoted = (text: string, mark = "'"): string => `${mark}${text.replaceAll(mark, mark + mark)}${mark}`

/** One statement that only reads, needs no values from outside and gives the same rows each time. */
async function expectReading(
  connection: Connection,
  reading: number,
  sql: string,
  files: readonly SourceFile[],
  tables: readonly string[],
): Promise<void> {
  const fail = (error: unknown): never => {
    throw told(error, files, tables)
  }
  const statements = await connection.extractStatements(sql).catch(fail)
  const statement = statements.count === 1 ? await statements.prepare(0).catch(fail) : undefined
  const given = { expected: 'one statement that begins with select, with, from or values', received: sql.slice(0, 80) }
  if (statement?.statementType !== reading) {
    const message = statement ? 'The query of a source only reads.' : 'The query of a source is one statement.'
    throw wrong(files, { message, ...given, hint: 'write the query as `select ... from ...`' })
  }
  if (statement.parameterCount > 0) {
    const message = 'The query has a parameter, and nobody gives it a value.'
    throw wrong(files, { message, ...given, hint: 'write the value into the query, texts in single quotes' })
  }
  const known = await connection.runAndReadAll(
    "select distinct function_name from duckdb_functions() where stability <> 'CONSISTENT'",
  )
  const changing = new Set(known.getRows().map(([name]) => String(name)))
  const found = changingIn(sql, name => changing.has(name))
  if (found !== undefined) throw wrong(files, objectionTo(found))
}

/** The name of a table: that of the file without folders and ending. */
const stemOf = (path: string): string => path.replace(/^.*\//, '').replace(/(?<=.)\.\w+(?:\.gz)?$/, '')

function tableOf(files: readonly SourceFile[], wanted: string | undefined, tables: readonly string[]): string {
  const found = tables.find(name => name.toLowerCase() === wanted?.toLowerCase())
  if (found !== undefined) return found
  throw wrong(files, {
    message: `There is no table \`${wanted}\`.`,
    expected: `one of ${tables.join(', ')}`,
    received: wanted ?? 'nothing',
    hint: didYouMean(wanted ?? '', tables),
  })
}

/**
 * As the readers of Parquet and SQLite have it: whole numbers and decimals that a double cannot hold as text, bytes in
 * base64, dates and times as ISO 8601.
 */
function jsonOf(cell: unknown): Json {
  if (cell === null || cell === undefined) return null
  if (typeof cell === 'boolean' || typeof cell === 'string') return cell
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : null
  if (typeof cell === 'bigint') return Number.isSafeInteger(Number(cell)) ? Number(cell) : cell.toString()
  if (typeof cell !== 'object') return String(cell)
  if (Array.isArray(cell)) return cell.map(jsonOf)
  const value = cell as { items?: unknown[]; entries?: unknown; bytes?: Uint8Array; scale?: number; micros?: bigint }
  if (Array.isArray(value.items)) return value.items.map(jsonOf)
  if (Array.isArray(value.entries)) {
    const pairs = value.entries as { key: unknown; value: unknown }[]
    return Object.fromEntries(pairs.map(pair => [String(jsonOf(pair.key)), jsonOf(pair.value)]))
  }
  if (typeof value.entries === 'object' && value.entries !== null) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, inner]) => [name, jsonOf(inner)]))
  }
  if (value.bytes instanceof Uint8Array) return Buffer.from(value.bytes).toString('base64')
  // By itself it is told in the time zone of the machine.
  if (value.constructor.name === 'DuckDBTimestampTZValue' && typeof value.micros === 'bigint')
    return instant(value.micros)
  const text = String(cell)
  // A decimal is a number where its digits come back from one.
  if (value.scale !== undefined && Number(text).toFixed(value.scale) === text) return Number(text)
  return /^\d{4}-\d\d-\d\d \d\d:/.test(text) ? text.replace(' ', 'T') : text
}

/** Microseconds since 1970 in UTC as ISO 8601. */
function instant(micros: bigint): string {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const at = new Date(Number((micros - rest) / 1000n))
  if (Number.isNaN(at.getTime())) return micros.toString()
  return at.toISOString().replace('.000Z', rest === 0n ? 'Z' : `.${String(rest).padStart(6, '0')}Z`)
}

const sentence = (error: unknown): string =>
  String((error as Error).message)
    .split('\n')[0]!
    .slice(0, 300)

/** What DuckDB said, as the error of this house. */
function told(error: unknown, files: readonly SourceFile[], tables: readonly string[], row = 0): StillroomError {
  if (StillroomError.is(error)) return error
  const said = sentence(error)
  const missing = /Table with name (\S+) does not exist/.exec(said)?.[1]
  return wrong(files, {
    message: 'The query cannot be answered.',
    expected: tables.length > 0 ? `a query of ${tables.join(', ')}` : 'a query that DuckDB can answer',
    received: row === 0 ? said : `${said}, after row ${row}`,
    hint: missing === undefined ? 'try the query with `duckdb`; names in double quotes' : didYouMean(missing, tables),
  })
}

function wrong(
  files: readonly SourceFile[],
  { message, ...more }: { message: string; expected: string; received: string; hint: string },
): StillroomError {
  const position = files[0] ? { position: { file: files[0].path } } : {}
  return new StillroomError('SR_SOURCE_SQL', message, { ...position, ...more })
}
