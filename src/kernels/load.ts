import { readFileSync } from 'node:fs'

/** What of WebAssembly's interface is used here; the types of Node leave it to those of browsers. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object) => { exports: unknown }
  validate(bytes: Uint8Array): boolean
}

/** Addresses are byte offsets into `memory`. See `assembly/` for what each one does. */
export type Kernels = {
  memory: { buffer: ArrayBuffer; grow(pages: number): number }
  place(text: number, starts: number, ends: number, low: number, high: number, kinds: number): void
  folds(count: number): number
  split(count: number, how: number, capacity: number): number
  runHashes(low: number, high: number, count: number, size: number, out: number): number
  distinct(hashes: number, count: number, table: number, slots: number): number
  signature(low: number, count: number, size: number, lanes: number, permutations: number, out: number): void
  bandKeys(signature: number, bands: number, rows: number, out: number): void
  xxhash64(at: number, length: number, seed: bigint): bigint
  xxhash32(at: number, length: number, seed: number): number
  gramsAt(bits: number, slots: number, power: number, next: number): void
  addGrams(hashes: number, count: number, first: number): void
  probeGrams(hashes: number, count: number, out: number): number
  dot(a: number, b: number, bytes: number): number
  dots(query: number, rows: number, count: number, bytes: number, out: number): void
  pairs(
    rowsA: number,
    a0: number,
    aCount: number,
    rowsB: number,
    b0: number,
    bCount: number,
    bytes: number,
    threshold: number,
    out: number,
  ): number
  nearestTwo(
    queries: number,
    queryCount: number,
    queryBytes: number,
    blocks: number,
    blockCount: number,
    numbers: number,
    classes: number,
    squares: number,
    weight: number,
    tail: number,
    states: number,
  ): void
  editDistance(a: number, m: number, b: number, n: number, limit: number, masks: number, deltas: number): number
}

/** Memory below this address is left alone, so that an address of 0 is a mistake. */
export const base = 1024

let module: object | null | undefined

/** An instance and its memory, seen as numbers of each width. */
export type Room = {
  kernels: Kernels
  bytes: Buffer
  u32: Uint32Array<ArrayBuffer>
  u64: BigUint64Array<ArrayBuffer>
  f32: Float32Array<ArrayBuffer>
  f64: Float64Array<ArrayBuffer>
}

function seen(kernels: Kernels): Room {
  const { buffer } = kernels.memory
  return {
    kernels,
    bytes: Buffer.from(buffer),
    u32: new Uint32Array(buffer),
    u64: new BigUint64Array(buffer),
    f32: new Float32Array(buffer),
    f64: new Float64Array(buffer),
  }
}

/** A new instance with a memory of its own; undefined where this machine has no WebAssembly with SIMD. */
export function openRoom(): Room | undefined {
  if (module === undefined) {
    const bytes = readFileSync(new URL('./kernels.wasm', import.meta.url))
    module = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null
  }
  return module === null ? undefined : seen(new WebAssembly.Instance(module).exports as Kernels)
}

/** Makes the memory hold so many bytes. Where it had to grow, earlier views on it are void, and the answer is true. */
export function reserve(room: Room, bytes: number): boolean {
  const missing = bytes - room.bytes.length
  if (missing <= 0) return false
  room.kernels.memory.grow(Math.ceil(missing / 65536))
  Object.assign(room, seen(room.kernels))
  return true
}

/** The next multiple of 16: where vectors are loaded fastest. */
export const aligned = (address: number) => Math.ceil(address / 16) * 16

/** A memory that one large text made grow over this is given back at the next call that needs little. */
export const large = 1 << 28
let common: Room | null | undefined

/**
 * The room for kernels that keep nothing between two calls: each lays out the memory from `base` on anew. It is apart
 * from the one that holds units, whose views would be void if this memory grew.
 */
export function shared(bytes: number): Room | undefined {
  if (common === undefined || (common && common.bytes.length > large && bytes < large >> 4)) common = openRoom() ?? null
  if (common === null) return undefined
  reserve(common, base + bytes)
  return common
}
