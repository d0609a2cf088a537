import { classOf, is } from './characters.ts'

/** Stretches of a text, in order, without the white space around them. The arrays may be longer than `count`. */
export type Spans = { text: string; count: number; starts: Uint32Array; ends: Uint32Array }

/** A list of stretches that grows and is used again for the next text. */
export function openSpans(): Spans & { begin(text: string): void; add(start: number, end: number): void } {
  let room = 256
  const spans = {
    text: '',
    count: 0,
    starts: new Uint32Array(room),
    ends: new Uint32Array(room),
    begin(text: string) {
      spans.text = text
      spans.count = 0
    },
    add(start: number, end: number) {
      if (spans.count === room) {
        room *= 2
        spans.starts = grown(spans.starts, room)
        spans.ends = grown(spans.ends, room)
      }
      spans.starts[spans.count] = start
      spans.ends[spans.count++] = end
    },
  }
  return spans
}

function grown(before: Uint32Array, room: number): Uint32Array<ArrayBuffer> {
  const after = new Uint32Array(room)
  after.set(before)
  return after
}

export const isSpace = (code: number): boolean => {
  const of = classOf(code)
  return of === is.space || of === is.newline
}

/** Copies among stretches of text: items and characters of all occurrences after the first, and of all that have a copy. */
export type Duplicates = {
  items: number
  characters: number
  later: number
  laterCharacters: number
  copied: number
  copiedCharacters: number
}

let table = new Int32Array(512)
let lanes = { low: new Int32Array(256), high: new Int32Array(256), copies: new Uint32Array(256) }

/** Finds equal stretches by a 64-bit hash of their characters. */
export function duplicatesOf({ text, starts, ends, count }: Spans): Duplicates {
  const found = { items: count, characters: 0, later: 0, laterCharacters: 0, copied: 0, copiedCharacters: 0 }
  if (lanes.low.length < count) {
    const room = 1 << (32 - Math.clz32(count))
    lanes = { low: new Int32Array(room), high: new Int32Array(room), copies: new Uint32Array(room) }
  }
  const { low, high, copies } = lanes
  const size = Math.max(16, 1 << (33 - Math.clz32(count)))
  if (table.length < size) table = new Int32Array(size)
  const slots = table
  slots.fill(0, 0, size)
  for (let i = 0; i < count; i++) {
    let a = 0x9e3779b9 | 0
    let b = 0x7f4a7c15
    const [start, end] = [starts[i]!, ends[i]!]
    for (let at = start; at < end; at++) {
      const code = text.charCodeAt(at)
      a = Math.imul(((a << 5) | (a >>> 27)) ^ code, 0x9e3779b1)
      b = Math.imul(((b << 5) | (b >>> 27)) ^ code, 0x85ebca77)
    }
    low[i] = a
    high[i] = b
    copies[i] = 0
    const length = end - start
    found.characters += length
    let slot = (a ^ (a >>> 15)) & (size - 1)
    for (let other = slots[slot]!; ; other = slots[slot]!) {
      if (other === 0) {
        slots[slot] = i + 1
        break
      }
      if (low[other - 1] === a && high[other - 1] === b) {
        if (copies[other - 1]!++ === 0) {
          found.copied++
          found.copiedCharacters += length
        }
        found.later++
        found.copied++
        found.laterCharacters += length
        found.copiedCharacters += length
        break
      }
      slot = (slot + 1) & (size - 1)
    }
  }
  return found
}
