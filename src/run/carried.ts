import type { Id, Notes, Rec, Sha } from '../records/index.ts'
import type { Vectors } from '../steps/index.ts'

/**
 * The way a record came: for every expanding step it descends from, the node, the subject's id and the shard that holds
 * the subject. It lets a group step find its families and a step find the document behind a prompt, on any machine.
 * It belongs to the engine and never enters a record or a release.
 */
export type Trail = [node: string, subject: Id, shard: Sha][]

/** Vectors that steps noted, by step key: base64 of little-endian 32-bit floats. They go when the content changes. */
export type Held = { [step: string]: string }

/** A record on its way between stages. `line` is its encoding as long as nothing changed. */
export type Carried = { record: Rec; trail: Trail; vectors?: Held; line?: string }

export function decode(line: string): Carried {
  const { record, trail = [], vectors } = JSON.parse(line) as Carried
  return { record, trail, ...(vectors ? { vectors } : {}), line }
}

export function encode({ record, trail, vectors, line }: Carried): string {
  return line ?? JSON.stringify({ record, ...(trail.length > 0 ? { trail } : {}), ...(vectors ? { vectors } : {}) })
}

/** The item with what a step noted about its record. */
export function noted(item: Carried, record: Rec, { vector }: Notes, owner: string): Carried {
  const vectors = vector ? { ...item.vectors, [owner]: packVector(vector) } : item.vectors
  return { record, trail: item.trail, ...(vectors ? { vectors } : {}) }
}

export function packVector(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64')
}

export function unpackVector(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64')
  // A view of the pool that buffers share need not begin where a float may.
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
}

/** Hands out the records of items, and the vectors beside those it handed out. */
export function vectorsBeside(): Vectors & { see(item: Carried): Rec } {
  const held = new WeakMap<Rec, Held>()
  return {
    see({ record, vectors }) {
      if (vectors) held.set(record, vectors)
      return record
    },
    vector(record, step) {
      const text = held.get(record)?.[step]
      return text === undefined ? undefined : unpackVector(text)
    },
  }
}

/** As which record an item entered the paid part on its own branch: what a limit or a replay lets in or leaves out. */
export function enteredAs({ record, trail }: Carried, paid: ReadonlySet<string>): Id {
  return trail.find(([node]) => paid.has(node))?.[1] ?? record.id
}

/** The root of a family: shards never end inside one, so that group steps see families whole. */
export function rootOf(item: Carried): Id {
  return item.trail[0]?.[1] ?? item.record.id
}
