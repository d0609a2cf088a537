import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { deserialize } from 'node:v8'
import { zstdDecompressSync } from 'node:zlib'
import { readParquet } from '../../src/records/index.ts'

const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])

/** Everything that a file says in any form: as it lies, and each compressed frame in it, wherever it begins. */
function* formsOf(bytes: Buffer): Generator<string> {
  yield bytes.toString('utf8')
  yield bytes.toString('utf16le')
  for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
    try {
      yield zstdDecompressSync(bytes.subarray(at)).toString('utf8')
    } catch {
      // A frame that is cut, or no frame.
    }
  }
}

const plain = (_: string, value: unknown): unknown =>
  value instanceof Map || value instanceof Set ? [...value] : typeof value === 'bigint' ? String(value) : value

/**
 * Files below a folder that hold one of some words: shards and the pages of databases decompressed, free pages and logs of
 * writes among them, Parquet decoded. Written for tests, apart from what erases.
 */
export async function remains(dir: string, words: string[], skip: (path: string) => boolean): Promise<string[]> {
  const found: string[] = []
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = relative(dir, path)
    if (!entry.isFile() || skip(name)) continue
    const bytes = readFileSync(path)
    const forms = [...formsOf(bytes)]
    if (path.endsWith('.parquet')) for await (const row of readParquet(path)) forms.push(JSON.stringify(row))
    if (path.endsWith('.v8')) forms.push(JSON.stringify(deserialize(bytes), plain))
    if (forms.some(form => words.some(word => form.includes(word) || form.includes(JSON.stringify(word).slice(1, -1)))))
      found.push(name)
  }
  return found
}
