import { createHash } from 'node:crypto'
import { closeSync, createReadStream, fsyncSync, openSync, writeSync } from 'node:fs'
import type { Sha } from '../records/index.ts'

const bufferBytes = 1 << 18

function writeAll(fd: number, bytes: Uint8Array): void {
  let done = 0
  while (done < bytes.length) done += writeSync(fd, bytes, done)
}

/** Appends lines to a new file through a small buffer; `line` returns where it begins and how long it is, in bytes. */
export function lineWriter(path: string): { line(text: string): [offset: number, bytes: number]; end(): void } {
  const fd = openSync(path, 'wx')
  let parts: Buffer[] = []
  let buffered = 0
  let offset = 0
  function flush(): void {
    writeAll(fd, Buffer.concat(parts))
    parts = []
    buffered = 0
  }
  return {
    line(text) {
      const bytes = Buffer.from(`${text}\n`)
      parts.push(bytes)
      buffered += bytes.length
      const at: [number, number] = [offset, bytes.length]
      offset += bytes.length
      if (buffered >= bufferBytes) flush()
      return at
    },
    end() {
      try {
        flush()
        fsyncSync(fd)
      } finally {
        closeSync(fd)
      }
    },
  }
}

/** Lines of a file. Split at line feeds alone: Node's readline also splits at U+2028, which JSON leaves unescaped. */
export async function* readLines(path: string): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: bufferBytes })) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest) yield rest
}

export function putFile(path: string, text: string): void {
  const fd = openSync(path, 'wx')
  try {
    writeAll(fd, Buffer.from(text))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Makes renames and new names in a folder durable. */
export function syncFolder(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

export async function digestFile(path: string): Promise<{ bytes: number; sha256: Sha }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { bytes, sha256: hash.digest('hex') }
}
