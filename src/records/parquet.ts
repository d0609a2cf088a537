import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer'
import type { Json } from './record.ts'

/** Type of a column. Everything is optional (null allowed); `int` is 32 bits wide. */
export type ColumnType =
  | 'string'
  | 'int'
  | 'double'
  | 'boolean'
  | { list: ColumnType }
  | { struct: { [key: string]: ColumnType } }
export type Columns = { [name: string]: ColumnType }
export type Row = { [column: string]: Json | undefined }

const leaves = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  int: { type: 'INT32' },
  double: { type: 'DOUBLE' },
  boolean: { type: 'BOOLEAN' },
} as const

/** Schema elements in preorder; lists in the three-level form of the Parquet specification (LogicalTypes, Lists). */
function elements(name: string, type: ColumnType): SchemaElement[] {
  const base = { name, repetition_type: 'OPTIONAL' } as const
  if (typeof type === 'string') return [{ ...base, ...leaves[type] }]
  if ('list' in type) {
    return [
      { ...base, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      ...elements('element', type.list),
    ]
  }
  const fields = Object.entries(type.struct)
  return [{ ...base, num_children: fields.length }, ...fields.flatMap(([key, field]) => elements(key, field))]
}

const rowsPerGroup = 2000

/**
 * Writes a new Parquet file (snappy), a row group at a time, so that memory does not grow with rows. Equal rows give
 * equal bytes. `end` syncs; throws what the file system throws.
 */
export function parquetWriter(file: string, columns: Columns): { row(row: Row): void; end(): void } {
  const names = Object.keys(columns)
  const schema = [
    { name: 'schema', num_children: names.length },
    ...names.flatMap(name => elements(name, columns[name]!)),
  ]
  const fd = openSync(file, 'wx')
  const writer = new ByteWriter()
  const flush = () => {
    const bytes = new Uint8Array(writer.buffer, 0, writer.index)
    let done = 0
    while (done < bytes.length) done += writeSync(fd, bytes, done)
    writer.index = 0
  }
  const parquet = new ParquetWriter({
    writer: Object.assign(writer, { flush, finish: flush }),
    schema,
    createdBy: 'stillroom',
  })
  let group: Row[] = []

  function writeGroup(): void {
    if (group.length === 0) return
    const columnData = names.map(name => ({ name, data: group.map(row => row[name] ?? null) }))
    parquet.write({ columnData, rowGroupSize: group.length })
    group = []
  }
  return {
    row(row) {
      group.push(row)
      if (group.length === rowsPerGroup) writeGroup()
    },
    end() {
      try {
        writeGroup()
        parquet.finish()
        fsyncSync(fd)
      } finally {
        closeSync(fd)
      }
    },
  }
}

/**
 * The rows of any Parquet file in order, a slice of a row group at a time. Values become JSON: dates ISO strings,
 * integers beyond 2^53 decimal strings, bytes without a type UTF-8 text (as older writers mean them). With `columns` only
 * those are read. Throws what the reader throws on a damaged file.
 */
export async function* readParquet(path: string, columns?: string[]): AsyncGenerator<{ [column: string]: Json }> {
  const handle = await open(path)
  try {
    const { size } = await handle.stat()
    const file: AsyncBuffer = {
      byteLength: size,
      async slice(start, end = size) {
        const bytes = new Uint8Array(end - start)
        let done = 0
        while (done < bytes.length) {
          const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done)
          if (bytesRead === 0) throw new RangeError(`${path} ends at byte ${start + done}, before its footer says`)
          done += bytesRead
        }
        return bytes.buffer
      },
    }
    const metadata = await parquetMetadataAsync(file)
    let start = 0
    for (const group of metadata.row_groups) {
      const stop = start + Number(group.num_rows)
      for (let rowStart = start; rowStart < stop; rowStart += rowsPerGroup) {
        const rowEnd = Math.min(rowStart + rowsPerGroup, stop)
        for (const row of await parquetReadObjects({
          ...{ file, metadata, compressors, rowStart, rowEnd },
          ...(columns ? { columns } : {}),
        })) {
          yield asJson(row) as { [column: string]: Json }
        }
      }
      start = stop
    }
  } finally {
    await handle.close()
  }
}

/** The reader gives undefined for a null list or struct, which JSON would lose. */
function asJson(value: unknown): Json {
  if (value === undefined || value === null) return null
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'object') return value as Json
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>, asJson)
  if (Array.isArray(value)) return value.map(asJson)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asJson(inner)]))
}
