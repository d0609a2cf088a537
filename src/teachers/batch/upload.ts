import type { Outgoing } from '../post.ts'

/** Bytes gathered before they are handed on: thousands of short rows are not thousands of writes. */
const gathered = 64 * 1024

/**
 * Rows as one body, between a head and a tail. They are walked twice, once to know the length, where that gives the same
 * rows again; a single pass goes out in chunks instead. No more than a piece is held beside what the caller holds.
 */
export function upload(
  type: string,
  rows: () => Iterable<string>,
  { head, between, tail, again }: { head: string; between: string; tail: string; again: boolean },
): Outgoing {
  const parts = async function* () {
    let piece = head
    let first = true
    for (const row of rows()) {
      piece += first ? row : between + row
      first = false
      if (piece.length < gathered) continue
      yield Buffer.from(piece)
      piece = ''
    }
    yield Buffer.from(piece + tail)
  }
  if (!again) return { type, parts: parts() }
  let length = Buffer.byteLength(head) + Buffer.byteLength(tail)
  let count = 0
  for (const row of rows()) {
    length += Buffer.byteLength(row)
    count++
  }
  return { type, length: length + Math.max(0, count - 1) * Buffer.byteLength(between), parts: parts() }
}
