import type { Json } from '../../records/index.ts'

/** A row of a table by column name: `columns` of a record of kind `row`, or a line of a file. */
export type Cells = { [column: string]: Json | undefined }

export const columnTypes = ['number', 'date', 'category', 'boolean', 'text', 'id'] as const
/** What a column holds. Texts and ids say nothing of how near two rows are, and are left out of measurements. */
export type ColumnType = (typeof columnTypes)[number]
export type Types = { [column: string]: ColumnType }

/**
 * A column of values: numbers (dates are days since 1970; `NaN` is missing), or codes into labels (0 is missing, code 1
 * the first label).
 */
export type Column = { name: string; type: ColumnType } & (
  | { numbers: Float64Array; codes?: undefined; labels?: undefined }
  | { codes: Uint32Array; labels: readonly string[]; numbers?: undefined }
)
/** Typed columns. Tables of one call of `tablesOf` share labels, so that equal codes are equal values. */
export type Table = { rows: number; columns: Column[] }

const missing = (value: Json | undefined): boolean => value === undefined || value === null || value === ''
const number = /^[-+]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$|^[-+]?\.\d+$/
const date = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+]\d\d:?\d\d)?)?$/

const isNumber = (value: Json): boolean =>
  typeof value === 'number' ? Number.isFinite(value) : typeof value === 'string' && number.test(value.trim())
const isDate = (value: Json): boolean => typeof value === 'string' && date.test(value) && !Number.isNaN(days(value))
const isBoolean = (value: Json): boolean =>
  typeof value === 'boolean' || (typeof value === 'string' && /^(?:true|false)$/i.test(value))

const label = (value: Json): string =>
  typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value)
function days(value: Json): number {
  const text = String(value).replace(' ', 'T')
  // Without a zone it would be read by that of the machine.
  return Date.parse(text.length > 10 && !/(?:Z|[-+]\d\d:?\d\d)$/.test(text) ? `${text}Z` : text) / 86_400_000
}

/**
 * Types of the columns by all their values: numbers, dates, true and false; strings are categories unless most of them
 * occur once or are long (text), or all differ (id). Numbers that count up by one are ids as well. Numbers with leading
 * zeros are labels. What is overridden is taken as said.
 */
export function inferTypes(rows: readonly Cells[], overrides: Types = {}): Types {
  const names = [...new Set(rows.flatMap(row => Object.keys(row)))]
  return Object.fromEntries(names.map(name => [name, overrides[name] ?? typeOf(name, rows)]))
}

function typeOf(name: string, rows: readonly Cells[]): ColumnType {
  const values = rows.flatMap(row => (missing(row[name]) ? [] : [row[name] as Json]))
  if (values.length === 0) return 'category'
  if (values.every(isBoolean)) return 'boolean'
  if (values.every(isNumber)) return counting(values.map(Number)) ? 'id' : 'number'
  if (values.every(isDate)) return 'date'
  const labels = values.map(label)
  const distinct = new Set(labels).size
  if (distinct === values.length && values.length >= 50 && labels.every(text => text.length <= 40)) return 'id'
  const long = labels.reduce((sum, text) => sum + text.length, 0) / labels.length > 60
  return long || (distinct > 100 && distinct > values.length / 2) ? 'text' : 'category'
}

/** Whole numbers of which each is the one before plus one: a running number. */
const counting = (values: number[]): boolean =>
  values.length >= 50 && values.every((value, i) => i === 0 || value === values[i - 1]! + 1)

/** Tables of rows, with the columns that can be measured, in the order of the types. Labels are shared. */
export function tablesOf(sets: readonly (readonly Cells[])[], types: Types): Table[] {
  const names = Object.keys(types).filter(name => types[name] !== 'text' && types[name] !== 'id')
  const columns = names.map(name => {
    const type = types[name]!
    if (type === 'number' || type === 'date') {
      return sets.map(
        (rows): Column => ({ name, type, numbers: Float64Array.from(rows, row => numberOf(row[name], type)) }),
      )
    }
    const codes = new Map<string, number>()
    const labels: string[] = []
    const codeOf = (value: Json | undefined) => {
      if (missing(value)) return 0
      const text = type === 'boolean' ? label(value!).toLowerCase() : label(value!)
      if (!codes.has(text)) codes.set(text, labels.push(text))
      return codes.get(text)!
    }
    return sets.map((rows): Column => ({ name, type, codes: Uint32Array.from(rows, row => codeOf(row[name])), labels }))
  })
  return sets.map((rows, set) => ({ rows: rows.length, columns: columns.map(each => each[set]!) }))
}

const numberOf = (value: Json | undefined, type: ColumnType): number => {
  if (missing(value)) return Number.NaN
  return type === 'date' ? days(value!) : isNumber(value!) ? Number(value) : Number.NaN
}

/** Rows of a table by place, in that order. */
export function rowsAt(table: Table, places: Uint32Array): Table {
  const taken = <T extends Float64Array | Uint32Array>(from: T, into: T): T => {
    for (const [i, place] of places.entries()) into[i] = from[place]!
    return into
  }
  const columns = table.columns.map(column =>
    column.numbers
      ? { ...column, numbers: taken(column.numbers, new Float64Array(places.length)) }
      : { ...column, codes: taken(column.codes, new Uint32Array(places.length)) },
  )
  return { rows: places.length, columns }
}

/** Two tables of shared labels, one below the other. */
export function joined(a: Table, b: Table): Table {
  const below = <T extends Float64Array | Uint32Array>(first: T, second: T, into: T): T => {
    into.set(first)
    into.set(second, first.length)
    return into
  }
  const rows = a.rows + b.rows
  const columns = a.columns.map((column, i) => {
    const other = b.columns[i]!
    return column.numbers
      ? { ...column, numbers: below(column.numbers, other.numbers!, new Float64Array(rows)) }
      : { ...column, codes: below(column.codes, other.codes!, new Uint32Array(rows)) }
  })
  return { rows, columns }
}
