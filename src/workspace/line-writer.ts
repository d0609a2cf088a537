import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'

const bufferBytes = 1 << 18

/** Writes all of the bytes: one system call may write a part of them. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  let done = 0
  while (done < bytes.length) done += writeSync(fd, bytes, done)
}

export type LineWriter = { line(text: string): [offset: number, bytes: number]; end(): void }

/** Appends lines to a new file through a small buffer; `line` returns where it begins and how long it is, in bytes. `end` syncs. */
export function lineWriter(path: string): LineWriter {
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
