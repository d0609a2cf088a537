import { classes } from './classes.ts'
import { aligned, base, large, openRoom, type Room, reserve, shared } from './load.ts'
import * as twin from './twins/split.ts'
import { foldForMatch, type How, hows, stale, type Units } from './units.ts'

type Arrays = Pick<Units, 'starts' | 'ends' | 'low' | 'high' | 'kinds'>
/** The room that holds the last text and its units, and how its memory is laid out. */
type Desk = {
  room: Room
  text: number
  /** Code units, and units, that there is space for. */
  length: number
  capacity: number
  /** Addresses of the units, of the lanes among them, and of what is free for things made of the units. */
  starts: number
  low: number
  high: number
  free: number
  arrays: Arrays
}

let desk: Desk | null | undefined
/** The units that stand on the desk. */
let last: Units | undefined

/** Texts up to this length are cut without asking how many units they have. */
const usual = 1 << 16

function setUp(room: Room, length: number, capacity: number): Desk {
  const text = aligned(base + 0x110000)
  const starts = aligned(text + 2 * (length + 16))
  const ends = starts + 4 * capacity
  const low = ends + 4 * capacity
  const high = low + 4 * capacity
  const kinds = high + 4 * capacity
  const free = aligned(kinds + capacity)
  // What usual texts need for shingles and signatures, so that the arrays of their units stay as they are.
  reserve(room, free + 64 * usual)
  room.kernels.place(text, starts, ends, low, high, kinds)
  return { room, text, length, capacity, starts, low, high, free, arrays: arrays(room, starts, capacity) }
}

function arrays({ bytes: { buffer } }: Room, starts: number, capacity: number): Arrays {
  const lane = (n: number) => new Uint32Array(buffer, starts + 4 * n * capacity, capacity)
  return {
    starts: lane(0),
    ends: lane(1),
    low: lane(2),
    high: lane(3),
    kinds: new Uint8Array(buffer, starts + 16 * capacity, capacity),
  }
}

function fresh(): Desk | null {
  const room = openRoom()
  if (!room) return null
  reserve(room, base + 0x110000)
  room.bytes.set(classes(), base)
  return setUp(room, usual, usual)
}

/** Writes a text to where the kernels read it; the desk is laid out anew where the text is too long for it. */
function write(desk: Desk, text: string): Desk {
  const d = text.length > desk.length ? setUp(desk.room, text.length, Math.max(usual, text.length >> 2)) : desk
  d.room.bytes.write(text, d.text, 'utf16le')
  return d
}

/** Cuts a text into units; see `How`. The units stand on memory that the next call reuses. */
export function split(text: string, how: How): Units {
  if (desk === undefined) desk = fresh()
  if (desk === null) return twin.split(text, how)
  if (desk.room.bytes.length > large && text.length <= usual) desk = fresh()!
  let folded: string | undefined = how === 'match' ? undefined : text
  let d = write(desk, text)
  if (how === 'match' && d.room.kernels.folds(text.length)) {
    folded = foldForMatch(text)
    d = write(d, folded)
  }
  const content = folded ?? text
  const mode = hows.indexOf(how)
  let count = d.room.kernels.split(content.length, mode, d.capacity)
  while (count < 0) {
    d = write(setUp(d.room, d.length, Math.min(content.length, d.capacity * 4)), content)
    count = d.room.kernels.split(content.length, mode, d.capacity)
  }
  // Kernels over these units take no more memory than this, so that the arrays of units stay what they are.
  if (reserve(d.room, d.free + 64 * usual + 40 * count)) d.arrays = arrays(d.room, d.starts, d.capacity)
  desk = d
  last = new Cut(how, text, folded, count, d.arrays)
  return last
}

/** Units on the desk. A class because of its getter: one of an object literal costs as much as cutting some words. */
class Cut implements Units {
  readonly how: How
  readonly count: number
  readonly #written: string
  #folded: string | undefined
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly low: Uint32Array
  readonly high: Uint32Array
  readonly kinds: Uint8Array

  constructor(how: How, written: string, folded: string | undefined, count: number, arrays: Arrays) {
    this.how = how
    this.count = count
    this.#written = written
    this.#folded = folded
    this.starts = arrays.starts
    this.ends = arrays.ends
    this.low = arrays.low
    this.high = arrays.high
    this.kinds = arrays.kinds
  }

  /** Where nothing but capitals of ASCII had to be folded, they are when someone asks; hardly anyone does. */
  get text(): string {
    this.#folded ??= this.#written.toLowerCase()
    return this.#folded
  }
}

/** Units as kernels see them: addresses of their lanes, and of so much free memory as was asked for. */
export type Laid = { room: Room; low: number; high: number; free: number }

/**
 * Lays out units for a kernel: those of the last split are where they are, detached ones are copied elsewhere. Undefined
 * without WebAssembly. Throws `SR_INTERNAL` for units that another split has written over.
 */
export function lay(u: Units, bytes: number): Laid | undefined {
  if (last && u === last && desk) return desk
  if (u.low.length < u.count || (desk && u.low.buffer === desk.room.bytes.buffer)) throw stale()
  const lanes = 4 * u.count
  const room = shared(2 * lanes + bytes + 16)
  if (!room) return undefined
  room.u32.set(u.low.length > u.count ? u.low.subarray(0, u.count) : u.low, base / 4)
  room.u32.set(u.high.length > u.count ? u.high.subarray(0, u.count) : u.high, base / 4 + u.count)
  return { room, low: base, high: base + lanes, free: aligned(base + 2 * lanes) }
}
