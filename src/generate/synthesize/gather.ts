import { z } from 'zod'
import {
  type Cells,
  type ColumnType,
  columnTypes,
  inferTypes,
  type Table,
  type Types,
  tablesOf,
} from '../../measure/index.ts'
import type { Json, Rec } from '../../records/index.ts'
import type { Pass } from '../../steps/index.ts'

const column = z.union([
  z.enum(columnTypes),
  z.strictObject({
    type: z.enum(columnTypes).optional().describe('What the column holds; default by its values'),
    labels: z
      .array(z.union([z.string(), z.boolean()]))
      .min(1)
      .optional()
      .describe('All labels there can be'),
    min: z.number().optional().describe('Lowest number there can be'),
    max: z.number().optional().describe('Highest number there can be'),
    bins: z.int().min(2).max(200).optional().describe('Into how many bins of equal width numbers are counted'),
    edges: z.array(z.number()).min(2).optional().describe('Where bins begin, and the last one ends'),
    missing: z
      .literal(false)
      .optional()
      .describe('No value of the column is ever missing, so that noise makes none missing'),
  }),
])
/** What is known of columns without looking at anybody's row. */
export type Known = Exclude<z.output<typeof column>, string>
export type Columns = { [name: string]: z.output<typeof column> }

export const shape = {
  rows: z.int().min(1).optional().describe('How many rows are made; default as many as came in'),
  columns: z
    .record(z.string(), column)
    .optional()
    .describe('Type of a column, or its labels, limits and bins; the others are taken from the rows'),
}

/** Options of whatever spends of the privacy of a source. */
export const noiseShape = {
  budget: z
    .number()
    .gt(0)
    .optional()
    .describe('Epsilon that all releases on the same sources may spend together; default that of one release'),
  key: z
    .string()
    .default('.stillroom/keys/noise')
    .describe('File with the key that noise is made with; it belongs to the project and leaves it never'),
}

export const knownOf = (columns: Columns | undefined, name: string): Known => {
  const given = columns?.[name]
  return given === undefined ? {} : typeof given === 'string' ? { type: given } : given
}

/** All rows as they came, the sources they are of, and the seed. Memory grows with the rows. */
export type Gathered = { cells: Json[][]; names: string[][]; sources: string[]; seed: string }

/** What the synthesizers share: one look that gathers the rows, and a decision out of all of them. */
export function gathering<O extends { columns?: Columns | undefined }>(
  fitted: (rows: { table: Table; types: Types; sources: string[]; seed: string }, options: O) => Fitted,
): Pass<O, Gathered, Fitted, unknown> {
  return {
    survey(records, _, { seed }) {
      const gathered: Gathered = { cells: [], names: [], sources: [], seed }
      const sources = new Set<string>()
      for (const record of records) {
        const { columns, lineage } = record as Rec<'row'>
        sources.add(lineage.source?.name ?? '')
        const names = Object.keys(columns)
        const last = gathered.names.at(-1)
        // Names are kept once for rows in a row that have the same.
        const same = last && last.length === names.length && last.every((name, i) => name === names[i])
        gathered.names.push(same ? last : names)
        gathered.cells.push(names.map(name => columns[name] as Json))
      }
      gathered.sources = [...sources].sort()
      return new Map([[0, gathered]])
    },
    merge(a, b) {
      for (const cells of b.cells) a.cells.push(cells)
      for (const names of b.names) a.names.push(names)
      return { ...a, sources: [...new Set([...a.sources, ...b.sources])].sort() }
    },
    decide(_, { cells, names, sources, seed }, options) {
      const rows = cells.map((row, i): Cells => Object.fromEntries(row.map((cell, j) => [names[i]![j]!, cell])))
      const given = Object.entries(options.columns ?? {}).flatMap(([name]) => {
        const { type } = knownOf(options.columns, name)
        return type === undefined ? [] : [[name, type] as [string, ColumnType]]
      })
      const types = inferTypes(rows, Object.fromEntries(given))
      const [table] = tablesOf([rows], types)
      return fitted({ table: table!, types, sources, seed }, options)
    },
    combine: parts => parts[0] ?? { shared: null, each: new Map() },
  }
}

export type Fitted = {
  shared: Json
  each: Map<string, Json>
  notes?: string[]
  spends?: { of: string[]; unit: string; amount: number; limit: number; for: string }
}

/** Columns that no synthesizer makes: nothing that is true of them could be made up. */
export function leftOut(types: Types): string[] {
  const names = Object.keys(types).filter(name => types[name] === 'text' || types[name] === 'id')
  return names.length > 0 ? [`Columns left out as text or id: ${names.join(', ')}`] : []
}

/** A number or a date as rows hold it. */
export function cellOf(value: number, type: ColumnType, decimals: number): Json {
  if (Number.isNaN(value)) return null
  if (type === 'date') return new Date(Math.round(value) * 86_400_000).toISOString().slice(0, 10)
  return Number(value.toFixed(decimals))
}
export const labelOf = (label: string | undefined, type: ColumnType): Json =>
  label === undefined ? null : type === 'boolean' ? label === 'true' : label

/** Digits behind the point that values of a column have, six at most. */
export function decimalsOf(values: Float64Array): number {
  let most = 0
  for (const value of values) {
    while (most < 6 && !Number.isNaN(value) && Math.abs(value - Number(value.toFixed(most))) > 1e-9) most++
  }
  return most
}
