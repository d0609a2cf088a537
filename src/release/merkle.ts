import { hash } from 'node:crypto'
import { canonical, type Json, type Sha } from '../records/index.ts'

/**
 * Merkle trees after RFC 6962 (2.1): one leaf a row, in order; leaves and inner nodes are told apart by their first byte.
 * A row can be shown to belong to a file, and taken out of one, without reading the others.
 */
const node = (left: Uint8Array, right: Uint8Array): Buffer =>
  hash('sha256', Buffer.concat([Buffer.of(1), left, right]), 'buffer')

/** The leaf of a row: over its canonical JSON, so that a row has one leaf whichever format its file has. */
export function leafOf(row: { [column: string]: Json | undefined }): Buffer {
  return hash('sha256', Buffer.concat([Buffer.of(0), Buffer.from(canonical(row))]), 'buffer')
}

/** The largest power of two below `n`: how many leaves the left half of a tree holds. */
function half(n: number): number {
  let size = 1
  while (size * 2 < n) size *= 2
  return size
}

/** Leaves in order: an array, or what `collectLeaves` holds. */
export type Leaves = { readonly length: number; at(index: number): Uint8Array | undefined }

/** Leaves end to end in one piece of memory, 32 bytes each: a file may have millions. */
export function collectLeaves(): Leaves & { push(leaf: Uint8Array): void } {
  let bytes = new Uint8Array(32 * 1024)
  let length = 0
  return {
    get length() {
      return length
    },
    at: i => (i < length ? bytes.subarray(i * 32, (i + 1) * 32) : undefined),
    push(leaf) {
      if (bytes.length < (length + 1) * 32) {
        const larger = new Uint8Array(bytes.length * 2)
        larger.set(bytes)
        bytes = larger
      }
      bytes.set(leaf, 32 * length++)
    },
  }
}

/** Root over the leaves between two places. A tree without leaves has the digest of nothing. */
function rootOf(leaves: Leaves, from = 0, to: number = leaves.length): Uint8Array {
  if (to === from) return hash('sha256', '', 'buffer')
  if (to - from === 1) return leaves.at(from)!
  const middle = from + half(to - from)
  return node(rootOf(leaves, from, middle), rootOf(leaves, middle, to))
}

export const merkleRoot = (leaves: Leaves): Sha => Buffer.from(rootOf(leaves)).toString('hex')

/** The path of a leaf to the root: its siblings from the bottom up (RFC 6962, 2.1.1). */
export function merklePath(leaves: Leaves, index: number): Sha[] {
  const path: Sha[] = []
  let [from, to] = [0, leaves.length]
  while (to - from > 1) {
    const middle = from + half(to - from)
    const [other, end] = index < middle ? [middle, to] : [from, middle]
    path.push(Buffer.from(rootOf(leaves, other, end)).toString('hex'))
    if (index < middle) to = middle
    else from = middle
  }
  return path.reverse()
}

/** Bytes of a leaf that are kept beside the root: enough to say which row is another, and no proof of anything. */
const markBytes = 6

/** The first bytes of all leaves, in base64. */
export function marksOf(leaves: Leaves): string {
  return Buffer.concat(Array.from({ length: leaves.length }, (_, i) => leaves.at(i)!.subarray(0, markBytes))).toString(
    'base64',
  )
}

/** The first place at which a file differs from what it was, and how; undefined where the marks agree. */
export function firstChange(
  leaves: Leaves,
  marks: string,
): { row: number; is: 'changed' | 'removed' | 'added' } | undefined {
  const said = Buffer.from(marks, 'base64')
  const then = said.length / markBytes
  const same = (i: number, j: number): boolean =>
    i < leaves.length &&
    j < then &&
    Buffer.compare(leaves.at(i)!.subarray(0, markBytes), said.subarray(j * markBytes, (j + 1) * markBytes)) === 0
  let at = 0
  while (same(at, at)) at++
  if (at >= leaves.length && at >= then) return undefined
  const is = leaves.length < then ? 'removed' : leaves.length > then ? 'added' : 'changed'
  return { row: at + 1, is }
}
