import { mkdtempSync, readFileSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Columns, type Json, parquetWriter, readParquet } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'stillroom-parquet-'))
let files = 0

const columns: Columns = {
  id: 'string',
  messages: { list: { struct: { role: 'string', content: 'string', tags: { list: 'string' } } } },
  tokens: 'int',
  score: 'double',
  good: 'boolean',
}

function write(rows: { [column: string]: Json }[]): string {
  const file = join(folder, `${files++}.parquet`)
  const writer = parquetWriter(file, columns)
  for (const row of rows) writer.row(row)
  writer.end()
  return file
}

async function duck(file: string): Promise<Json[]> {
  const database = await (await DuckDBInstance.create()).connect()
  const read = await database.runAndReadAll(`select * from read_parquet('${file}')`)
  database.closeSync()
  return read.getRowObjectsJson() as Json[]
}

async function all(file: string): Promise<Json[]> {
  const rows: Json[] = []
  for await (const row of readParquet(file)) rows.push(row)
  return rows
}

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', '水\u2028😀', 'nul\u0000', 'x'.repeat(4000)))
const orNull = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null, freq: 4 })
const message = fc.record({ role: text, content: orNull(text), tags: orNull(fc.array(orNull(text), { maxLength: 3 })) })
const row = fc.record({
  id: text,
  messages: orNull(fc.array(orNull(message), { maxLength: 4 })),
  tokens: orNull(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  score: orNull(fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => value + 0)),
  good: orNull(fc.boolean()),
})

test('nested lists of structs with nulls, empty lists and any text come back, here and in DuckDB', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 12 }), async rows => {
      const file = write(rows)
      expect(await all(file)).toEqual(rows)
      expect(await duck(file)).toEqual(rows)
    }),
    { seed: 1, numRuns: 60 },
  )
})

test('several row groups keep every row in order, statistics prune none, and equal rows give equal bytes', async () => {
  const rows = fc
    .sample(row, { seed: 2, numRuns: 5003 })
    .map((one, i) => ({ ...one, id: `${'same long prefix of the id '.repeat(2)}${i}` }))
  const file = write(rows)
  expect(readFileSync(file).equals(readFileSync(write(rows)))).toBe(true)
  expect(await all(file)).toEqual(rows)
  const database = await (await DuckDBInstance.create()).connect()
  const count = async (sql: string) => Number((await database.runAndReadAll(sql)).getRowsJson()[0]![0])
  expect(await count(`select count(distinct row_group_id) from parquet_metadata('${file}')`)).toBe(3)
  expect(await count(`select count(*) from read_parquet('${file}') where id = '${rows[4321]!.id}'`)).toBe(1)
  database.closeSync()
})

test('a damaged file throws and gives no rows of its own making', async () => {
  const file = write(fc.sample(row, { seed: 3, numRuns: 50 }))
  truncateSync(file, 300)
  await expect(all(file)).rejects.toThrow()
})

test('foreign types become JSON that loses nothing', async () => {
  const file = join(folder, 'foreign.parquet')
  const database = await (await DuckDBInstance.create()).connect()
  await database.run(
    `copy (select 9007199254740993::bigint big, 7::bigint small, timestamp '2026-01-02 03:04:05' at_time, 'ab'::blob raw, {'a': null::int[]} nested)
     to '${file}' (format parquet, compression zstd)`,
  )
  database.closeSync()
  expect(await all(file)).toEqual([
    { big: '9007199254740993', small: 7, at_time: '2026-01-02T03:04:05.000Z', raw: 'ab', nested: { a: null } },
  ])
})
